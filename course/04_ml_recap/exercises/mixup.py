"""Train between the examples."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Two random things: one number from torch.rand, one order from torch.randperm, both with generator=generator.",
        "x[order] is the batch in another order. Inputs and targets get the same number and the same order.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Inputs and targets are such that weight and partner can be read off the result."""
    N, K, shape = case.kwargs["N"], case.kwargs["K"], case.kwargs["shape"]
    x = torch.zeros(N, N, dtype=torch.float64)
    x[range(N), range(N)] = 1  # example n is the n-th unit vector, laid out as ``shape``
    x = x.reshape(N, *shape)
    y = torch.nn.functional.one_hot(torch.arange(N) % K, K).double()
    given = x.clone(), y.clone()
    generator = torch.Generator().manual_seed(case.seed)
    weights, partners, agree, exchanged, untouched, whole = [], [], True, True, True, True
    same_two, replaced = True, True
    for _ in range(150):
        mixed = candidate(x, y, generator=generator)
        if not isinstance(mixed, (tuple, list)) or len(mixed) != 2:
            return {"returned": type(mixed).__name__}
        a, b = mixed
        if a.shape != x.shape or b.shape != y.shape:
            return {"shapes": [list(a.shape), list(b.shape)]}
        mix = a.reshape(N, N)  # row n: how much of each example is in the n-th mixture
        agree = agree and bool((mix @ y - b).abs().max() < 1e-6)
        whole = whole and bool((mix.sum(1) - 1).abs().max() < 1e-6 and (mix >= -1e-9).all())
        rest = mix - torch.diag(mix.diagonal())
        swapped = torch.where(rest > 1e-9, mix.diagonal()[:, None], 0.0) + torch.diag(rest.sum(1))
        swapped = torch.where((rest.sum(1) > 1e-9)[:, None], swapped, mix)
        exchanged = exchanged and bool((swapped @ y - b).abs().max() < 1e-6)
        untouched = untouched and torch.equal(b, y)
        moved = rest.sum(1) > 1e-9
        weights.append(mix.diagonal()[moved])
        partners.append(torch.where(moved, rest.argmax(1), torch.arange(N)))
        strange = (y + y[partners[-1]] == 0) & (b.abs() > 1e-6)  # a class that neither of the two belongs to
        same_two = same_two and not bool(strange.any())
        replaced = replaced and bool((b - y[partners[-1]]).abs().max() < 1e-6)
    same = [w.max() - w.min() < 1e-9 for w in weights if len(w)]
    lam = torch.stack([w[0] for w in weights if len(w)]).double() if same else torch.zeros(1)
    count = len(lam)
    orders = torch.stack(partners)
    first = candidate(x, y, generator=torch.Generator().manual_seed(7))
    again = candidate(x, y, generator=torch.Generator().manual_seed(7))
    return {
        "targets mixed as the inputs": agree,
        "targets mixed with the weights exchanged": exchanged,
        "targets as they came": untouched,
        "targets mixed of the same two examples": same_two,
        "targets are the partners' alone": replaced,
        "weights of a mixture are positive and sum to 1": whole,
        "one weight for the whole batch": bool(all(same)),
        "every example is a partner once": bool((orders.sort(1).values == torch.arange(N)).all()),
        "partners change": bool((orders != orders[0]).any()),
        "mean weight 1/2": bool((lam.mean() - 0.5).abs() <= 6.11 * (1 / 12 / count) ** 0.5),
        "variance of the weight 1/12": bool(
            ((lam - 0.5).square().mean() - 1 / 12).abs() <= 6.11 * (1 / 180 / count) ** 0.5
        ),
        "same seed, same mixture": torch.equal(first[0], again[0]),
        "left its inputs alone": torch.equal(x, given[0]) and torch.equal(y, given[1]),
        "dtype": [str(first[0].dtype), str(first[1].dtype)],
    }


@exercise.cases
def cases():
    yield Case(N=4, K=4, shape=(4,)).named("four examples of four classes")
    yield Case(N=6, K=3, shape=(1, 2, 3)).seeded(1).named("six small images of three classes")


exercise.equivalent("dtype= dropped from rand", "the weight is then a multiple of 2^-24")

exercise.edit(
    "targets_not_mixed",
    "lam * y + (1 - lam) * y[order]",
    "y",
    "The targets are not mixed. Then the network is told that a third of a shale is all shale.",
)
exercise.edit(
    "targets_the_other_way",
    "lam * y + (1 - lam) * y[order]",
    "(1 - lam) * y + lam * y[order]",
    "The targets are mixed with the weights exchanged: where most of the input is example n, most of the target is its partner's.",
)


@exercise.mistake(
    "Inputs and targets are mixed with different partners: you drew the order twice. Draw it once, and use it for both."
)
def two_orders(x, y, *, generator):
    lam = torch.rand((), generator=generator)
    a, b = torch.randperm(len(x), generator=generator), torch.randperm(len(x), generator=generator)
    return lam * x + (1 - lam) * x[a], lam * y + (1 - lam) * y[b]


@exercise.mistake(
    "Your weight is always 1/2. Draw it anew for each batch, uniform between 0 and 1, so that the network sees the whole line between two examples."
)
def always_half(x, y, *, generator):
    order = torch.randperm(len(x), generator=generator)
    return (x + x[order]) / 2, (y + y[order]) / 2


@exercise.mistake(
    "You drew partners with randint: some examples are nobody's partner and some are several times. randperm gives each its turn."
)
def with_replacement(x, y, *, generator):
    lam = torch.rand((), generator=generator, dtype=x.dtype)
    order = torch.randint(len(x), (len(x),), generator=generator)
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]


@exercise.mistake(
    "Every example has a weight of its own. That is a fine variant, but the paper's code and this exercise draw one weight for the batch."
)
def weight_per_example(x, y, *, generator):
    lam = torch.rand(len(x), generator=generator, dtype=x.dtype)
    order = torch.randperm(len(x), generator=generator)
    wide = lam.reshape(-1, *[1] * (x.dim() - 1))
    return wide * x + (1 - wide) * x[order], lam[:, None] * y + (1 - lam[:, None]) * y[order]


@exercise.mistake(
    "The generator is not used, so the same seed gives another mixture. Hand it to torch.rand and to torch.randperm."
)
def own_randomness(x, y, *, generator):
    lam, order = torch.rand((), dtype=x.dtype), torch.randperm(len(x))
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]


exercise.edit(
    "two_weights",
    "lam * y + (1 - lam) * y[order]",
    "torch.lerp(y[order], y, torch.rand((), generator=generator, dtype=x.dtype))",
    "Inputs and targets are mixed of the same two examples, but with different weights: you drew the weight twice. Draw it once, and use it for both.",
)
exercise.edit(
    "targets_of_the_partner",
    "lam * y + (1 - lam) * y[order]",
    "y[order]",
    "The targets are the partner's alone, not mixed. Mix them with the weight of the inputs.",
)
exercise.edit(
    "always_the_neighbour",
    "torch.randperm(len(x), generator=generator)",
    "torch.arange(len(x)).roll(1)",
    "Each example always has the same partner. Draw the order anew for each batch, with torch.randperm.",
)
exercise.edit(
    "normal_weight",
    "torch.rand((), generator=generator, dtype=x.dtype)",
    "torch.randn((), generator=generator, dtype=x.dtype)",
    "Your weight is a normal number, which may be negative or above 1. It lies between 0 and 1, uniformly: torch.rand.",
)


@exercise.alternative
def order_first(x, y, *, generator):
    order = torch.randperm(len(x), generator=generator)
    share = torch.rand(1, generator=generator).item()
    return torch.lerp(x, x[order], share), torch.lerp(y, y[order], share)


@exercise.alternative
def by_a_matrix(x, y, *, generator):
    N = len(x)
    lam = float(torch.empty(()).uniform_(0, 1, generator=generator))
    M = lam * torch.eye(N, dtype=x.dtype)
    M[torch.arange(N), torch.rand(N, generator=generator).argsort()] += 1 - lam
    return (M @ x.reshape(N, -1)).reshape(x.shape), M @ y
