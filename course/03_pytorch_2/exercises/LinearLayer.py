"""nn.Linear from its parts: parameters that the module knows of, and one matrix product."""

import torch
from torch import Tensor, nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "Which type must a tensor have so that the module files it under its parameters? And in which direction do the rows of the "
        "weight run: one for each output, or one for each input?",
        "torch.rand is uniform on [0, 1): stretch and shift it to the interval that is asked for, and wrap it in nn.Parameter. forward "
        "multiplies by the transposed weight, so that any number of axes may stand before the last.",
    ),
)


@exercise.probe
def probe(candidate, case):
    D, H, bias, shape = case.args
    torch.manual_seed(case.seed)
    layer = candidate(D, H, bias=bias)
    if not isinstance(layer, nn.Module):
        return {"a module": False}
    found = {"parameters": {name: tuple(one.shape) for name, one in layer.named_parameters()}}
    bound, numbers = D**-0.5, torch.cat([one.detach().flatten() for one in layer.parameters()] or [torch.zeros(1)])
    found["the first weights stay inside the bound"] = bool(numbers.abs().max() <= bound)
    found["the first weights fill the interval, on both sides"] = bool(
        numbers.max() > 0.5 * bound and numbers.min() < -0.5 * bound
    )
    found["the first weights are spread uniformly"] = bool(0.45 * bound < numbers.std() < 0.7 * bound)
    found["each number is drawn for itself"] = len(numbers.unique()) > 0.9 * len(numbers)
    w = next(layer.parameters(), torch.zeros(1))
    found["two outputs begin with the same weights"] = w.dim() == 2 and len(w) > 1 and torch.equal(w[0], w[1])
    found["another layer begins with the same numbers"] = all(
        torch.equal(a, b) for a, b in zip(layer.parameters(), candidate(D, H, bias=bias).parameters(), strict=True)
    )
    held = getattr(layer, "bias", None)
    first = held.detach() if isinstance(held, torch.Tensor) else torch.zeros(1)
    found["the bias begins at zero"] = isinstance(held, torch.Tensor) and not first.any()
    found["the bias is drawn too, from both sides"] = not (bias and H >= 20) or bool(first.min() < 0 < first.max())
    torch.manual_seed(7)
    theirs = nn.Linear(D, H, bias=bias)
    try:
        layer.load_state_dict(theirs.state_dict())
        found["nn.Linear's state_dict fits"] = True
    except RuntimeError:
        found["nn.Linear's state_dict fits"] = False
    x = torch.randn(*shape, D)
    y = layer(x)
    found["output"] = y.detach()
    if y.requires_grad:
        y.square().sum().backward()
    found["gradients reach"] = sorted(name for name, one in layer.named_parameters() if one.grad is not None)
    return found


@exercise.cases
def cases():
    yield Case(3, 20, True, (2,)).named("3 inputs, 20 outputs, two examples")
    yield Case(40, 7, True, (2, 3)).named("40 inputs, 7 outputs, examples on two axes")
    yield Case(16, 16, False, (5,)).named("16 inputs and outputs, without a bias")
    yield Case(9, 30, True, ()).named("one example without a batch axis")


exercise.edit(
    "plain_tensor",
    "nn.Parameter((2 * torch.rand(out_features, in_features) - 1) * bound)",
    "(2 * torch.rand(out_features, in_features) - 1) * bound",
    "The weight is a plain tensor, so the module does not know of it: it is in no state_dict, and no optimiser will ever move it. Wrap "
    "it in nn.Parameter.",
)
exercise.edit(
    "positive_only",
    "(2 * torch.rand(out_features, in_features) - 1) * bound",
    "torch.rand(out_features, in_features) * bound",
    "The first weights are all positive: torch.rand is uniform between 0 and 1. With weights of one sign all outputs rise and fall "
    "together, and the layer begins with little variety.",
)
exercise.edit(
    "by_outputs",
    "in_features**-0.5",
    "out_features**-0.5",
    "Your bound is one over the root of the number of *outputs*. An output is a sum over the inputs, so it is their number that has to "
    "be compensated.",
)
exercise.edit(
    "bias_always",
    "if bias else None",
    "if True else None",
    "There is a bias although bias=False was asked for. Before a normalisation, say, it would be a parameter that does nothing.",
)
exercise.edit(
    "forgets_the_bias",
    "return y if self.bias is None else y + self.bias",
    "return y",
    "The bias is made and never added. It will have no gradient, and stay as it was drawn.",
)
exercise.edit(
    "bias_at_zero",
    "nn.Parameter((2 * torch.rand(out_features) - 1) * bound) if bias",
    "nn.Parameter(torch.zeros(out_features)) if bias",
    "Your bias starts at zero. That is a good habit of many networks, and not what nn.Linear does: it draws the bias from the same "
    "interval as the weights.",
)
exercise.equivalent(
    "operands of - swapped", "the interval is symmetric: the numbers change their sign, and the distribution stays"
)


@exercise.mistake(
    "The weight has the shape (inputs, outputs). PyTorch stores it the other way round, one row for each output, so nn.Linear's "
    "state_dict does not fit into yours."
)
class Transposed(nn.Module):
    def __init__(self, in_features, out_features, *, bias=True):
        super().__init__()
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(in_features, out_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


@exercise.mistake(
    "Your weights are normal, not uniform: some lie outside the bound. The spread may be fine, but it is not the distribution asked for."
)
class Normal(nn.Module):
    def __init__(self, in_features, out_features, *, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) * (3 * in_features) ** -0.5)
        self.bias = nn.Parameter(torch.randn(out_features) * (3 * in_features) ** -0.5) if bias else None

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.bias)


exercise.edit(
    "equal_rows",
    "torch.rand(out_features, in_features)",
    "torch.rand(1, in_features).repeat(out_features, 1)",
    "All outputs begin with the same weights, so they compute the same, get the same gradients, and stay equal for ever. Draw each number for itself.",
)
exercise.edit(
    "equal_columns",
    "torch.rand(out_features, in_features)",
    "torch.rand(out_features, 1).repeat(1, in_features)",
    "In each row all weights are equal: the layer begins by looking at nothing but the sum of its inputs. Draw each number for itself.",
)
exercise.edit(
    "seeds_itself",
    "super().__init__()",
    "super().__init__()\n        torch.manual_seed(0)",
    "The layer seeds torch's generator itself, so two layers of one size begin with the same numbers, and whatever is drawn later repeats too. Seeding is the program's business, once.",
)


@exercise.mistake(
    "A parameter is cut off from the output, by `detach()` or `.data`, so no gradient reaches it and it never learns."
)
class CutOff(nn.Module):
    def __init__(self, in_features, out_features, *, bias=True):
        super().__init__()
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        y = x @ self.weight.detach().T
        return y if self.bias is None else y + self.bias


exercise.edit(
    "bias_of_zeros_when_there_is_none",
    "if bias else None",
    "if bias else nn.Parameter(torch.zeros(out_features))",
    "With bias=False there still is a parameter `bias`, of zeros. It would learn like any other: there is to be none, `self.bias = None`.",
)


@exercise.alternative
class ByUniform(nn.Module):
    def __init__(self, in_features, out_features, *, bias=True):
        super().__init__()
        bound = 1 / in_features**0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.uniform_(self.weight, -bound, bound)
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features))
            nn.init.uniform_(self.bias, -bound, bound)
        else:
            self.register_parameter("bias", None)

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.bias)


@exercise.alternative
class ByEinsum(nn.Module):
    def __init__(self, in_features, out_features, *, bias=True):
        super().__init__()
        self.has_bias = bias
        if bias:
            self.bias = nn.Parameter((torch.rand(out_features) - 0.5) * 2 / in_features**0.5)
        self.weight = nn.Parameter((torch.rand(out_features, in_features) - 0.5) * 2 / in_features**0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum("...d,hd->...h", x, self.weight)
        if self.has_bias:
            y = y + self.bias
        return y
