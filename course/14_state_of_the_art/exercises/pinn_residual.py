"""The residual of the heat equation, by two derivatives."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Each u depends on its own t and x only. What is then the gradient of u.sum() with respect to all of x?",
        "Copies of t and x that require a gradient; first derivatives with create_graph=True, then the derivative of u_x.sum() with respect to x.",
    ),
)

FIELDS = {
    "quadratic": lambda w: lambda t, x: w * t + x**2,
    "travelling": lambda w: lambda t, x: torch.sin(3 * x - w * t) * x,
    "network": lambda w: lambda t, x: torch.tanh(w * t + 2 * x) + torch.tanh(t - w * x) * t,
}


@exercise.probe
def probe(candidate, case):
    name, t, x, kappa = case.args
    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    kappa = torch.tensor(kappa, dtype=torch.float64, requires_grad=True)
    t, x = t.clone(), x.clone()
    residual = candidate(FIELDS[name](w), t, x, kappa)
    facts = {
        "shape": list(residual.shape),
        "R": residual.detach(),
        "inputs left alone": not (t.requires_grad or x.requires_grad),
    }
    if not residual.requires_grad:
        return {**facts, "can be trained on": False, "gradients": []}
    grads = torch.autograd.grad(residual.square().sum(), (w, kappa), allow_unused=True)
    return {
        **facts,
        "can be trained on": True,
        "gradients": [0.0 if g is None else g.item() for g in grads],
    }


@exercise.cases
def cases():
    yield Case("quadratic", row(0, 1), row(0.5, 2), 0.25).named("u = t + x^2 at two points, kappa 0.25")
    yield Case("travelling", waves(5), waves(5, start=2), 0.7).named("a travelling wave at five points")
    yield Case("network", waves(7, start=1), waves(7, start=3), 0.05).named("two units of tanh at seven points")
    yield Case("network", row(0.3), row(0.6), 2.0).named("a single point")


exercise.edit(
    "first_derivative_squared", "(u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)", "u_xx = u_x.square()",
    "You squared the first derivative. The second is the derivative of the first.",
)  # fmt: skip
exercise.edit(
    "sign_of_diffusion", "u_t - kappa * u_xx", "u_t + kappa * u_xx",
    "The sign is wrong: R is u_t minus kappa u_xx. With a plus, heat would gather instead of spread.",
)  # fmt: skip
exercise.edit(
    "kappa_at_the_wrong_term", "u_t - kappa * u_xx", "kappa * u_t - u_xx",
    "kappa stands at the wrong derivative: it multiplies u_xx.",
)  # fmt: skip
exercise.edit(
    "mixed_derivative", "torch.autograd.grad(u_x.sum(), x, create_graph=True)", "torch.autograd.grad(u_x.sum(), t, create_graph=True)",
    "You took the derivative of u_x with respect to t. The second derivative with respect to x is asked.",
)  # fmt: skip
exercise.edit(
    "second_graph_missing", "(u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)", "(u_xx,) = torch.autograd.grad(u_x.sum(), x, retain_graph=True)",
    "u_xx hangs on no graph: its part is lost when you train on R. create_graph=True is needed here as well.",
)  # fmt: skip
exercise.edit(
    "detached", "return u_t - kappa * u_xx", "return (u_t - kappa * u_xx).detach()",
    "R is detached, so no training can use it.",
)  # fmt: skip
exercise.edit(
    "inputs_changed", "t.clone().requires_grad_(), x.clone().requires_grad_()", "t.requires_grad_(), x.requires_grad_()",
    "The tensors that you were given now require a gradient. Work on copies.",
)  # fmt: skip


exercise.edit(
    "first_derivative", "kappa * u_xx", "kappa * u_x",
    "You took the first derivative by x. The equation has the second: differentiate u_x once more.",
)  # fmt: skip
exercise.edit(
    "kappa_forgotten", "kappa * u_xx", "u_xx",
    "The diffusivity kappa is missing.",
)  # fmt: skip
exercise.edit(
    "kappa_detached", "kappa * u_xx", "kappa.detach() * u_xx",
    "No gradient reaches kappa, so it could never be learned. Do not detach it.",
)  # fmt: skip
exercise.edit(
    "mean_square", "return u_t - kappa * u_xx", "return (u_t - kappa * u_xx).square().mean()",
    "You return the mean square. Asked for is the residual of each point, (N,); the loss squares it later.",
)  # fmt: skip


@exercise.mistake(
    "You took differences of neighbouring points. They are near the derivatives and not equal to them: differentiate by torch.autograd.grad."
)
def finite_differences(model, t, x, kappa):
    h = 1e-3
    u_t = (model(t + h, x) - model(t - h, x)) / (2 * h)
    return u_t - kappa * (model(t, x + h) - 2 * model(t, x) + model(t, x - h)) / h**2


@exercise.alternative
def point_by_point(model, t, x, kappa):
    rows = []
    for a, b in zip(t, x, strict=True):
        a, b = a.detach().clone().requires_grad_(), b.detach().clone().requires_grad_()
        u = model(a, b)
        u_t, u_x = torch.autograd.grad(u, (a, b), create_graph=True)
        rows.append(u_t - kappa * torch.autograd.grad(u_x, b, create_graph=True)[0])
    return torch.stack(rows)


@exercise.alternative
def along_directions(model, t, x, kappa):
    t, x = t.detach().clone().requires_grad_(), x.detach().clone().requires_grad_()
    u = model(t, x)
    one = torch.ones_like(u)
    u_t = torch.autograd.grad(u, t, one, create_graph=True)[0]
    u_x = torch.autograd.grad(u, x, one, create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x, x, one, create_graph=True)[0]
    return -(kappa * u_xx - u_t)
