"""Follow a velocity from noise to data."""

import torch

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Time runs backwards, from 1 to 0. At which times is the velocity asked, if there are four steps?",
        "At 1, 3/4, 2/4 and 1/4. Each step subtracts the velocity over `steps`. The model wants a tensor of times, one for each example.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(Code("lambda x, t: 2 * torch.ones_like(x)"), row(5)[:, None], 4).named("a constant velocity of 2")
    yield Case(Code("lambda x, t: t[:, None] * torch.ones_like(x)"), row(1)[:, None], 2).named(
        "a velocity that grows with time"
    )
    yield Case(Code("lambda x, t: x * (1 + t[:, None])"), noise(3, 2), 5).named("three points, five steps")
    yield Case(Code("lambda x, t: x.sin() * t.reshape(-1, 1, 1, 1)"), waves(2, 1, 2, 3), 3).named("two images")


exercise.edit(
    "away_from_the_data", "x - velocity", "x + velocity",
    "You went with the velocity. It leads from data to noise; going back, subtract it.",
)  # fmt: skip
exercise.edit(
    "whole_velocity", " / steps)\n        x = x - velocity(x, t) / steps", " / steps)\n        x = x - velocity(x, t)",
    "Each of your steps moves by the whole velocity. A step lasts 1 / steps.",
)  # fmt: skip
exercise.edit(
    "ends_at_zero", "range(steps, 0, -1)", "range(steps - 1, -1, -1)",
    "You ask for the velocity at the end of each step. Euler's method takes it at the start: the first is t = 1.",
)  # fmt: skip
exercise.edit(
    "time_forwards", "range(steps, 0, -1)", "range(1, steps + 1)",
    "Your time runs forwards, from 1 / steps to 1. Noise stands at t = 1, so begin there.",
)  # fmt: skip
exercise.edit(
    "time_not_scaled", "k / steps)\n", "float(k))\n",
    "The model is asked at step numbers. Its time is a fraction: k / steps.",
)  # fmt: skip


exercise.edit(
    "from_zero", "range(steps, 0, -1)", "range(steps)",
    "Your time runs forwards, from 0 to 1 - 1 / steps. Noise stands at t = 1, so begin there.",
)  # fmt: skip
exercise.edit(
    "one_step_too_many", "range(steps, 0, -1)", "range(steps, -1, -1)",
    "You take one step too many: the last is from 1 / steps to 0, and no velocity is asked at 0.",
)  # fmt: skip
exercise.edit(
    "in_the_middle", "k / steps)", "(k - 0.5) / steps)",
    "You ask for the velocity in the middle of each step. Euler's method asks at its start.",
)  # fmt: skip
exercise.edit(
    "spread_to_zero", "k / steps)", "(k - 1) / max(steps - 1, 1))",
    "Your times run evenly from 1 to 0. The velocity is asked at the start of each step, and 0 is the end of the last: k / steps.",
)  # fmt: skip


@exercise.mistake(
    "The velocity is always asked at the first point. Ask it where you have come to: velocity(x, t) with the new x."
)
def velocity_at_the_start(velocity, x, steps):
    end = x
    for k in range(steps, 0, -1):
        end = end - velocity(x, torch.full((len(x),), k / steps)) / steps
    return end


@exercise.alternative
def by_a_grid(velocity, x, steps):
    grid = torch.linspace(1, 0, steps + 1, dtype=x.dtype)
    for now, then in zip(grid[:-1], grid[1:], strict=True):
        x = x + (then - now) * velocity(x, now.expand(len(x)))
    return x


@exercise.alternative
def by_a_while_loop(velocity, x, steps):
    left = steps
    while left:
        x = x.sub(velocity(x, x.new_full((x.shape[0],), left / steps)), alpha=1 / steps)
        left -= 1
    return x


exercise.edit(
    "one_step_too_few", "range(steps, 0, -1)", "range(steps - 1, 0, -1)",
    "You take one step too few, and never arrive at t = 0.",
)  # fmt: skip
