"""A power law with a floor, fitted by trying exponents."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "With b fixed, the loss is a straight line in the new variable size**-b. Which two columns does its least-squares problem have?",
        "torch.linalg.lstsq wants a matrix on the right: give the losses a second axis. Keep the numbers of the exponent with the smallest sum of squares.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    exponents = row(0.25, 0.5, 1)
    yield Case(row(1, 4, 16), row(3, 2, 1.5), exponents).named("three sizes on 1 + 2 / sqrt(P)")
    yield Case(row(1, 2, 4, 8), 3 + 4 * row(1, 2, 4, 8) ** -1, exponents).named("the last exponent is the best")
    noisy = 1.5 + 5 * row(10, 30, 100, 300, 1000) ** -0.3 + 0.02 * waves(5)
    yield Case(row(10, 30, 100, 300, 1000), noisy, torch.linspace(0.05, 1, 20, dtype=torch.float64)).named(
        "five noisy losses, twenty exponents"
    )
    bent = 2 + 6 * row(1, 2, 4, 8, 16, 32) ** -0.6 + row(-0.1, -0.6, 0, 0.2, 0.3, -0.4)
    yield Case(row(1, 2, 4, 8, 16, 32), bent, row(0.9, 0.2, 0.6, 1.4, 0.5, 0.8, 0.7)).named("exponents in any order")
    yield Case(row(10, 30, 100, 300), 0.5 * waves(4) + 3, torch.linspace(0.9, 0.1, 9, dtype=torch.float64)).named(
        "losses that hardly follow a law, exponents falling"
    )


exercise.edit(
    "column_of_sizes", "torch.ones_like(size), size**-b", "size, size**-b",
    "Your first column holds the sizes, so the loss would grow again for large models. The floor is the same for all: a column of ones.",
)  # fmt: skip
exercise.edit(
    "grows_with_size", "size**-b", "size**b",
    "Your column grows with the size. The loss falls: the exponent is minus b.",
)  # fmt: skip
exercise.edit(
    "worst_exponent", ("error < best", "best, law = math.inf"), ("error > best", "best, law = -math.inf"),
    "You keep the exponent with the largest error.",
)  # fmt: skip
exercise.edit(
    "floor_and_factor_exchanged", "(numbers[0], numbers[1], b)", "(numbers[1], numbers[0], b)",
    "Floor and factor are exchanged: the column of ones belongs to the floor.",
)  # fmt: skip


exercise.edit(
    "last_exponent", "if error < best:", "if True:",
    "You keep the last exponent. Keep the one with the smallest error: compare before you replace.",
)  # fmt: skip
exercise.edit(
    "absolute_errors", ".square().sum()", ".abs().sum()",
    "You compare sums of absolute errors. Asked for is the smallest sum of squared errors.",
)  # fmt: skip
exercise.edit(
    "relative_errors", "(columns @ numbers - loss).square()", "((columns @ numbers - loss) / loss).square()",
    "You compare relative errors. Asked for is the smallest sum of squared errors, in the loss's own unit.",
)  # fmt: skip
exercise.edit(
    "stops_early", "            best, law = error, (numbers[0], numbers[1], b)\n", "            best, law = error, (numbers[0], numbers[1], b)\n        else:\n            break\n",
    "You stop at the first exponent that is no better. They come in any order: try all of them.",
)  # fmt: skip


@exercise.mistake(
    "You fitted a straight line to the logarithms, so the floor is 0. The law has a floor: for each b fit the columns 1 and P^-b to the losses themselves."
)
def line_through_the_logarithms(size, loss, exponents):
    columns = torch.stack([torch.ones_like(size), -size.log()], 1)
    numbers = torch.linalg.lstsq(columns, loss.log()[:, None]).solution[:, 0]
    return torch.zeros_like(loss[0]), numbers[0].exp(), numbers[1]


@exercise.alternative
def all_exponents_at_once(size, loss, exponents):
    falling = size ** -exponents[:, None]
    columns = torch.stack([torch.ones_like(falling), falling], 2)
    numbers = torch.linalg.lstsq(columns, loss.expand(len(exponents), -1)[:, :, None]).solution
    best = ((columns @ numbers)[:, :, 0] - loss).square().sum(1).argmin()
    return numbers[best, 0, 0], numbers[best, 1, 0], exponents[best]


@exercise.alternative
def by_a_straight_line(size, loss, exponents):
    fits = []
    for b in exponents:
        z = size**-b
        slope = ((z - z.mean()) * (loss - loss.mean())).sum() / (z - z.mean()).square().sum()
        floor = loss.mean() - slope * z.mean()
        fits.append(((floor + slope * z - loss).square().sum().item(), len(fits), (floor, slope, b)))
    return min(fits)[2]


exercise.equivalent("operands of - swapped", "the difference is squared")
exercise.equivalent("Lt -> LtE", "it matters only where two exponents fit equally well to the last bit")
