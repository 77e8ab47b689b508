"""Inverted dropout."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "One uniform number per entry of x makes the coins: which side of p must it fall on to be kept?",
        "What is kept is divided by the probability of being kept. Treat evaluation, p = 0 and p = 1 before you divide.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, p, training = case.args[0], case.args[1], case.kwargs.get("training", True)
    given = x.clone()
    generator = torch.Generator().manual_seed(case.seed)
    untouched = generator.get_state()
    settings = case.kwargs
    first = candidate(x, p, generator=generator, **settings)
    used = not torch.equal(untouched, generator.get_state())
    if not isinstance(first, torch.Tensor) or first.shape != x.shape:
        return {"returned": type(first).__name__, "shape": list(getattr(first, "shape", []))}
    again = candidate(x, p, generator=torch.Generator().manual_seed(case.seed), **settings)
    draws = torch.stack(
        [first.clone()] + [candidate(x, p, generator=generator, **settings).clone() for _ in range(399)]
    )
    kept = (draws != 0).double()  # (400, *x.shape)
    ratio = (draws / given)[draws != 0].double()
    share = kept.flatten(1).mean(0)  # of each number
    rows = kept.flatten(1)
    random = training and 0 < p < 1
    error = max(p * (1 - p) / 400, 1e-12) ** 0.5
    together = (rows - share).T @ (rows - share) / 400  # (D, D): the covariances of all pairs
    together.fill_diagonal_(0)
    return {
        "dtype": str(first.dtype),
        "what is kept is multiplied by": [] if len(ratio) == 0 else [ratio.min().item(), ratio.max().item()],
        "share kept": None if random else share.mean().item(),
        "each is kept with probability 1 - p": bool(((share - (1 - p)).abs() <= 6.11 * error).all())
        if random
        else None,
        "each has a coin of its own": bool(together.abs().max() <= 6.11 * p * (1 - p) / 400**0.5) if random else None,
        "how many are kept is left to chance": bool((rows.sum(1) != rows[0].sum()).any()) if random else None,
        "x is left as it was": torch.equal(x, given),
        "uses the generator": used if random else None,
        "same seed, same coins": torch.equal(first, again),
    }


@exercise.cases
def cases():
    four = torch.tensor([1.0, 2.0, -3.0, 4.0], dtype=torch.float64)
    yield Case(four, 0.5).named("four numbers, p = 0.5")
    yield Case(four, 0.2).seeded(1).named("four numbers, p = 0.2")
    yield Case(four, 0.5, training=False).named("four numbers, p = 0.5, in evaluation")
    yield Case(four, 0.0).named("p = 0")
    yield Case(four, 1.0).named("p = 1")
    yield Case(torch.full((2, 3, 2), -0.7), 0.75).seeded(2).named("(2, 3, 2) in float32, p = 0.75")


exercise.equivalent("GtE -> Gt", "a uniform number is exactly p with probability 2^-24")

exercise.edit(
    "not_rescaled",
    "x * kept / (1 - p)",
    "x * kept",
    "What is kept is not scaled up, so in training the layer passes only 1 - p of the signal on average, and in evaluation all of it. Divide by 1 - p.",
)
exercise.edit(
    "divided_by_p",
    "x * kept / (1 - p)",
    "x * kept / p",
    "You divided by p, the probability of being dropped. Divide by 1 - p, that of being kept.",
)
exercise.edit(
    "keeps_with_p",
    ">= p",
    "< p",
    "A share p is kept: your comparison is the wrong way round. p is the probability of being dropped.",
)


@exercise.mistake(
    "There is one coin for the whole tensor: it survives or dies as one. Draw a number for each entry, torch.rand(x.shape, generator=generator)."
)
def one_coin(x, p, *, training=True, generator=None):
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand((), generator=generator) >= p) / (1 - p)


@exercise.mistake(
    "Your dropout goes on in evaluation. There the answer is to be the same each time, and what is kept was scaled so that nothing needs to be done: return x."
)
def never_stops(x, p, *, training=True, generator=None):
    return dropout(x, p, training=True, generator=generator)


@exercise.mistake(
    "In evaluation you multiply by 1 - p. That belongs to the original form, which does not divide in training. Do one or the other; the inverted form does it in training."
)
def scaled_twice(x, p, *, training=True, generator=None):
    return dropout(x, p, training=True, generator=generator) if training else x * (1 - p)


@exercise.mistake(
    "The generator is not used: your coins come from torch's global one. Hand generator=generator to torch.rand."
)
def own_coins(x, p, *, training=True, generator=None):
    return dropout(x, p, training=training)


@exercise.mistake(
    "p = 1 divides zero by zero and gives NaN. When everything is dropped the result is zeros; treat it apart."
)
def nan_at_one(x, p, *, training=True, generator=None):
    if not training:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= p) / torch.tensor(1 - p, dtype=x.dtype)


exercise.edit(
    "coins_shared_along_an_axis",
    "torch.rand(x.shape, generator=generator)",
    "torch.rand(x.shape[:1] + (1,) * (x.dim() - 1), generator=generator)",
    "Some numbers of x share a coin: they are dropped together or kept together. Draw one for each number, torch.rand(x.shape, generator=generator), "
    "whatever the number of axes.",
)
exercise.edit(
    "always_as_many",
    "torch.rand(x.shape, generator=generator) >= p",
    "(torch.randperm(x.numel(), generator=generator) >= round(p * x.numel())).reshape(x.shape)",
    "You drop the same count of numbers every time. Each number has a coin of its own, so that how many fall is left to chance.",
)
exercise.edit(
    "rescaled_twice",
    "x * kept / (1 - p)",
    "x * kept / (1 - p) ** 2",
    "What is kept is divided by 1 - p twice. The mean is kept if it is divided once.",
)
exercise.edit(
    "written_into_x",
    "return x * kept / (1 - p)",
    "return x.mul_(kept / (1 - p))",
    "You wrote into x itself: its numbers are gone for the caller, who may need them for the backward pass or the next draw. Return a new tensor.",
)


@exercise.alternative
def by_bernoulli(x, p, *, training=True, generator=None):
    if not training:
        return x
    if p >= 1:
        return x * 0
    coins = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    return x * coins / (1 - p)


@exercise.alternative
def by_where(x, p, *, training=True, generator=None):
    if training and p > 0:
        dropped = torch.rand(x.shape, generator=generator, dtype=torch.float64) < p
        return torch.where(dropped, torch.zeros_like(x), x / max(1 - p, 1e-9))
    return x.clone()
