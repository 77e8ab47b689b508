"""Write four 3x3 kernels down from what each must do to a ramp and a bowl."""

import torch

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=15,
    move_on=25,
    hints=(
        "Write the central difference along one axis first, as three numbers in a column. Which three numbers in a row "
        "average with weights 1 : 2 : 1? A 3x3 kernel can be the outer product of the two.",
        "Test each candidate on the 3x3 ramps i and j and on the bowl i² + j², with i and j in -1, 0, 1: the sum of "
        "the products must be what the table asks. For the diagonal use the chain rule: a derivative along a unit "
        "vector is a weighted sum of the derivatives along the axes.",
    ),
    probe=probes.value(),
)


@exercise.cases
def cases():
    yield Case()


def stack(scale=1 / 8, sign=1.0, diagonal=2**-0.5, laplacian=((0, 1, 0), (1, -4, 1), (0, 1, 0))):
    down = sign * scale * torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
    return torch.stack([down, down.T, diagonal * (down + down.T), torch.tensor(laplacian, dtype=torch.float32)])


@exercise.mistake(
    "Your derivatives are too large by a factor 8. On a ramp that grows by 1 per row the first kernel must give 1: the "
    "central difference spans two rows (divide by 2), and the weights 1 + 2 + 1 sum to 4 (divide by 4).",
    value=True,
)
def not_normalised():
    return stack(scale=1.0)


@exercise.mistake(
    "Your derivatives have the wrong sign, as if the kernel were to be flipped (convolution) before use. A "
    "cross-correlation uses it as it stands: for a positive answer where the image grows downwards, the positive "
    "weights stand in the bottom row.",
    value=True,
)
def opposite_sign():
    return stack(sign=-1.0)


@exercise.mistake(
    "Kernels 0 and 1 are exchanged. Kernel 0 must answer to change from row to row, so its weights differ between "
    "rows; a kernel whose columns differ measures change to the right and sees the fault, not the layering.",
    value=True,
)
def axes_exchanged():
    return stack()[[1, 0, 2, 3]]


@exercise.mistake(
    "Your diagonal kernel is the plain sum of the first two. The vector (1, 1) has length √2, and a derivative per "
    "pixel travelled along the diagonal needs the unit vector: divide by √2.",
    value=True,
)
def diagonal_not_unit():
    return stack(diagonal=1.0)


@exercise.mistake(
    "Your diagonal kernel points down and to the left (or up and to the right): the derivative to the right enters it "
    "with a minus. Down and right is the sum of the two derivatives, over √2.",
    value=True,
)
def other_diagonal():
    down, right, _, laplacian = stack()
    return torch.stack([down, right, (down - right) / 2**0.5, laplacian])


@exercise.mistake(
    "Your Laplacian uses all eight neighbours. That is also a discrete Laplacian, up to a factor 3, but on the bowl "
    "i² + j² it gives 12; the table asks for the one on the centre and its four nearest neighbours, which gives 4.",
    value=True,
)
def eight_neighbours():
    return stack(laplacian=((1, 1, 1), (1, -8, 1), (1, 1, 1)))


@exercise.mistake(
    "Your Laplacian has the opposite sign. The Laplacian of the bowl i² + j² is +4, so the centre, which is lowest, has "
    "the weight -4 and its neighbours +1. (The kernel with +4 in the middle sharpens; it is minus the Laplacian.)",
    value=True,
)
def negative_laplacian():
    return stack(laplacian=((0, -1, 0), (-1, 4, -1), (0, -1, 0)))


@exercise.mistake(
    "Your derivatives are too large by a factor 4: the weights 1 + 2 + 1 of the average sum to 4, so divide by 4 as well.",
    value=True,
)
def average_not_normalised():
    return stack(scale=1 / 2)


@exercise.mistake(
    "Your derivatives are too large by a factor 2. The central difference spans two rows, from -1 to 1: divide by 2 as well as by 4.",
    value=True,
)
def difference_not_halved():
    return stack(scale=1 / 4)


@exercise.mistake(
    "Your diagonal kernel is the mean of the first two. The derivative along a unit vector is a sum weighted by the vector's components, and "
    "(1, 1)/√2 has the components 1/√2, not 1/2: a kernel of 1/2 gives 1 on i + j, where it must give √2.",
    value=True,
)
def diagonal_halved():
    return stack(diagonal=0.5)


@exercise.mistake(
    "Your diagonal kernel points up and to the right: the derivative downwards enters it with a minus. Down and right is the sum of the two "
    "derivatives, over √2.",
    value=True,
)
def up_and_to_the_right():
    down, right, _, laplacian = stack()
    return torch.stack([down, right, (right - down) / 2**0.5, laplacian])


@exercise.mistake(
    "You averaged across with equal weights (that is Prewitt's kernel). The table asks for the weights 1 : 2 : 1, which are Sobel's: the row "
    "through the pixel itself counts most.",
    value=True,
)
def prewitt():
    down = torch.tensor([[-1.0] * 3, [0.0] * 3, [1.0] * 3]) / 6
    return torch.stack([down, down.T, (down + down.T) / 2**0.5, stack()[3]])


@exercise.mistake(
    "Your Laplacian is too small by a factor 4: it is the mean of the neighbours minus the centre. On the bowl i² + j² that gives 1, and the "
    "table asks for 4: weights of 1 around -4.",
    value=True,
)
def laplacian_divided():
    return stack(laplacian=((0, 0.25, 0), (0.25, -1, 0.25), (0, 0.25, 0)))


@exercise.alternative(value=True)
def outer_products():
    difference, smooth = torch.tensor([-0.5, 0.0, 0.5]), torch.tensor([0.25, 0.5, 0.25])
    second = torch.tensor([1.0, -2.0, 1.0])
    middle = torch.tensor([0.0, 1.0, 0.0])
    down, right = torch.outer(difference, smooth), torch.outer(smooth, difference)
    return torch.stack(
        [down, right, (down + right) / 2**0.5, torch.outer(second, middle) + torch.outer(middle, second)]
    )


@exercise.alternative(value=True)
def entry_by_entry():
    kernels = torch.zeros(4, 3, 3)
    weights = torch.tensor([1.0, 2.0, 1.0]) / 8
    kernels[0, 2], kernels[0, 0] = weights, -weights
    kernels[1, :, 2], kernels[1, :, 0] = weights, -weights
    kernels[2] = (kernels[0] + kernels[1]) * 0.5**0.5
    kernels[3, 1] = kernels[3, :, 1] = 1
    kernels[3, 1, 1] = -4
    return kernels
