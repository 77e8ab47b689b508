"""A new head on a frozen body that learns nothing: find the two planted bugs."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "Compare model.state_dict() before and after one epoch, entry by entry. Something that should have moved stands still, and something that "
        "should have stood still has moved.",
        "Look at two lines: the one that makes the optimiser, and what stands before it or after it; and the one that sets the model's mode.",
    ),
)


class Net(nn.Module):
    """A convolution, a normalisation and a head."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU())
        self.head = nn.Linear(3, 4)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


@exercise.probe
def probe(candidate, case):
    train_x, train_y, options = case.args
    torch.manual_seed(7)
    with in_float64():
        pretrained = Net()
    with torch.no_grad():
        pretrained.body[1].running_mean.normal_()
        pretrained.body[1].running_var.uniform_(0.5, 2)
    before = copy.deepcopy(pretrained.state_dict())
    model, losses = candidate(pretrained, train_x, train_y, **options)
    kept = model.state_dict()
    return {
        "losses": list(losses),
        "losses are plain numbers": all(isinstance(loss, float) for loss in losses),
        "the body requires no gradient": not any(p.requires_grad for p in model.body.parameters()),
        "head": kept["head.weight"].clone(),
        "bias of the head": kept["head.bias"].clone(),
        "body unmoved": all(torch.equal(kept[name], before[name]) for name in before if name.startswith("body")),
        "pretrained unchanged": all(torch.equal(v, before[k]) for k, v in pretrained.state_dict().items()),
        "in evaluation mode": not model.training and not model.body.training,
    }


def stripes(count, side, classes):
    """Layered patches, class k dipping by k samples per trace; x (count, 1, side, side) float64, y (count,)."""
    y = torch.arange(count) % classes
    row, column = torch.arange(side)[:, None], torch.arange(side)
    phase = torch.arange(count, dtype=torch.float64)[:, None, None] * 0.9
    return torch.sin(1.5 * (row + y[:, None, None] * column) + phase).unsqueeze(1), y


@exercise.cases
def cases():
    # The head's first weights are drawn by the answer, in float32: they differ by a last digit from processor to processor.
    yield (
        Case(*stripes(6, 5, 2), {"epochs": 2, "batch_size": 3})
        .within(atol=1e-6)
        .named("six patches of two classes, two epochs")
    )
    yield (
        Case(*stripes(15, 6, 3), {"epochs": 3, "lr": 0.2, "seed": 1})
        .within(atol=1e-6)
        .named("fifteen patches of three classes")
    )
    yield Case(*stripes(20, 6, 2), {}).within(atol=1e-6).named("the defaults")


exercise.equivalent("int(...) dropped", "nn.Linear takes a number of classes that is a tensor of one entry as well")
exercise.equivalent(".eval(...) dropped", "the last epoch has left the model in evaluation mode already")
exercise.bug(
    "old_head_in_the_optimiser",
    "    model.head = nn.Linear(model.head.in_features, int(train_y.max()) + 1).to(train_x.dtype)\n    optimiser = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)\n",
    "    optimiser = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)\n    model.head = nn.Linear(model.head.in_features, int(train_y.max()) + 1).to(train_x.dtype)\n",
    "The body stands still now, its statistics too. But the head never moves: the optimiser was made while the model still had its old head, and it is those "
    "parameters that it holds.",
    left="the new head never moves",
)
exercise.bug(
    "statistics_still_move",
    "        model.eval()\n",
    "        model.train()\n",
    "The first symptom is gone: the new head learns. The second is left. Compare the running_mean in the body before and after: in training mode a batch normalisation "
    "changes with every forward pass, frozen parameters or not.",
    left="the body's statistics still move",
)
exercise.edit(
    "body_learns",
    (".requires_grad_(False)", "model.head.parameters()"),
    ("", "model.parameters()"),
    "The new head learns, and the body learns with it: you took requires_grad_(False) away or made it True. With few labels the body is to stay as it was pretrained; only the two lines were wrong.",
)
exercise.edit(
    "all_of_it_trains",
    (".requires_grad_(False)", "model.head.parameters()", "        model.eval()\n"),
    ("", "model.parameters()", "        model.train()\n"),
    "Both the body's parameters and its statistics move. Freezing was right in the program; repair the optimiser's place and the mode, and nothing else.",
)
exercise.edit(
    "original_spoiled",
    "copy.deepcopy(pretrained)",
    "pretrained",
    "The pretrained model itself was changed: its head is gone, and the next experiment begins from this one. Keep the deepcopy.",
)
exercise.edit(
    "head_reused",
    "nn.Linear(model.head.in_features, int(train_y.max()) + 1)",
    "nn.Linear(model.head.in_features, pretrained.head.out_features)",
    "The new head has as many classes as the old one. It needs as many as the new task: int(train_y.max()) + 1.",
)


@exercise.alternative
def all_parameters_given(pretrained, train_x, train_y, *, epochs=10, batch_size=8, lr=0.05, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.head = nn.Linear(model.head.in_features, int(train_y.max()) + 1).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.train()
        model.body.eval()
        total = 0.0
        for index in torch.randperm(len(train_x)).split(batch_size):
            optimiser.zero_grad()
            loss = F.cross_entropy(model(train_x[index]), train_y[index])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / len(train_x))
    return model.eval(), losses


@exercise.alternative
def features_once(pretrained, train_x, train_y, *, epochs=10, batch_size=8, lr=0.05, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained).requires_grad_(False).eval()
    classes = int(train_y.max()) + 1
    width, model.head = model.head.in_features, nn.Identity()
    with torch.no_grad():
        features = model(train_x)
    model.head = nn.Linear(width, classes).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        seen = []
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = F.cross_entropy(model.head(features[index]), train_y[index])
            model.head.zero_grad()
            loss.backward()
            optimiser.step()
            seen += [loss.item()] * len(index)
        losses.append(sum(seen) / len(seen))
    return model.eval(), losses


@exercise.alternative
def by_freeze(pretrained, train_x, train_y, *, epochs=10, batch_size=8, lr=0.05, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained)
    model.head = nn.Linear(model.head.in_features, int(train_y.max()) + 1).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        freeze(model, keep=("head",))
        total = 0.0
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = F.cross_entropy(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / len(train_x))
    return model.eval(), losses
