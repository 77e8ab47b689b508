"""A physics-informed network for the heat equation, forwards and inversely."""

import math

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts

exercise = Exercise(
    difficulty=4,
    minutes=16,
    core=True,
    hints=(
        "Write the loss as a function without arguments first: both optimisers need it. Which parameters may they move?",
        "The closure of L-BFGS clears the gradients, computes the loss, calls backward and returns the loss; optimiser.step(closure) is called once.",
    ),
    measured=Measured("error", higher=False),
)

KAPPA = 0.05
SMALL = {"adam": 80, "lbfgs": 60, "points": 100}


def exact(t, x):
    """The solution for a start of sin(pi x) + sin(3 pi x) / 2."""
    return sum(
        a * torch.exp(-KAPPA * (k * math.pi) ** 2 * t) * torch.sin(k * math.pi * x) for k, a in ((1, 1.0), (3, 0.5))
    )


def readings(seed, count=40, noise=0.02):
    """Time, place and temperature, (count,) each."""
    generator = torch.Generator().manual_seed(seed)
    t, x = torch.rand(2, count, generator=generator, dtype=torch.float64)
    return t, x, exact(t, x) + noise * torch.randn(count, generator=generator, dtype=torch.float64)


def relative_error(model) -> float:
    """Relative L2 error on a grid of times and places."""
    line = torch.linspace(0, 1, 51, dtype=torch.float64)
    t, x = torch.meshgrid(line, line, indexing="ij")
    with torch.no_grad():
        return ((model(t, x) - exact(t, x)).norm() / exact(t, x).norm()).item()


@exercise.probe
def probe(candidate, case):
    none = torch.zeros(0, dtype=torch.float64)
    model = candidate(none, none, none, kappa=KAPPA, seed=case.seed, **SMALL)
    if not isinstance(model, nn.Module) or not hasattr(model, "log_kappa"):
        return {"error": 9.0, "returned": type(model).__name__}
    t, x, u = readings(case.seed)
    few = {"adam": 10, "lbfgs": 5, "points": 40}
    plain, more = (candidate(t, x, u, seed=1, **{**few, "lbfgs": steps}) for steps in (5, 9))
    later = candidate(t, x, u, seed=1, **{**few, "adam": 14})
    warmer = candidate(t, x, u + 0.3, seed=1, **few)
    heavy = candidate(t, x, u, seed=1, weight=100.0, **few)
    inverse = candidate(t, x, u, seed=2, **SMALL).log_kappa.exp().item()
    look = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    return {
        "error": relative_error(model),
        "a given kappa stays": math.isclose(model.log_kappa.exp().item(), KAPPA, rel_tol=1e-9),
        "kappa is learned from readings": 0.02 < inverse < 0.1,
        "the readings have an effect": plain.log_kappa.item() != warmer.log_kappa.item(),
        "Adam's steps have an effect": plain.log_kappa.item() != later.log_kappa.item(),
        "L-BFGS's steps have an effect": plain.log_kappa.item() != more.log_kappa.item(),
        "the weight has an effect": plain.log_kappa.item() != heavy.log_kappa.item(),
        **seed_facts(lambda seed: candidate(t, x, u, seed=seed, **few)(look, look), atol=1e-9, what="rod"),
    }


@exercise.cases
def cases():
    yield Case().named("80 steps of Adam and 60 of L-BFGS at 100 points")


exercise.edit(
    "no_lbfgs", "    optimiser.step(closure)\n", "    pass\n",
    "L-BFGS never runs: call optimiser.step(closure) once after Adam.",
)  # fmt: skip
exercise.edit(
    "no_adam", "for _ in range(adam):", "for _ in range(0):",
    "Adam never runs. From far away L-BFGS may get stuck: let Adam find the valley first.",
)  # fmt: skip
exercise.edit(
    "readings_ignored", "if len(u):", "if False:",
    "The readings have no effect, so kappa may be anything. Add their mean squared misfit.",
)  # fmt: skip
exercise.edit(
    "given_kappa_ignored", "Rod(kappa)", "Rod()",
    "A diffusivity that is given does not stay: hand kappa to the Rod.",
)  # fmt: skip
exercise.edit(
    "weight_ignored", "weight * residual", "residual",
    "`weight` has no effect: multiply the mean squared residual by it.",
)  # fmt: skip
exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two networks: torch.manual_seed(seed) comes first.",
)  # fmt: skip
exercise.edit(
    "residual_not_squared", "residual.square().mean()", "residual.mean().square()",
    "Your solution is far off: the residual is averaged before it is squared, and its two signs cancel.",
)  # fmt: skip


def prepared(t, x, u, kappa, points, weight, seed):
    """The rod, what it learns, and the loss."""
    torch.manual_seed(seed)
    model = Rod(kappa)
    inside = torch.rand(2, points, dtype=torch.float64)

    def loss():
        total = weight * (pinn_residual(model, *inside, model.log_kappa.exp()) ** 2).mean()
        return total + ((model(t, x) - u) ** 2).mean() if len(u) else total

    return model, [p for p in model.parameters() if p.requires_grad], loss


def descended(learned, loss, lbfgs):
    optimiser = torch.optim.LBFGS(learned, max_iter=lbfgs, history_size=50, line_search_fn="strong_wolfe", tolerance_grad=1e-9, tolerance_change=1e-12)  # fmt: skip

    def again():
        for parameter in learned:
            parameter.grad = None
        value = loss()
        value.backward()
        return value

    optimiser.step(again)


@exercise.alternative
def by_parts(t, x, u, *, kappa=None, adam=200, lbfgs=300, points=400, weight=1.0, seed=0):
    model, learned, loss = prepared(t, x, u, kappa, points, weight, seed)
    optimiser = torch.optim.Adam(learned, lr=0.01)
    for _ in range(adam):
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    descended(learned, loss, lbfgs)
    return model


@exercise.alternative
def gradients_by_hand(t, x, u, *, kappa=None, adam=200, lbfgs=300, points=400, weight=1.0, seed=0):
    model, learned, loss = prepared(t, x, u, kappa, points, weight, seed)
    optimiser = torch.optim.Adam(learned, lr=0.01)
    for _ in range(adam):
        for parameter, grad in zip(learned, torch.autograd.grad(loss(), learned), strict=True):
            parameter.grad = grad
        optimiser.step()
    descended(learned, loss, lbfgs)
    return model.eval()


@exercise.ledger("rod", seeds=5)
def rod(solution, seed):
    """Forwards: relative L2 error. Inversely: relative error of kappa from forty readings, beside least squares on a fine grid of kappas."""
    none = torch.zeros(0, dtype=torch.float64)
    forward = solution(none, none, none, kappa=KAPPA, seed=seed)
    t, x, u = readings(seed)
    kappa = solution(t, x, u, seed=seed).log_kappa.exp().item()
    grid = torch.linspace(0.02, 0.1, 801, dtype=torch.float64)[:, None]
    decay = [torch.exp(-grid * (k * math.pi) ** 2 * t) * torch.sin(k * math.pi * x) for k in (1, 3)]
    plain = grid[(decay[0] + 0.5 * decay[1] - u).square().mean(1).argmin(), 0].item()
    return {
        "forward_error": relative_error(forward),
        "kappa_error": abs(kappa / KAPPA - 1),
        "least_squares_error": abs(plain / KAPPA - 1),
    }
