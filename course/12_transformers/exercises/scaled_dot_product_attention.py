"""Attention as a soft look-up."""

import math

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "Four steps: scores, mask, softmax, average of the values. What shape does each have?",
        "k.transpose(-2, -1) turns the keys. masked_fill puts a number where its mask is True, so it needs the opposite of yours.",
    ),
    probe=probes.call(grad=True),
    forbidden={"scaled_dot_product_attention": "its four steps are what you write here."},
)


@exercise.cases
def cases():
    yield Case(row(2, 0, 0, 0)[None], torch.stack([row(1.1, 0, 0, 0), row(0, 0, 0, 0)]), row(10, 20)[:, None]).named(
        "one query, two keys: the worked number"
    )
    yield Case(noise(3, 4), noise(5, 4, seed=1), noise(5, 4, seed=2)).named("three queries, five keys")
    yield Case(noise(4, 2), noise(4, 2, seed=1), noise(4, 2, seed=2), torch.ones(4, 4).tril().bool()).named(
        "four tokens and a causal mask"
    )
    yield Case(
        noise(2, 3, 4, 9), noise(2, 3, 6, 9, seed=1), noise(2, 3, 6, 9, seed=2), torch.arange(6) < torch.tensor([4, 6])[:, None, None, None]
    ).named("two texts, three heads, padding in the first")  # fmt: skip
    yield Case(3000 * noise(2, 3, 4), noise(2, 3, 4, seed=1), noise(2, 3, 4, seed=2)).named("large scores")


exercise.edit(
    "not_scaled", " / math.sqrt(q.shape[-1])", "",
    "The scores are not divided by the root of d: with many features the softmax puts all weight on one key, and its gradient vanishes.",
)  # fmt: skip
exercise.edit(
    "divided_by_d", "math.sqrt(q.shape[-1])", "q.shape[-1]",
    "You divided by d. The standard deviation of a score is the root of d: by d the weights become nearly equal.",
)  # fmt: skip
exercise.edit(
    "softmax_over_the_queries", "softmax(dim=-1)", "softmax(dim=-2)",
    "Your softmax runs over the queries. Each query shares its attention among the keys: a row of weights sums to one, not a column.",
)  # fmt: skip
exercise.edit(
    "mask_turned_round", "masked_fill(~mask", "masked_fill(mask",
    "You hid what the query may see. True means 'may look' here; masked_fill fills where its own mask is True.",
)  # fmt: skip
exercise.edit(
    "weights_not_returned", "return weights @ v, weights", "return weights @ v, scores",
    "The second result is the scores. Return the weights, after the softmax: each of their rows sums to one.",
)  # fmt: skip


@exercise.mistake(
    "The mask is applied after the softmax: what you hid has already taken its share, and the rows no longer sum to one. Mask the scores."
)
def masked_after_the_softmax(q, k, v, mask=None):
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    if mask is not None:
        weights = weights * mask
    return weights @ v, weights


@exercise.mistake(
    "The mask is added to the scores as zeros and ones. That is a small hint, not a wall: a hidden score has to be minus infinity."
)
def mask_added(q, k, v, mask=None):
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    weights = scores.softmax(-1)
    return weights @ v, weights


@exercise.mistake(
    "Hidden scores were set to zero. The softmax of zero is not zero: e to the 0 is 1. Set them to minus infinity."
)
def mask_multiplied(q, k, v, mask=None):
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores * mask
    weights = scores.softmax(-1)
    return weights @ v, weights


exercise.edit(
    "root_of_the_length", "math.sqrt(q.shape[-1])", "math.sqrt(q.shape[-2])",
    "You divided by the root of the number of queries. What grows a score is the number of features, the last axis.",
)  # fmt: skip
exercise.edit(
    "exponential_by_hand", "weights = scores.softmax(dim=-1)", "weights = scores.exp() / scores.exp().sum(-1, keepdim=True)",
    "Your exponential overflows for large scores: infinity over infinity is NaN. softmax subtracts the largest score of each row first.",
)  # fmt: skip


@exercise.alternative
def by_einsum(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) * q.size(-1) ** -0.5
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-torch.inf, dtype=scores.dtype))
    weights = F.softmax(scores, dim=-1)
    return torch.einsum("...ts,...sd->...td", weights, v), weights


@exercise.alternative
def by_exponentials(q, k, v, mask=None):
    scores = (q / q.shape[-1] ** 0.5) @ k.mT
    if mask is not None:
        scores = scores + torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, float("-inf"))
    e = (scores - scores.amax(-1, keepdim=True)).exp()
    weights = e / e.sum(-1, keepdim=True)
    return weights @ v, weights
