"""First weights of a ReLU network, neither too small nor too large."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "One pair for each two neighbours in sizes. torch.randn has variance 1; by what must it be multiplied to have variance 2 / inputs?",
        "Multiplying by a factor multiplies the variance by its square. W is (outputs, inputs), as layer_forward wants it.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Shapes, and moments rounded far more coarsely than they scatter: the smallest matrix measured has 40,000 entries."""

    def draw(seed):
        return candidate(*case.args, generator=torch.Generator().manual_seed(seed))

    layers, again, other = draw(0), draw(0), draw(1)
    weights = [W.double() for W, _ in layers]
    large = [W for W in weights if W.numel() >= 40_000]
    return {
        "layers": len(layers),
        "shapes of W": [list(W.shape) for W in weights],
        "shapes of b": [list(b.shape) for _, b in layers],
        "largest bias": [round(b.abs().max().item(), 3) for _, b in layers],
        "variance of W times its inputs": [round(W.var().item() * W.shape[1], 1) for W in large],
        "mean of W over its spread": [round((W.mean() / (W.std() + 1e-9)).item(), 1) + 0.0 for W in large],
        "same seed, same weights": all(torch.equal(a[0], b[0]) for a, b in zip(layers, again, strict=True)),
        "another seed, other weights": all(not torch.equal(a[0], b[0]) for a, b in zip(layers, other, strict=True)),
    }


@exercise.cases
def cases():
    yield Case([3, 2]).named("three inputs, two outputs")
    yield Case([200, 400]).named("200 inputs, 400 outputs")
    yield Case([4, 800, 100, 5]).named("a network with two hidden layers")


exercise.edit(
    "root_forgotten",
    "(2 / inputs) ** 0.5",
    "(2 / inputs)",
    "You multiplied by 2 / inputs; that is the variance that is wanted. The factor is its square root.",
)
exercise.edit(
    "outputs_for_inputs",
    "(2 / inputs) ** 0.5",
    "(2 / outputs) ** 0.5",
    "You divided by the number of outputs. A neuron's sum runs over its inputs, so it is their number that decides how large it gets.",
)
exercise.edit(
    "one_for_two",
    "(2 / inputs) ** 0.5",
    "(1 / inputs) ** 0.5",
    "Your variance is 1 / inputs: right without a ReLU. The ReLU throws half of the signal away, and the 2 makes up for it.",
)
exercise.edit(
    "not_scaled",
    "(2 / inputs) ** 0.5 * ",
    "",
    "Your weights have variance 1: the sum of many such terms is large, and each layer makes it larger still.",
)
exercise.edit(
    "generator_not_used",
    ", generator=generator)",
    ")",
    "The generator is not used, so the same seed gives other weights every time. Hand it to torch.randn.",
)
exercise.edit(
    "on_its_side",
    "randn(outputs, inputs,",
    "randn(inputs, outputs,",
    "W is (inputs, outputs), on its side: rows are neurons, so (outputs, inputs).",
)
exercise.edit(
    "random_biases",
    "torch.zeros(outputs)",
    "torch.randn(outputs, generator=generator)",
    "Your biases are random. They may start at zero: the weights have broken the tie, and a random bias kills some neurons from the start.",
)


@exercise.alternative
def by_torch(sizes, *, generator):
    layers = []
    for i in range(len(sizes) - 1):
        W = torch.empty(sizes[i + 1], sizes[i])
        nn.init.kaiming_normal_(W, nonlinearity="relu", generator=generator)
        layers.append((W, torch.zeros(sizes[i + 1])))
    return layers


@exercise.alternative
def by_normal(sizes, *, generator):
    return [
        (torch.normal(0.0, (2 / D) ** 0.5, (H, D), generator=generator), torch.zeros(H))
        for D, H in zip(sizes[:-1], sizes[1:], strict=False)
    ]
