"""Read padded tokens, all of them at once."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "Five things in order: mask, embedding, positions, blocks, norm. All but the loop are one line each.",
        "padding_mask takes the token numbers, not the vectors. sinusoidal_positions(S, D) is a table (S, D), which broadcasts over the batch.",
    ),
    probe=probes.module(),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2]])).built(3, 4, 1, 1, 6).named("one text of two tokens")
    yield Case(torch.tensor([[1, 2, 5, 3], [4, 2, 0, 0]])).built(6, 4, 2, 2, 8).named("two texts, one padded")
    yield Case(torch.tensor([[3, 3, 3], [1, 3, 0]])).built(4, 6, 3, 1, 6).named("the same token three times")
    yield Case(torch.tensor([[2, 0, 0, 0, 0], [1, 2, 3, 1, 2], [3, 1, 2, 0, 0]])).built(4, 6, 2, 3, 8, 0.5).named("three blocks, with dropout, in evaluation mode")  # fmt: skip


exercise.edit(
    "no_positions", "x = x + sinusoidal_positions(*x.shape[1:])", "x = x + 0",
    "The tokens have no positions: your encoder reads a bag of words, and 3.2 is the same as 2.3.",
)  # fmt: skip
exercise.edit(
    "padding_read", "x = block(x, mask)", "x = block(x)",
    "The mask does not reach the blocks. The text then reads its own padding, and its result depends on the longest text of the batch.",
)  # fmt: skip
exercise.edit(
    "positions_after_the_norm", ("x = x + sinusoidal_positions(*x.shape[1:])\n", "return self.norm(x), mask"), ("pass\n", "return self.norm(x) + sinusoidal_positions(*x.shape[1:]), mask"),
    "Positions are added after the last norm. No block has seen them: add them to the embedding, before the first block.",
)  # fmt: skip
exercise.edit(
    "no_last_norm", "return self.norm(x), mask", "return x, mask",
    "The last norm is missing. In pre-norm nothing else sets the scale of the stream that comes out.",
)  # fmt: skip
exercise.edit(
    "positions_along_the_batch", "sinusoidal_positions(*x.shape[1:])", "sinusoidal_positions(len(x), x.shape[2])[:, None]",
    "The positions run along the batch: every token of a text has the same one. They belong to axis 1, the tokens.",
)  # fmt: skip
exercise.edit(
    "one_block_only", "x = block(x, mask)\n", "x = block(self.embedding(ids) + sinusoidal_positions(*x.shape[1:]), mask)\n",
    "Every block begins from the embedding again, so the result is that of the last block alone. Each reads what the one before has written.",
)  # fmt: skip


exercise.edit(
    "scaled", "x = self.embedding(ids)", "x = self.embedding(ids) * self.embedding.embedding_dim ** 0.5",
    "You multiplied the embedding by the root of D, as Vaswani and others do. It is not asked for here.",
)  # fmt: skip
exercise.edit(
    "norm_after_each_block", "            x = block(x, mask)", "            x = self.norm(block(x, mask))",
    "The norm comes after every block. It comes once, at the end.",
)  # fmt: skip
exercise.edit(
    "positions_for_each_block", "            x = block(x, mask)", "            x = block(x + sinusoidal_positions(*x.shape[1:]), mask)",
    "The positions are added before every block. Once is enough: they stay on the residual path.",
)  # fmt: skip
exercise.edit(
    "causal", "padding_mask(ids)", "padding_mask(ids, causal=True)",
    "Your encoder hides the future. It reads a whole text: only the padding is hidden.",
)  # fmt: skip


@exercise.alternative
class ByLoopOverRange(nn.Module):
    def __init__(self, vocab, dim, heads, layers, hidden, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList([TransformerBlock(dim, heads, hidden, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids):
        mask = (ids != 0).view(len(ids), 1, 1, -1)
        x = self.embedding(ids) + sinusoidal_positions(ids.shape[1], self.embedding.embedding_dim)[None]
        for index in range(len(self.blocks)):
            x = self.blocks[index](x, mask)
        x = self.norm(x)
        return x, mask


@exercise.alternative
class WithATable(ByLoopOverRange):
    def __init__(self, vocab, dim, heads, layers, hidden, dropout=0.0):
        super().__init__(vocab, dim, heads, layers, hidden, dropout)
        self.register_buffer("table", sinusoidal_positions(500, dim), persistent=False)

    def forward(self, ids):
        mask, x = padding_mask(ids), self.embedding(ids) + self.table[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, mask=mask)
        return self.norm(x), mask
