"""Normalise each token by itself."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=7,
    hints=(
        "Which axis is averaged over, and how do you keep it so that the result broadcasts?",
        "mean(-1, keepdim=True). The variance is the mean of the squares of what is left: it divides by D.",
    ),
    forbidden=dict.fromkeys(("layer_norm", "native_layer_norm"), "its means and its root are what you write here."),
)


@exercise.probe
def probe(candidate, case):
    x, dim, *eps = case.args
    layer = candidate(dim, *eps)
    named = {name: value.detach().clone() for name, value in layer.named_parameters()}
    facts = {
        "names of the parameters": sorted(named),
        "weight begins with ones": bool((named.get("weight", torch.zeros(())) == 1).all()),
        "bias begins with zeros": bool((named.get("bias", torch.ones(())) == 0).all()),
    }
    layer = layer.double()
    with torch.no_grad():
        for name, value in layer.named_parameters():
            value.copy_(torch.sin(torch.arange(1.0, dim + 1).double() + len(name)))
    x = x.clone().requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad((y * torch.sin(torch.arange(y.numel()).double()).reshape(y.shape)).sum(), [x, *layer.parameters()], allow_unused=True)  # fmt: skip
    facts["result"] = y.detach()
    facts["gradient of the input"] = gradients[0]
    return facts


@exercise.cases
def cases():
    yield Case(row(1, 3)[None], 2).named("the worked number: one token (1, 3)")
    yield Case(noise(2, 3, 4), 4).named("two texts of three tokens")
    yield Case(5 + 3 * noise(4, 6), 6).named("four tokens far from zero")
    yield Case(0.003 * noise(3, 5), 5, 0.01).named("tiny numbers and a large eps")
    yield Case(noise(3, 3, 3), 3).named("three of everything")


exercise.edit(
    "over_the_time", ("x.mean(-1,", "centred.square().mean(-1,"), ("x.mean(-2,", "centred.square().mean(-2,"),
    "You average over the tokens. Each token then knows the mean of all, later ones included: the future leaks. Average over the features, the last axis.",
)  # fmt: skip
exercise.edit(
    "unbiased", "centred.square().mean(-1, keepdim=True)", "x.var(-1, keepdim=True)",
    "Your variance divides by D - 1, which is what Tensor.var and Tensor.std do. Layer normalisation divides by D.",
)  # fmt: skip
exercise.edit(
    "eps_outside", "(variance + self.eps).sqrt()", "(variance.sqrt() + self.eps)",
    "eps stands outside the root: where the variance is tiny, that is another number. It belongs beside the variance.",
)  # fmt: skip
exercise.edit(
    "not_centred", "return centred /", "return x /",
    "The mean is not taken away. (Without it, and with the variance about zero, this would be RMSNorm, which comes later today.)",
)  # fmt: skip
exercise.edit(
    "no_bias", " + self.bias", "",
    "The bias is not added, so it is a parameter that never learns.",
)  # fmt: skip
exercise.edit(
    "by_the_variance", "(variance + self.eps).sqrt()", "(variance + self.eps)",
    "You divide by the variance. Divide by its root, the standard deviation.",
)  # fmt: skip


exercise.edit(
    "over_everything", ("x.mean(-1, keepdim=True)", "centred.square().mean(-1, keepdim=True)"), ("x.mean()", "centred.square().mean()"),
    "One mean and one variance serve all tokens. Each token is normalised by itself: over the last axis.",
)  # fmt: skip
exercise.edit(
    "over_axis_1", ("x.mean(-1, keepdim=True)", "centred.square().mean(-1, keepdim=True)"), ("x.mean(1, keepdim=True)", "centred.square().mean(1, keepdim=True)"),
    "You average over axis 1. With (N, T, D) that is the tokens: the features are the last axis, -1.",
)  # fmt: skip
exercise.edit(
    "eps_ignored", "self.eps = eps", "self.eps = 1e-5",
    "The argument eps has no effect: it is always 0.00001.",
)  # fmt: skip
exercise.edit(
    "no_weight", " * self.weight + self.bias", " + self.bias",
    "The weight is not used, so it is a parameter that never learns.",
)  # fmt: skip
exercise.edit(
    "exchanged_starts", "nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))", "nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.ones(dim))",
    "The starts changed places: the weight begins with ones and the bias with zeros, so that at first nothing but the normalisation happens.",
)  # fmt: skip
exercise.edit(
    "root_mean_square", "centred = x - x.mean(-1, keepdim=True)", "centred = x",
    "The mean is not taken away, from the variance neither: this is RMSNorm, which comes later today.",
)  # fmt: skip


@exercise.alternative
class ByVarMean(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim)), eps

    def forward(self, x):
        variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + self.eps) * self.weight + self.bias


@exercise.alternative
class ByMoments(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.bias, self.weight = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        mean = x.sum(-1, keepdim=True) / x.shape[-1]
        spread = torch.sqrt((x - mean).pow(2).sum(-1, keepdim=True) / x.shape[-1] + self.eps)
        return self.bias + self.weight * ((x - mean) / spread)
