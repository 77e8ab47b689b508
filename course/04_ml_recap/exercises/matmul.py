"""The two matrix products in the backward pass of a matrix product."""

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=3,
    minutes=7,
    core=True,
    hints=(
        "Do it with indices first: in which entries of Z does A_il occur, and with which factor? Sum over those.",
        "The sum over j of grad_ij B_lj is a row of grad times a row of B, so B must be transposed; for B's gradient the sum runs over the rows of both A and grad.",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array([[1.0]]), np.array([[2.0, 3.0]]), np.array([[5.0], [7.0]])).named("a row times a column")
    yield Case(
        np.array([[1.0, 0.0], [0.0, 10.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [2.0, 5.0]])
    ).named("two 2x2 matrices")
    yield Case(noise_array(3, 2), noise_array(3, 4, seed=1), noise_array(4, 2, seed=2)).named("(3, 4) @ (4, 2)")
    yield Case(noise_array(3, 3), noise_array(3, 3, seed=1), noise_array(3, 3, seed=2)).named(
        "squares, where every order has a shape that fits"
    )
    yield Case(noise_array(1, 5), noise_array(1, 3, seed=1), noise_array(3, 5, seed=2)).named("(1, 3) @ (3, 5)")


exercise.edit(
    "not_transposed",
    "return grad @ b.T, a.T @ grad",
    "return grad @ (b if b.shape[0] == b.shape[1] else b.T), (a if a.shape[0] == a.shape[1] else a.T) @ grad",
    "For square matrices you leave out the transposes, since the shapes fit without. The indices do not: the gradient of A_il sums over the "
    "columns of B's row l.",
)
exercise.edit(
    "entry_by_entry",
    "return grad @ b.T, a.T @ grad",
    "return (grad[:, None, :] * b).mean(2), (a[:, :, None] * grad[:, None, :]).mean(0)",
    "You averaged where the chain rule sums: each entry of A serves a whole row of Z, and what comes from there adds up.",
)
exercise.edit(
    "exchanged",
    "return grad @ b.T, a.T @ grad",
    "return a.T @ grad, grad @ b.T",
    "Both gradients are right and in the other order: a's comes first.",
)
exercise.edit(
    "transposed_gradients",
    "return grad @ b.T, a.T @ grad",
    "return (grad @ b.T).T, (a.T @ grad).T",
    "Both gradients are transposed. A gradient has the shape of its input, entry by entry.",
)
exercise.edit(
    "ignores_what_arrives",
    "return grad @ b.T, a.T @ grad",
    "return np.ones_like(grad) @ b.T, a.T @ np.ones_like(grad)",
    "Your pull does not look at the gradient that it is given; it works as if all of it were ones. The chain rule multiplies by what arrives.",
)


exercise.edit(
    "mean_over_rows",
    "a.T @ grad",
    "a.T @ grad / len(a)",
    "b's gradient is divided by the number of rows. Each row used the same b, so their contributions add up.",
)
exercise.edit(
    "second_transposed",
    "a.T @ grad",
    "grad.T @ a",
    "b's gradient comes out transposed: grad.T @ a is the transpose of a.T @ grad.",
)
exercise.edit(
    "first_transposed",
    "grad @ b.T",
    "b @ grad.T",
    "a's gradient comes out transposed: b @ grad.T is the transpose of grad @ b.T.",
)
exercise.edit(
    "result_transposed",
    "return a @ b, pull",
    "return (a @ b).T, pull",
    "Your result is transposed. It is a @ b as it stands.",
)
exercise.edit(
    "a_left_out",
    "a.T @ grad",
    "np.broadcast_to(grad.sum(0), b.shape)",
    "a is missing from b's gradient: the entry of a with which an entry of b was multiplied is its factor.",
)


@exercise.alternative
def by_einsum(a, b):
    def pull(grad):
        return np.einsum("ij,lj->il", grad, b), np.einsum("il,ij->lj", a, grad)

    return np.einsum("il,lj->ij", a, b), pull


@exercise.alternative
def by_transposes(a, b):
    return np.dot(a, b), lambda grad: [(b @ grad.T).T, (grad.T @ a).T]


@exercise.alternative
def by_outer_products(a, b):
    def pull(grad):
        return (grad[:, None, :] * b).sum(2), (a[:, :, None] * grad[:, None, :]).sum(0)

    return a @ b, pull
