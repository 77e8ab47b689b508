"""Learn the velocity of a straight line from data to noise."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Code, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Where is the point at time t, if it moves on a straight line from x0 (t = 0) to the noise (t = 1)? What is its velocity?",
        "t needs as many axes as x0. The velocity of a straight line does not depend on t: end minus start.",
    ),
    probe=probes.call(grad=True),
)
MODEL = Code("lambda x, t: 0.5 * t.dim() * x - t.reshape(-1, *[1] * (x.dim() - 1)) * x**2")


@exercise.cases
def cases():
    yield Case(Code("lambda x, t: x"), row(2)[:, None], row(1)[:, None], row(0.25)).named(
        "one number, a quarter of the way"
    )
    yield Case(MODEL, waves(3, 2), noise(3, 2), row(0, 0.5, 1)).named("three points, from the data to the noise")
    yield Case(MODEL, waves(2, 1, 3, 4), noise(2, 1, 3, 4), row(0.3, 0.8)).named("two images")
    yield Case(MODEL, waves(2, 2), noise(2, 2), row(0.3, 0.8)).named("as many features as examples")


exercise.edit(
    "sign_of_the_velocity", "noise - x0", "x0 - noise",
    "Your velocity points from noise to data. Time runs from data (t = 0) to noise (t = 1), and the velocity is noise minus data.",
)  # fmt: skip
exercise.edit(
    "from_the_point", "noise - x0", "noise - x_t",
    "Your target starts at x_t. The line's velocity is the same everywhere on it: end minus start, noise minus x0.",
)  # fmt: skip
exercise.edit(
    "ends_exchanged", "(1 - s) * x0 + s * noise", "s * x0 + (1 - s) * noise",
    "The ends of the line have changed places: at t = 0 stand the data.",
)  # fmt: skip
exercise.edit(
    "roots_of_diffusion", "(1 - s) * x0 + s * noise", "(1 - s).sqrt() * x0 + s.sqrt() * noise",
    "These are the square roots of a diffusion. Flow matching goes on a straight line: (1 - t) x0 + t noise.",
)  # fmt: skip
exercise.edit(
    "target_is_the_noise", "noise - x0)", "noise)",
    "Your target is the noise, as in a DDPM. Here the network learns a velocity: noise minus x0.",
)  # fmt: skip
exercise.edit(
    "along_the_last_axis", "t.reshape(-1, *[1] * (x0.dim() - 1))", "t",
    "The times lie along the last axis. There is one for each example, so they belong to the first axis.",
)  # fmt: skip


exercise.edit(
    "time_with_axes", "model(x_t, t)", "model(x_t, s)",
    "The model gets the times with the axes of the images. It takes t as it came, (N,).",
)  # fmt: skip
exercise.edit(
    "absolute_error", "F.mse_loss", "F.l1_loss",
    "You took the mean absolute error. Asked for is the mean squared error.",
)  # fmt: skip
exercise.edit(
    "data_to_the_model", "model(x_t, t)", "model(x0, t)",
    "The model sees the data themselves. It must see the point on the line, x_t.",
)  # fmt: skip
exercise.edit(
    "time_backwards", "model(x_t, t)", "model(x_t, 1 - t)",
    "The model gets 1 - t. Time 0 is data, for the line and for the model.",
)  # fmt: skip
exercise.edit(
    "target_scaled", "noise - x0)", "s * (noise - x0))",
    "The velocity is multiplied by t: this is how far the point has come. The velocity of a straight line is the same at every t.",
)  # fmt: skip


exercise.equivalent("first two arguments of mse_loss swapped", "a squared difference has no direction")


@exercise.alternative
def from_the_noise(model, x0, noise, t):
    velocity = noise - x0
    x_t = x0 + velocity * t[(...,) + (None,) * (x0.dim() - 1)]
    return (velocity - model(x_t, t)).pow(2).mean()


@exercise.alternative
def by_lerp(model, x0, noise, t):
    x_t = torch.lerp(x0, noise, t.view(len(t), *[1] * (x0.dim() - 1)).expand_as(x0))
    return F.mse_loss(model(x_t, t), noise.sub(x0))


exercise.edit(
    "data_as_target", ", noise - x0)", ", x0)",
    "Your target is the data. The network learns the velocity, noise minus data.",
)  # fmt: skip
exercise.edit(
    "one_time_for_all", "t.reshape(-1, *[1] * (x0.dim() - 1))", "t.mean()",
    "One time serves the whole batch. Each example has its own t: give t the axes of x0.",
)  # fmt: skip
exercise.edit(
    "divided_by_what_is_left", ", noise - x0)", ", (noise - x_t) / (1 - s))",
    "At t = 1 you divide 0 by 0. Your quotient is noise - x0 wherever it exists: use that.",
)  # fmt: skip
