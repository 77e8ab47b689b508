"""A PINN's loss with soft constraints and three planted bugs."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Take the symptoms in order. How can an average be small where no term is? At which time does the start belong? Which end is free?",
        "One bug is in the line of `equation`, two are among the places before, left and right.",
    ),
    probe=probes.call(),
)

exercise.bug(
    "mean_before_the_square", "residual.square().mean()", "residual.mean().square()",
    "One bug is left, the first symptom: the residual is averaged before it is squared, so positive and negative places cancel.",
    left="positive and negative residuals cancel",
)  # fmt: skip
exercise.bug(
    "start_at_the_end", "before, left, right = torch.zeros_like(t),", "before, left, right = torch.ones_like(t),",
    "One bug is left, the second symptom: the start profile is asked for at the end of the experiment.",
    left="the start stands at the wrong time",
)  # fmt: skip
exercise.bug(
    "one_end_twice", "torch.ones_like(x)", "torch.zeros_like(x)",
    "One bug is left, the third symptom: the left end is held twice and the right end is free.",
    left="the right end is free",
)  # fmt: skip


@exercise.cases
def cases():
    yield Case(Code("lambda t, x: t + x**2"), row(0.25, 0.5), row(0.5, 1), 0.05).named("u = t + x^2 at two points")
    yield Case(Code("lambda t, x: torch.sin(3 * x - t) * x"), waves(5) ** 2, waves(5, start=2) ** 2, 0.3).named("a travelling wave at five points")  # fmt: skip
    yield Case(Code("lambda t, x: torch.tanh(t + 2 * x) + torch.cos(t - x)"), waves(7, start=1) ** 2, waves(7, start=3) ** 2, 1.0).named("another field at seven points")  # fmt: skip


exercise.edit(
    "ends_forgotten", "return equation + start + ends", "return equation + start",
    "The ends are missing from the sum. They were right there.",
)  # fmt: skip


exercise.edit(
    "one_end_lost", " + model(t, right).square().mean()", "",
    "You left one end out. Both ends are held at 0, the left and the right.",
)  # fmt: skip
exercise.edit(
    "kappa_lost", "pinn_residual(model, t, x, kappa)", "pinn_residual(model, t, x, 1.0)",
    "You replaced kappa. It was right.",
)  # fmt: skip


@exercise.alternative
def by_mse(model, t, x, kappa):
    residual = pinn_residual(model, t, x, kappa)
    zero = torch.zeros_like(t)
    start = F.mse_loss(model(zero, x), warm(x))
    ends = sum(model(t, torch.full_like(x, place)).square().mean() for place in (0.0, 1.0))
    return F.mse_loss(residual, zero) + start + ends


@exercise.alternative
def in_one_mean(model, t, x, kappa):
    terms = [pinn_residual(model, t, x, kappa), model(0 * t, x) - warm(x), model(t, 0 * x), model(t, 0 * x + 1)]
    return torch.stack(terms).square().mean(1).sum()


exercise.equivalent("operands of - swapped", "the difference is squared")
