"""ReLU: the gradient passes where the input was positive."""

import numpy as np

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="ReLU",
    difficulty=1,
    minutes=3,
    move_on=6,
    part="morning",
    hints=(
        "The pull is called after the forward pass and still sees `a`. Where did `a` let something through?",
        "(a > 0) is an array of True and False, which multiply as 1 and 0. And one gradient in a tuple is written (gradient,).",
    ),
)


@exercise.probe
def probe(candidate, case):
    grad, *inputs = case.args
    before = [one.copy() for one in inputs]
    answer = candidate(*inputs, **case.kwargs)
    if not isinstance(answer, tuple) or len(answer) != 2:
        return {"returned": type(answer).__name__}
    gradients = answer[1](grad)
    if not isinstance(gradients, tuple | list):
        return {"the pull returned": type(gradients).__name__}
    return {
        "out": np.asarray(answer[0], dtype=float),
        "gradients": [np.asarray(one, dtype=float) for one in gradients],
        "inputs left as they were": all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True)),
    }


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@exercise.cases
def cases():
    yield Case(np.array([1.0, 10.0, 100.0]), np.array([2.0, -3.0, 0.0])).named("2, -3 and 0")
    yield Case(noise(3, 4), noise(3, 4, seed=1)).named("(3, 4)")
    yield Case(-np.abs(noise(2, 3)), noise(2, 3, seed=2)).named("negative gradients")
    yield Case(noise(2, 2, 3), 5 * noise(2, 2, 3, seed=3)).named("(2, 2, 3)")


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


@exercise.alternative
def by_the_mask(a):
    return np.maximum(a, 0), lambda grad: [grad * (a > 0)]


@exercise.alternative
def from_the_output(a):
    out = np.clip(a, 0, None)

    def pull(grad):
        return (grad * np.sign(out),)

    return out, pull
