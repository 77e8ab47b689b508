"""Attention between tokens, a small network on each, and the stream that both add to."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Write the pre-norm block first: two lines, each x plus something. What goes into the branch, and what is added to?",
        "self.self_attn returns two things, and you need the first. In post-norm the norm stands around the whole sum.",
    ),
    probe=probes.module(grad=True, train=True),
)


@exercise.cases
def cases():
    yield Case(noise(1, 2, 4)).built(4, 1, 8).named("one head, two tokens, pre-norm")
    yield Case(noise(2, 5, 6), torch.ones(5, 5).tril().bool()).built(6, 2, 10).named("two heads and a causal mask")
    yield Case(noise(2, 3, 4)).built(4, 2, 5, pre_norm=False).named("post-norm")
    yield Case(noise(2, 4, 4), torch.ones(4, 4).tril().bool()).built(4, 1, 6, pre_norm=False).named("post-norm, causal")
    yield Case(noise(3, 3, 6)).built(6, 3, 12, dropout=0.5).seeded(0).named("dropout, in training mode")
    yield Case(noise(3, 4, 6)).built(6, 2, 8, dropout=0.5, pre_norm=False).seeded(1).named("dropout, post-norm")


exercise.edit(
    "residual_from_the_norm", "x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "x = self.norm1(x) + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "The residual is taken from the normalised x. Add to x itself: nothing shall stand on the residual path.",
)  # fmt: skip
exercise.edit(
    "attention_without_residual", "x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "x = self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "Around the attention there is no residual: what a token was before is lost.",
)  # fmt: skip
exercise.edit(
    "norm_after_the_attention", "x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "x = self.norm1(x + self.dropout(self.self_attn(x, mask=mask)[0]))",
    "With pre_norm=True your attention still normalises after the sum. Normalise what goes into the branch, and leave the stream alone.",
)  # fmt: skip
exercise.edit(
    "norm2_forgotten", "self.feed_forward(self.norm2(x))", "self.feed_forward(x)",
    "The feed-forward network gets x without its norm.",
)  # fmt: skip
exercise.edit(
    "both_branches_from_the_start", "            x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])\n            return x + self",
    "            return x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0]) + self",
    "Both branches read the same x, side by side. The feed-forward network reads what the attention has added.",
)  # fmt: skip
exercise.edit(
    "mask_forgotten", "(self.norm1(x), mask=mask)", "(self.norm1(x))",
    "The mask does not reach the attention: each token sees the future.",
)  # fmt: skip
exercise.edit(
    "mask_as_memory", "(self.norm1(x), mask=mask)", "(self.norm1(x), self.norm1(x) * 2, mask)",
    "Keys and values are not those of the normalised x. In self-attention all three come from the same tokens.",
)  # fmt: skip
exercise.edit(
    "always_pre_norm", "if self.pre_norm:", "if True:",
    "Your block is pre-norm whatever `pre_norm` says.",
)  # fmt: skip


class Base(nn.Module):
    """The parts, for the alternatives."""

    def __init__(self, dim, heads, hidden, dropout=0.0, pre_norm=True):
        super().__init__()
        self.self_attn = MultiHeadAttention(dim, heads)
        self.linear1, self.linear2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout, self.pre_norm = nn.Dropout(dropout), pre_norm

    def network(self, x):
        return self.linear2(nn.functional.gelu(self.linear1(x)))


exercise.edit(
    "exchanged", "if self.pre_norm:", "if not self.pre_norm:",
    "The two kinds changed places: pre_norm=True normalises what goes into a branch, pre_norm=False the sum.",
)  # fmt: skip
exercise.edit(
    "mask_forgotten_everywhere", ", mask=mask)", ")",
    "The mask does not reach the attention, in either kind: each token sees the future.", count=2,
)  # fmt: skip
exercise.edit(
    "norm_of_the_branch", "x = self.norm1(x + self.dropout(self.self_attn(x, mask=mask)[0]))", "x = x + self.norm1(self.dropout(self.self_attn(x, mask=mask)[0]))",
    "In post-norm you normalise the branch alone. The norm stands around the whole sum.",
)  # fmt: skip
exercise.edit(
    "post_without_norm2", "return self.norm2(x + self.dropout(self.feed_forward(x)))", "return x + self.dropout(self.feed_forward(x))",
    "In post-norm the second norm is missing: it stands around the second sum.",
)  # fmt: skip
exercise.edit(
    "norm1_twice", "self.norm2(x)))", "self.norm1(x)))",
    "norm1 serves both branches. The feed-forward network has a norm of its own, norm2.",
)  # fmt: skip
exercise.edit(
    "feed_forward_first", "            x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])\n            return x + self.dropout(self.feed_forward(self.norm2(x)))", "            x = x + self.dropout(self.feed_forward(self.norm2(x)))\n            return x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])",
    "The feed-forward network comes first. The attention does, then the network.",
)  # fmt: skip
exercise.edit(
    "sum_dropped", "x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])", "x = self.dropout(x + self.self_attn(self.norm1(x), mask=mask)[0])",
    "Dropout acts on the sum, so the stream itself loses numbers. It acts on the branch, before it is added.",
)  # fmt: skip
exercise.edit(
    "network_without_dropout", "x + self.dropout(self.feed_forward(self.norm2(x)))", "x + self.feed_forward(self.norm2(x))",
    "There is no dropout on the result of the feed-forward network. It acts on each branch.",
)  # fmt: skip
exercise.edit(
    "attention_without_dropout", "self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])", "self.self_attn(self.norm1(x), mask=mask)[0]",
    "There is no dropout on the result of the attention. It acts on each branch.",
)  # fmt: skip


@exercise.alternative
class OneSubLayer(Base):
    def sub(self, x, norm, branch):
        if self.pre_norm:
            return x + self.dropout(branch(norm(x)))
        return norm(x + self.dropout(branch(x)))

    def forward(self, x, mask=None):
        x = self.sub(x, self.norm1, lambda z: self.self_attn(z, None, mask)[0])
        return self.sub(x, self.norm2, self.network)


@exercise.alternative
class ExplicitMemory(Base):
    def forward(self, x, mask=None):
        z = self.norm1(x) if self.pre_norm else x
        x = self.dropout(self.self_attn(z, z, mask)[0]) + x
        x = x if self.pre_norm else self.norm1(x)
        y = self.dropout(self.network(self.norm2(x) if self.pre_norm else x)) + x
        return y if self.pre_norm else self.norm2(y)
