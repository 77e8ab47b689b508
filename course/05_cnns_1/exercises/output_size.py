"""How many places a kernel has along one axis."""

import math

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=15,
    core=True,
    hints=(
        "Put the three knobs in one at a time. Padding makes the axis longer; dilation makes the kernel longer; only "
        "then does the stride step.",
        "A kernel of k taps with d - 1 gaps between neighbours spans d·(k - 1) + 1 pixels. The first place is 0; how "
        "many whole strides fit between it and the last place that keeps the kernel inside?",
    ),
)


@exercise.cases
def cases():
    yield Case(5, 3).named("size 5, kernel 3")
    yield Case(28, 5, padding=2).named("LeNet's first layer: size 28, kernel 5, padding 2")
    yield Case(28, 2, stride=2).named("a 2x2 pooling with stride 2 on size 28")
    yield Case(8, 3, stride=2).named("size 8, kernel 3, stride 2: the last pixel is never reached")
    yield Case(7, 3, dilation=2).named("size 7, kernel 3, dilation 2")
    yield Case(10, 4, stride=3, padding=1, dilation=2).named("size 10, kernel 4, stride 3, padding 1, dilation 2")
    yield Case(11, 4, 2, 3, 3).named("size 11, kernel 4, stride 2, padding 3, dilation 3")
    yield Case(6, 1, stride=4).named("size 6, kernel 1, stride 4")
    yield Case(224, 7, stride=2, padding=3).named("ResNet's first layer: size 224, kernel 7, stride 2, padding 3")


@exercise.mistake(
    "You pad one side only. The padding p is added before the first pixel and again after the last one, so the axis "
    "grows by 2p."
)
def one_sided_padding(size, kernel, stride=1, padding=0, dilation=1):
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@exercise.mistake(
    "You leave the dilation out. A kernel of k taps whose neighbours stand d pixels apart spans d·(k - 1) + 1 pixels, "
    "not k."
)
def no_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - kernel) // stride + 1


@exercise.mistake(
    "You take d·k for the span of a dilated kernel. Between k taps there are only k - 1 steps of length d, and the "
    "first tap takes one pixel: d·(k - 1) + 1."
)
def dilated_span(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * kernel) // stride + 1


@exercise.mistake(
    "You round up. A last step that would carry the kernel over the edge is not taken, so the quotient is rounded "
    "down. (Pooling layers have an option ceil_mode that does round up.)"
)
def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    return math.ceil((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@exercise.mistake(
    "Your answer is one too small: you count the steps between places, not the places. The kernel already stands in "
    "one place before its first step, hence the + 1 after the division."
)
def steps_not_places(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@exercise.mistake(
    "You add the 1 before you divide by the stride. The 1 is the place in which the kernel stands before its first "
    "step, so it is added after the number of steps has been rounded down."
)
def one_added_early(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@exercise.mistake(
    "Your answer is a float: / always gives one in Python. A size must be an int, so divide with //, which also rounds down."
)
def true_division(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@exercise.mistake(
    "Your span of a kernel is one pixel short: d·(k - 1) counts the steps between its taps, and the first tap takes a pixel of its own, so it "
    "spans d·(k - 1) + 1."
)
def span_without_first_tap(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride + 1


@exercise.mistake(
    "You round to the nearest whole number. A last step that would carry the kernel over the edge is not taken, so the quotient is always "
    "rounded down."
)
def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@exercise.mistake(
    "Your answer is a tuple with one number in it: there is a comma after it. Return the whole number itself."
)
def in_a_tuple(size, kernel, stride=1, padding=0, dilation=1):
    return ((size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1,)


@exercise.alternative
def count_the_places(size, kernel, stride=1, padding=0, dilation=1):
    last = size + 2 * padding - (dilation * (kernel - 1) + 1)
    return len(range(0, last + 1, stride))


@exercise.alternative
def slide_along(size, kernel, stride=1, padding=0, dilation=1):
    places, left = 0, -padding
    while left + dilation * (kernel - 1) < size + padding:
        places, left = places + 1, left + stride
    return places
