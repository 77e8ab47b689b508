"""Sum a gradient back to the shape that an input had before broadcasting."""

import numpy as np

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=3,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "Two kinds of axes have to be summed. How many were put in front is the difference of the two numbers of axes; and they always come first.",
        "Sum over the first grad.ndim - len(shape) axes. What remains has as many axes as `shape`: sum over those for which `shape` says 1, with keepdims=True.",
    ),
)


@exercise.cases
def cases():
    small = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    yield Case(small, (3,)).named("(2, 3) to (3,): an axis was put in front")
    yield Case(small, (2, 1)).named("(2, 3) to (2, 1): an axis was stretched")
    yield Case(small, ()).named("(2, 3) to (): both axes were put in front")
    yield Case(small, (2, 3)).named("(2, 3) to (2, 3): nothing was broadcast")
    yield Case(noise_array(4, 2, 3), (1, 3)).named("(4, 2, 3) to (1, 3): both at once")
    yield Case(noise_array(2, 3, 2, 4), (3, 1, 4)).named("(2, 3, 2, 4) to (3, 1, 4)")
    yield Case(noise_array(3, 3), (3,)).named("(3, 3) to (3,): a square, where only one axis is right")
    yield Case(noise_array(1, 3), (3,)).named("(1, 3) to (3,): an axis of length 1 was put in front")
    yield Case(noise_array(5), (1,)).named("(5,) to (1,)")


exercise.edit(
    "mean",
    "grad.sum(",
    "grad.mean(",
    "You took a mean. Every copy contributed to the loss, and contributions add: a bias that served 600 samples collects 600 gradients.",
    count=2,
)
exercise.edit(
    "axis_lost",
    "axis=stretched, keepdims=True",
    "axis=stretched",
    "The stretched axes are gone. An input of shape (2, 1) needs a gradient of shape (2, 1): sum them with keepdims=True.",
)
exercise.edit(
    "front_kept",
    "axis=tuple(range(grad.ndim - len(shape)))",
    "axis=tuple(range(grad.ndim - len(shape))), keepdims=True",
    "The axes that were put in front are still there, with length 1. The input never had them: sum them away, without keepdims.",
)


@exercise.mistake(
    "Only the axes in front are summed. An axis of length 1 that was stretched has its gradient spread over all the copies, too: sum those to length 1."
)
def only_the_front(grad, shape):
    return grad.sum(axis=tuple(range(grad.ndim - len(shape))))


@exercise.mistake("You took the first of the copies. They all were used, each with a gradient of its own: add them.")
def first_copy(grad, shape):
    grad = grad[(0,) * (grad.ndim - len(shape))]
    return grad[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


@exercise.mistake(
    "You sum the axes at the end where those in front are meant. Broadcasting compares shapes from the right, so what is missing is missing on the "
    "left; in a square array nobody would notice."
)
def axes_at_the_end(grad, shape):
    extra = grad.ndim - len(shape)
    grad = grad.sum(axis=tuple(range(len(shape), grad.ndim)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return grad.sum(axis=stretched, keepdims=True) if extra or stretched else grad


exercise.edit(
    "largest_copy",
    ("grad.sum(axis=tuple(range(grad.ndim - len(shape))))", "grad.sum(axis=stretched, keepdims=True)"),
    ("grad.max(axis=tuple(range(grad.ndim - len(shape))))", "grad.max(axis=stretched, keepdims=True)"),
    "You took the largest of the copies' gradients. They all were used: add them.",
)
exercise.edit(
    "cut_to_size",
    "return grad.sum(axis=stretched, keepdims=True)",
    "return np.resize(grad, shape)",
    "You cut the array to the right shape. Nothing is summed then: every copy was used, and their gradients add up.",
)


@exercise.alternative
def axis_by_axis(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis, keepdims=True)
    return np.asarray(grad)


@exercise.alternative
def by_reshape(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (long, short) in enumerate(zip(grad.shape, padded, strict=True)) if long != short)
    return np.sum(grad, axis=axes, keepdims=True).reshape(shape)
