"""The convolution of a deep-learning library, with its channels, written as loops."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=35,
    hints=(
        "Pad first and be done with it: F.pad(x, (left, right, top, bottom)). Afterwards every patch lies inside the "
        "padded image and there are no special cases at the edges.",
        "The patch for output pixel (i, j) starts at row stride·i, and its rows are dilation apart: a slice has three "
        "parts, start : stop : step. With all input channels in one patch, of shape (C, h, w), one product and one sum do.",
    ),
    forbidden={"conv2d": "it is what you write here, as loops; you may compare with it."},
)


@exercise.cases
def cases():
    ones = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    yield Case(torch.arange(9, dtype=torch.float64).reshape(1, 1, 3, 3), ones).named(
        "a 3x3 ramp and a 2x2 kernel of ones"
    )
    yield Case(noise(2, 1, 4, 5), noise(3, 1, 3, 2, seed=1), noise(3, seed=2)).named(
        "a batch of 2, three kernels, a bias"
    )
    yield Case(noise(1, 2, 4, 4), noise(1, 2, 3, 3, seed=1)).named("two input channels")
    yield Case(noise(1, 1, 5, 6), noise(1, 1, 3, 3, seed=1), stride=2).named("stride 2")
    yield Case(noise(1, 1, 3, 4), noise(1, 1, 3, 3, seed=1), padding=1).named("padding 1")
    yield Case(noise(1, 1, 7, 6), noise(1, 1, 3, 2, seed=1), dilation=2).named("dilation 2")
    yield Case(noise(2, 3, 9, 8), noise(4, 3, 3, 2, seed=1), noise(4, seed=2), stride=2, padding=3, dilation=2).named(
        "everything at once: (2, 3, 9, 8), kernels (4, 3, 3, 2), bias, stride 2, padding 3, dilation 2"
    )
    yield Case(noise(2, 2, 8, 11), noise(3, 2, 2, 3, seed=1), noise(3, seed=2), 3, 1, 2).named(
        "(2, 2, 8, 11), kernels (3, 2, 2, 3), stride 3, padding 1, dilation 2, given by position"
    )


@exercise.mistake(
    "Every output channel is computed from the first input channel only. An output pixel sums over the kernel's rows, "
    "its columns and all input channels: a kernel is a block of shape (C, h, w)."
)
def first_channel_only(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x[:, :1], weight[:, :1], bias, stride, padding, dilation)


@exercise.mistake(
    "You flipped the kernels. F.conv2d, like every deep-learning library, cross-correlates: it slides the kernel as it stands."
)
def flipped_kernels(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight.flip(2, 3), bias, stride, padding, dilation)


@exercise.mistake(
    "The bias is left out. Each output channel has one number of its own, added to all of that channel's pixels."
)
def bias_left_out(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, None, stride, padding, dilation)


@exercise.mistake(
    "The stride moves the kernel down but not to the right (or the other way round). One step of the output is `stride` "
    "steps of the input along both axes."
)
def stride_on_rows_only(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, bias, (stride, 1), padding, dilation)


@exercise.mistake(
    "The dilation is left out: your kernels read neighbouring pixels. With dilation d the taps stand d pixels apart, "
    "at rows i, i + d, i + 2d, ..."
)
def dilation_left_out(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, bias, stride, padding)


@exercise.mistake(
    "The padding is left out: the kernel never leaves the image, so your output is too small. Surround the image with "
    "`padding` rows and columns of zeros on every side first."
)
def padding_left_out(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, bias, stride, 0, dilation)


@exercise.mistake(
    "You padded with copies of the edge pixels. The padding of F.conv2d is zeros; copies (padding_mode='replicate') are "
    "another choice, and often the better one where zero is not a natural background."
)
def replicate_padding(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(F.pad(x, [padding] * 4, mode="replicate"), weight, bias, stride, 0, dilation)


@exercise.mistake(
    "You averaged over the input channels. They are summed like the rows and columns of the kernel, with no division by C."
)
def mean_over_channels(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight / x.shape[1], bias, stride, padding, dilation)


@exercise.mistake(
    "The bias is added once for each tap of the kernel. It is one number per output pixel: add it after the sum over the kernel, not inside."
)
def bias_for_each_tap(x, weight, bias=None, stride=1, padding=0, dilation=1):
    added = None if bias is None else bias * weight.shape[2] * weight.shape[3]
    return F.conv2d(x, weight, added, stride, padding, dilation)


@exercise.mistake(
    "The bias is added once for each input channel. It is one number per output pixel: add it after the sum over the channels, not inside."
)
def bias_for_each_channel(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, None if bias is None else bias * weight.shape[1], stride, padding, dilation)


@exercise.mistake(
    "The bias is added once for each product, h·w·C times. It is one number per output pixel: add it after the whole sum, not inside."
)
def bias_for_each_product(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return F.conv2d(x, weight, None if bias is None else bias * weight[0].numel(), stride, padding, dilation)


@exercise.mistake(
    "Your output has the right size, but the kernel moves by one pixel from each place to the next. Output pixel (i, j) belongs to the patch "
    "that starts at row stride·i and column stride·j."
)
def kernel_moves_by_one(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = F.conv2d(x, weight, bias, stride, padding, dilation)
    return F.conv2d(x, weight, bias, 1, padding, dilation)[:, :, : out.shape[2], : out.shape[3]]


@exercise.mistake(
    "Your output has the right size for the dilation, but the kernel reads neighbouring pixels. Its taps stand `dilation` pixels apart: the "
    "slice of a patch needs a step."
)
def dilation_in_the_size_only(x, weight, bias=None, stride=1, padding=0, dilation=1):
    out = F.conv2d(x, weight, bias, stride, padding, dilation)
    return F.conv2d(x, weight, bias, stride, padding)[:, :, : out.shape[2], : out.shape[3]]


@exercise.alternative
def sum_over_taps(x, weight, bias=None, stride=1, padding=0, dilation=1):
    x = F.pad(x, (padding,) * 4)
    O, _, h, w = weight.shape
    rows = (x.shape[2] - dilation * (h - 1) - 1) // stride + 1
    columns = (x.shape[3] - dilation * (w - 1) - 1) // stride + 1
    out = x.new_zeros(len(x), O, rows, columns)
    for a in range(h):
        for b in range(w):
            top, left = a * dilation, b * dilation
            shifted = x[:, :, top : top + stride * rows : stride, left : left + stride * columns : stride]
            out = out + torch.einsum("nchw,oc->nohw", shifted[:, :, :rows, :columns], weight[:, :, a, b])
    return out if bias is None else out + bias.view(-1, 1, 1)


@exercise.alternative
def seven_loops(x, weight, bias=None, stride=1, padding=0, dilation=1):
    N, C, H, W = x.shape
    O, _, h, w = weight.shape
    rows = (H + 2 * padding - dilation * (h - 1) - 1) // stride + 1
    columns = (W + 2 * padding - dilation * (w - 1) - 1) // stride + 1
    image, kernel = x.tolist(), weight.tolist()
    out = []
    for n in range(N):
        for o in range(O):
            for i in range(rows):
                for j in range(columns):
                    total = 0.0 if bias is None else float(bias[o])
                    for c in range(C):
                        for a in range(h):
                            for b in range(w):
                                p, q = i * stride - padding + a * dilation, j * stride - padding + b * dilation
                                if 0 <= p < H and 0 <= q < W:
                                    total += image[n][c][p][q] * kernel[o][c][a][b]
                    out.append(total)
    return torch.tensor(out, dtype=x.dtype).reshape(N, O, rows, columns)
