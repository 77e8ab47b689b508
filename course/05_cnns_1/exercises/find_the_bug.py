"""A training loop that runs without an error and learns next to nothing: find the three planted bugs."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=25,
    move_on=40,
    hints=(
        "Read the symptoms in order. A loss that stays at ln K says images and labels do not belong together; a loss that falls and stops "
        "at a floor says the loss is fed the wrong thing; a network that is odd from the second epoch on says something was not set back.",
        "Look at three lines: the one that applies the random order, the one that computes the loss, and the place of model.train().",
    ),
)


def stripes(count: int, side: int = 8, classes: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Layered patches sorted by class: class k dips by k samples per trace; x (N, 1, side, side) float64, y (N,)."""
    y = torch.arange(count) * classes // count
    row, column = torch.arange(side)[:, None], torch.arange(side)
    phase = torch.arange(count, dtype=torch.float64)[:, None, None] * 0.9
    x = 0.5 + 0.5 * torch.sin(1.5 * (row + y[:, None, None] * column) + phase)
    return x.unsqueeze(1), y


@exercise.cases
def cases():
    yield Case(*stripes(8), *stripes(6), epochs=2, batch_size=4).named("eight patches of two classes, two epochs")
    yield Case(*stripes(24, classes=3), *stripes(9, classes=3), epochs=4, batch_size=6, lr=0.1, seed=1).named(
        "twenty-four patches of three classes, four epochs"
    )
    yield Case(*stripes(17, side=6), *stripes(6, side=6)).named("the defaults, and a last batch with a single patch")


exercise.bug(
    "images_and_labels_apart",
    "x, y = train_x[order], train_y[order]",
    "x, y = train_x[order], train_y",
    "One bug is left, the first symptom: the images are shuffled and their labels are not, so most images carry somebody else's label "
    "and the loss stays near ln K.",
    left="the labels still do not belong to their images",
)
exercise.bug(
    "softmax_twice",
    "F.cross_entropy(model(x_batch), y_batch)",
    "F.cross_entropy(model(x_batch).softmax(1), y_batch)",
    "One bug is left: F.cross_entropy takes logits and gets probabilities. A second softmax of numbers in [0, 1] can never come close to "
    "one-hot, so the loss stops at a floor far above 0.",
    left="the loss is still fed probabilities",
)
exercise.bug(
    "left_in_eval_mode",
    "    for _ in range(epochs):\n        model.train()\n",
    "    model.train()\n    for _ in range(epochs):\n",
    "One bug is left: evaluation switches the model to eval mode and nothing switches it back, so from the second epoch on batch "
    "normalisation trains with frozen statistics. model.train() belongs inside the loop over epochs.",
    left="something still changes after the first epoch",
)
exercise.edit(
    "never_shuffled",
    "x, y = train_x[order], train_y[order]",
    "x, y = train_x, train_y",
    "You paired images and labels by not shuffling at all. The patches come sorted by class, so each batch holds one class and the "
    "network forgets the others; apply the same order to both.",
)


@exercise.alternative
def one_index_per_batch(train_x, train_y, val_x, val_y, *, epochs=6, batch_size=16, lr=0.05, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, int(train_y.max()) + 1),
    ).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    train_loss, val_accuracy = [], []
    for _ in range(epochs):
        model.train()
        losses = []
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = -model(train_x[index]).log_softmax(1)[torch.arange(len(index)), train_y[index]].mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses += [loss.item()] * len(index)
        train_loss.append(sum(losses) / len(losses))
        with torch.no_grad():
            val_accuracy.append((model.eval()(val_x).argmax(1) == val_y).double().mean().item())
    return train_loss, val_accuracy


@exercise.alternative
def mode_set_back_after_evaluation(train_x, train_y, val_x, val_y, *, epochs=6, batch_size=16, lr=0.05, seed=0):
    torch.manual_seed(seed)
    layers = [
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]
    model = nn.Sequential(*layers, nn.Linear(8, int(train_y.max()) + 1)).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        order = torch.randperm(len(train_x))
        total = 0.0
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            optimiser.zero_grad()
            loss = nn.CrossEntropyLoss()(model(train_x[chosen]), train_y[chosen])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(chosen)
        model.eval()
        with torch.no_grad():
            right = (model(val_x).argmax(1) == val_y).sum().item()
        model.train()
        history.append((total / len(order), right / len(val_y)))
    return [loss for loss, _ in history], [accuracy for _, accuracy in history]


exercise.equivalent("int(...) dropped", "nn.Linear takes a tensor of shape () for the number in it")
exercise.equivalent(".item(...) dropped", "a tensor of shape () is taken for the number in it")
