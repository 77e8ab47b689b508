"""Read a text in both directions, padding left out."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Where has the forward LSTM read everything, and where the backward one? h_n has both, if the LSTM knows the lengths.",
        "pack_padded_sequence takes lengths on the CPU, batch_first=True and enforce_sorted=False. The LSTM returns (out, (h, c)); h[0] is forwards, h[1] backwards, each (N, H). Join them along the features.",
    ),
    probe=probes.module(),
)


def table(words: int, dim: int) -> torch.Tensor:
    return (torch.arange(words * dim, dtype=torch.float32) * 0.7).sin().reshape(words, dim)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2, 3]])).built(table(4, 2), 3).named("one text, no padding")
    yield (
        Case(torch.tensor([[1, 0, 0, 0], [2, 3, 4, 1], [5, 2, 0, 0]]))
        .built(table(6, 3), 2, classes=3)
        .named("three texts, two with padding")
    )
    yield Case(torch.tensor([[3, 1], [2, 0]])).built(table(5, 4), 4).named("two short texts")


exercise.edit(
    "same_half_twice", "torch.cat([h[0], h[1]], dim=1)", "torch.cat([h[1], h[1]], dim=1)",
    "Both halves are the backward one. h[0] is forwards, h[1] backwards.",
)  # fmt: skip
exercise.edit(
    "halves_turned", "torch.cat([h[0], h[1]], dim=1)", "torch.cat([h[1], h[0]], dim=1)",
    "The halves are joined in the wrong order: forwards comes first, as in PyTorch's own output.",
)  # fmt: skip
exercise.edit(
    "padding_read", "lengths = (ids != 0).sum(1).cpu()", "lengths = torch.full((len(ids),), ids.shape[1])",
    "Your LSTM reads the padding: the result of a text depends on the longest text of its batch. Pack with the true lengths.",
)  # fmt: skip


def states(model, ids):
    """All states of the padded texts, (N, T, 2 H), from the true lengths."""
    return [model.lstm(model.embedding(row[row != 0][None]))[0][0] for row in ids]


@exercise.mistake(
    "You took the output at the last real token for both halves. There the backward half has read one token only; its last state stands at the first."
)
class LastTokenForBoth(nn.Module):
    def __init__(self, table, hidden=64, classes=2):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.lstm = nn.LSTM(table.shape[1], hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids):
        return self.head(torch.stack([row[-1] for row in states(self, ids)]))


@exercise.alternative
class TextByText(nn.Module):
    def __init__(self, table, hidden=64, classes=2):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.lstm = nn.LSTM(table.shape[1], hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids):
        half = self.lstm.hidden_size
        ends = [torch.cat([row[-1, :half], row[0, half:]]) for row in states(self, ids)]
        return self.head(self.dropout(torch.stack(ends)))


@exercise.alternative
class JoinedByMove(nn.Module):
    def __init__(self, table, hidden=64, classes=2):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False)
        self.lstm = nn.LSTM(table.shape[1], hidden, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids):
        packed = pack_padded_sequence(self.embedding(ids).movedim(1, 0), ids.bool().sum(1).cpu(), enforce_sorted=False)
        h = self.lstm(packed)[1][0]
        return F.linear(self.dropout(h.movedim(0, 1).flatten(1)), self.head.weight, self.head.bias)


exercise.equivalent(".cpu(...) dropped", "the lengths are on the CPU here; on a GPU they have to be brought")
exercise.equivalent("self.dropout(...) dropped", "the check runs in evaluation mode, where dropout does nothing")
