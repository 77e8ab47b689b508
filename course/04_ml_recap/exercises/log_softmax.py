"""Log-softmax without overflow, with its pull."""

import numpy as np

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=3,
    minutes=8,
    move_on=15,
    hints=(
        "Forwards it is log-sum-exp once more, along the last axis. Keep the axis (keepdims=True), so that it can be subtracted.",
        "Backwards the formula is there; exp(out) is the softmax p, and the sum of the incoming gradient runs along the last axis, for each row on its own.",
    ),
    probe=probes.vjp(),
)


@exercise.cases
def cases():
    yield Case(np.array([1.0, 0.0]), np.array([0.0, 0.0])).named("logits 0 and 0")
    yield Case(np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.array([[1.0, 2.0, 0.0], [-1.0, 0.5, 1.0]])).named(
        "two rows of three logits"
    )
    yield Case(noise_array(4, 5), 3 * noise_array(4, 5, seed=1)).named("four rows of five logits")
    yield Case(noise_array(2, 3), np.array([[1000.0, 1001.0, 999.0], [0.0, 1.0, 2.0]])).named(
        "logits near 1000 beside small ones"
    )
    yield Case(noise_array(2, 3, 4), noise_array(2, 3, 4, seed=1)).named("(2, 3, 4), where the last axis counts")
    yield Case(noise_array(3, 3), noise_array(3, 3, seed=2)).named("three rows of three logits")
    yield Case(np.array([1.0, 0.0]), np.array([0.0, 1000.0])).named("a class that is a thousand behind")


@exercise.mistake(
    "With logits near 1000 exp() overflows: the result is nan or minus infinity. Subtract each row's largest logit first."
)
def naive(a):
    out = a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
    return out, lambda grad: (grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)


@exercise.mistake(
    "You computed the softmax first and took its logarithm afterwards. A class that is far behind has underflown to 0 by then, and its logarithm is minus infinity: subtract the "
    "logarithm of the sum instead of dividing by the sum."
)
def log_of_softmax(a):
    p = np.exp(a - a.max(axis=-1, keepdims=True))
    p = p / p.sum(axis=-1, keepdims=True)
    return np.log(p), lambda grad: (grad - p * grad.sum(axis=-1, keepdims=True),)


exercise.edit(
    "softmax_pull",
    "(grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)",
    "(np.exp(out) * (grad - (grad * np.exp(out)).sum(axis=-1, keepdims=True)),)",
    "That is the pull of the softmax itself. For its logarithm one factor p is divided away again: what is left is the gradient minus p times the sum of the gradients.",
)
exercise.edit(
    "sum_over_everything",
    "grad.sum(axis=-1, keepdims=True)",
    "grad.sum()",
    "You summed the incoming gradient over the whole array. Each row has a softmax of its own: sum along the last axis.",
)
exercise.edit(
    "sum_forgotten",
    "np.exp(out) * grad.sum(axis=-1, keepdims=True)",
    "np.exp(out) * grad",
    "You subtract p times the gradient entry by entry. A logit changes *all* outputs of its row through the normalisation, so it collects the sum of their gradients.",
)
exercise.edit(
    "for_one_hot_only",
    "grad - np.exp(out) * grad.sum(axis=-1, keepdims=True)",
    "grad + np.exp(out)",
    "Your pull is right when the incoming gradients of a row sum to -1, as they do below a cross-entropy that is summed over the batch. With a mean over N examples they sum to -1/N, and elsewhere to "
    "anything: multiply p by their sum.",
)
exercise.edit(
    "first_axis",
    "axis=-1",
    "axis=0",
    "You normalise along the first axis, so that the examples of a batch compete with each other. The classes are along the last one.",
    count=3,
)


exercise.edit(
    "mean_of_the_gradient",
    "grad.sum(axis=-1, keepdims=True)",
    "grad.mean(axis=-1, keepdims=True)",
    "Your pull subtracts p times the *mean* of the row's gradient. It is the sum: a logit moves every output of its row.",
)
exercise.edit(
    "logarithm_in_the_pull",
    "np.exp(out) *",
    "out *",
    "Your pull uses the logarithm of p where p itself belongs: np.exp(out).",
)
exercise.edit(
    "plus_in_the_pull",
    "grad - np.exp(out)",
    "grad + np.exp(out)",
    "Your pull adds p times the sum. The normalisation takes away: a minus.",
)
exercise.edit(
    "probabilities_out",
    "return out, pull",
    "return np.exp(out), pull",
    "Your result is the softmax. Its logarithm is asked.",
)
exercise.edit(
    "not_a_tuple",
    "return (grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)",
    "return grad - np.exp(out) * grad.sum(axis=-1, keepdims=True)",
    "Your pull returns the array itself. The engine expects a tuple with one gradient for each input, and would take the rows of your array for gradients: write (gradient,), with the comma.",
)
exercise.edit(
    "one_sum_for_all_rows",
    "np.exp(shifted).sum(axis=-1, keepdims=True)",
    "np.exp(shifted).sum()",
    "You normalise over the whole array. Each row has a softmax of its own: sum along the last axis.",
)
exercise.edit(
    "one_maximum_for_all",
    "a.max(axis=-1, keepdims=True)",
    "a.max()",
    "You subtract one maximum from the whole array. In a row whose logits are far below it every exponential is 0, and its logarithm minus infinity: each row has its own largest logit.",
)


@exercise.alternative
def by_logaddexp(a):
    out = a - np.logaddexp.reduce(a, axis=-1, keepdims=True)

    def pull(grad):
        p = np.exp(out)
        return (grad - p * np.sum(grad, axis=-1)[..., None],)

    return out, pull


@exercise.alternative
def by_the_jacobian(a):
    m = np.max(a, axis=-1, keepdims=True)
    log_sum = m + np.log(np.sum(np.exp(a - m), axis=-1, keepdims=True))
    p = np.exp(a - log_sum)

    def pull(grad):
        jacobian = np.eye(a.shape[-1]) - p[..., None, :]  # d out_i / d a_j
        return [np.einsum("...i,...ij->...j", grad, jacobian)]

    return a - log_sum, pull
