"""Several attentions side by side, with PyTorch's parameters."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    core=True,
    hints=(
        "Follow the diagram box by box, and write the shape beside each line. Your own attention does the middle.",
        "unflatten(2, (heads, -1)) splits the last axis, transpose(1, 2) brings the heads before the tokens. On the way back the transpose comes first.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(noise(1, 2, 4)).built(4, 1).named("one head, two tokens")
    yield Case(noise(2, 5, 6)).built(6, 3).named("three heads, five tokens")
    yield Case(noise(2, 4, 8), mask=torch.ones(4, 4).tril().bool()).built(8, 2).named("a causal mask")
    yield Case(noise(2, 3, 6), noise(2, 5, 6, seed=1)).built(6, 2).named("a memory of five tokens")
    yield Case(
        noise(3, 3, 4), noise(3, 3, 4, seed=1), mask=torch.arange(3) < torch.tensor([1, 2, 3])[:, None, None, None]
    ).built(4, 2).named("three texts of a memory, two with padding")  # fmt: skip
    yield Case(noise(2, 4, 4)).built(4, 4).named("four heads of one feature")


class Base(nn.Module):
    """The layer, so that a mistake only says what it does otherwise."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def split(self, x):
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def merge(self, x):
        return x.transpose(1, 2).flatten(2)

    def parts(self):
        return list(zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True))

    def attend(self, q, k, v, mask):
        return scaled_dot_product_attention(q, k, v, mask)

    def project(self, x, memory):
        return [self.split(F.linear(z, w, b)) for z, (w, b) in zip((x, memory, memory), self.parts(), strict=True)]

    def forward(self, x, memory=None, mask=None):
        output, weights = self.attend(*self.project(x, x if memory is None else memory), mask)
        return self.out_proj(self.merge(output)), weights


@exercise.mistake(
    "The heads were split by a view alone. It has the right shape and mixes the tokens: unflatten the last axis, then transpose tokens and heads."
)
class SplitByView(Base):
    def split(self, x):
        return x.reshape(len(x), self.heads, x.shape[1], -1)


@exercise.mistake(
    "The heads were merged without a transpose: (N, heads, T, d) was read as (N, T, D), which mixes the tokens. Bring the tokens before the heads first."
)
class MergedByView(Base):
    def merge(self, x):
        return x.reshape(len(x), x.shape[2], -1)


@exercise.mistake(
    "The features of a head lie scattered: you split into (d, heads). A head is a block of neighbouring features, (heads, d)."
)
class HeadsInterleaved(Base):
    def split(self, x):
        return x.unflatten(2, (-1, self.heads)).movedim(3, 1)


@exercise.mistake(
    "You divided by the root of D, the width of the model. A score is a sum over the d features of one head."
)
class ScaledByTheModel(Base):
    def attend(self, q, k, v, mask):
        return scaled_dot_product_attention(q / self.heads**0.5, k, v, mask)


exercise.edit(
    "memory_ignored", "memory = x if memory is None else memory", "memory = x",
    "The memory is not used: keys and values come from x. In cross-attention only the queries do.",
)  # fmt: skip
exercise.edit(
    "queries_from_the_memory", "q = F.linear(x, w_q", "q = F.linear(memory, w_q",
    "Your queries come from the memory. x asks, the memory answers.",
)  # fmt: skip
exercise.edit(
    "keys_and_values_swapped", "w_q, w_k, w_v", "w_q, w_v, w_k",
    "Key and value weights have changed places: the rows of in_proj_weight are q, k, v in this order.",
)  # fmt: skip
exercise.edit(
    "mask_not_passed_on", "scaled_dot_product_attention(q, k, v, mask)", "scaled_dot_product_attention(q, k, v)",
    "The mask does not reach the attention, so every token sees everything.",
)  # fmt: skip
exercise.edit(
    "output_not_projected", "self.out_proj(output.transpose(1, 2).flatten(2))", "output.transpose(1, 2).flatten(2)",
    "The output projection is missing: it mixes what the heads have found.",
)  # fmt: skip


@exercise.mistake(
    "The biases are not added: in_proj_bias holds one for the queries, one for the keys and one for the values."
)
class WithoutBiases(Base):
    def parts(self):
        return [(w, None) for w in self.in_proj_weight.chunk(3)]


@exercise.mistake(
    "The parts were taken in another order. in_proj_weight holds those of the queries, the keys and the values, from the top."
)
class KeysFirst(Base):
    def parts(self):
        k, q, v = super().parts()
        return [q, k, v]


@exercise.mistake("The values are made with the weights of the keys. They have the third part of in_proj_weight.")
class KeysAsValues(Base):
    def parts(self):
        q, k, _ = super().parts()
        return [q, k, k]


@exercise.mistake(
    "You cut in_proj_weight along its columns. The three matrices lie one below the other: chunk(3), along axis 0."
)
class CutByColumns(Base):
    def parts(self):
        dim = self.in_proj_weight.shape[1]
        return list(zip(self.in_proj_weight.T.reshape(3, dim, dim), self.in_proj_bias.chunk(3), strict=True))


@exercise.mistake(
    "You averaged the weights over the heads, as nn.MultiheadAttention does. Return those of every head: (N, heads, T, S)."
)
class AveragedWeights(Base):
    def forward(self, x, memory=None, mask=None):
        output, weights = super().forward(x, memory, mask)
        return output, weights.mean(1)


@exercise.alternative
class OneProduct(Base):
    def forward(self, x, memory=None, mask=None):
        memory = x if memory is None else memory
        q = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)[0]
        _, k, v = F.linear(memory, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        output, weights = scaled_dot_product_attention(self.split(q), self.split(k), self.split(v), mask)
        return self.out_proj(output.movedim(1, 2).reshape(x.shape)), weights


@exercise.alternative
class HeadByHead(Base):
    def forward(self, x, memory=None, mask=None):
        memory = x if memory is None else memory
        q, k, v = (F.linear(z, w, b).chunk(self.heads, 2) for z, (w, b) in zip((x, memory, memory), self.parts(), strict=True))  # fmt: skip
        if mask is not None and mask.dim() == 4:
            mask = mask[:, 0]
        results = [scaled_dot_product_attention(*head, mask) for head in zip(q, k, v, strict=True)]
        return self.out_proj(torch.cat([out for out, _ in results], 2)), torch.stack([a for _, a in results], 1)


exercise.equivalent("arguments of transpose swapped", "a transpose of two axes has no direction")
