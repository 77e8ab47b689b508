"""Keep the largest value of every window."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=12,
    move_on=20,
    hints=(
        "A window is a patch, as in cross_correlate, only that the largest entry is taken instead of a weighted sum, and "
        "that each channel stays on its own.",
        "Tensor.unfold(axis, size, step) gives every window along one axis as a new last axis; use it twice. What must the "
        "padding be filled with, so that it can never be the largest entry?",
    ),
    probe=probes.call(grad=True),
    forbidden={
        name: "it is what you write here; you may compare with it."
        for name in ("max_pool2d", "max_pool2d_with_indices", "max_pool1d", "adaptive_max_pool2d")
    },
)


@exercise.cases
def cases():
    ramp = torch.tensor([[1.0, 5, 2, 0], [3, 4, -1, 7], [0, -2, 8, 6], [9, 1, 3, 2]], dtype=torch.float64)
    yield Case(ramp.reshape(1, 1, 4, 4), 2).named("a 4x4 image and 2x2 windows")
    yield Case(noise(2, 3, 5, 7), 2).named("5x7: the last row and column fill no window")
    yield Case(noise(1, 2, 5, 6), 3, stride=1).named("windows of 3 with stride 1, which overlap")
    yield Case(noise(2, 1, 7, 8), 3, stride=2).named("windows of 3 with stride 2")
    yield Case(-1 - noise(1, 2, 4, 5).abs(), 3, stride=2, padding=1).named("an image of negative numbers, padding 1")
    yield Case(noise(2, 2, 6, 9) - 2, 4, 3, 2).named("windows of 4, stride 3, padding 2")


@exercise.mistake(
    "You padded with zeros. Where every pixel of a window is negative, the zero from the padding wins and the output is "
    "a value that is not in the image at all. Pad with -inf, which never wins."
)
def zero_padding(x, kernel, stride=None, padding=0):
    return F.max_pool2d(F.pad(x, (padding,) * 4), kernel, stride)


@exercise.mistake(
    "Without a stride you step by one pixel. By custom the windows of a pooling tile the image: the stride is the size "
    "of the window unless another is given."
)
def stride_one_by_default(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, 1 if stride is None else stride, padding)


@exercise.mistake(
    "You took the mean of each window (average pooling, which LeNet-5 used in 1998). Max pooling keeps the largest entry."
)
def average_pooling(x, kernel, stride=None, padding=0):
    return F.avg_pool2d(x, kernel, stride, padding)


@exercise.mistake(
    "You pool over the channels as well: one number per window for all of them. Pooling treats each channel on its own, "
    "so C stays C."
)
def over_channels_too(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, stride, padding).amax(1, keepdim=True)


@exercise.mistake(
    "You keep a last window that is not full. The default drops it (rounds down); ceil_mode=True is the option that "
    "keeps it."
)
def ceil_mode(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, stride, padding, ceil_mode=True)


@exercise.mistake(
    "You kept the entry that is largest in magnitude. Pooling compares the numbers with their signs: 3 beats -5. Where "
    "polarity should not matter, as for the amplitude of a reflector, take the absolute value before you pool."
)
def largest_magnitude(x, kernel, stride=None, padding=0):
    high, low = F.max_pool2d(x, kernel, stride, padding), -F.max_pool2d(-x, kernel, stride, padding)
    return torch.where(high.abs() >= low.abs(), high, low)


@exercise.mistake(
    "You always step by the size of the window, whatever `stride` is given. That is only what it defaults to when it is None."
)
def stride_never_used(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, kernel, padding)


@exercise.mistake(
    "The channel axis is gone: you took the maximum over the channels as well. Pooling treats each channel on its own, so C stays C."
)
def channel_axis_gone(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, stride, padding).amax(1)


@exercise.mistake(
    "You took the maximum along one axis of each window, and the other axis of the window is still there. A window has two axes: take the maximum "
    "over both, for example with amax((-2, -1))."
)
def one_axis_of_the_window(x, kernel, stride=None, padding=0):
    stride = kernel if stride is None else stride
    padded = F.pad(x, (padding,) * 4, value=float("-inf"))
    return padded.unfold(2, kernel, stride).unfold(3, kernel, stride).amax(-1)


@exercise.mistake(
    "Your output has the right size, but the window moves by one pixel from each place to the next. Output pixel (i, j) belongs to the window "
    "that starts at row stride·i and column stride·j."
)
def window_moves_by_one(x, kernel, stride=None, padding=0):
    out = F.max_pool2d(x, kernel, stride, padding)
    padded = F.pad(x, (padding,) * 4, value=float("-inf"))
    return F.max_pool2d(padded, kernel, 1)[:, :, : out.shape[2], : out.shape[3]]


@exercise.mistake(
    "Your windows are as large as the stride. The stride says how far a window moves; its size is `kernel`, whether windows overlap or not."
)
def window_as_large_as_the_stride(x, kernel, stride=None, padding=0):
    stride = kernel if stride is None else stride
    out = F.max_pool2d(x, kernel, stride, padding)
    padded = F.pad(x, (padding,) * 4, value=float("-inf"))
    return F.max_pool2d(padded, stride, stride)[:, :, : out.shape[2], : out.shape[3]]


@exercise.mistake(
    "The padding is left out, so your output is too small. Surround the image on every side first, with a number that never wins."
)
def padding_left_out(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x, kernel, stride)


@exercise.mistake(
    "You padded with a fixed number that some pixels lie below, so that it wins where it should not. Only minus infinity is below every number."
)
def padded_with_minus_one(x, kernel, stride=None, padding=0):
    return F.max_pool2d(F.pad(x, (padding,) * 4, value=-1.0), kernel, stride)


@exercise.mistake(
    "You pooled the absolute values. Pooling compares the numbers with their signs, and returns them with their signs: 3 beats -5."
)
def of_absolute_values(x, kernel, stride=None, padding=0):
    return F.max_pool2d(x.abs(), kernel, stride, padding)


@exercise.alternative
def loops(x, kernel, stride=None, padding=0):
    stride = kernel if stride is None else stride
    N, C, H, W = x.shape
    rows, columns = (H + 2 * padding - kernel) // stride + 1, (W + 2 * padding - kernel) // stride + 1
    out = x.new_empty(N, C, rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride - padding, j * stride - padding
            window = x[:, :, max(top, 0) : top + kernel, max(left, 0) : left + kernel]
            out[:, :, i, j] = window.flatten(2).max(2).values
    return out


@exercise.alternative
def running_maximum(x, kernel, stride=None, padding=0):
    stride = stride or kernel
    x = F.pad(x, (padding,) * 4, value=float("-inf"))
    rows, columns = (x.shape[2] - kernel) // stride + 1, (x.shape[3] - kernel) // stride + 1
    best = torch.full((*x.shape[:2], rows, columns), float("-inf"), dtype=x.dtype)
    for a in range(kernel):
        for b in range(kernel):
            shifted = x[:, :, a::stride, b::stride][:, :, :rows, :columns]
            best = torch.maximum(best, shifted)
    return best
