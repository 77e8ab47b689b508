"""A normalisation that has stopped learning is part of the convolution before it."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    hints=(
        "Two things of the formula are vectors over the output channels. Compute the factor first; the weights are (O, C / groups, h, w), so "
        "along which axis must it vary?",
        "Copy the convolution, so that stride, padding, dilation and groups come along, and give the copy a new weight and a new bias as "
        "nn.Parameter. Where the convolution had no bias, the formula's b is zero.",
    ),
)


def trained(in_channels, out_channels, kernel_size, options, eps):
    """A convolution and a batch normalisation that have been through a training, in float64 and evaluation mode."""
    torch.manual_seed(0)
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, **options, dtype=torch.float64)
    norm = nn.BatchNorm2d(out_channels, eps=eps, dtype=torch.float64)
    with torch.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.2, 3)
        norm.weight.normal_()
        norm.bias.normal_()
    return conv.eval(), norm.eval()


@exercise.probe
def probe(candidate, case):
    x, out_channels, kernel_size, options, eps = case.args
    conv, norm = trained(x.shape[1], out_channels, kernel_size, options, eps)
    kept = [copy.deepcopy(part.state_dict()) for part in (conv, norm)]
    fused = candidate(conv, norm)
    if not isinstance(fused, nn.Conv2d):
        return {"returned": type(fused).__name__}
    same = all(
        before.keys() == part.state_dict().keys() and all(torch.equal(before[k], part.state_dict()[k]) for k in before)
        for before, part in zip(kept, (conv, norm), strict=True)
    )
    return {
        "output": fused(x).detach(),
        "weight": fused.weight.detach().clone(),
        "bias": None if fused.bias is None else fused.bias.detach().clone(),
        "parameters": sorted(name for name, _ in fused.named_parameters()),
        "the given modules are unchanged": same and fused is not conv,
    }


@exercise.cases
def cases():
    yield Case(waves(1, 1, 2, 2), 1, 1, {"bias": False}, 1e-5).named("a 1x1 convolution with one channel")
    yield Case(waves(2, 2, 5, 4), 3, 3, {"padding": 1, "bias": False}, 1e-5).named("two channels to three, no bias")
    yield Case(waves(2, 3, 6, 5), 4, 3, {"stride": 2, "padding": 1}, 0.5).named("a bias, a stride of 2, a large eps")
    yield Case(waves(1, 4, 7, 6), 4, 3, {"dilation": 2, "groups": 2}, 1e-3).named("two groups and a dilation")


def fold(conv, norm, *, scale=None, bias=None):
    """The folded convolution; ``scale`` and ``bias`` say what a mistake does otherwise."""
    s = norm.weight / torch.sqrt(norm.running_var + norm.eps) if scale is None else scale(norm)
    b = torch.zeros_like(norm.bias) if conv.bias is None else conv.bias
    out = copy.deepcopy(conv)
    out.weight = nn.Parameter((conv.weight * s.view(-1, 1, 1, 1)).detach())
    out.bias = nn.Parameter((norm.bias + s * (b - norm.running_mean) if bias is None else bias(norm, s, b)).detach())
    return out


@exercise.mistake(
    "eps is missing under the root. It is small, but a channel that hardly varies has a variance that is small too; and PyTorch's own BN adds it."
)
def without_eps(conv, norm):
    return fold(conv, norm, scale=lambda n: n.weight / n.running_var.sqrt())


@exercise.mistake(
    "You divided by the variance. A normalisation divides by the standard deviation, the root of running_var + eps."
)
def by_the_variance(conv, norm):
    return fold(conv, norm, scale=lambda n: n.weight / (n.running_var + n.eps))


@exercise.mistake(
    "Your new bias forgets the running mean: BN subtracts it, and that constant, scaled, has to go into the bias."
)
def without_the_mean(conv, norm):
    return fold(conv, norm, bias=lambda n, s, b: n.bias + s * b)


@exercise.mistake(
    "The running mean is subtracted unscaled. BN subtracts first and scales then, so the mean is multiplied by the factor as well."
)
def unscaled_mean(conv, norm):
    return fold(conv, norm, bias=lambda n, s, b: n.bias + s * b - n.running_mean)


@exercise.mistake(
    "The convolution's own bias has got lost. Where there is one it passes through BN like everything else: scale times (b - mean)."
)
def own_bias_lost(conv, norm):
    return fold(conv, norm, bias=lambda n, s, b: n.bias - s * n.running_mean)


@exercise.mistake(
    "The convolution's own bias is added unscaled. It is part of what BN normalises, so it is scaled with the rest."
)
def own_bias_unscaled(conv, norm):
    return fold(conv, norm, bias=lambda n, s, b: n.bias + b - s * n.running_mean)


@exercise.mistake(
    "The weights are scaled and the bias is not folded: your convolution is off by a constant in each channel, BN's shift and mean."
)
def bias_left_as_it_was(conv, norm):
    return fold(conv, norm, bias=lambda n, s, b: b)


@exercise.mistake("gamma, the BN's learned weight, is missing from the factor. It need not be 1 after training.")
def without_gamma(conv, norm):
    return fold(conv, norm, scale=lambda n: 1 / (n.running_var + n.eps).sqrt())


@exercise.mistake(
    "You changed the convolution that you were given. Its owner still has a BN after it, and applies it a second time. Work on a copy."
)
def in_place(conv, norm):
    other = fold(conv, norm)
    conv.weight, conv.bias = other.weight, other.bias
    return conv


@exercise.alternative
def built_anew(conv, norm):
    fused = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        dtype=conv.weight.dtype,
    )
    with torch.no_grad():
        s = norm.weight * (norm.running_var + norm.eps).rsqrt()
        fused.weight.copy_(torch.einsum("o,ochw->ochw", s, conv.weight))
        fused.bias.copy_(norm.bias - norm.running_mean * s)
        if conv.bias is not None:
            fused.bias += conv.bias * s
    return fused


@exercise.alternative
def by_asking_the_norm(conv, norm):
    def affine(values):
        return F.batch_norm(
            values, norm.running_mean, norm.running_var, norm.weight, norm.bias, training=False, eps=norm.eps
        )

    with torch.no_grad():
        zero = torch.zeros(1, conv.out_channels, dtype=conv.weight.dtype)
        shift, slope = affine(zero)[0], (affine(zero + 1) - affine(zero))[0]
        fused = copy.deepcopy(conv)
        fused.weight = nn.Parameter(conv.weight * slope[:, None, None, None])
        fused.bias = nn.Parameter(shift if conv.bias is None else shift + slope * conv.bias)
    return fused
