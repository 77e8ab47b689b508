"""A network learns the score of a mixture, and is compared with the exact one."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=15,
    core=True,
    hints=(
        "Draw everything anew in each step: examples, times, noise. What does the network see, and what is its target?",
        "torch.randint(1, last + 1, ...) gives steps up to T: its upper end is left out. q_sample makes x_t; the network gets t / T.",
    ),
    measured=Measured("error", higher=False),
)
CLOUDS = torch.tensor([[1.0, 0.6], [-1.0, -0.3]])
SPREAD, STEPS = 0.3, 20


def schedule() -> torch.Tensor:
    """alpha_bar of twenty steps, from 1 to almost 0."""
    return torch.cat([torch.ones(1), torch.cos(torch.linspace(0.1, 1.55, STEPS)) ** 2])


def points(count: int, seed: int) -> torch.Tensor:
    """Points of two clouds, (count, 2)."""
    generator = torch.Generator().manual_seed(seed)
    which = torch.randint(2, (count,), generator=generator)
    return CLOUDS[which] + SPREAD * torch.randn(count, 2, generator=generator)


def mean_noise(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """The mean of the noise in x, given x: minus the root of 1 - a times the score."""
    variance = a * SPREAD**2 + 1 - a
    pull = (a.sqrt() * CLOUDS - x[:, None]) / variance
    r = (-variance * pull.square().sum(2) / 2).softmax(1)
    return -(1 - a).sqrt() * (r[:, :, None] * pull).sum(1)


@torch.no_grad()
def error_of(model: nn.Module) -> float:
    """Squared error of the predicted noise against the exact one, over the exact one's square, all steps together."""
    alpha_bar, wrong, size = schedule(), 0.0, 0.0
    for t in range(1, STEPS + 1):
        a, x0 = alpha_bar[t], points(300, seed=100 + t)
        x = a.sqrt() * x0 + (1 - a).sqrt() * torch.randn(x0.shape, generator=torch.Generator().manual_seed(t))
        exact = mean_noise(x, a)
        wrong += (model(x, torch.full((300,), t / STEPS)) - exact).square().mean().item()
        size += exact.square().mean().item()
    return wrong / size


@exercise.probe
def probe(candidate, case):
    x0, alpha_bar = points(2000, 0), schedule()
    model = candidate(x0, alpha_bar, steps=500, batch_size=128, hidden=32, lr=1e-2, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"error": 9.0, "returned": type(model).__name__}
    mode = model.training
    small = {"steps": 30, "batch_size": 32, "hidden": 8}
    few, time = torch.linspace(-1, 1, 8).reshape(4, 2), torch.full((4,), 0.5)
    # A step whose alpha_bar is not a number spoils the network as soon as it is drawn.
    start, end = alpha_bar.clone(), alpha_bar.clone()
    start[0], end[-1] = torch.nan, torch.nan
    models = [candidate(x0, alpha_bar, **small, seed=seed) for seed in (5, 5, 6)]
    models += [candidate(x0, spoilt, **small, seed=1) for spoilt in (start, end)]
    with torch.no_grad():
        first, again, other, without_start, without_end = (each(few, time) for each in models)
    return {
        "error": error_of(model.eval()),
        "left in training mode": mode,
        "step 0 is drawn": bool(without_start.isnan().any()),
        "step T is drawn": bool(without_end.isnan().any()),
        "same seed, same model": torch.allclose(first, again, atol=1e-5),
        "another seed, another model": not torch.allclose(first, other, atol=1e-5),
    }


@exercise.cases
def cases():
    yield Case().named("two clouds, twenty noise steps, 500 updates")


exercise.edit(
    "left_in_training_mode", "return model.eval()", "return model.train()",
    "The model comes back in training mode. This one has no dropout, but the next will: return it in evaluation mode.",
)  # fmt: skip
exercise.edit(
    "seed_too_late", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two models: torch.manual_seed(seed) has to come before the network is made.",
)  # fmt: skip
exercise.edit(
    "last_step_never_drawn", "torch.randint(1, last + 1, (batch_size,))", "torch.randint(1, last, (batch_size,))",
    "Step T is never drawn: the upper end of torch.randint is left out. Sampling starts at T, where the network would be untrained.",
)  # fmt: skip
exercise.edit(
    "step_zero_drawn", "torch.randint(1, last + 1, (batch_size,))", "torch.randint(0, last + 1, (batch_size,))",
    "You draw step 0 as well. There is no noise in x_0, so there is nothing to predict: steps run from 1 to T.",
)  # fmt: skip
exercise.edit(
    "time_as_step_number", "t / last)", "t.float())",
    "Does the network get t / T? It is asked with a fraction between 0 and 1, and must be trained with one.",
)  # fmt: skip
exercise.edit(
    "target_is_the_data", "t / last), noise)", "t / last), batch)",
    "Is the target the noise? A network that is trained on x_0 answers the data instead.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr)\n", "lr=lr)\n    lr = 1e-7\n",
    "Does lr reach the optimiser in every step? With a far smaller rate the network stays where it was drawn.",
)  # fmt: skip


def trained(x0, alpha_bar, steps, batch_size, hidden, lr, seed, make, batches):
    """The training, with the parts that the candidates vary."""
    torch.manual_seed(seed)
    model = NoiseMLP(hidden)
    optimiser = make(model.parameters(), lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1e-3, total_iters=steps)
    for batch in batches(x0, steps, batch_size):
        t = 1 + (torch.rand(len(batch)) * (len(alpha_bar) - 1)).long()
        noise = torch.randn(batch.shape)
        a = alpha_bar[t][:, None]
        optimiser.zero_grad()
        F.mse_loss(model(a.sqrt() * batch + (1 - a).sqrt() * noise, t / (len(alpha_bar) - 1)), noise).backward()
        optimiser.step()
        schedule.step()
    model.eval()
    return model


@exercise.alternative
def with_adamw(x0, alpha_bar, *, steps, batch_size=512, hidden=64, lr=5e-3, seed=0):
    def batches(x0, steps, size):
        for _ in range(steps):
            yield x0[torch.randint(len(x0), (size,))]

    return trained(x0, alpha_bar, steps, batch_size, hidden, lr, seed, torch.optim.AdamW, batches)


@exercise.alternative
def by_permutations(x0, alpha_bar, *, steps, batch_size=512, hidden=64, lr=5e-3, seed=0):
    def batches(x0, steps, size):
        order = torch.cat([torch.randperm(len(x0)) for _ in range(steps * size // len(x0) + 1)])
        yield from (x0[index] for index in order[: steps * size].split(size))

    return trained(x0, alpha_bar, steps, batch_size, hidden, lr, seed, torch.optim.Adam, batches)


@exercise.ledger("rocks", seeds=3)
def rocks(solution, seed):
    """The notebook's training: error of the score over all steps, and at the first; sand's share at 2.95 km/s beside its exact value."""
    alpha_bar = linear_schedule(100)
    model = solution(draw_rocks(20_000, seed=7 + seed)[0], alpha_bar, steps=6000, seed=seed)
    x0 = draw_rocks(2000, seed=99)[0]
    wrong, size = [], []

    @torch.no_grad()
    def learned(x, t):
        return model(x, torch.full((len(x),), t / 100))

    for t in range(1, 101, 3):
        a = alpha_bar[t].item()
        x = q_sample(
            x0, torch.full((2000,), t), torch.randn(x0.shape, generator=torch.Generator().manual_seed(t)), alpha_bar
        )
        exact = -((1 - a) ** 0.5) * mixture_score(x, a, WEIGHTS, MEANS, STD)
        wrong.append((learned(x, t) - exact).square().mean().item())
        size.append(exact.square().mean().item())
    drawn = sample_ddpm(learned, 20_000, alpha_bar, seed=seed)[-1]
    kept = drawn[(drawn[:, 0] - LINE).abs() < 0.04]
    return {
        "error": sum(wrong) / sum(size),
        "first_step": wrong[0] / size[0],
        "sand": (torch.cdist(kept, MEANS).argmin(1) == 0).float().mean().item(),
    }
