"""A frozen linear layer with a low-rank change."""

import math

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Which of the three matrices are parameters, and which of them learn? What are the shapes of x A^T and of x A^T B^T?",
        "requires_grad_(False) freezes a whole layer. For merged, copy the layer first, then add scale * B @ A to the copy's weight without a gradient.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, outputs, rank, alpha = case.args
    torch.manual_seed(case.seed)
    base = nn.Linear(x.shape[1], outputs, dtype=torch.float64)
    layer = candidate(base, rank, alpha)
    start, plain = layer(x), base(x)
    start.square().sum().backward()
    facts = {
        "learned": {name: list(p.shape) for name, p in layer.named_parameters() if p.requires_grad},
        "at the start it changes nothing": torch.allclose(start, plain),
        "A moves at the first step": bool(layer.A.grad is not None and layer.A.grad.any()),
        "B moves at the first step": bool(layer.B.grad is not None and layer.B.grad.any()),
    }
    wide = candidate(nn.Linear(400, 4).double(), 50, 1.0).A
    facts["A times the root of its inputs has a spread near 1"] = bool(0.9 < wide.std().item() * math.sqrt(400) < 1.1)
    with torch.no_grad():
        for name, p in (("A", layer.A), ("B", layer.B)):
            p.copy_(torch.sin(0.7 * torch.arange(p.numel()).double() + ord(name)).reshape(p.shape))
    before = base.weight.detach().clone()
    with_change = layer(x)
    merged = layer.merged()
    return {
        **facts,
        "output": with_change.detach(),
        "kind of merged": type(merged).__name__,
        "merged": merged(x).detach(),
        "merged twice": layer.merged()(x).detach(),
        "the layer still the same after merging": torch.allclose(layer(x), with_change),
        "the base still the same after merging": torch.equal(base.weight, before),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2), 2, 1, 3.0).named("two inputs, two outputs, rank 1, alpha 3")
    yield Case(waves(4, 5), 3, 2, 8.0).named("five inputs, three outputs, rank 2, alpha 8")
    yield Case(waves(3, 4), 6, 3, 1.0).named("rank 3, alpha 1")


exercise.edit(
    "not_divided_by_the_rank", "alpha / rank", "alpha",
    "Your change is r times too strong: alpha is divided by the rank.",
)  # fmt: skip
exercise.edit(
    "zeros_in_the_wrong_factor",
    ("torch.randn(rank, base.in_features).to(base.weight) / math.sqrt(base.in_features)", "torch.zeros(base.out_features, rank)"),
    ("torch.zeros(rank, base.in_features).to(base.weight)", "torch.randn(base.out_features, rank)"),
    "You exchanged the two beginnings: A is random and B is zero.",
)  # fmt: skip
exercise.edit(
    "both_factors_zero", "torch.randn(rank, base.in_features)", "torch.zeros(rank, base.in_features)",
    "Both factors are zero, so both gradients are zero for ever. A begins with random numbers.",
)  # fmt: skip
exercise.edit(
    "base_not_frozen", "base.requires_grad_(False)", "base",
    "The base layer still learns. Freeze it: that is what makes the adaptation small.",
)  # fmt: skip
exercise.edit(
    "merged_into_the_base", "layer = copy.deepcopy(self.base)", "layer = self.base",
    "merged changed the base layer itself, so the change now counts twice. Copy the layer first.",
)  # fmt: skip
exercise.edit(
    "merged_without_the_strength", "layer.weight += self.scale * self.B @ self.A", "layer.weight += self.B @ self.A",
    "The merged layer is not the same function: the strength is missing there.",
)  # fmt: skip
exercise.edit(
    "A_too_large", " / math.sqrt(base.in_features)", "",
    "A is not divided by the root of its number of inputs: with many inputs the change would start out wild.",
)  # fmt: skip


class Kept(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        for parameter in base.parameters():
            parameter.requires_grad = False
        size = base.weight
        self.A = nn.Parameter(torch.empty(rank, size.shape[1], dtype=size.dtype))
        nn.init.normal_(self.A, std=size.shape[1] ** -0.5)
        self.B = nn.Parameter(torch.zeros(size.shape[0], rank, dtype=size.dtype))
        self.rank, self.alpha = rank, alpha


exercise.edit(
    "merged_without_bias", "        return layer", "        layer.bias = None\n        return layer",
    "The merged layer has lost the bias. Only the weight changes: copy the rest.",
)  # fmt: skip
exercise.edit(
    "merged_change_alone", "layer.weight += self.scale * self.B @ self.A", "layer.weight.copy_(self.scale * self.B @ self.A)",
    "The merged weight is the change alone. It is added to the base layer's weight.",
)  # fmt: skip
exercise.edit(
    "strength_forgotten", "return self.base(x) + self.scale * change", "return self.base(x) + change",
    "The strength alpha / r is missing from forward.",
)  # fmt: skip
exercise.edit(
    "strength_upside_down", "alpha / rank", "rank / alpha",
    "The strength is upside down: it is alpha divided by the rank.",
)  # fmt: skip
exercise.edit(
    "both_random", "torch.zeros(base.out_features, rank)", "torch.ones(base.out_features, rank)",
    "B does not begin with zeros, so the layer changes before it has learned anything. With B zero it starts as the base layer.",
)  # fmt: skip


@exercise.alternative
class ByOneMatrix(Kept):
    def weight(self):
        return self.base.weight + self.alpha / self.rank * (self.B @ self.A)

    def forward(self, x):
        return F.linear(x, self.weight(), self.base.bias)

    def merged(self):
        layer = nn.Linear(self.base.in_features, self.base.out_features).to(self.base.weight)
        layer.weight.data, layer.bias.data = self.weight().detach(), self.base.bias.detach().clone()
        return layer


@exercise.alternative
class ByLinear(Kept):
    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.A), self.B) * (self.alpha / self.rank)

    def merged(self):
        layer = copy.deepcopy(self.base)
        layer.weight.data = (
            layer.weight.data + torch.einsum("or,ri->oi", self.B.data, self.A.data) * self.alpha / self.rank
        )
        return layer
