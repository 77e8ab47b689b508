"""A sampler of few steps with three planted bugs."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    hints=(
        "Take the symptoms in order. Which alpha-bar belongs to the step you arrive at? What range does the network expect of a time? What range does an image have?",
        "One bug is in the line of a and b, one in the call of the network, one in the return.",
    ),
    probe=probes.call(),
)
ALPHA_BAR = torch.cat([row(1), torch.cos(torch.linspace(0.15, 1.5, 12, dtype=torch.float64)) ** 2])
NETWORK = Code("lambda x, t: 0.8 * x + 0.3 * t.reshape(-1, *[1] * (x.dim() - 1)) - 0.1")


@exercise.cases
def cases():
    yield Case(NETWORK, row(0.7, -0.3)[:, None], ALPHA_BAR, 3).named("two numbers, three steps")
    yield Case(NETWORK, noise(2, 1, 2, 3), ALPHA_BAR, 4).named("two images, four steps")
    yield Case(NETWORK, waves(2, 1, 3, 2), ALPHA_BAR, 12).named("all twelve steps")


exercise.bug(
    "one_step_before", "alpha_bar[t], alpha_bar[s]", "alpha_bar[t], alpha_bar[t - 1]",
    "One bug is left, the first symptom: each step arrives at t - 1, but the next one starts at s. With all steps they are the same.",
    left="few steps still leave noise",
)  # fmt: skip
exercise.bug(
    "time_not_scaled", "t / last))", "float(t)))",
    "One bug is left, the second symptom: the network is asked at step numbers. It was trained with fractions of T.",
    left="the network still gets step numbers",
)  # fmt: skip
exercise.bug(
    "range_not_restored", "return (x + 1) / 2", "return x.clamp(0, 1)",
    "One bug is left, the third symptom: the network works in [-1, 1]. Cutting off the negative half makes grey black; map the range back.",
    left="the range of the images is still not mapped back",
)  # fmt: skip
exercise.edit(
    "noise_not_recomputed", "        eps = (x - a.sqrt() * x0) / (1 - a).sqrt()\n", "",
    "You took away the line that computes the noise again after the clamp. It was right.",
)  # fmt: skip
exercise.edit(
    "not_clamped", ".clamp(-1, 1)", "",
    "You took the clamp away. Near t = T it keeps a small error from becoming huge.",
)  # fmt: skip


exercise.edit(
    "clamped_to_pixels", "clamp(-1, 1)", "clamp(0, 1)",
    "You changed the clamp. It was right: inside the loop the images lie in [-1, 1], and only the result in [0, 1].",
)  # fmt: skip


@exercise.alternative
def by_signal_and_size(network, x, alpha_bar, steps):
    last = len(alpha_bar) - 1
    signal, size = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    times = [round(last * (steps - k) / steps) for k in range(steps + 1)]
    for k in range(steps):
        t, s = times[k], times[k + 1]
        eps = network(x, torch.full((len(x),), t / last))
        x0 = torch.clamp((x - size[t] * eps) / signal[t], -1, 1)
        x = signal[s] * x0 + size[s] * (x - signal[t] * x0) / size[t]
    return 0.5 * x + 0.5


exercise.variant("half_first", "return (x + 1) / 2", "return 0.5 + x / 2")
