"""Follow attention through all layers."""

import functools

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=7,
    hints=(
        "One matrix a layer: half identity, half the mean of its heads. Which of two matrices stands on the left, the earlier or the later?",
        "Start from the identity; each layer multiplies from the left, as its queries read what the layers before have mixed.",
    ),
)


@exercise.cases
def cases():
    yield Case([torch.stack([row(0, 1), row(1, 0)])[None]]).named("the worked number: one layer, two tokens")
    yield Case([noise(2, 3, 3).softmax(-1)]).named("one layer, two heads")
    yield Case([(3 * noise(2, 4, 4, seed=k)).softmax(-1) for k in range(3)]).named("three layers of two heads")
    yield Case([(2 * noise(1, 5, 5, seed=k)).softmax(-1).tril() / (2 * noise(1, 5, 5, seed=k)).softmax(-1).tril().sum(-1, keepdim=True) for k in range(2)]).named("two causal layers")  # fmt: skip


exercise.edit(
    "order_reversed", "mixing @ rollout", "rollout @ mixing",
    "The layers are multiplied in the wrong order. The last layer's queries read what came before: the later matrix stands on the left.",
)  # fmt: skip
exercise.edit(
    "no_identity", "0.5 * identity + 0.5 * weights.mean(0)", "weights.mean(0)",
    "The residual path is missing: half of each token goes past the attention.",
)  # fmt: skip
exercise.edit(
    "rows_sum_to_two", "0.5 * identity + 0.5 * weights.mean(0)", "identity + weights.mean(0)",
    "Your rows do not sum to one. Take half of the identity and half of the weights.",
)  # fmt: skip
exercise.edit(
    "largest_head", "weights.mean(0)", "weights.amax(0)",
    "You took the largest head. The rollout averages them; otherwise rows no longer sum to one.",
)  # fmt: skip
exercise.edit(
    "last_layer_alone", "rollout = mixing @ rollout", "rollout = mixing",
    "Only the last layer counts in your answer. Its tokens were mixed by the layers before.",
)  # fmt: skip


@exercise.mistake("The layers were added up. One layer reads what another has written: that is a product.")
def summed(maps):
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype)
    return sum(0.5 * identity + 0.5 * weights.mean(0) for weights in maps) / len(maps) + 0 * identity if len(maps) > 1 else (0.5 * identity + 0.5 * maps[0].mean(0))  # fmt: skip


exercise.edit(
    "layers_added", "rollout = mixing @ rollout", "rollout = rollout + mixing",
    "The layers are added. A layer mixes what the one before has mixed: multiply the matrices.",
)  # fmt: skip
exercise.edit(
    "entry_by_entry", "mixing @ rollout", "mixing * rollout",
    "The layers are multiplied entry by entry. It is the matrix product, @.",
)  # fmt: skip
exercise.edit(
    "first_head_only", "weights.mean(0)", "weights[0]",
    "Only the first head counts. The rollout averages the heads, axis 0.",
)  # fmt: skip
exercise.edit(
    "mean_over_the_keys", "weights.mean(0)", "weights.mean(-1)",
    "You averaged over the keys. The heads are averaged, axis 0.",
)  # fmt: skip


@exercise.alternative
def by_multi_dot(maps):
    mixed = [(weights.mean(0) + torch.eye(weights.shape[1], dtype=weights.dtype)) / 2 for weights in maps]
    return functools.reduce(lambda before, after: after @ before, mixed)


@exercise.alternative
def without_an_identity(maps):
    rollout = torch.eye(maps[0].shape[-1]).to(maps[0])
    for weights in maps:
        rollout = (rollout + torch.einsum("hts,su->tu", weights, rollout) / len(weights)) / 2
    return rollout
