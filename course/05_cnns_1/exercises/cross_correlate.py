"""Slide a kernel over an image and sum the products."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=10,
    core=True,
    hints=(
        "Do it on paper for the 3x3 image and the 2x2 kernel first. How many places can the kernel stand in without "
        "leaving the image?",
        "Output pixel (i, j) needs one patch of the image: the one whose top-left corner is (i, j) and whose shape is the "
        "kernel's. Slice it, multiply it with the kernel entry by entry, and add up.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    ramp = torch.arange(9, dtype=torch.float64).reshape(3, 3)
    yield Case(ramp, torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64)).named("a 3x3 ramp and a 2x2 kernel")
    yield Case(noise(5, 7), noise(3, 3, seed=1)).named("a 5x7 image and a 3x3 kernel")
    yield Case(noise(6, 4), noise(2, 3, seed=1)).named("a 6x4 image and a 2x3 kernel")
    yield Case(noise(3, 5), noise(3, 5, seed=1)).named("a kernel as large as the image")
    yield Case(noise(4, 5), noise(1, 1, seed=1)).named("a 1x1 kernel")


@exercise.mistake(
    "You turned the kernel round by 180 degrees before sliding it: that is the convolution of mathematics. "
    "Cross-correlation, which deep learning calls convolution, slides the kernel as it stands; a learned kernel "
    "does not care which of the two it is, a check does."
)
def flipped_kernel(image, kernel):
    return F.conv2d(image[None, None], kernel.flip(0, 1)[None, None])[0, 0]


@exercise.mistake(
    "You multiplied patch and kernel as matrices (@). Cross-correlation multiplies entry by entry (*) and then sums; "
    "the matrix product mixes entries of different rows and columns, and only exists for square patches."
)
def matrix_product(image, kernel):
    h, w = kernel.shape
    rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
    return torch.stack(
        [torch.stack([(image[i : i + h, j : j + w] @ kernel).sum() for j in range(columns)]) for i in range(rows)]
    )


@exercise.mistake(
    "Your output misses its last row and its last column. A kernel of height h stands at rows 0, 1, ..., H - h of the "
    "image, and that is H - h + 1 places: count the fence posts, not the gaps between them."
)
def fence_post(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0, :-1, :-1]


@exercise.mistake(
    "You padded the image with zeros, so that the output is as large as the image. This exercise asks for the places "
    "where the whole kernel lies inside the image; padding comes later today."
)
def zero_padded(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None], padding="same")[0, 0]


@exercise.mistake(
    "You took the mean of the products where the definition takes their sum: your output is too small by a factor "
    "h·w, the number of entries of the kernel. An average is the special case in which every entry of the kernel is 1/(h·w)."
)
def mean_of_products(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0] / kernel.numel()


@exercise.mistake(
    "Rows and columns of the output are exchanged. The first index of an image runs down (rows), the second runs to "
    "the right (columns), so out[i, j] belongs to the patch image[i : i + h, j : j + w]."
)
def transposed_output(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0].T


@exercise.mistake(
    "You kept the largest product of each patch. That is close to a pooling; a cross-correlation adds all h·w products up."
)
def largest_product(image, kernel):
    h, w = kernel.shape
    return (image.unfold(0, h, 1).unfold(1, w, 1) * kernel).amax((-2, -1))


exercise.edit(
    "product_with_transposed_kernel",
    "(image[i : i + h, j : j + w] * kernel)",
    "(image[i : i + h, j : j + w] @ kernel.T)",
    "You multiplied patch and kernel as matrices, patch @ kernel.T, and summed everything: that multiplies each row of the patch with every row "
    "of the kernel. Cross-correlation multiplies entry by entry (*), row a with row a only.",
)
exercise.edit(
    "turned_kernel_of_matrices",
    "* kernel).sum()",
    "* kernel.T).sum()",
    "You laid the kernel on the patch with its rows and columns exchanged. k[a, b] belongs to image[i + a, j + b]: the kernel slides as it stands.",
)
exercise.edit(
    "padded_by_half_a_kernel",
    "    h, w = kernel.shape\n",
    "    from torch.nn.functional import pad\n\n    h, w = kernel.shape\n    image = pad(image, (w // 2, w // 2, h // 2, h // 2))\n",
    "You padded the image with zeros by half a kernel on every side. This exercise asks for the places where the whole kernel lies inside the "
    "image; padding comes later today.",
)
exercise.edit(
    "batch_axes_left",
    "return out",
    "return out[None, None]",
    "Your numbers are right, and two axes of length 1 are left in front: F.conv2d and its like need a batch and a channel axis, an image here "
    "has none. Take [0, 0] of the result.",
)


@exercise.alternative
def shifted_images(image, kernel):
    h, w = kernel.shape
    rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
    return sum(kernel[a, b] * image[a : a + rows, b : b + columns] for a in range(h) for b in range(w))


@exercise.alternative
def windows_and_einsum(image, kernel):
    h, w = kernel.shape
    windows = image.unfold(0, h, 1).unfold(1, w, 1)
    return torch.einsum("ijab,ab->ij", windows, kernel)
