"""The three gradients of a convolution, without autograd."""

import torch
from torch.nn import functional as F
from torch.nn.grad import conv2d_input, conv2d_weight

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=4,
    minutes=25,
    move_on=40,
    hints=(
        "Forward, conv2d_unfold is Y = W U + b for every image of the batch: a linear layer. You derived the gradients of a "
        "linear layer of the recap of ML concepts. Which sums appear because W and b serve every image and every place?",
        "With G of shape (N, O, P): the kernel's gradient is G times U transposed, summed over the batch; W transposed times G "
        "is the gradient of the columns. Each pixel was copied into several columns, so it collects the sum of their "
        "gradients: F.fold is the adjoint of F.unfold and does that.",
    ),
    forbidden={
        name: "autograd derives for you; here you derive the three gradients, and may then compare with it."
        for name in ("autograd", "conv2d_input", "conv2d_weight", "convolution_backward", "vjp", "grad_and_value")
    },
)


def example(x_shape, weight_shape, stride=1, padding=0):
    x, weight = noise(*x_shape), noise(*weight_shape, seed=1)
    grad = noise(*F.conv2d(x, weight, None, stride, padding).shape, seed=2)
    return Case(grad, x, weight, stride=stride, padding=padding)


@exercise.cases
def cases():
    x = torch.tensor([1.0, 2, 3], dtype=torch.float64).reshape(1, 1, 1, 3)
    weight = torch.tensor([5.0, 7], dtype=torch.float64).reshape(1, 1, 1, 2)
    yield Case(torch.tensor([1.0, 10], dtype=torch.float64).reshape(1, 1, 1, 2), x, weight).named(
        "one row: x = (1, 2, 3), weight = (5, 7), grad_y = (1, 10)"
    )
    yield example((1, 1, 4, 5), (1, 1, 3, 2)).named("a 4x5 image and a 3x2 kernel")
    yield example((2, 1, 4, 4), (1, 1, 2, 2)).named("a batch of 2")
    yield example((1, 2, 5, 4), (3, 2, 2, 3)).named("two channels in, three out")
    yield example((1, 1, 5, 4), (2, 1, 3, 3), padding=1).named("padding 1")
    yield example((1, 2, 7, 5), (2, 2, 3, 3), stride=2).named("stride 2")
    yield example((2, 1, 8, 6), (2, 1, 3, 3), stride=2).named("stride 2, which leaves the last row and column unseen")
    yield example((3, 2, 9, 8), (4, 2, 3, 2), stride=3, padding=2).named("(3, 2, 9, 8), stride 3, padding 2")


@exercise.mistake(
    "grad_x: you correlated grad_y with the kernels as they stand. Pixel p was multiplied by tap a to make output p - a, so "
    "the gradient walks through the kernel in the opposite direction: turned by 180 degrees."
)
def kernel_not_flipped(grad_y, x, weight, stride=1, padding=0):
    grad_x = conv2d_input(x.shape, weight.flip(2, 3), grad_y, stride, padding)
    return grad_x, conv2d_weight(x, weight.shape, grad_y, stride, padding), grad_y.sum((0, 2, 3))


@exercise.mistake(
    "grad_weight and grad_bias: you averaged over the batch. The loss already holds its 1/N (it came in with grad_y), so "
    "every image adds its share in full: sum over the batch."
)
def mean_over_batch(grad_y, x, weight, stride=1, padding=0):
    grad_weight = conv2d_weight(x, weight.shape, grad_y, stride, padding) / len(x)
    return conv2d_input(x.shape, weight, grad_y, stride, padding), grad_weight, grad_y.sum((0, 2, 3)) / len(x)


@exercise.mistake(
    "grad_bias: you averaged over the pixels. The same bias was added to each of them, so it collects the gradient of all "
    "of them: a shared parameter's gradient is a sum."
)
def mean_over_pixels(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.sum(0).mean((1, 2)),
    )


@exercise.mistake(
    "grad_weight: only the first image of the batch enters. The kernel was used on every image, so the contributions of all "
    "N are added."
)
def first_image_only(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x[:1], weight.shape, grad_y[:1], stride, padding),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake(
    "grad_x still has the padding on it: it is larger than x. The zeros around the image are not part of the input, so "
    "their gradient is dropped: crop it (F.fold does so when it is told the padding)."
)
def padding_not_cropped(grad_y, x, weight, stride=1, padding=0):
    padded = F.pad(x, (padding,) * 4)
    return (
        conv2d_input(padded.shape, weight, grad_y, stride, 0),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake(
    "The gradients are all right, but come in the order (weight, x, bias). The exercise asks for (x, weight, bias), the "
    "order in which F.conv2d takes them."
)
def other_order(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake(
    "grad_bias is not summed over the batch. The same bias was added in every image, so it collects the gradient of all N images: sum over the axes "
    "0, 2 and 3, which leaves (O,)."
)
def bias_for_each_image(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.sum((2, 3)),
    )


@exercise.mistake("grad_bias: you averaged. A shared parameter's gradient is a sum, over images and places.")
def mean_over_everything(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.mean((0, 2, 3)),
    )


@exercise.mistake(
    "grad_weight alone is averaged over the batch. The loss already holds its 1/N (it came in with grad_y), so every image adds its share in full."
)
def weight_averaged_over_batch(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding) / len(x),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake("grad_bias is missing: the exercise asks for three gradients, in the order input, weight, bias.")
def no_bias(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
    )


@exercise.mistake(
    "grad_weight has the right numbers in the shape of the matrix, (O, C·h·w). A gradient has the shape of what it belongs to: reshape it to that of "
    "weight."
)
def weight_as_a_matrix(grad_y, x, weight, stride=1, padding=0):
    return (
        conv2d_input(x.shape, weight, grad_y, stride, padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding).flatten(1),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake(
    "grad_x: you need the transpose of weight.reshape(O, -1). weight.reshape(-1, O) has its shape but not its numbers: reshape cuts what lies in "
    "memory into new rows, .T exchanges the axes."
)
def reshaped_not_transposed(grad_y, x, weight, stride=1, padding=0):
    columns = weight.reshape(-1, len(weight)) @ grad_y.flatten(2)
    return (
        F.fold(columns, x.shape[2:], weight.shape[2:], padding=padding, stride=stride),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.sum((0, 2, 3)),
    )


@exercise.mistake(
    "grad_x is too small where the stride leaves the last rows or columns unseen. They get the gradient 0, but they are there: grad_x has the shape "
    "of x. (F.fold is told that shape; F.conv_transpose2d has output_padding for it.)"
)
def unseen_rows_missing(grad_y, x, weight, stride=1, padding=0):
    return (
        F.conv_transpose2d(grad_y, weight, stride=stride, padding=padding),
        conv2d_weight(x, weight.shape, grad_y, stride, padding),
        grad_y.sum((0, 2, 3)),
    )


@exercise.alternative
def scattered_back(grad_y, x, weight, stride=1, padding=0):
    padded = F.pad(x, (padding,) * 4)
    grad_padded, grad_weight = torch.zeros_like(padded), torch.zeros_like(weight)
    h, w = weight.shape[2:]
    for i in range(grad_y.shape[2]):
        for j in range(grad_y.shape[3]):
            window = (..., slice(i * stride, i * stride + h), slice(j * stride, j * stride + w))
            grad_padded[window] += torch.einsum("no,ocab->ncab", grad_y[:, :, i, j], weight)
            grad_weight += torch.einsum("no,ncab->ocab", grad_y[:, :, i, j], padded[window])
    H, W = x.shape[2:]
    return grad_padded[:, :, padding : padding + H, padding : padding + W], grad_weight, grad_y.sum((0, 2, 3))


@exercise.alternative
def tap_by_tap(grad_y, x, weight, stride=1, padding=0):
    padded = F.pad(x, (padding,) * 4)
    rows, columns = grad_y.shape[2:]
    grad_padded, grad_weight = torch.zeros_like(padded), torch.zeros_like(weight)
    for a in range(weight.shape[2]):
        for b in range(weight.shape[3]):
            down, across = (
                slice(a, a + stride * (rows - 1) + 1, stride),
                slice(b, b + stride * (columns - 1) + 1, stride),
            )
            grad_weight[:, :, a, b] = torch.einsum("noij,ncij->oc", grad_y, padded[:, :, down, across])
            grad_padded[:, :, down, across] += torch.einsum("noij,oc->ncij", grad_y, weight[:, :, a, b])
    inner = grad_padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return inner.contiguous(), grad_weight, grad_y.sum((0, 2, 3))
