"""A segmentation that runs without an error, learns badly and is scored wrongly: find the three planted bugs."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=25,
    move_on=40,
    hints=(
        "Take the symptoms in order. Images and masks that do not lie on each other; a loss that is fed the wrong thing and stops at a floor; a score with a ceiling.",
        "Look at three lines: the one that mirrors, the one that computes the loss, and the one that counts the union. What is the union of two sets that are equal?",
    ),
)


def bright_lines(count: int, height: int = 6, width: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches with one bright line in the left half; x and y (count, 1, height, width) float64, y 1 on the line."""
    n = torch.arange(count)[:, None, None]
    row, column = torch.arange(height)[:, None], torch.arange(width)
    y = (column == (n + row // 2) % (width // 2)).double()
    texture = (torch.arange(count * height * width, dtype=torch.float64) * 1.7).sin().reshape(count, height, width)
    return (y + 0.2 * texture)[:, None], y[:, None]


def broad_bands(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches of 6x8 with a bright band over most of the left side: more than half of the pixels are true."""
    x, y = bright_lines(count)
    column = torch.arange(8)
    band = (column < 5 + torch.arange(count)[:, None, None, None] % 2).double().expand_as(y)
    return x - y + band, band.clone()


@exercise.cases
def cases():
    yield Case(*broad_bands(6), *broad_bands(4), epochs=6, batch_size=3).named(
        "six patches with a broad band, six epochs"
    )
    yield Case(*bright_lines(10, 5, 6), *bright_lines(3, 5, 6), epochs=12, batch_size=4, lr=0.03, seed=1).named(
        "ten patches of 5x6 with another seed"
    )
    yield Case(*bright_lines(9, 7, 10), *bright_lines(5, 7, 10)).named(
        "the defaults, and a last batch with a single patch"
    )
    yield Case(*bright_lines(8, 1, 8), *bright_lines(1, 1, 8), epochs=40, batch_size=4).named(
        "a validation set of one row with one bright pixel"
    )
    empty = torch.zeros(4, 1, 6, 8, dtype=torch.float64)
    yield Case(empty, empty, empty[:2], empty[:2], epochs=10, lr=0.05).named("patches without a line")


exercise.equivalent("Lt -> LtE", "a uniform draw is exactly one half once in 16 million")
exercise.equivalent("Gt -> GtE", "no logit is exactly 0, and no mask holds exactly one half")
exercise.equivalent(".item(...) dropped", "a tensor that holds one number is taken for that number")
exercise.bug(
    "masks_left_behind",
    "x, y = x.flip(-1), y.flip(-1)",
    "x = x.flip(-1)",
    "One bug is left, the first symptom: a patch is mirrored and its mask is not, so half of the time the loss asks for a line where there is none.",
    left="the masks still do not go with their mirrored patches",
)
exercise.bug(
    "sigmoid_twice",
    "F.binary_cross_entropy_with_logits(model(x), y)",
    "F.binary_cross_entropy_with_logits(model(x).sigmoid(), y)",
    "One bug is left, the second symptom: the loss takes logits and gets probabilities. At best it then falls to ln 2 at each pixel without a line.",
    left="the loss is still fed probabilities",
)
exercise.bug(
    "intersection_counted_twice",
    " - both\n",
    "\n",
    "One bug is left, the third symptom: |M| + |Y| counts what is in both twice, so a perfect answer scores one half. Take the intersection off once.",
    left="the union still counts the intersection twice",
)
exercise.edit(
    "no_mirroring_at_all",
    "x, y = x.flip(-1), y.flip(-1)",
    "pass",
    "You took the mirroring out. That mends the symptom and gives away half of the data: mirror the mask along with the patch.",
)
exercise.edit(
    "threshold_on_logits",
    "model(val_x) > 0,",
    "model(val_x) > 0.5,",
    "You moved the threshold: a logit of 0.5 is a probability of 0.62. The line was right: a probability above one half is a logit above 0.",
)


@exercise.alternative
def union_by_or(train_x, train_y, val_x, val_y, *, epochs=8, batch_size=8, lr=0.02, seed=0):
    torch.manual_seed(seed)
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1)]
    model = nn.Sequential(*layers).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        losses = []
        for index in torch.randperm(len(train_x)).split(batch_size):
            pair = torch.stack([train_x[index], train_y[index]])
            x, y = pair.flip(-1) if torch.rand(()) < 0.5 else pair
            loss = nn.BCEWithLogitsLoss()(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses += [loss.item()] * len(index)
        with torch.no_grad():
            marked, truth = model(val_x).sigmoid() > 0.5, val_y.bool()
        either = (marked | truth).sum().item()
        history.append((sum(losses) / len(losses), (marked & truth).sum().item() / either if either else 0.0))
    return [loss for loss, _ in history], [score for _, score in history]


@exercise.alternative
def probabilities_and_their_own_loss(train_x, train_y, val_x, val_y, *, epochs=8, batch_size=8, lr=0.02, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1),
    ).to(train_x.dtype)  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    train_loss, val_iou = [], []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(train_x)).split(batch_size):
            x, y = train_x[index], train_y[index]
            if torch.rand(()) < 0.5:
                x, y = x.flip(3), y.flip(3)
            z = model(x)
            loss = -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()
            model.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        train_loss.append(total / len(train_x))
        with torch.no_grad():
            marked = model(val_x) > 0
        both = (marked & (val_y > 0.5)).sum().item()
        wrong = (marked != (val_y > 0.5)).sum().item()
        val_iou.append(both / max(both + wrong, 1))
    return train_loss, val_iou
