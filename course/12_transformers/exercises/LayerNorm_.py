"""Normalise each token by itself."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=2,
    minutes=7,
    hints=(
        "Which axis is averaged over, and how do you keep it so that the result broadcasts?",
        "mean(-1, keepdim=True). The variance is the mean of the squares of what is left: it divides by D.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(1, 3)[None]).built(2).named("the worked number: one token (1, 3)")
    yield Case(noise(2, 3, 4)).built(4).named("two texts of three tokens")
    yield Case(5 + 3 * noise(4, 6)).built(6).named("four tokens far from zero")
    yield Case(0.003 * noise(3, 5)).built(5, eps=0.01).named("tiny numbers and a large eps")
    yield Case(noise(3, 3, 3)).built(3).named("three of everything")


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


@exercise.alternative
class ByTorch(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim)), eps

    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)


@exercise.alternative
class ByVarMean(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim)), eps

    def forward(self, x):
        variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + self.eps) * self.weight + self.bias
