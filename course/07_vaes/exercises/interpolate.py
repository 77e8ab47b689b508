"""Spherical interpolation between two codes."""

import math

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=3,
    minutes=8,
    hints=(
        "The cosine of the angle between a and b is their dot product divided by both lengths. Rounding may put it a little above 1.",
        "Make t a column, so that it multiplies the rows a and b by broadcasting. Both weights are divided by the sine of the whole angle.",
    ),
)


@exercise.cases
def cases():
    yield Case(row(1, 0), row(0, 1), 3).named("from (1, 0) to (0, 1) in three steps")
    yield Case(row(2, 0, 0), row(-1, 1, 3), 5).named("codes of different lengths")
    yield Case(row(1, 2, -1), row(2, 4, -2), 4).named("two codes that point the same way")
    yield Case(row(0.3, -1.2, 2.0, 0.7), row(1.1, 0.4, -0.6, -2.0), 7).named("an obtuse angle")
    yield Case(row(0.5, 0.5), row(0.5, 0.5), 2).named("twice the same code")
    yield Case(row(-0.2, -1.4, -0.1), row(-0.2, -1.4, -0.1) * 3, 3).named("a cosine that rounds to more than 1")
    yield Case(row(2, 0), row(-1, 0), 4).named("two codes in opposite directions")
    yield Case(row(-0.2, -1.4, -0.1), row(-0.2, -1.4, -0.1) * -3, 3).named("a cosine that rounds to less than -1")


@exercise.mistake(
    "This is the straight line. Its middle is shorter than both ends, where the prior has almost no mass; go along the arc."
)
def straight(a, b, steps):
    t = torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
    return (1 - t) * a + t * b


@exercise.mistake(
    "You scaled the codes to length 1. Use unit lengths for the angle only; the walk begins at a itself and ends at b."
)
def unit_codes(a, b, steps):
    t = torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
    u, v = a / a.norm(), b / b.norm()
    angle = (u @ v).clamp(-1, 1).acos()
    if angle.sin() < 1e-6:
        return (1 - t) * u + t * v
    return (((1 - t) * angle).sin() * u + (t * angle).sin() * v) / angle.sin()


@exercise.mistake("You walk from b to a: the factor with 1 - t belongs to a, where t is 0.")
def backwards(a, b, steps):
    t = torch.linspace(1, 0, steps, dtype=a.dtype)[:, None]
    angle = (a @ b / (a.norm() * b.norm())).clamp(-1, 1).acos()
    if angle.sin() < 1e-6:
        return (1 - t) * a + t * b
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


exercise.edit(
    "no_division", "* b) / angle.sin()", "* b)",
    "The division by the sine of the whole angle is missing, so the walk neither begins at a nor ends at b, unless they are perpendicular.",
)  # fmt: skip
exercise.edit(
    "angle_of_raw_codes", "a @ b / (a.norm() * b.norm())", "a @ b",
    "The dot product is not yet a cosine: divide by both lengths.",
)  # fmt: skip
exercise.edit(
    "no_line_for_parallel", "if angle.sin() < 1e-6:", "if False:",
    "Where both codes point the same way the sine is zero, and you divide zero by zero. Take the straight line there.",
)  # fmt: skip


@exercise.mistake(
    "The last step does not reach b: both ends belong to the walk, so t goes from 0 to 1 with 1 included."
)
def end_left_out(a, b, steps):
    t = (torch.arange(steps, dtype=a.dtype) / steps)[:, None]
    angle = (a @ b / (a.norm() * b.norm())).clamp(-1, 1).acos()
    if angle.sin() < 1e-6:
        return (1 - t) * a + t * b
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


exercise.edit(
    "ends_left_out", "torch.linspace(0, 1, steps, dtype=a.dtype)", "torch.linspace(0, 1, steps + 2, dtype=a.dtype)[1:-1]",
    "Neither end belongs to your walk. Both do: t goes from 0 to 1, with 0 and 1 among the `steps` values.",
)  # fmt: skip
exercise.edit(
    "arc_sine", ".acos()", ".asin()",
    "The dot product of unit vectors is the cosine of their angle: take the arc cosine, not the arc sine.",
)  # fmt: skip
exercise.edit(
    "degrees", ".acos()", ".acos().rad2deg()",
    "The angle is in degrees. torch.sin takes radians, as acos gives them.",
)  # fmt: skip
exercise.edit(
    "weights_exchanged", "((1 - t) * angle).sin() * a + (t * angle).sin() * b", "(t * angle).sin() * a + ((1 - t) * angle).sin() * b",
    "Off the line you walk from b to a: the factor with 1 - t belongs to a, where t is 0.",
)  # fmt: skip
exercise.edit(
    "stays_at_a", "return (1 - t) * a + t * b", "return a.expand(steps, -1)",
    "Where both codes lie on one line you stay at a. Their lengths may differ: take the straight line from a to b.",
)  # fmt: skip
exercise.edit(
    "angle_tested", "if angle.sin() < 1e-6", "if angle < 1e-6",
    "You test the angle, not its sine. In opposite directions the angle is 180 degrees and its sine is 0 as well.",
)  # fmt: skip


@exercise.mistake(
    "You scaled the points of the straight line to one length. That is an arc, but it is not walked evenly, and codes of different lengths lose theirs: use both sines."
)
def line_rescaled(a, b, steps):
    t = torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
    points = (1 - t) * a + t * b
    return points / points.norm(dim=1, keepdim=True) * a.norm()


@exercise.alternative
def by_a_loop(a, b, steps):
    cosine = float(torch.nn.functional.cosine_similarity(a, b, dim=0))
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    rows = []
    for t in torch.linspace(0, 1, steps, dtype=torch.float64).tolist():
        if math.sin(angle) < 1e-6:
            rows.append(a + t * (b - a))
        else:
            rows.append(a * (math.sin((1 - t) * angle) / math.sin(angle)) + b * (math.sin(t * angle) / math.sin(angle)))
    return torch.stack(rows)


@exercise.alternative
def by_lerp(a, b, steps):
    t = torch.linspace(0, 1, steps, dtype=a.dtype).unsqueeze(1)
    u, v = a / a.norm(), b / b.norm()
    angle = torch.acos((u * v).sum().clamp(-1, 1))
    if torch.sin(angle) < 1e-6:
        return torch.lerp(a, b, t)
    return torch.sin(angle - t * angle) / torch.sin(angle) * a + torch.sin(angle * t) / torch.sin(angle) * b


exercise.equivalent("operands of @ swapped", "a dot product is symmetric")
exercise.equivalent("Lt -> LtE", "no sine is exactly the threshold")
exercise.equivalent("1e-06 -> 2e-06", "near the threshold arc and line agree to twelve digits")
exercise.edit(
    "scaled_to_length_one", "    return (((1 - t)", "    a, b = a / a.norm(), b / b.norm()\n    return (((1 - t)",
    "You scaled both codes to length 1. The walk begins at a and ends at b as they are; only the angle is that of their directions.",
)  # fmt: skip
