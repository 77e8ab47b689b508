"""ReLU: the gradient passes where the input was positive."""

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=1,
    minutes=3,
    hints=(
        "The pull is called after the forward pass and still sees `a`. Where did `a` let something through?",
        "(a > 0) is an array of True and False, which multiply as 1 and 0. And one gradient in a tuple is written (gradient,).",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array([1.0, 10.0, 100.0]), np.array([2.0, -3.0, 0.0])).named("2, -3 and 0")
    yield Case(noise_array(3, 4), noise_array(3, 4, seed=1)).named("(3, 4)")
    yield Case(-np.abs(noise_array(2, 3)), noise_array(2, 3, seed=2)).named("negative gradients")
    yield Case(noise_array(2, 2, 3), 5 * noise_array(2, 2, 3, seed=3)).named("(2, 2, 3)")


exercise.edit(
    "nothing_stopped",
    "np.where(positive, grad, 0.0)",
    "grad",
    "The whole gradient passes. Where the input was negative the output is 0 however the input moves, so no gradient may pass there.",
)
exercise.edit(
    "one_at_zero",
    "a > 0",
    "a >= 0",
    "At an input of exactly 0 you let the gradient pass. Any number from 0 to 1 could be defended there; the exercise, like PyTorch, takes 0.",
)
exercise.edit(
    "mask_of_the_gradient",
    "np.where(positive, grad, 0.0)",
    "np.where(grad > 0, grad, 0.0)",
    "You asked where the *gradient* is positive. It is the sign of the input that decides, as it was in the forward pass. (A gradient like yours has been used "
    "to draw saliency maps, under the name of deconvnet; it is not the derivative.)",
)
exercise.edit(
    "times_the_input",
    "np.where(positive, grad, 0.0)",
    "grad * np.maximum(a, 0)",
    "You multiplied by the output. The slope of max(0, a) where a is positive is 1, not a.",
)
exercise.edit(
    "not_a_tuple",
    "return (np.where(positive, grad, 0.0),)",
    "return np.where(positive, grad, 0.0)",
    "Your pull returns the array itself. The engine expects a tuple with one gradient for each input, and would take the rows of your array for gradients: write (gradient,), with the comma.",
)


@exercise.mistake("The result is not a ReLU: it is the absolute value. Below 0 the output is 0.")
def absolute_value(a):
    return np.abs(a), lambda grad: (grad * np.sign(a),)


exercise.edit(
    "half_at_zero",
    "np.where(positive, grad, 0.0)",
    "np.where(positive, grad, np.where(a == 0, grad / 2, 0.0))",
    "At an input of exactly 0 you let half of the gradient pass. Any number from 0 to 1 could be defended there; the exercise, like PyTorch, takes 0.",
)
exercise.edit(
    "ignores_what_arrives",
    "np.where(positive, grad, 0.0)",
    "np.where(positive, 1.0, 0.0)",
    "Your pull returns the slope alone. The chain rule multiplies it by the gradient that arrives.",
)
exercise.edit(
    "absolute_value_forward",
    "np.where(positive, a, 0.0), pull",
    "np.abs(a), pull",
    "Your result is the absolute value. A ReLU makes negative numbers 0.",
)
exercise.edit(
    "leaky",
    "np.where(positive, grad, 0.0)",
    "np.where(positive, grad, 0.01 * grad)",
    "Your pull lets a hundredth of the gradient pass where the input is negative, as a leaky ReLU does. This one has the slope 0 there.",
)
exercise.edit(
    "input_overwritten",
    "return np.where(positive, a, 0.0), pull",
    "a[~positive] = 0\n    return a, pull",
    "You wrote the zeros into the input itself. Whoever made it still needs it: return a new array.",
)


@exercise.alternative
def by_the_mask(a):
    return np.maximum(a, 0), lambda grad: [grad * (a > 0)]


@exercise.alternative
def from_the_output(a):
    out = np.clip(a, 0, None)

    def pull(grad):
        return (grad * np.sign(out),)

    return out, pull
