"""Write, with a memory to look at."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "The decoder's block is the encoder's with one more line in the middle. Who asks there, and who answers?",
        "self.cross_attn(normalised x, memory, memory_mask): x gives the queries. The memory was normalised by the encoder already.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield (
        Case(torch.tensor([[1, 2]]), noise(1, 3, 4).float(), torch.ones(1, 1, 1, 3).bool())
        .built(3, 4, 1, 1, 6)
        .named("two tokens, a memory of three")
    )
    yield (
        Case(torch.tensor([[1, 4, 2], [1, 3, 3]]), noise(2, 5, 6).float(), torch.arange(5) < torch.tensor([3, 5])[:, None, None, None])
        .built(5, 6, 2, 2, 8)
        .named("two texts, one with padding in its memory")
    )  # fmt: skip
    yield (
        Case(torch.tensor([[1], [2]]), noise(2, 2, 4).float(), torch.ones(2, 1, 1, 2).bool())
        .built(3, 4, 2, 1, 4)
        .named("one token each")
    )
    yield (
        Case(torch.tensor([[1, 2, 2, 2]]), noise(1, 4, 4).float(), torch.ones(1, 1, 1, 4).bool())
        .built(3, 4, 4, 1, 6)
        .named("the same token three times")
    )


exercise.edit(
    "sees_the_future", "x = block(x, memory, mask, memory_mask)", "x = block(x, memory, mask | True, memory_mask)",
    "The self-attention sees the future: in training the answer stands there, and the model copies it. Pass the causal mask on.",
)  # fmt: skip
exercise.edit(
    "memory_padding_read", "self.cross_attn(self.norm2(x), memory, memory_mask)", "self.cross_attn(self.norm2(x), memory)",
    "The cross-attention looks at the padding of the source: pass memory_mask on.",
)  # fmt: skip
exercise.edit(
    "the_memory_asks", "self.cross_attn(self.norm2(x), memory, memory_mask)", "self.cross_attn(self.norm2(x), self.norm2(x), memory_mask[..., :1])",
    "The memory is never looked at: keys and values come from x as well. In cross-attention they are the memory's.",
)  # fmt: skip
exercise.edit(
    "cross_before_self", ("self.self_attn(self.norm1(x), mask=mask)", "self.cross_attn(self.norm2(x), memory, memory_mask)"), ("self.cross_attn(self.norm1(x), memory, memory_mask)", "self.self_attn(self.norm2(x), mask=mask)"),
    "Cross-attention comes before self-attention. The order of the paper, and of all weights trained since, is self, cross, feed-forward.",
)  # fmt: skip
exercise.edit(
    "no_positions", "x = x + sinusoidal_positions(*x.shape[1:])", "x = x + 0",
    "The target has no positions. The causal mask tells a little about the order, but not enough.",
)  # fmt: skip
exercise.edit(
    "no_last_norm", "self.head(self.norm(x))", "self.head(x)",
    "The norm before the head is missing: in pre-norm the stream comes out with any scale.",
)  # fmt: skip
exercise.edit(
    "probabilities", "return self.head(self.norm(x))", "return self.head(self.norm(x)).softmax(2)",
    "You return probabilities. F.cross_entropy wants logits; it applies the softmax itself.",
)  # fmt: skip


class Block(nn.Module):
    """A decoder's block, written for the alternatives."""

    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.a, self.b = MultiHeadAttention(dim, heads), MultiHeadAttention(dim, heads)
        self.up, self.down = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))

    def forward(self, x, memory, mask, memory_mask):
        branches = (
            lambda z: self.a(z, z, mask)[0],
            lambda z: self.b(z, memory, memory_mask)[0],
            lambda z: self.down(F.gelu(self.up(z))),
        )
        for norm, branch in zip(self.norms, branches, strict=True):
            x = x + branch(norm(x))
        return x


@exercise.alternative
class BranchByBranch(nn.Module):
    def __init__(self, vocab, dim, heads, layers, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, hidden) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocab)

    def forward(self, ids, memory, memory_mask):
        x = self.embedding(ids) + sinusoidal_positions(ids.shape[1], memory.shape[2])
        mask = torch.ones(ids.shape[1], ids.shape[1]).tril() > 0
        for block in self.blocks:
            x = block(x, memory, mask, memory_mask)
        return self.head(self.norm(x))


@exercise.alternative
class MaskMadeInTheLoop(BranchByBranch):
    def forward(self, ids, memory, memory_mask):
        x = torch.stack([self.embedding(row) + sinusoidal_positions(len(row), memory.shape[2]) for row in ids])
        for block in self.blocks:
            x = block(x, memory, causal_mask(x.shape[1])[None, None], memory_mask.expand(len(x), -1, -1, -1))
        x = self.norm(x)
        return F.linear(x, self.head.weight, self.head.bias)
