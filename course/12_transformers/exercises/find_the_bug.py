"""A classifier of padded texts that reads its padding, lays positions along the batch and never stops dropping out."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=30,
    hints=(
        "Take the symptoms in order. Which argument knows the padding? Which numbers are the positions made from? In which mode is the model at the end?",
        "Look at the two lines that compute x, and at the line before the last forward pass.",
    ),
)


def texts(count: int, width: int, seed: int) -> torch.Tensor:
    """Padded texts (count, width): words 1 to 11, each text with at least one word and one token of padding."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 12, (count, width), generator=generator)
    lengths = torch.randint(1, width, (count, 1), generator=generator)
    return ids.masked_fill(torch.arange(width) >= lengths, 0)


@exercise.cases
def cases():
    # The answer draws its weights in float32: they differ by a last digit from processor to processor.
    yield (
        Case(texts(6, 5, 0), torch.tensor([0, 1, 1, 0, 1, 0]), texts(3, 5, 1), epochs=2)
        .within(atol=1e-5)
        .named("six texts of at most four words")
    )
    yield (
        Case(texts(9, 7, 2), torch.arange(9) % 2, texts(4, 8, 3), epochs=3, seed=1)
        .within(atol=1e-5)
        .named("nine texts, held texts are wider")
    )
    yield (
        Case(texts(12, 6, 4), torch.arange(12) // 6, texts(2, 4, 5), lr=1.0, seed=2)
        .within(atol=1e-5)
        .named("twelve texts, large steps")
    )


exercise.bug(
    "text_hidden",
    "key_padding_mask=padding",
    "key_padding_mask=~padding",
    "One bug is left, the first symptom: True hides in nn.MultiheadAttention, and your mask is True at the words. Every text attends to its padding alone.",
    left="the attention still reads the padding",
)
exercise.bug(
    "positions_along_the_batch",
    'model["positions"](torch.arange(ids.shape[1]))',
    'model["positions"](torch.arange(len(ids)))[:, None]',
    "One bug is left, the second symptom: the positions run along the batch. Every text has one position, and its words have none.",
    left="the positions still run along the batch",
)
exercise.bug(
    "dropout_in_evaluation",
    "    model.eval()\n",
    "    model.train()\n",
    "One bug is left, the third symptom: the model is still in training mode when it is evaluated, and dropout changes every score.",
    left="dropout is still on in the evaluation",
)
exercise.edit(
    "padding_averaged", "real = (~padding)[:, :, None].double()", "real = torch.ones_like(x[:, :, :1])",
    "The mean at the end now counts the padding. That line was right.",
)  # fmt: skip
exercise.edit(
    "time_first", "nn.MultiheadAttention(8, 2, batch_first=True)", "nn.MultiheadAttention(8, 2)",
    "Without batch_first=True the attention runs across the batch: texts look at each other. That line was right.",
)  # fmt: skip


@exercise.alternative
def with_an_additive_mask(ids, y, held, *, epochs=4, lr=0.3, seed=0):
    torch.manual_seed(seed)
    words, positions = nn.Embedding(12, 8), nn.Embedding(16, 8)
    attention, dropout, head = nn.MultiheadAttention(8, 2, batch_first=True), nn.Dropout(0.2), nn.Linear(8, 2)
    model = nn.ModuleList([words, positions, attention, dropout, head]).double()

    def logits(ids):
        hidden = torch.zeros(ids.shape, dtype=torch.float64).masked_fill(ids == 0, -torch.inf)
        x = words(ids) + positions.weight[: ids.shape[1]]
        x = x + dropout(attention(x, x, x, key_padding_mask=hidden)[0])
        count = (ids != 0).sum(1, keepdim=True)
        return head(x.masked_fill((ids == 0)[..., None], 0).sum(1) / count)

    losses = []
    for _ in range(epochs):
        loss = F.cross_entropy(logits(ids), y)
        losses.append(loss.item())
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
            p.data -= lr * g
    model.eval()
    with torch.no_grad():
        return losses, logits(held)


exercise.variant(
    "evaluated_part_by_part", "    model.eval()\n", '    model["attention"].eval()\n    model["dropout"].eval()\n'
)
