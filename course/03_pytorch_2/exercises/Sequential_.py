"""A module made of modules: registered, in order, under the names that nn.Sequential gives them."""

import torch
from torch import nn

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "What does a module know of the things you put into a plain list? How can it be told of them, one by one, with a name each?",
        "add_module(str(i), module) in a loop; self._modules then holds them in the order in which they were added. In forward, the "
        "output of one is the input of the next.",
    ),
)


@exercise.probe
def probe(candidate, case):
    modules, x = case.args
    net = candidate(*modules)
    if not isinstance(net, nn.Module):
        return {"a module": False}
    found = {
        "names in the state_dict": list(net.state_dict()),
        "length": len(net),
        "net[i] is the i-th module": all(net[i] is module for i, module in enumerate(modules)),
        "output": (output := net.eval()(x := x.clone().requires_grad_())).detach(),
        "gradient of the input": torch.autograd.grad(output.sin().sum(), x)[0] if output.requires_grad else "cut off",
        "eval() reaches the modules inside": not any(module.training for module in modules),
    }
    net.to(torch.float64)
    found["to(float64) reaches the modules inside"] = all(
        p.dtype == torch.float64 for m in modules for p in m.parameters()
    )
    return found


@exercise.cases
def cases():
    x = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
    yield Case(Code("[nn.Linear(3, 2)]", seed=1), x).named("one linear layer")
    yield Case(Code("[nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]", seed=2), x).named("linear, ReLU, linear")
    yield Case([], x).named("no modules at all")
    yield Case(Code("(lambda relu: [relu, nn.Linear(3, 4), relu, nn.Linear(4, 2)])(nn.ReLU())", seed=4), x).named(
        "the same ReLU twice"
    )
    yield Case(Code("[nn.Linear(3, 3), nn.Dropout(0.5), nn.Tanh(), nn.Linear(3, 3), nn.Softmax(1)]", seed=3), x).named(
        "five modules, one of them a dropout"
    )


@exercise.mistake(
    "The modules stand in a plain Python list, which nn.Module does not look into: its state_dict is empty, no optimiser would find the "
    "weights, and eval() and to() do not reach them. Register each with add_module."
)
class PlainList(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        self.steps = list(modules)

    def __len__(self):
        return len(self.steps)

    def __getitem__(self, i):
        return self.steps[i]

    def forward(self, x):
        for module in self.steps:
            x = module(x)
        return x


@exercise.mistake(
    "It works, but the names are wrong: with a ModuleList in an attribute they begin with that attribute, as in `layers.0.weight`, and a "
    "file of nn.Sequential, whose names are `0.weight`, cannot be loaded."
)
class UnderAnAttribute(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        self.layers = nn.ModuleList(modules)

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, i):
        return self.layers[i]

    def forward(self, x):
        for module in self.layers:
            x = module(x)
        return x


class Base(nn.Module):
    """The right bookkeeping, so that a mistake only says what it does otherwise."""

    start = 0

    def __init__(self, *modules):
        super().__init__()
        for i, module in enumerate(modules, self.start):
            self.add_module(str(i), module)

    def __len__(self):
        return len(self._modules)

    def __getitem__(self, i):
        return self._modules[str(i + self.start)]

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x


@exercise.mistake(
    "Every module gets the input of the whole, and only the last one's output is returned. They stand in a row: the output of one is the "
    "input of the next."
)
class NotChained(Base):
    def forward(self, x):
        y = x
        for module in self._modules.values():
            y = module(x)
        return y


@exercise.mistake(
    "The names begin at 1. nn.Sequential counts from 0, as Python does, and its state_dict would not fit into yours."
)
class FromOne(Base):
    start = 1


@exercise.mistake(
    "The modules run from the last to the first. Sequential_(a, b)(x) is b(a(x)): a first, although it stands inside in the formula."
)
class Backwards(Base):
    def forward(self, x):
        for module in list(self._modules.values())[::-1]:
            x = module(x)
        return x


@exercise.mistake("You stop before the last module. A loop over range(len(self) - 1) leaves it out; run them all.")
class LastLeftOut(Base):
    def forward(self, x):
        for module in list(self._modules.values())[:-1]:
            x = module(x)
        return x


@exercise.mistake(
    "A module that occurs twice runs only once: children() leaves repetitions out. Go through self._modules.values(), or through the indices."
)
class TwiceIsOnce(Base):
    def __len__(self):
        return len(list(self.children()))

    def __getitem__(self, i):
        return list(self.children())[i]

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


@exercise.mistake(
    "The output is right, and the gradient is cut off: a `detach()` or `no_grad()` in forward. Nothing before it could learn."
)
class CutOff(Base):
    def forward(self, x):
        for module in self._modules.values():
            x = module(x).detach()
        return x.detach()


@exercise.mistake(
    'The names of your modules are their classes, or begin with a word. nn.Sequential counts: "0", "1", ... Two modules of one class need two names, too.'
)
class NamedByClass(Base):
    def __init__(self, *modules):
        super().__init__()
        for i, module in enumerate(modules):
            self.add_module(f"layer{i}", module)


@exercise.mistake(
    "len() goes wrong: children() leaves out a module that occurs twice, and modules() counts what is inside of the modules. len(self._modules) is the number of those that were given."
)
class CountsChildren(Base):
    def __len__(self):
        return len(list(self.children()))


@exercise.alternative
class BySetattr(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        self.number = len(modules)
        for i in range(self.number):
            setattr(self, f"{i}", modules[i])

    def __len__(self):
        return self.number

    def __getitem__(self, i):
        return getattr(self, str(i))

    def forward(self, x):
        for i in range(self.number):
            x = self[i](x)
        return x


@exercise.alternative
class ByRegister(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        for module in modules:
            self.register_module(str(len(self._modules)), module)

    def __len__(self):
        return len(self._modules)

    def __getitem__(self, i):
        return self.get_submodule(str(i))

    def forward(self, x):
        y = x
        for i in range(len(self)):
            y = self.get_submodule(str(i))(y)
        return y
