"""Read a text in both directions, padding left out."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Where has the forward LSTM read everything, and where the backward one? h_n has both, if the LSTM knows the lengths.",
        "pack_padded_sequence takes lengths on the CPU, batch_first=True and enforce_sorted=False. The LSTM returns (out, (h, c)); h[0] is forwards, h[1] backwards, each (N, H). Join them along the features.",
    ),
)


def table(words: int, dim: int) -> torch.Tensor:
    return (torch.arange(words * dim, dtype=torch.float32) * 0.7).sin().reshape(words, dim)


@exercise.probe
def probe(candidate, case):
    ids, *built = case.args
    model = candidate(*built)
    with torch.no_grad():
        for place, parameter in enumerate(model.parameters()):
            numbers = torch.arange(parameter.numel(), dtype=parameter.dtype)
            parameter.copy_((0.7 * numbers + place).sin().reshape(parameter.shape))
    logits = model.eval()(ids)
    kept = F.dropout
    try:  # in training, a dropout that drops everything: what is left is what it does not act on
        F.dropout = lambda x, p=0.5, training=True, inplace=False: 0 * x if training else x
        dropped = model.train()(ids)
    finally:
        F.dropout = kept
    return {"logits": logits.detach(), "in training, with everything dropped": dropped.detach()}


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2, 3]]), table(4, 2), 3, 2).named("one text, no padding")
    yield Case(torch.tensor([[1, 0, 0, 0], [2, 3, 4, 1], [5, 2, 0, 0]]), table(6, 3), 2, 3).named(
        "three texts, two with padding"
    )
    yield Case(torch.tensor([[3, 1], [2, 0]]), table(5, 4), 4, 2).named("two short texts")
    yield Case(torch.tensor([[4, 2, 3], [1, 0, 0]]), table(5, 6), 3, 2).named("as many features as both states have")


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
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids):
        return self.head(self.dropout(torch.stack([row[-1] for row in states(self, ids)])))


exercise.edit(
    "no_dropout", "self.dropout(torch.cat([h[0], h[1]], dim=1))", "torch.cat([h[0], h[1]], dim=1)",
    "The dropout is missing. It acts on the joined states, before the head.",
)  # fmt: skip
exercise.edit(
    "embedding_dropped", ("self.embedding(ids)", "self.dropout(torch.cat([h[0], h[1]], dim=1))",), ("self.dropout(self.embedding(ids))", "torch.cat([h[0], h[1]], dim=1)",),
    "Your dropout acts on the word vectors. It acts on the joined states, before the head.",
)  # fmt: skip
exercise.edit(
    "dropout_in_evaluation", "self.dropout(torch.cat([h[0], h[1]], dim=1))", "nn.functional.dropout(torch.cat([h[0], h[1]], dim=1), 0.3)",
    "`F.dropout` drops in evaluation mode too, unless you pass `self.training`. `self.dropout` knows the mode.",
)  # fmt: skip
exercise.edit(
    "cells_joined", "_, (h, _) = self.lstm(packed)", "_, (_, h) = self.lstm(packed)",
    "You join the cell states. The LSTM returns (h, c); h is asked.",
)  # fmt: skip
exercise.edit(
    "forward_half_twice", "torch.cat([h[0], h[1]], dim=1)", "torch.cat([h[0], h[0]], dim=1)",
    "Both halves are the forward one. h[0] is forwards, h[1] backwards.",
)  # fmt: skip
exercise.edit(
    "halves_added", "torch.cat([h[0], h[1]], dim=1)", "torch.cat([h[0] + h[1]] * 2, dim=1)",
    "You add both halves. They are joined: the head has weights for each.",
)  # fmt: skip
exercise.edit(
    "probabilities", "return self.head(self.dropout(torch.cat([h[0], h[1]], dim=1)))", "return self.head(self.dropout(torch.cat([h[0], h[1]], dim=1))).softmax(1)",
    "You return probabilities. Logits are asked: the loss applies the softmax itself.",
)  # fmt: skip
exercise.edit(
    "unknown_words_not_counted", "(ids != 0)", "(ids > 1)",
    "Your lengths leave out number 1. It is the unknown word, and is read; only 0 is padding.",
)  # fmt: skip
exercise.edit(
    "texts_mixed_up", "torch.cat([h[0], h[1]], dim=1)", "h.reshape(len(ids), -1)",
    "`reshape` does not exchange axes: h is (2, N, H), and each of your rows joins the states of two texts. Join h[0] and h[1] along the features.",
)  # fmt: skip
exercise.edit(
    "relu_before_the_head", "self.dropout(torch.cat([h[0], h[1]], dim=1))", "self.dropout(torch.cat([h[0], h[1]], dim=1)).relu()",
    "You put a ReLU before the head. The states go to it as they are.",
)  # fmt: skip


class Built(nn.Module):
    """The layers alone."""

    def __init__(self, table, hidden=64, classes=2):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.lstm = nn.LSTM(table.shape[1], hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * hidden, classes)


@exercise.mistake(
    "You take the output at the last column. For a short text that is padding, and the backward half has read one token only there. Use the last states, h."
)
class LastColumn(Built):
    def forward(self, ids):
        return self.head(self.dropout(self.lstm(self.embedding(ids))[0][:, -1]))


@exercise.mistake("You average the outputs over time. The last state of each direction is asked.")
class MeanOverTime(Built):
    def forward(self, ids):
        return self.head(self.dropout(torch.stack([row.mean(0) for row in states(self, ids)])))


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
