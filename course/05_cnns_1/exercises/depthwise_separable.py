"""First each channel in space, then each pixel across channels."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "Two steps. In the first, channel c of the result comes from channel c of x and from depthwise[c] alone. Which "
        "argument of F.conv2d cuts the channels into groups that do not see each other?",
        "With groups=C, F.conv2d wants its kernels as (C, 1, h, w). The second step, a 1x1 convolution, is a matrix product "
        "over the channel axis at every pixel.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    x = torch.arange(18, dtype=torch.float64).reshape(1, 2, 3, 3)
    kernels = torch.tensor([[[1.0, 2], [0, -1]], [[0, 1], [1, 3]]], dtype=torch.float64)
    yield Case(x, kernels, torch.tensor([[1.0, -1.0]], dtype=torch.float64)).named(
        "two channels of 3x3, one output channel"
    )
    yield Case(noise(2, 3, 5, 6), noise(3, 3, 2, seed=1), noise(4, 3, seed=2)).named("(2, 3, 5, 6) to four channels")
    yield Case(noise(1, 3, 5, 4), noise(3, 3, 3, seed=1), noise(3, 3, seed=2), padding=1).named("padding 1")
    yield Case(noise(1, 2, 6, 7), noise(2, 2, 3, seed=1), noise(2, 2, seed=2), stride=2).named("stride 2")
    yield Case(noise(2, 4, 7, 8), noise(4, 3, 3, seed=1), noise(2, 4, seed=2), 3, 2).named("stride 3 and padding 2")


@exercise.mistake(
    "Every channel is filtered with the first kernel. In the depthwise step channel c has its own kernel, depthwise[c]."
)
def one_kernel_for_all(x, depthwise, pointwise, stride=1, padding=0):
    C = len(depthwise)
    h = F.conv2d(x, depthwise[:1, None].expand(C, 1, *depthwise.shape[1:]), None, stride, padding, groups=C)
    return F.conv2d(h, pointwise[:, :, None, None])


@exercise.mistake(
    "You sum over the channels in the depthwise step, so one channel is left before the pointwise step can weigh them. "
    "The depthwise step keeps C channels apart; mixing them is the pointwise step's whole task."
)
def summed_too_early(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise[None], None, stride, padding)
    return F.conv2d(h.expand(-1, len(depthwise), -1, -1), pointwise[:, :, None, None])


@exercise.mistake(
    "There is a ReLU between the two steps. MobileNet puts one there (with batch normalisation), and a network gains by "
    "it; but this exercise asks for the plain, linear factorisation of a convolution."
)
def relu_between(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise[:, None], None, stride, padding, groups=len(depthwise))
    return F.conv2d(h.relu(), pointwise[:, :, None, None])


@exercise.mistake(
    "The stride is taken twice: once in the depthwise step and again in the pointwise step. A 1x1 kernel must visit every "
    "pixel that the depthwise step has left."
)
def stride_twice(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise[:, None], None, stride, padding, groups=len(depthwise))
    return F.conv2d(h, pointwise[:, :, None, None], stride=stride)


@exercise.mistake(
    "The padding is also put around the pointwise step, which frames the output with zeros. A 1x1 kernel needs no padding "
    "to keep the size."
)
def padding_twice(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise[:, None], None, stride, padding, groups=len(depthwise))
    return F.conv2d(h, pointwise[:, :, None, None], padding=padding)


@exercise.mistake(
    "The depthwise kernels are flipped. As everywhere today, a kernel slides as it stands (cross-correlation)."
)
def flipped_kernels(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise.flip(1, 2)[:, None], None, stride, padding, groups=len(depthwise))
    return F.conv2d(h, pointwise[:, :, None, None])


@exercise.mistake(
    "Only the depthwise step is there. What it returns still has to be mixed across channels by pointwise, (O, C)."
)
def pointwise_left_out(x, depthwise, pointwise, stride=1, padding=0):
    return F.conv2d(x, depthwise[:, None], None, stride, padding, groups=len(depthwise))


@exercise.mistake(
    "You weighed each channel by its column's sum and never mixed them: the pointwise step gives every output channel o its own sum over the input "
    "channels, with the weights pointwise[o]."
)
def weighed_not_mixed(x, depthwise, pointwise, stride=1, padding=0):
    h = F.conv2d(x, depthwise[:, None], None, stride, padding, groups=len(depthwise))
    return h * pointwise.sum(0)[:, None, None]


exercise.edit(
    "pointwise_only",
    'torch.einsum("nchw,oc->nohw", filtered, pointwise)',
    "F.conv2d(x, pointwise[:, :, None, None], stride=stride)",
    "Only the pointwise step is there: your result does not depend on the depthwise kernels. It works on what the depthwise step returned, not on x.",
)
exercise.edit(
    "kernels_transposed",
    "depthwise[:, None]",
    "depthwise.transpose(1, 2)[:, None]",
    "The depthwise kernels lie on their side: rows and columns are exchanged. depthwise is (C, h, w); a new axis for the group's one input channel, "
    "depthwise[:, None], is all it needs.",
)
exercise.edit(
    "channels_exchanged",
    '"nchw,oc->nohw"',
    '"nchw,co->nohw"',
    "You mixed with the transposed matrix: pointwise is (O, C), so output channel o takes its weights from row o.",
)


@exercise.alternative
def as_one_full_convolution(x, depthwise, pointwise, stride=1, padding=0):
    return F.conv2d(x, torch.einsum("oc,cab->ocab", pointwise, depthwise), None, stride, padding)


@exercise.alternative
def channel_by_channel(x, depthwise, pointwise, stride=1, padding=0):
    out = 0
    for c, kernel in enumerate(depthwise):
        filtered = F.conv2d(x[:, c : c + 1], kernel[None, None], None, stride, padding)
        out = out + filtered * pointwise[:, c].view(1, -1, 1, 1)
    return out
