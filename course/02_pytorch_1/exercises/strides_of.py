"""How far apart in memory the neighbours along each axis lie."""

import math

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "Take (2, 3, 4) and number the 24 entries in the order of memory. By how much does the number grow when the last index grows by 1? The middle one? The first?",
        "Go through the sizes from the last to the first and keep a running product, which begins at 1. Write it down *before* you multiply it by the size.",
    ),
)


@exercise.cases
def cases():
    yield Case((5,)).named("a vector of 5")
    yield Case((2, 3)).named("2 rows of 3")
    yield Case((4, 2, 3)).named("three axes")
    yield Case((3, 1, 7, 2)).named("four axes, one of length 1")


@exercise.mistake(
    "Your last axis is the slow one: you counted as Fortran does. In PyTorch the neighbours along the *last* axis lie side by side."
)
def column_major(shape):
    return tuple(math.prod(shape[:d]) for d in range(len(shape)))


@exercise.mistake("You counted bytes, as NumPy does. PyTorch counts entries, whatever their size.")
def in_bytes(shape):
    return tuple(4 * math.prod(shape[d + 1 :]) for d in range(len(shape)))


@exercise.mistake(
    "Your products include the axis itself. One step along an axis skips what lies *behind* it: the product of the later sizes."
)
def own_size_included(shape):
    return tuple(math.prod(shape[d:]) for d in range(len(shape)))


@exercise.mistake(
    "The numbers are right and stand in the reverse order: you went from the last axis to the first and must turn the list round."
)
def reversed_order(shape):
    return tuple(math.prod(shape[d + 1 :]) for d in reversed(range(len(shape))))


@exercise.mistake(
    "The stride of an axis is the product of *all* later sizes, not the next one alone; the two agree for a matrix only."
)
def next_size_only(shape):
    return (*shape[1:], 1)


@exercise.alternative
def by_products(shape):
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


@exercise.alternative
def ask_torch(shape):
    return torch.empty(shape).stride()


@exercise.alternative
def from_the_front(shape):
    step, strides = math.prod(shape), []
    for n in shape:
        step //= n
        strides.append(step)
    return tuple(strides)
