"""Learned n-grams, and the strongest of each."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "nn.Conv1d wants (N, D, T), the embedding gives (N, T, D). What remains of the time axis at the end?",
        "movedim(2, 1) turns the axes. For each convolution: relu, then amax over the last axis, (N, channels). Join all along axis 1.",
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
    yield Case(torch.tensor([[1, 2, 3]]), table(4, 2), 2, (2,), 2).named("one text, one width")
    yield Case(torch.tensor([[1, 3, 2, 5, 4], [2, 3, 4, 1, 0]]), table(6, 3), 3, (1, 3), 3).named(
        "two texts, two widths"
    )
    yield Case(torch.tensor([[3, 1]]), table(5, 4), 2, (2, 3, 4), 2).named("a text shorter than the widest kernel")


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


exercise.edit(
    "no_dropout", "self.dropout(torch.cat(strongest, dim=1))", "torch.cat(strongest, dim=1)",
    "The dropout is missing. It acts on the joined features, before the head.",
)  # fmt: skip
exercise.edit(
    "dropout_in_evaluation", "self.dropout(torch.cat(strongest, dim=1))", "F.dropout(torch.cat(strongest, dim=1), 0.3)",
    "`F.dropout` drops in evaluation mode too, unless you pass `self.training`. `self.dropout` knows the mode.",
)  # fmt: skip
exercise.edit(
    "reshaped", ".movedim(2, 1)", "\n        x = x.reshape(x.shape[0], x.shape[2], x.shape[1])",
    "`reshape` does not exchange axes: it mixes words and features. `movedim(2, 1)` turns (N, T, D) into (N, D, T).",
)  # fmt: skip
exercise.edit(
    "maximum_over_channels", ".amax(2)", ".amax(1).amax(1, keepdim=True).expand(-1, conv.out_channels)",
    "Your maximum runs over the channels as well. Each channel keeps its own strongest match.",
)  # fmt: skip
exercise.edit(
    "padded_at_the_beginning", "(0, max(0, widest - ids.shape[1]))", "(max(0, widest - ids.shape[1]), 0)",
    "You put the padding before the text. It stands at the end, as in a batch.",
)  # fmt: skip
exercise.edit(
    "padded_with_unknown", "(0, max(0, widest - ids.shape[1]))", "(0, max(0, widest - ids.shape[1])), value=1",
    "You pad with 1, the unknown word. Padding is 0.",
)  # fmt: skip
exercise.edit(
    "always_padded", "max(0, widest - ids.shape[1])", "widest - 1",
    "You pad every text. Only one that is shorter than the widest kernel needs it; elsewhere padding must not give a match.",
)  # fmt: skip
exercise.edit(
    "probabilities", "return self.head(self.dropout(torch.cat(strongest, dim=1)))", "return self.head(self.dropout(torch.cat(strongest, dim=1))).softmax(1)",
    "You return probabilities. Logits are asked: the loss applies the softmax itself.",
)  # fmt: skip
exercise.edit(
    "widths_backwards", "torch.cat(strongest, dim=1)", "torch.cat(strongest[::-1], dim=1)",
    "The widths are joined in reverse. They stand in the order of `widths`.",
)  # fmt: skip
exercise.edit(
    "padded_at_both_sides", "conv(x)", "conv(F.pad(x, (conv.kernel_size[0] // 2,) * 2))",
    "You pad both sides of every convolution. Only whole windows of the text count.",
)  # fmt: skip


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
