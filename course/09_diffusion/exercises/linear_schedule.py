"""The linear schedule, scaled to any number of steps, as alpha-bar."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=1,
    minutes=6,
    core=True,
    hints=(
        "Three quantities in a row: beta, then alpha, then the product so far. Which of them has T entries, and which T + 1?",
        "torch.linspace gives the betas; scale and clamp them. `cumprod(0)` multiplies up, and torch.cat puts the 1 in front.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(200).named("two hundred steps")
    yield Case(1000).named("a thousand steps: no scaling")
    yield Case(6).named("six steps: the last betas would exceed 0.999")


exercise.edit(
    "not_scaled", " * 1000 / steps", "",
    "The factor 1000/T is missing. Your alpha-bar does not come near 0, so sampling would start from noise that training never showed.",
)  # fmt: skip
exercise.edit(
    "product_of_beta", "alpha.cumprod(0)", "(1 - alpha).cumprod(0)",
    "You multiply the betas. Alpha-bar is the product of what each step keeps, 1 - beta.",
)  # fmt: skip
exercise.edit(
    "alpha_for_alpha_bar", "alpha.cumprod(0)", "alpha",
    "You return alpha, what a single step keeps. Alpha-bar is the product of all steps so far.",
)  # fmt: skip
exercise.edit(
    "first_entry_missing", "torch.cat([torch.ones(1), alpha.cumprod(0)])", "alpha.cumprod(0)",
    "The first entry is missing: alpha_bar[0] = 1 belongs to data without noise. Without it every index is off by one.",
)  # fmt: skip
exercise.edit(
    "not_clamped", ".clamp(max=0.999)", "",
    "With few steps some beta exceeds 1, and alpha-bar changes its sign. Clamp beta at 0.999.",
)  # fmt: skip
exercise.edit(
    "one_at_the_end", "[torch.ones(1), alpha.cumprod(0)]", "[alpha.cumprod(0), torch.ones(1)]",
    "Your 1 stands at the end. Index 0 is data without noise, so the 1 comes first.",
)  # fmt: skip


exercise.edit(
    "one_beta_more", "torch.linspace(1e-4, 0.02, steps)", "torch.linspace(1e-4, 0.02, steps + 1)[1:]",
    "Your betas start one step too late: there are `steps` of them, from 1e-4 to 0.02, and the 1 in front is an alpha-bar, not a beta.",
)  # fmt: skip
exercise.edit(
    "factor_upside_down", "1000 / steps", "steps / 1000",
    "The factor is upside down: with fewer steps each has to do more, so multiply by 1000 / T.",
)  # fmt: skip
exercise.edit(
    "zero_in_front", "torch.ones(1)", "torch.zeros(1)",
    "Your first entry is 0. At t = 0 nothing is lost: alpha_bar[0] is 1.",
)  # fmt: skip
exercise.edit(
    "betas_subtracted", "alpha.cumprod(0)", "1 - (1 - alpha).cumsum(0)",
    "You subtract the betas one after the other. Each step keeps the share 1 - beta of what is left: multiply the shares, cumprod.",
)  # fmt: skip
exercise.edit(
    "roots_linear", "torch.linspace(1e-4, 0.02, steps)", "torch.linspace(1e-4**0.5, 0.02**0.5, steps) ** 2",
    "Your betas grow with the square of a straight line, as in latent diffusion's code. Here beta itself grows linearly.",
)  # fmt: skip
exercise.edit(
    "root_of_alpha_bar", "torch.cat([torch.ones(1), alpha.cumprod(0)])", "torch.cat([torch.ones(1), alpha.cumprod(0)]).sqrt()",
    "You return the root of alpha-bar, the factor of the data. Asked for is alpha-bar itself.",
)  # fmt: skip


@exercise.alternative
def by_a_loop(steps):
    kept, out = 1.0, [1.0]
    for t in range(steps):
        beta = min(0.999, (1e-4 + (0.02 - 1e-4) * t / (steps - 1)) * 1000 / steps)
        kept *= 1 - beta
        out.append(kept)
    return torch.tensor(out)


@exercise.alternative
def by_logarithms(steps):
    beta = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64).clamp(max=0.999)
    return torch.cat([torch.zeros(1, dtype=torch.float64), torch.log1p(-beta).cumsum(0)]).exp().float()


exercise.edit(
    "the_betas", "alpha.cumprod(0)", "beta",
    "These are the betas, how much each step destroys. alpha-bar is what is left: the product of all 1 - beta up to t.",
)  # fmt: skip
