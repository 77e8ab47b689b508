"""The sum, whose pull is a broadcast."""

import builtins

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Over everything, `grad` is a single number and every entry of `a` gets it. What has `grad` lost if you summed over one axis only?",
        "np.expand_dims(grad, axis) puts the lost axis back with length 1; np.broadcast_to(..., a.shape) spreads it out. The pull returns a tuple.",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array(10.0), np.array([1.0, 2.0, 4.0])).named("1 + 2 + 4")
    yield Case(np.array(-0.5), noise_array(2, 3)).named("all of (2, 3)")
    yield Case(noise_array(3, seed=1), noise_array(2, 3), axis=0).named("(2, 3) over axis 0")
    yield Case(noise_array(2, seed=1), noise_array(2, 3), axis=1).named("(2, 3) over axis 1")
    yield Case(noise_array(3, seed=1), noise_array(3, 3), axis=1).named("(3, 3) over axis 1")
    yield Case(noise_array(2, 4, seed=1), noise_array(2, 3, 4), axis=1).named("(2, 3, 4) over axis 1")
    yield Case(noise_array(3, seed=1), noise_array(3, 3), axis=-1).named("(3, 3) over the last axis, -1")


exercise.edit(
    "ones",
    "np.broadcast_to(grad, a.shape)",
    "np.broadcast_to(0 * grad + 1, a.shape)",
    "Your pull returns ones, whatever it is given. The slope is 1; multiply by the gradient that arrives.",
)
exercise.edit(
    "shared_out",
    "np.broadcast_to(grad, a.shape)",
    "np.broadcast_to(grad, a.shape) * np.size(grad) / np.size(a)",
    "You share the gradient out among the entries: that is the pull of a mean. In a sum every entry moves the result in full, so each gets the whole gradient.",
)
exercise.edit(
    "not_spread",
    "np.broadcast_to(grad, a.shape)",
    "grad",
    "The gradient still has the shape of the sum. Every entry of the input needs one: spread it to the input's shape.",
)
exercise.edit(
    "axis_not_put_back",
    "if axis is not None:",
    "if axis is not None and a.shape[-1] != np.shape(grad)[-1]:",
    "You spread the gradient out without putting the lost axis back. Broadcasting then lines it up from the right, which is another axis; in a square array even the shape looks "
    "right. np.expand_dims(grad, axis) first.",
)
exercise.edit(
    "axis_ignored",
    "return a.sum(axis=axis), pull",
    "return a.sum(), pull",
    "The result is always the sum over everything: `axis` is not handed on.",
)


@exercise.mistake("You averaged. A mean is a sum divided by the number of entries; here the sum itself is asked for.")
def mean(a, axis=None):
    def pull(grad):
        whole = grad if axis is None else np.expand_dims(grad, axis)
        return (np.broadcast_to(whole, a.shape) / (a.size / np.size(grad)),)

    return a.mean(axis=axis), pull


exercise.mistake(
    "This is Python's own `sum`: yours was deleted when the engine took it over as `total`. Run the cell that defines yours once more, then this one, then the one below."
)(builtins.sum)


exercise.edit(
    "not_a_tuple",
    "return (np.broadcast_to(grad, a.shape),)",
    "return np.broadcast_to(grad, a.shape)",
    "Your pull returns the array itself. The engine expects a tuple with one gradient for each input, and would take the rows of your array for gradients: write (gradient,), with the comma.",
)
exercise.edit(
    "mean_taken",
    "a.sum(axis=axis)",
    "a.mean(axis=axis)",
    "Your result is the mean. Add up, and do not divide.",
)
exercise.edit(
    "axis_kept",
    "a.sum(axis=axis)",
    "a.sum(axis=axis, keepdims=True)",
    "The axis that was summed is still there, with length 1. The result lacks it; the pull puts it back.",
)
exercise.edit(
    "times_the_input",
    "np.broadcast_to(grad, a.shape)",
    "np.broadcast_to(grad, a.shape) * a",
    "Your pull multiplies by the input. Every entry enters its sum with the factor 1.",
)
exercise.edit(
    "first_axis_by_default",
    "axis: int | None = None",
    "axis: int | None = 0",
    "Without an axis you sum over the first one. The default, None, means all entries.",
)


@exercise.alternative
def by_ones(a, axis=None):
    def pull(grad):
        kept = np.sum(a, axis=axis, keepdims=True).shape
        return (np.ones(a.shape) * np.reshape(grad, kept),)

    return np.sum(a, axis=axis), pull


@exercise.alternative
def by_repeating(a, axis=None):
    if axis is None:
        return a.sum(), lambda grad: [np.full(a.shape, grad)]
    return a.sum(axis), lambda grad: [np.repeat(np.expand_dims(grad, axis), a.shape[axis], axis)]
