"""Rows of weights to int8 with a step and a zero point each."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Work out the example by hand: range, step, zero point. What must the range contain, and what does a row of positive weights need therefore?",
        "amin and amax over axis 1, clamped at 0; then step, zero point and q in the order of the formula. The rows' numbers need a second axis to meet w.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    yield Case(row(-1, 0.5, 1.55)[None]).named("the worked number")
    yield Case(torch.stack([row(1, 2, 5), row(-4, -3, -1)])).named(
        "a row of positive weights and a row of negative ones"
    )
    yield Case(torch.stack([row(0, 0), row(0, 3)])).named("a row of zeros")
    yield Case(row(-1.5, 253.5, 7)[None]).named("a largest weight that rounds up, and has to be clamped")
    yield Case(noise(4, 7)).named("four rows of seven weights")
    yield Case(0.01 * waves(3, 20) * row(1, 50, 400)[:, None]).named("rows of very different size")
    yield Case(noise(5, 5, seed=2) ** 3).named("as many rows as columns, with outliers")


exercise.edit(
    "range_without_zero", "w.amin(1).clamp(max=0), w.amax(1).clamp(min=0)", "w.amin(1), w.amax(1)",
    "The range must contain 0: clamp the smallest weight at most to 0 and the largest at least to 0, or a zero is not exact.",
)  # fmt: skip
exercise.edit(
    "zero_point_after_the_clamp", "+ zero[:, None]).clamp(-128, 127)", ").clamp(-128, 127) + zero[:, None]",
    "You added the zero point after the clamp: numbers leave the range of int8 and wrap round.",
)  # fmt: skip
exercise.edit(
    "cut_off_instead_of_rounded", "((w / step[:, None]).round()", "((w / step[:, None]).trunc()",
    "You cut the digits off. Rounding halves the largest error.",
)  # fmt: skip
exercise.edit(
    "one_step_for_all", "low, high = w.amin(1).clamp(max=0), w.amax(1).clamp(min=0)", "low, high = w.amin().clamp(max=0).expand(len(w)), w.amax().clamp(min=0).expand(len(w))",
    "One range for all rows: a row of small weights then gets only a few numbers. Each row has a range of its own.",
)  # fmt: skip
exercise.edit(
    "steps_are_256", " / 255", " / 256",
    "From -128 to 127 there are 256 numbers, but 255 steps between them.",
)  # fmt: skip
exercise.edit(
    "range_of_columns", "w.amin(1).clamp(max=0), w.amax(1).clamp(min=0)", "w.amin(0).clamp(max=0)[torch.arange(len(w)) % w.shape[1]], w.amax(0).clamp(min=0)[torch.arange(len(w)) % w.shape[1]]",
    "Your ranges are those of the columns. A row of w makes one output, and has one range.",
)  # fmt: skip


exercise.edit(
    "rounded_down", "(w / step[:, None]).round()", "(w / step[:, None]).floor()",
    "You round down. Take the nearest whole number: round.",
)  # fmt: skip
exercise.edit(
    "not_rounded", "(w / step[:, None]).round()", "(w / step[:, None])",
    "The weights are not rounded before the cast, which cuts fractions off. Round first.",
)  # fmt: skip
exercise.edit(
    "zero_point_with_fraction", "(-128 - low / step).round()", "(-128 - low / step)",
    "The zero point is not rounded, so a zero does not become a whole number and is not exact.",
)  # fmt: skip
exercise.edit(
    "zero_point_subtracted", ".round() + zero[:, None]", ".round() - zero[:, None]",
    "The zero point is subtracted. It is added here, and subtracted when weights are read back.",
)  # fmt: skip
exercise.edit(
    "sign_of_the_low_end", "-128 - low / step", "-128 + low / step",
    "The lower end has the wrong sign: w_min must become -128, so z is -128 minus w_min / step.",
)  # fmt: skip
exercise.edit(
    "columns", ("w.amin(1)", "w.amax(1)", "(w / step[:, None]).round() + zero[:, None]"), ("w.amin(0)", "w.amax(0)", "(w / step).round() + zero"),
    "Each column has a range of its own. Rows have: amin(1) and amax(1).",
)  # fmt: skip
exercise.edit(
    "axes_kept", "q.to(torch.int8), step, zero", "q.to(torch.int8), step[:, None], zero[:, None]",
    "Step and zero point have an axis too many: (out,), one number for each row.",
)  # fmt: skip


@exercise.mistake(
    "This is the symmetric scheme, with a step from the largest size and no zero point. Here the range runs from w_min to w_max, and the zero point moves it onto -128 to 127."
)
def symmetric(w):
    step = (w.abs().amax(1) / 127).clamp(min=1e-12)
    return (w / step[:, None]).round().clamp(-128, 127).to(torch.int8), step, torch.zeros_like(step)


@exercise.alternative
def one_row_at_a_time(w):
    rows, steps, zeros = [], [], []
    for weights in w:
        low, high = min(weights.min().item(), 0.0), max(weights.max().item(), 0.0)
        step = max((high - low) / 255, 1e-12)
        zero = round(-128 - low / step)
        rows.append(torch.clamp(torch.round(weights / step) + zero, min=-128, max=127))
        steps.append(step)
        zeros.append(float(zero))
    return torch.stack(rows).to(torch.int8), torch.tensor(steps, dtype=w.dtype), torch.tensor(zeros, dtype=w.dtype)


@exercise.alternative
def with_a_zero_column(w):
    padded = torch.cat([w, w.new_zeros(len(w), 1)], 1)
    low, high = padded.aminmax(dim=1)
    step = torch.maximum((high - low) / 255, w.new_tensor(1e-12))
    zero = torch.round(-128 - low / step)
    return torch.clamp(torch.round(w / step.unsqueeze(1)) + zero.unsqueeze(1), -128, 127).char(), step, zero


exercise.equivalent("128 -> 129", "the smallest weight of a row never rounds below -128")
