"""A schedule in three parts: up a line, down half a cosine, and along the floor."""

import math

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "Compute the worked number by hand first: S = 10, W = 2. Which of the three parts does each of the steps 0, 1, 2, 6, 10 belong to?",
        "For the way down let u = (step - warmup) / (total - warmup), never above 1. Half of one plus cos(pi u) runs from 1 to 0; the floor "
        "is added by stretching that interval to [floor, 1].",
    ),
)


@exercise.cases
def cases():
    for step, words in (
        (0, "the first step"),
        (1, "the second step of the warm-up"),
        (2, "the peak"),
        (6, "half way down"),
    ):
        yield Case(step, total=10, warmup=2).named(f"{words}: step {step}, total 10, warm-up 2")
    yield Case(10, total=10, warmup=2, floor=0.1).named("the end, with a floor")
    yield Case(4, total=10, warmup=2, floor=0.1).named("a quarter of the way down, with a floor")
    yield Case(17, total=10, warmup=2, floor=0.2).named("long after the end")
    yield Case(0, total=7, warmup=0).named("no warm-up, the first step")
    yield Case(5, total=7, warmup=0).named("no warm-up, step 5 of 7")
    yield Case(3, total=100, warmup=40, floor=0.5).named("in a long warm-up, with a floor")


exercise.edit(
    "starts_at_zero",
    "(step + 1) / (warmup + 1)",
    "step / warmup",
    "The first step has the rate 0, so a batch is computed for nothing. Begin at 1 / (W + 1), as the formula does.",
)
exercise.edit(
    "peak_too_early",
    "(step + 1) / (warmup + 1)",
    "(step + 1) / warmup",
    "Your warm-up reaches the peak one step early: it is 1 at step W - 1 and again at step W. Divide by W + 1.",
)
exercise.edit(
    "cosine_from_the_start",
    "(step - warmup) / (total - warmup)",
    "step / total",
    "The cosine counts from step 0, so the rate drops abruptly at the end of the warm-up. Let it begin where the warm-up ends: "
    "(s - W) / (S - W).",
)
exercise.edit(
    "ends_too_late",
    "(total - warmup)",
    "total",
    "The way down is stretched over S steps, but only S - W are left after the warm-up: at the end the rate is not yet at the floor.",
)
exercise.edit(
    "floor_on_top",
    "floor + (1 - floor) * 0.5",
    "floor + 0.5",
    "The floor is added on top, so the peak is 1 + floor. Stretch the cosine to the interval from the floor to 1.",
)
exercise.edit(
    "up_again",
    "min((step - warmup) / (total - warmup), 1.0)",
    "(step - warmup) / (total - warmup)",
    "After the end the rate rises again: the cosine goes on. Hold u at 1.",
)
exercise.edit(
    "a_whole_period",
    "math.cos(math.pi * done)",
    "math.cos(2 * math.pi * done)",
    "The cosine runs through a whole period: down to the floor half way, and up again. Half a period is enough.",
)
exercise.edit(
    "warm_up_above_the_floor",
    "return (step + 1) / (warmup + 1)",
    "return floor + (1 - floor) * (step + 1) / (warmup + 1)",
    "The warm-up begins above the floor. The floor belongs to the way down; the warm-up is the line (s + 1) / (W + 1).",
)
exercise.equivalent("Lt -> LtE", "at step W the line and the cosine are both 1")


exercise.edit(
    "straight_line_down",
    "0.5 * (1 + math.cos(math.pi * done))",
    "(1 - done)",
    "You come down a straight line. Half a period of a cosine is asked for, which is flat at both ends.",
)
exercise.edit(
    "quarter_of_a_period",
    "0.5 * (1 + math.cos(math.pi * done))",
    "math.cos(math.pi * done / 2)",
    "You take a quarter of a cosine's period: it is flat at the peak only, and arrives at the floor at its steepest. Half a period, (1 + cos(pi u)) / 2, is flat at both ends.",
)
exercise.edit(
    "half_forgotten",
    "0.5 * (1",
    "(1",
    "1 + cos(pi u) runs from 2 to 0. Halve it, or the peak is twice as high.",
)
exercise.edit(
    "goes_up_instead",
    "(1 + math.cos",
    "(1 - math.cos",
    "Your cosine has the wrong sign: the rate falls to the floor at the end of the warm-up and rises from there.",
)
exercise.edit(
    "floor_as_a_limit",
    "floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))",
    "max(floor, 0.5 * (1 + math.cos(math.pi * done)))",
    "You cut the cosine off at the floor. It is to be stretched to the interval from the floor to 1, so that it arrives there with slope 0.",
)
exercise.edit(
    "floor_never_used",
    "floor + (1 - floor) * 0.5 *",
    "0.5 *",
    "`floor` is not used: your rate falls to 0.",
)
exercise.edit(
    "zero_and_then_up_to_the_peak",
    "(step + 1) / (warmup + 1)",
    "step / (warmup + 1)",
    "Your warm-up begins at 0, which wastes a step, and lags one step behind: it is (s + 1) / (W + 1).",
)
exercise.edit(
    "one_step_early_at_the_floor",
    "(total - warmup)",
    "(total - warmup - 1)",
    "Your rate reaches the floor one step early. It gets there at step S: u = (s - W) / (S - W).",
)


@exercise.alternative
def by_the_smaller(step, *, total, warmup, floor=0.0):
    line = (step + 1) / (warmup + 1)
    done = max(0.0, min(1.0, (step - warmup) / (total - warmup)))
    return line if line < 1 else (1 + floor) / 2 + (1 - floor) / 2 * math.cos(math.pi * done)


@exercise.alternative
def by_a_square(step, *, total, warmup, floor=0.0):
    if step >= total:
        return float(floor)
    if step < warmup:
        return 1 - (warmup - step) / (warmup + 1)
    half = math.cos(0.5 * math.pi * (step - warmup) / (total - warmup))
    return floor + (1 - floor) * half**2
