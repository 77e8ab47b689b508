"""A whole convolution as one matrix product."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    hints=(
        "F.unfold(x, (h, w), ...) gives (N, C·h·w, P), one column per output pixel. Which two-dimensional shape must the "
        "kernels have so that a matrix product with a column is the sum you want?",
        "weight.reshape(O, -1) puts c, a, b in one axis in the order that F.unfold uses. The product has the shape (N, O, P); "
        "what is left is to name the P places again as rows and columns, and output_size knows how many there are.",
    ),
    probe=probes.call(grad=True),
    forbidden={"conv2d": "it is what you write here, as a matrix product; you may compare with it."},
)


@exercise.cases
def cases():
    ones = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    yield Case(torch.arange(12, dtype=torch.float64).reshape(1, 1, 3, 4), ones).named(
        "a 3x4 ramp and a 2x2 kernel of ones"
    )
    yield Case(noise(2, 2, 5, 4), noise(3, 2, 3, 2, seed=1)).named("a batch of 2, two channels, kernels (3, 2, 3, 2)")
    yield Case(noise(1, 1, 4, 6), noise(2, 1, 3, 3, seed=1), noise(2, seed=2), padding=1).named("a bias and padding 1")
    yield Case(noise(1, 2, 7, 5), noise(2, 2, 3, 2, seed=1), stride=2).named("stride 2")
    yield Case(noise(1, 2, 7, 6), noise(2, 2, 2, 3, seed=1), dilation=2).named("dilation 2")
    yield Case(noise(3, 2, 9, 8), noise(4, 2, 3, 2, seed=1), noise(4, seed=2), stride=2, padding=3, dilation=2).named(
        "everything at once"
    )
    yield Case(noise(2, 2, 8, 11), noise(3, 2, 2, 3, seed=1), noise(3, seed=2), 3, 1, 2).named(
        "stride 3, padding 1, dilation 2"
    )
    yield (
        Case(noise(2, 3, 8, 8).float(), noise(4, 3, 3, 3, seed=1).float(), noise(4, seed=2).float(), padding=1)
        .within(atol=1e-5, rtol=1e-5)
        .named("single precision")
    )


def sizes(x, weight, stride, padding, dilation):
    return [(x.shape[axis] + 2 * padding - dilation * (weight.shape[axis] - 1) - 1) // stride + 1 for axis in (2, 3)]


@exercise.mistake(
    "Rows and columns of the output are exchanged: you reshaped the P places into (columns, rows). F.unfold walks "
    "through the output row by row, so the axis of length P splits into (rows, columns), in this order."
)
def columns_before_rows(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = weight.reshape(len(weight), -1) @ F.unfold(x, weight.shape[2:], dilation, padding, stride)
    out = out if bias is None else out + bias[:, None]
    return out.reshape(len(x), len(weight), *sizes(x, weight, stride, padding, dilation)[::-1])


@exercise.mistake(
    "Your kernels are flattened in another order than the columns. F.unfold orders the rows of its matrix by channel, "
    "then kernel row, then kernel column; flatten weight as (C, h, w), without permuting it."
)
def other_order_of_taps(x, weight, bias=None, stride=1, padding=0, dilation=1):
    flat = weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
    out = flat @ F.unfold(x, weight.shape[2:], dilation, padding, stride)
    out = out if bias is None else out + bias[:, None]
    return out.reshape(len(x), len(weight), *sizes(x, weight, stride, padding, dilation))


@exercise.mistake(
    "Your output has its channels and its pixels mixed: (N, P, O) was reshaped to (N, O, rows, columns) without moving "
    "the axes first. reshape never reorders numbers; transpose does. Multiply as weight @ columns and P already comes last."
)
def reshaped_not_transposed(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = F.unfold(x, weight.shape[2:], dilation, padding, stride).transpose(1, 2) @ weight.reshape(len(weight), -1).T
    out = out if bias is None else out + bias
    return out.reshape(len(x), len(weight), *sizes(x, weight, stride, padding, dilation))


@exercise.mistake(
    "The bias is left out. In this layout it is one column of O numbers, added to every column of the product."
)
def bias_left_out(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, None, stride, padding, dilation)


@exercise.mistake(
    "You exchanged two arguments of F.unfold: after the kernel size it takes dilation, padding and stride, in this "
    "order, where F.conv2d takes stride, padding, dilation. Pass them by name."
)
def unfold_arguments_by_position(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = weight.reshape(len(weight), -1) @ F.unfold(x, weight.shape[2:], stride, padding, dilation)
    out = out if bias is None else out + bias[:, None]
    return out.reshape(len(x), len(weight), *sizes(x, weight, stride, padding, dilation))


@exercise.mistake(
    "You flattened the kernels with the channels of the output last: weight.reshape(-1, O).T cuts the numbers, as they lie in memory, into other "
    "groups. weight.reshape(O, -1) keeps each kernel's numbers together, one row each."
)
def kernels_cut_up(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = weight.reshape(-1, len(weight)).T @ F.unfold(x, weight.shape[2:], dilation, padding, stride)
    out = out if bias is None else out + bias[:, None]
    return out.reshape(len(x), len(weight), *sizes(x, weight, stride, padding, dilation))


@exercise.mistake(
    "You flipped the kernels. F.conv2d, like every deep-learning library, cross-correlates: it uses the kernel as it stands."
)
def flipped_kernels(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight.flip(2, 3), bias, stride, padding, dilation)


@exercise.mistake(
    "Your numbers are right and the places are still one axis of length P. Name them as rows and columns again: reshape to (N, O, H', W'), with "
    "the sizes from output_size."
)
def places_in_one_axis(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, bias, stride, padding, dilation).flatten(2)


@exercise.alternative
def strided_view(x, weight, bias=None, stride=1, padding=0, dilation=1):
    rows, columns = sizes(x, weight, stride, padding, dilation)
    x = F.pad(x, (padding,) * 4)
    n, c, row, column = x.stride()
    windows = x.as_strided(
        (x.shape[0], x.shape[1], rows, columns, *weight.shape[2:]),
        (n, c, row * stride, column * stride, row * dilation, column * dilation),
    )
    out = torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3])).permute(0, 3, 1, 2)
    return out if bias is None else out + bias.view(-1, 1, 1)


@exercise.alternative
def gathered_columns(x, weight, bias=None, stride=1, padding=0, dilation=1):
    rows, columns = sizes(x, weight, stride, padding, dilation)
    x = F.pad(x, (padding,) * 4)
    down = (torch.arange(rows) * stride)[:, None] + torch.arange(weight.shape[2]) * dilation
    across = (torch.arange(columns) * stride)[:, None] + torch.arange(weight.shape[3]) * dilation
    patches = x[:, :, down[:, None, :, None], across[None, :, None, :]]
    flat = patches.permute(0, 2, 3, 1, 4, 5).reshape(len(x) * rows * columns, -1)
    out = flat @ weight.flatten(1).T + (0 if bias is None else bias)
    return out.reshape(len(x), rows, columns, len(weight)).permute(0, 3, 1, 2)
