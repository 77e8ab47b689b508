"""The cosine schedule of Nichol and Dhariwal, as alpha-bar."""

import math

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "Compute f for t = 0 ... T at once. Which two slices of it make the ratio f(t) / f(t - 1)?",
        "f[1:] / f[:-1] has T entries. One minus it is beta; clamp, turn back into alpha, multiply up, and put the 1 in front.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    for steps, label in ((2, "two steps"), (50, "fifty steps"), (1000, "a thousand steps"), (1, "a single step")):
        yield Case(steps).named(label).within(atol=1e-6)


exercise.edit(
    "not_squared", " ** 2", "",
    "The cosine is not squared. Then sqrt(alpha-bar) would be the root of a cosine, and little noise comes too late.",
)  # fmt: skip
exercise.edit(
    "not_clamped", ".clamp(max=0.999)", "",
    "Your alpha-bar ends at 0 (or below). Beta is clamped at 0.999, because sampling divides by the root of alpha-bar.",
)  # fmt: skip
exercise.edit(
    "without_offset", "(t + 0.008) / 1.008", "t",
    "The offset 0.008 is missing. It keeps the first steps from being too small.",
)  # fmt: skip
exercise.edit(
    "one_step_only", "alpha.cumprod(0).float()", "alpha.float()",
    "You return alpha, what a single step keeps. Alpha-bar is the product of all steps so far.",
)  # fmt: skip


exercise.edit(
    "beta_clamped_early", "clamp(max=0.999)", "clamp(max=0.02)",
    "Beta is cut at 0.02, the linear schedule's last value. Here the limit is 0.999.",
)  # fmt: skip


exercise.equivalent("dtype= dropped", "float32 is enough for the values themselves")


@exercise.mistake(
    "Your alpha-bar is f itself, which is a little below 1 at t = 0. Divide by f(0), and clamp each beta."
)
def f_as_it_is(steps):
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    return torch.cos((t + 0.008) / 1.008 * math.pi / 2).square().float()


@exercise.alternative
def by_a_loop(steps):
    def f(t):
        return math.cos((t / steps + 0.008) / 1.008 * math.pi / 2) ** 2

    kept, out = 1.0, [1.0]
    for t in range(1, steps + 1):
        kept *= 1 - min(1 - f(t) / f(t - 1), 0.999)
        out.append(kept)
    return torch.tensor(out)


@exercise.alternative
def by_ratio(steps):
    angle = (torch.linspace(0, 1, steps + 1, dtype=torch.float64) + 0.008) / 1.008 * math.pi
    f = (1 + angle.cos()) / 2
    alpha = (f[1:] / f[:-1]).clamp(min=0.001)
    return torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(alpha, 0)]).to(torch.float32)
