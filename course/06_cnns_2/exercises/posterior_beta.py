"""What wells say about the success rate of a play, with a Beta distribution for what was believed before."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=6,
    hints=(
        "Multiply the likelihood, rate^hits (1 - rate)^misses, with the prior, rate^(a-1) (1 - rate)^(b-1). Powers of the same base add "
        "their exponents; read a_N and b_N off the result.",
        "The mode of Beta(a_N, b_N) is where the derivative of (a_N - 1) ln rate + (b_N - 1) ln(1 - rate) is zero. The mean is "
        "a_N / (a_N + b_N), and both are of the posterior, not of the prior.",
    ),
)


def wells(*found: int) -> torch.Tensor:
    return torch.tensor(found, dtype=torch.int64)


@exercise.probe
def probe(candidate, case):
    answer = candidate(*case.args)
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        return answer
    if not all(isinstance(one, (int, float, torch.Tensor)) for one in answer):
        return answer
    found = dict(zip(("a_N", "b_N", "r_MAP", "p(find)"), map(float, answer), strict=True))
    return {**found, "all four are Python numbers": all(isinstance(one, (int, float)) for one in answer)}


@exercise.cases
def cases():
    yield Case(wells(1, 0, 0), 2.0, 2.0).named("one find in three wells")
    yield Case(wells(0, 0, 0, 0), 2.0, 5.0).named("four dry wells")
    yield Case(wells(), 3.0, 4.0).named("no well yet")
    yield Case(wells(1, 1, 0, 1, 1, 0, 1), 1.5, 6.5).named("five finds in seven wells, an uneven prior")
    yield Case(wells(1, 1), 1.0, 3.0).named("two finds")


@exercise.mistake(
    "Finds and misses changed places. The exponent of the rate counts the finds, and it belongs to a; b counts what was missed."
)
def finds_and_misses_exchanged(found, a, b):
    hits = float(found.sum())
    a, b = a + len(found) - hits, b + hits
    return a, b, (a - 1) / (a + b - 2), a / (a + b)


@exercise.mistake(
    "b grew by the number of all wells. It counts the failures alone: N minus the finds. Otherwise each find speaks for and against."
)
def failures_are_all_wells(found, a, b):
    hits = float(found.sum())
    a, b = a + hits, b + len(found)
    return a, b, (a - 1) / (a + b - 2), a / (a + b)


@exercise.mistake(
    "The third and fourth number are exchanged: the MAP estimate is the mode, where the posterior is highest, and the chance of the next "
    "well is the mean."
)
def mode_and_mean_exchanged(found, a, b):
    hits = float(found.sum())
    a, b = a + hits, b + len(found) - hits
    return a, b, a / (a + b), (a - 1) / (a + b - 2)


@exercise.mistake(
    "Your mode forgets the minus ones: the exponents of a Beta density are a - 1 and b - 1, and it is those whose balance makes the mode."
)
def mode_without_minus_one(found, a, b):
    hits = float(found.sum())
    a, b = a + hits, b + len(found) - hits
    return a, b, a / (a + b), a / (a + b)


@exercise.mistake("Mode and mean are those of the prior: they must be computed from the new a and b, after the wells.")
def mode_and_mean_of_the_prior(found, a, b):
    hits = float(found.sum())
    return a + hits, b + len(found) - hits, (a - 1) / (a + b - 2), a / (a + b)


@exercise.mistake(
    "You added 1 to both counts: that is right for the flat prior Beta(1, 1) and only for it. The prior's own a and b are added."
)
def always_the_flat_prior(found, a, b):
    hits = float(found.sum())
    a, b = 1 + hits, 1 + len(found) - hits
    return a, b, hits / max(len(found), 1), a / (a + b)


@exercise.mistake("The numbers are right, but some are tensors. Python numbers are asked: `.item()`, or float().")
def still_tensors(found, a, b):
    hits = found.sum()
    a, b = a + hits, b + len(found) - hits
    return a, b, (a - 1) / (a + b - 2), a / (a + b)


@exercise.mistake(
    "r_MAP is the share of finds, the estimate of maximum likelihood. The prior counts too: it is the mode of the *posterior*."
)
def share_for_the_mode(found, a, b):
    hits = float(found.sum())
    a_N, b_N = a + hits, b + len(found) - hits
    return a_N, b_N, hits / max(len(found), 1), a_N / (a_N + b_N)


@exercise.mistake(
    "The chance of the next well is the *posterior's* mean, a_N / (a_N + b_N); yours is the share of finds and leaves the prior out."
)
def share_for_the_chance(found, a, b):
    hits = float(found.sum())
    a_N, b_N = a + hits, b + len(found) - hits
    return a_N, b_N, (a_N - 1) / (a_N + b_N - 2), hits / max(len(found), 1)


@exercise.mistake("The chance of the next well is that of the prior. What the wells said is to be in it: a_N and b_N.")
def chance_of_the_prior(found, a, b):
    hits = float(found.sum())
    a_N, b_N = a + hits, b + len(found) - hits
    return a_N, b_N, (a_N - 1) / (a_N + b_N - 2), a / (a + b)


@exercise.mistake("You return the exponents, a_N - 1 and b_N - 1. The parameters of the Beta density are one larger.")
def exponents(found, a, b):
    hits = float(found.sum())
    a_N, b_N = a + hits, b + len(found) - hits
    return a_N - 1, b_N - 1, (a_N - 1) / (a_N + b_N - 2), a_N / (a_N + b_N)


@exercise.alternative
def one_well_at_a_time(found, a, b):
    for one in found.tolist():
        if one:
            a += 1
        else:
            b += 1
    return float(a), float(b), (a - 1) / (a + b - 2), a / (a + b)


@exercise.alternative
def with_counts(found, a, b):
    misses, hits = torch.bincount(found, minlength=2).tolist()
    total = a + b + len(found)
    return a + hits, b + misses, (a + hits - 1) / (total - 2), 1 - (b + misses) / total
