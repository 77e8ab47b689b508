"""An expectation from samples, and how far off it is likely to be."""

import math

import torch

from dlmodule.checking import Case, Code, Exercise, probes

DRAWS = 500
CERTAIN = 1e-9  # the standard error of what does not depend on chance

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Three lines: draw count samples with the generator, put them through f, and summarise the count values. What is the variance of "
        "a mean of independent values, in terms of the variance of one of them?",
        "The spread of single values (Tensor.std, which divides by count - 1) does not shrink with count. The spread of their mean is that "
        "over the root of count.",
    ),
    probe=probes.sample(
        {
            "mean estimate": "x[:, 0].mean()",
            "mean squared error bar": "x[:, 1].square().mean()",
            "variance of the estimates": "x[:, 0].var()",
        },
        draws=DRAWS,
    ),
)


def scalar(value: float) -> torch.Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def judged(case: Case, mean: float, variance: float, fourth: float, count: int) -> Case:
    """The closed form: values of the given mean, variance and fourth central moment, ``count`` to a run.

    The sample variance s^2 has variance (fourth - variance^2 (count - 3) / (count - 1)) / count.
    """
    of_s2 = (fourth - variance**2 * (count - 3) / (count - 1)) / count
    return case.expecting(
        {
            "mean estimate": scalar(mean),
            "mean squared error bar": scalar(variance / count),
            "variance of the estimates": scalar(variance / count),
        },
        within={
            "mean estimate": scalar(math.sqrt(variance / count / DRAWS)),
            "mean squared error bar": scalar(math.sqrt(of_s2 / DRAWS) / count),
            "variance of the estimates": scalar(variance / count * math.sqrt(2.2 / DRAWS)),
        },
    )


@exercise.cases
def cases():
    permuted = Code("lambda count, generator: torch.randperm(count, generator=generator).double()")
    square = sum(z**2 for z in range(4)) / 4
    variance = sum((z**2 - square) ** 2 for z in range(4)) / 3
    exact = {
        "mean estimate": scalar(square),
        "mean squared error bar": scalar(variance / 4),
        "variance of the estimates": scalar(0),
    }
    yield (
        Case(Code("lambda z: z**2"), permuted, 4)
        .expecting(exact, within=dict.fromkeys(exact, scalar(CERTAIN)))
        .named("0, 1, 2, 3 in random order, squared")
    )
    normal = Code("lambda count, generator: torch.randn(count, generator=generator, dtype=torch.float64)")
    # The cube of a standard normal has mean 0, variance 15 and fourth moment 10395; exp has the moments of a log-normal.
    yield judged(Case(Code("lambda z: 2 * z**2 + 1"), normal, 100), 3, 8, 16 * 60, 100).named(
        "2 z^2 + 1 of a standard normal, 100 samples"
    )
    square_of_side_one = Code("lambda count, generator: torch.rand(count, 2, generator=generator, dtype=torch.float64)")
    p = math.pi / 4
    fourth = 256 * p * (1 - p) * (1 - 3 * p * (1 - p))
    yield (
        judged(
            Case(Code("lambda z: 4 * ((z**2).sum(1) < 1).double()"), square_of_side_one, 400),
            math.pi,
            16 * p * (1 - p),
            fourth,
            400,
        )
        .seeded(1)
        .named("four times the quarter of a disc, 400 points of a square")
    )


exercise.edit(
    "spread_of_one_value",
    "values.std() / count**0.5",
    "values.std()",
    "Your error bar is the spread of single values. The mean of N independent values scatters sqrt(N) times less: divide by the root of count.",
)
exercise.edit(
    "divided_by_count",
    "values.std() / count**0.5",
    "values.std() / count",
    "You divided the standard deviation by N. It is the variance of the mean that is N times smaller; its root shrinks with sqrt(N).",
)
exercise.edit(
    "variance_for_std",
    "values.std() / count**0.5",
    "values.var() / count",
    "That is the variance of the mean, in squared units. An error bar has the units of the estimate: take the root.",
)
exercise.edit(
    "too_small_by_one",
    "values.std()",
    "values.std(correction=0)",
    "You divided by N where the squared error bar is unbiased with N - 1: the mean was fitted to the same values, and took one of them up.",
)


@exercise.mistake(
    "You put the mean of the samples through f. The mean of f is not f of the mean, unless f is a straight line: evaluate f on every sample."
)
def f_of_the_mean(f, draw, count, *, generator):
    z = draw(count, generator=generator)
    values = f(z)
    return torch.stack([f(z.mean(0, keepdim=True)).squeeze(), values.std() / count**0.5])


@exercise.mistake(
    "You made a generator of your own, with a fixed seed. Then every call gives the same answer, and no caller can draw again: hand on the "
    "generator you were given."
)
def generator_of_ones_own(f, draw, count, *, generator):
    values = f(draw(count, generator=torch.Generator().manual_seed(0)))
    return torch.stack([values.mean(), values.std() / count**0.5])


@exercise.mistake(
    "Estimate and error bar come from different samples: you drew twice. It is twice the work, and the error bar is not that of this estimate."
)
def drawn_twice(f, draw, count, *, generator):
    values = f(draw(2 * count, generator=generator))
    return torch.stack([values.mean(), values[:count].std() / count**0.5])


@exercise.alternative
def by_sums(f, draw, count, *, generator):
    values = f(draw(count, generator=generator))
    mean = values.sum() / count
    squares = ((values - mean) ** 2).sum()
    return torch.stack([mean, (squares / (count - 1) / count).sqrt()])


@exercise.alternative
def one_value_at_a_time(f, draw, count, *, generator):
    z = draw(count, generator=generator)
    mean, squares = 0.0, 0.0  # Welford's recursion
    for n, value in enumerate(f(z).tolist(), start=1):
        change = value - mean
        mean += change / n
        squares += change * (value - mean)
    return torch.tensor([mean, math.sqrt(squares / (count - 1) / count)], dtype=z.dtype)
