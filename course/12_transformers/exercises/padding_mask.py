"""Hide the padding."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Compare with `pad` first, and look at the shape. Which axes of (N, heads, T, S) are still missing, and where?",
        "Indexing with None puts in an axis of size 1. The tokens are keys, so S stays last.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[4, 2, 0]])).named("one text, one token of padding")
    yield Case(torch.tensor([[3, 1, 5, 2], [7, 0, 0, 0], [1, 9, 0, 0]])).named("three texts")
    yield Case(torch.tensor([[0, 3, 9], [9, 9, 1]]), pad=9).named("padding is number 9")
    yield Case(torch.tensor([[2], [0]])).named("texts of one token")
    yield Case(torch.tensor([[4, 2, 0]]), causal=True).named("one padded text, causal")
    yield Case(torch.tensor([[3, 1, 5, 2], [7, 2, 0, 0]]), 2, causal=True).named(
        "two texts, causal, padding is number 2"
    )


exercise.edit(
    "true_hides", "!= pad", "== pad",
    "The mask is turned round: it shows the padding and hides the text. True means 'may look'.",
)  # fmt: skip
exercise.edit(
    "queries_hidden", "[:, None, None, :]", "[:, None, :, None]",
    "You masked the padded queries, not the padded keys. Real tokens still look at the padding, and a padded row is hidden whole: NaN.",
)  # fmt: skip
exercise.edit(
    "axes_missing", "[:, None, None, :]", "",
    "Your mask is (N, S). Against scores (N, heads, T, S) it lines up with the last two axes, (T, S): give it an axis for the heads and one for the queries.",
)  # fmt: skip
exercise.edit(
    "pad_ignored", "!= pad", "!= 0",
    "The number of the padding token is `pad`; yours is always 0.",
)  # fmt: skip


@exercise.mistake(
    "Your mask also hides padded queries. Their rows are then hidden whole, and the softmax gives NaN; let them ask, nobody reads the answer."
)
def queries_and_keys(ids, pad=0, causal=False):
    real = ids != pad
    mask = (real[:, :, None] & real[:, None, :])[:, None]
    return mask & causal_mask(ids.shape[1]) if causal else mask


exercise.edit(
    "causal_ignored", "if causal:", "if False:",
    "With causal=True the future must be hidden as well: combine both masks by &.",
)  # fmt: skip
exercise.edit(
    "either_mask", "mask & causal_mask", "mask | causal_mask",
    "Your masks are joined by 'or': a query may then look at padding of the past, and at words of the future. Both must allow it: use &.",
)  # fmt: skip


exercise.edit(
    "above_the_padding", "ids != pad", "ids > pad",
    "Tokens with a smaller number than the padding's are hidden too. Only the padding itself is: !=.",
)  # fmt: skip
exercise.edit(
    "always_square", "    if causal:", "    mask = mask.expand(-1, 1, ids.shape[1], -1)\n    if causal:",
    "Without causal the mask is (N, 1, 1, S): it is the same for every query, and broadcasting does the rest.",
)  # fmt: skip
exercise.edit(
    "padding_forgotten", "mask = mask & causal_mask(ids.shape[1])", "mask = causal_mask(ids.shape[1]).expand(len(ids), 1, -1, -1)",
    "With causal=True your mask hides the future alone. The padding stays hidden as well: combine both by &.",
)  # fmt: skip


@exercise.alternative
def by_unsqueeze(ids, pad=0, causal=False):
    mask = ids.ne(pad).unsqueeze(1).unsqueeze(1)
    return torch.logical_and(mask, causal_mask(ids.shape[1])) if causal else mask


@exercise.alternative
def by_reshape(ids, pad=0, causal=False):
    mask = torch.logical_not(ids == pad).reshape(len(ids), 1, 1, -1)
    return mask.expand(-1, -1, ids.shape[1], -1).tril() if causal else mask
