"""From one step to any earlier one, with as much fresh noise as you like."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Four lines: the data that the noise implies, clamped; the noise that these data imply; the size of the fresh noise; their sum.",
        "The coefficient of the predicted noise is the root of what variance is left: 1 - alpha-bar of the earlier step, minus sigma squared.",
    ),
    probe=probes.call(),
)
ALPHA_BAR = row(1, 0.9, 0.64, 0.36, 0.04)


def case(x, t, s, eps, eta):
    return Case(x, t, s, eps, noise(*x.shape, seed=5), ALPHA_BAR, eta)


@exercise.cases
def cases():
    yield case(row(1)[:, None], 3, 2, row(0.5)[:, None], 0.0).named("one number, no fresh noise")
    yield case(row(1, -0.5)[:, None], 3, 1, row(0.5, 0.2)[:, None], 1.0).named("two steps at once, with fresh noise")
    yield case(waves(2, 1, 2, 3), 4, 1, noise(2, 1, 2, 3), 0.0).named("two images from pure noise")
    yield case(5 * waves(2, 1, 2, 3), 3, 2, noise(2, 1, 2, 3), 0.6).named("data beyond the largest amplitude")
    yield Case(waves(2, 3), 3, 1, noise(2, 3), noise(2, 3, seed=5), ALPHA_BAR).named("eta not given")
    yield case(waves(2, 1, 3, 2), 2, 0, noise(2, 1, 3, 2), 1.0).named("down to the data")


exercise.edit(
    "noise_not_recomputed", "    eps = (x - a.sqrt() * x0) / (1 - a).sqrt()\n", "",
    "After the clamp, data and noise no longer add up to x. Compute the noise again from x and the clamped data.",
)  # fmt: skip
exercise.edit(
    "not_clamped", ".clamp(-LIMIT, LIMIT)", "",
    "The predicted data are not clamped. Near t = T they are divided by a tiny number, and a small error becomes a huge amplitude.",
)  # fmt: skip
exercise.edit(
    "one_step_before", "alpha_bar[t], alpha_bar[s]", "alpha_bar[t], alpha_bar[t - 1]",
    "You go to step t - 1. The sampler skips steps: the step you arrive at is s.",
)  # fmt: skip
exercise.edit(
    "fresh_noise_on_top", "(1 - b - sigma**2).sqrt()", "(1 - b).sqrt()",
    "Your variances add to more than 1 - alpha-bar. What the fresh noise brings is taken from the predicted noise: 1 - alpha-bar - sigma^2.",
)  # fmt: skip
exercise.edit(
    "eta_ignored", "sigma = eta * ", "sigma = ",
    "eta has no effect: it multiplies sigma, and eta = 0 means no fresh noise at all.",
)  # fmt: skip
exercise.edit(
    "sigma_without_beta", " * (1 - a / b).sqrt()", "",
    "The second root of sigma is missing: 1 - alpha_bar[t] / alpha_bar[s], the noise that the skipped steps added.",
)  # fmt: skip
exercise.edit(
    "sigma_squared", "+ sigma * noise", "+ sigma**2 * noise",
    "The fresh noise is multiplied by a variance. sigma is a standard deviation: multiply by it as it is.",
)  # fmt: skip


exercise.edit(
    "data_of_this_step", "b.sqrt() * x0", "a.sqrt() * x0",
    "The data are scaled for step t. You arrive at s: the root of alpha_bar[s].",
)  # fmt: skip
exercise.edit(
    "eta_squared", "eta * (", "eta**2 * (",
    "eta is squared. It multiplies sigma itself, not the variance.",
)  # fmt: skip
exercise.edit(
    "roots_missing", "((1 - b) / (1 - a)).sqrt() * (1 - a / b).sqrt()", "((1 - b) / (1 - a)) * (1 - a / b)",
    "Both roots of sigma are missing: this is a variance, and sigma a standard deviation.",
)  # fmt: skip
exercise.edit(
    "never_fresh", "sigma = eta * ", "sigma = 0 * ",
    "eta has no effect: no fresh noise is ever added. It multiplies sigma.",
)  # fmt: skip
exercise.edit(
    "noises_exchanged", ".sqrt() * eps + sigma * noise", ".sqrt() * noise + sigma * eps",
    "The two noises changed places: sigma multiplies the fresh one, the root the predicted one.",
)  # fmt: skip
exercise.edit(
    "fresh_by_default", "eta: float = 0.0", "eta: float = 1.0",
    "The default of eta is 1, which is ancestral sampling. DDIM adds no fresh noise unless it is asked to: eta = 0.",
)  # fmt: skip
exercise.edit(
    "clamped_to_one", "clamp(-LIMIT, LIMIT)", "clamp(-1, 1)",
    "The data are clamped to [-1, 1]. Amplitudes lie between -LIMIT and LIMIT.",
)  # fmt: skip


@exercise.alternative
def by_the_posterior(x, t, s, eps, noise, alpha_bar, eta=0.0):
    a, b = alpha_bar[t], alpha_bar[s]
    data = torch.clamp((x - torch.sqrt(1 - a) * eps) / torch.sqrt(a), min=-LIMIT, max=LIMIT)
    variance = eta**2 * (1 - b) * (1 - a / b) / (1 - a)
    direction = torch.sqrt((1 - b - variance) / (1 - a)) * (x - torch.sqrt(a) * data)
    return b**0.5 * data + direction + variance**0.5 * noise


@exercise.alternative
def in_two_parts(x, t, s, eps, noise, alpha_bar, eta=0.0):
    signal, size = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    x0 = ((x - size[t] * eps) / signal[t]).clamp(-LIMIT, LIMIT)
    eps = (x - signal[t] * x0) / size[t]
    fresh = eta * size[s] / size[t] * (1 - (signal[t] / signal[s]) ** 2).sqrt()
    return signal[s] * x0 + (size[s] ** 2 - fresh**2).clamp(min=0).sqrt() * eps + fresh * noise
