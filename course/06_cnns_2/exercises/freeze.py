"""Frozen means the parameters, and the running statistics as well."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "model.named_children() yields each direct child with its name. Two things are to be set for a child, and a Module has a method for each "
        "of them that reaches down to the last layer.",
        "requires_grad_(flag) and train(flag), with the same flag for a child: whether its name is in keep. Nothing may switch a mode after that.",
    ),
)


class Net(nn.Module):
    """A small network whose children have normalisations inside, and names that begin alike."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())
        self.block = nn.Sequential(nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)), nn.Dropout(0.5))
        self.head = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
        self.head2 = nn.Linear(3, 2)

    def forward(self, x):
        h = self.block(self.stem(x)).mean((2, 3))
        return self.head(h) + self.head2(h)


@exercise.probe
def probe(candidate, case):
    keep, frozen_before, training_before = case.args
    torch.manual_seed(0)
    with in_float64():
        model = Net().train(training_before).requires_grad_(not frozen_before)
    learning = candidate(model, **({} if keep is None else {"keep": keep}))
    modes = {name: module.training for name, module in model.named_modules() if name}
    wants = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    model((torch.arange(32, dtype=torch.float64) * 0.7).sin().reshape(2, 1, 4, 4))
    return {
        "returned": list(learning) if isinstance(learning, list | tuple) else type(learning).__name__,
        "parameters that require a gradient": wants,
        "in training mode": sorted(name for name, mode in modes.items() if mode),
        "statistics that a forward pass moved": sorted(
            name for name, value in model.named_buffers() if not torch.equal(value, buffers[name])
        ),
    }


@exercise.cases
def cases():
    yield Case(None, False, True).named("keep left at its default, a model in training mode")
    yield Case(("block",), True, False).named("the block kept, in a model that was frozen and in evaluation mode")
    yield Case(("stem", "head2"), False, False).named("two children kept")
    yield Case((), False, True).named("nothing kept")


exercise.edit(
    "statistics_still_move",
    "child.train(name in keep)",
    "pass",
    "The frozen parts are still in training mode: with each forward pass their batch normalisations take on the statistics of the last batches, and dropout drops. "
    "Frozen parts belong in evaluation mode.",
)
exercise.edit(
    "parameters_still_learn",
    "child.requires_grad_(name in keep)",
    "pass",
    "You set the modes only. Evaluation mode stops dropout and running statistics; the parameters still require gradients and an optimiser will move them.",
)
exercise.edit(
    "the_other_way_round",
    "name in keep",
    "name not in keep",
    "You froze what was to be kept and left the rest free.",
    count=2,
)


@exercise.mistake(
    "You switch off, and never on: a kept part that was frozen before stays frozen. The two phases of fine-tuning need both directions."
)
def never_thaws(model, keep=("head",)):
    model.train()
    for name, child in model.named_children():
        if name not in keep:
            child.requires_grad_(False).eval()
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@exercise.mistake(
    "`head2` was kept together with `head`: names that merely begin alike were taken for the same. Compare a child's whole name, or its name and the dot."
)
def by_prefix(model, keep=("head",)):
    model.train()
    for name, child in model.named_children():
        kept = any(name.startswith(one) for one in keep)
        child.requires_grad_(kept).train(kept)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@exercise.mistake(
    "Everything is in training mode in the end: model.train() was called after freezing and put the frozen parts back. It comes first."
)
def trains_last(model, keep=("head",)):
    for name, child in model.named_children():
        child.requires_grad_(name in keep)
        child.eval()
    model.train()
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@exercise.mistake(
    "Everything is in evaluation mode, the kept parts too. They are to learn, with their own dropout and batch statistics."
)
def all_evaluating(model, keep=("head",)):
    model.eval()
    for name, child in model.named_children():
        child.requires_grad_(name in keep)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


@exercise.mistake(
    "You returned the parameters' tensors or nothing; what is asked for is the names of those that still learn, as model.named_parameters() gives them."
)
def returns_nothing(model, keep=("head",)):
    model.train()
    for name, child in model.named_children():
        child.requires_grad_(name in keep).train(name in keep)


@exercise.mistake(
    "You returned the names of what is frozen. Asked for are those that will be trained: it is they that you will want to count."
)
def names_of_the_frozen(model, keep=("head",)):
    model.train()
    for name, child in model.named_children():
        child.requires_grad_(name in keep).train(name in keep)
    return [name for name, parameter in model.named_parameters() if not parameter.requires_grad]


@exercise.alternative
def parameter_by_parameter(model, keep=("head",)):
    learning = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.split(".")[0] in keep
        if parameter.requires_grad:
            learning.append(name)
    for name, module in model.named_modules():
        module.training = name.partition(".")[0] in keep
    return learning


@exercise.alternative
def all_off_and_some_on(model, keep=("head",)):
    model.requires_grad_(False)
    model.eval()
    for name in keep:
        child = getattr(model, name)
        child.train()
        for parameter in child.parameters():
            parameter.requires_grad_()
    return [name for name, p in model.named_parameters() if p.requires_grad]
