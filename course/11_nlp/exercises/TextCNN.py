"""Learned n-grams, and the strongest of each."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "nn.Conv1d wants (N, D, T), the embedding gives (N, T, D). What remains of the time axis at the end?",
        "movedim(2, 1) turns the axes. For each convolution: relu, then amax over the last axis, (N, channels). Join all along axis 1.",
    ),
    probe=probes.module(),
)


def table(words: int, dim: int) -> torch.Tensor:
    return (torch.arange(words * dim, dtype=torch.float32) * 0.7).sin().reshape(words, dim)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2, 3]])).built(table(4, 2), 2, (2,)).named("one text, one width")
    yield (
        Case(torch.tensor([[1, 3, 2, 5, 4], [2, 3, 4, 1, 0]]))
        .built(table(6, 3), 3, (1, 3), classes=3)
        .named("two texts, two widths")
    )
    yield Case(torch.tensor([[3, 1]])).built(table(5, 4), 2, (2, 3, 4)).named("a text shorter than the widest kernel")


exercise.edit(
    "mean_over_time", ".amax(2)", ".mean(2)",
    "You averaged over time. The maximum keeps the strongest match, wherever it stood.",
)  # fmt: skip
exercise.edit(
    "without_relu", "F.relu(conv(x))", "conv(x)",
    "The ReLU is missing.",
)  # fmt: skip
exercise.edit(
    "short_texts_fail", "F.pad(ids, (0, max(0, widest - ids.shape[1])))", "ids",
    "A text shorter than the widest kernel fails. Pad the numbers with 0 up to that width first.",
)  # fmt: skip
exercise.edit(
    "last_place", ".amax(2)", "[..., -1]",
    "You took the last place. The strongest match may stand anywhere: take the maximum over time.",
)  # fmt: skip


class Built(nn.Module):
    """The layers alone."""

    def __init__(self, table, channels=32, widths=(2, 3, 4), classes=2):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(table.shape[1], channels, width) for width in widths)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(channels * len(widths), classes)

    def padded(self, ids):
        lack = max(conv.kernel_size[0] for conv in self.convs) - ids.shape[1]
        return torch.cat([ids, ids.new_zeros(len(ids), lack)], dim=1) if lack > 0 else ids


@exercise.alternative
class ByUnfold(Built):
    def forward(self, ids):
        x, found = self.embedding(self.padded(ids)), []
        for conv in self.convs:
            windows = x.unfold(1, conv.kernel_size[0], 1)
            found.append((torch.einsum("ntdk,cdk->ntc", windows, conv.weight) + conv.bias).amax(1).clamp(min=0))
        return self.head(self.dropout(torch.cat(found, dim=1)))


@exercise.alternative
class MaximumFirst(Built):
    def forward(self, ids):
        x = self.embedding(self.padded(ids)).transpose(1, 2)
        found = [F.adaptive_max_pool1d(conv(x), 1).squeeze(2) for conv in self.convs]
        return self.head(self.dropout(F.relu(torch.cat(found, dim=1))))


exercise.equivalent("self.dropout(...) dropped", "the check runs in evaluation mode, where dropout does nothing")
