"""Multiply two arrays: each factor's gradient holds the other."""

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=2,
    minutes=4,
    core=True,
    hints=(
        "Hold b still and move one entry of a: by how much does the product move? Then multiply by the gradient that arrives.",
        "grad * b is the gradient of a in the shape of the result. Undo the broadcast afterwards, not before: b is not the same everywhere.",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array([1.0, 10.0]), np.array([2.0, 3.0]), np.array([5.0, 7.0])).named("(2, 3) * (5, 7)")
    yield Case(noise_array(3, 4), noise_array(3, 4, seed=1), noise_array(4, seed=2)).named("(3, 4) * (4,)")
    yield Case(noise_array(3, 4), noise_array(3, 1, seed=1), noise_array(1, 4, seed=2)).named(
        "a column and a row, (3, 1) * (1, 4)"
    )
    yield Case(noise_array(3, 3), noise_array(3, seed=1), noise_array(3, 3, seed=2)).named("(3,) * (3, 3)")
    yield Case(noise_array(2, 3), noise_array(2, 3, seed=1), noise_array(seed=2)).named(
        "an array and a number, (2, 3) * ()"
    )


exercise.edit(
    "own_factor",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return unbroadcast(grad * (a + 0 * b), a.shape), unbroadcast(grad * (b + 0 * a), b.shape)",
    "Each gradient holds its own factor. The derivative of ab with respect to a is b: the *other* one.",
)
exercise.edit(
    "broadcast_not_undone",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return grad * b, grad * a",
    "The gradients have the shape of the result. Where an input was broadcast its gradient must be summed back to the input's shape.",
)
exercise.edit(
    "undone_too_early",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return unbroadcast(unbroadcast(grad, a.shape) * b, a.shape), unbroadcast(unbroadcast(grad, b.shape) * a, b.shape)",
    "You summed the incoming gradient before you multiplied. The other factor differs from place to place, so each place needs its own product first: a sum of products is not a product of sums.",
)
exercise.edit(
    "ignores_what_arrives",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return unbroadcast(b + 0 * grad, a.shape), unbroadcast(a + 0 * grad, b.shape)",
    "That is the slope of this operation alone. The chain rule multiplies it by the gradient that arrives.",
)
exercise.edit(
    "as_a_sum",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)",
    "That is the pull of a sum. In a product a change of a counts b times.",
)


exercise.edit(
    "gradients_exchanged",
    "return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)",
    "return unbroadcast(grad * a, b.shape), unbroadcast(grad * b, a.shape)",
    "The two gradients are exchanged: a's comes first, and it is grad times b.",
)
exercise.edit(
    "undone_for_the_other_too_early",
    "unbroadcast(grad * a, b.shape)",
    "unbroadcast(grad, b.shape) * a",
    "For b you undo the broadcast first and multiply afterwards. The other factor differs from place to place: multiply first, then sum.",
)
exercise.edit(
    "result_summed",
    "return a * b, pull",
    "return (a * b).sum(), pull",
    "You summed the products. The operation multiplies entry by entry, and the sum is another operation.",
)


@exercise.alternative
def from_full_arrays(a, b):
    full_a, full_b = np.broadcast_arrays(a, b)

    def pull(grad):
        return unbroadcast(full_b * grad, a.shape), unbroadcast(full_a * grad, b.shape)

    return full_a * full_b, pull


@exercise.alternative
def with_a_list(a, b):
    def pull(grad):
        pairs = ((a, b), (b, a))
        return [unbroadcast(np.multiply(grad, other), one.shape) for one, other in pairs]

    return np.multiply(a, b), pull
