"""Add two arrays, and hand the gradient on to both."""

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=2,
    minutes=4,
    core=True,
    hints=(
        "The result is one line. The pull is a function inside the function: it sees a and b, and is called later with the gradient of the result.",
        "Both gradients are `grad` itself, summed back to the shape of its own input: you have just written what does that.",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array([1.0, 10.0]), np.array([2.0, 3.0]), np.array([5.0, 7.0])).named("(2, 3) + (5, 7)")
    yield Case(noise_array(3, 4), noise_array(3, 4, seed=1), noise_array(4, seed=2)).named(
        "a batch and a bias, (3, 4) + (4,)"
    )
    yield Case(noise_array(3, 4), noise_array(3, 1, seed=1), noise_array(1, 4, seed=2)).named(
        "a column and a row, (3, 1) + (1, 4)"
    )
    yield Case(noise_array(3, 3), noise_array(3, seed=1), noise_array(3, 3, seed=2)).named("(3,) + (3, 3)")
    yield Case(noise_array(2, 3), noise_array(2, 3, seed=1), noise_array(seed=2)).named(
        "an array and a number, (2, 3) + ()"
    )


exercise.edit(
    "broadcast_not_undone",
    "return unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "return grad, grad",
    "The gradients have the shape of the result, not those of the inputs. Where an input was broadcast its gradient must be summed back: unbroadcast.",
)
exercise.edit(
    "product_rule",
    "return unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "That is the pull of a product. In a sum neither input minds what the other is: both slopes are 1.",
)
exercise.edit(
    "one_shape_for_both",
    "unbroadcast(grad, b.shape)",
    "unbroadcast(grad, a.shape)",
    "Both gradients are summed to the shape of a. Each input has a shape of its own.",
)
exercise.edit(
    "ignores_what_arrives",
    "unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "np.ones_like(a), np.ones_like(b)",
    "Your pull returns ones, whatever it is given. The slope of a sum is 1, but the chain rule multiplies it by the gradient that arrives from above.",
)
exercise.edit(
    "shared_out",
    "unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "unbroadcast(grad / 2, a.shape), unbroadcast(grad / 2, b.shape)",
    "You share the gradient out between the two, half each. A gradient is no fixed amount to be divided: a change of a moves the result in full, and so does a change of b.",
)


@exercise.mistake(
    "Only the sum comes back. An operation of the engine returns two things, the result and its pull: `return a + b, pull`."
)
def no_pull(a, b):
    return a + b


exercise.edit(
    "gradients_exchanged",
    "return unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "return unbroadcast(grad, b.shape), unbroadcast(grad, a.shape)",
    "The two gradients are exchanged: a's comes first, in a's shape.",
)
exercise.edit(
    "undone_for_b_only",
    "unbroadcast(grad, a.shape), ",
    "grad, ",
    "Only b's gradient is summed back. Either input may have been broadcast, and sometimes both: (3, 1) + (1, 4).",
)
exercise.edit(
    "subtracted",
    "return a + b",
    "return a - b",
    "Your operation subtracts.",
)


@exercise.alternative
def with_a_lambda(a, b):
    return np.add(a, b), lambda grad: (unbroadcast(grad, np.shape(a)), unbroadcast(grad, np.shape(b)))


def to_shape(grad, like):
    padded = (1,) * (grad.ndim - like.ndim) + like.shape
    axes = tuple(i for i, size in enumerate(padded) if size == 1)
    return grad.sum(axis=axes, keepdims=True).reshape(like.shape)


@exercise.alternative
def with_its_own_sum(a, b):
    def pull(grad):
        return [to_shape(grad, a), to_shape(grad, b)]

    return b + a, pull
