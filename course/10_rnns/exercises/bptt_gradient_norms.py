"""The gradient of a recurrent network, walked back through time by hand."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=8,
    core=True,
    hints=(
        "The formula takes delta at step t to delta at step t - 1, and needs the state at step t. Which states does your loop need, in what order?",
        "Begin with the last gradient and its norm. Loop over the states from the last to the second; append a norm at each step and turn the list round at the end.",
    ),
    forbidden={"autograd": "this is the backward pass by hand, by the formula of the text."},
)


@exercise.cases
def cases():
    half = torch.full((1, 1), 0.5, dtype=torch.float64)
    yield Case(torch.tensor([[0.9], [0.5]], dtype=torch.float64), half, torch.ones(1, dtype=torch.float64)).named(
        "two steps, one hidden feature"
    )
    yield Case(0.9 * waves(5, 3), waves(3, 3, start=1), waves(3, start=2)).named("five steps, three hidden features")
    yield Case(0.9 * waves(4, 4), 2 * waves(4, 4, start=2), -3 * waves(4)).named("as many steps as features")
    yield Case(waves(1, 3), waves(3, 3), waves(3)).named("one step: nothing to walk back")


exercise.edit(
    "transposed", "@ w_h\n", "@ w_h.T\n",
    "You multiplied by the transpose of W_h. Forward the row h is multiplied by W_h^T, so backward the row delta is multiplied by W_h.",
)  # fmt: skip
exercise.edit(
    "without_the_tanh", "(delta * (1 - state**2)) @ w_h", "delta @ w_h",
    "The derivative of the tanh, 1 - h^2, is missing: your gradient is that of a linear network.",
)  # fmt: skip
exercise.edit(
    "tanh_after_the_matrix", "(delta * (1 - state**2)) @ w_h", "(delta @ w_h) * (1 - state**2)",
    "The two factors are in the wrong order. Forward the matrix comes first and the tanh last, so backward the tanh comes first.",
)  # fmt: skip
exercise.edit(
    "state_of_the_step_before", "for state in h[1:].flip(0):", "for state in h[:-1].flip(0):",
    "You use the state of the step you arrive at. Going from t to t - 1 passes the tanh of step t.",
)  # fmt: skip
exercise.edit(
    "newest_first", "norms[::-1]", "norms",
    "Your norms are newest first. Turn them round: oldest first.",
)  # fmt: skip
exercise.edit(
    "states_oldest_first", "h[1:].flip(0)", "h[1:]",
    "You walk through the states from the oldest to the newest. The backward pass begins at the last step.",
)  # fmt: skip
exercise.edit(
    "h_not_squared", "1 - state**2", "1 - state",
    "The derivative of tanh a is 1 - tanh(a)^2: the state is to be squared.",
)  # fmt: skip


exercise.edit(
    "sums_of_sizes", ("[last.norm()]", "delta.norm()"), ("[last.abs().sum()]", "delta.abs().sum()"),
    "You add up the sizes of the numbers. The norm is the root of the sum of their squares.",
)  # fmt: skip
exercise.edit(
    "sums", ("[last.norm()]", "delta.norm()"), ("[last.sum()]", "delta.sum()"),
    "You add up the numbers of each gradient, and their signs cancel. The norm is the root of the sum of their squares.",
)  # fmt: skip
exercise.edit(
    "whole_gradients", ("[last.norm()]", "delta.norm()"), ("[last]", "delta"),
    "You return the gradients themselves, (T, H). One number a step is asked: the norm of each.",
)  # fmt: skip
exercise.edit(
    "one_step_too_far", ("[last.norm()]", "h[1:].flip(0)"), ("[]", "h.flip(0)"),
    "Your norms are one step too far back. The newest is that of the gradient you are given, and dL/dh_0 is not asked.",
)  # fmt: skip
exercise.edit(
    "sigmoid_derivative", "1 - state**2", "state * (1 - state)",
    "h (1 - h) is the derivative of a sigmoid. This network has a tanh, whose derivative is 1 - h^2.",
)  # fmt: skip
exercise.edit(
    "tanh_again", "1 - state**2", "1 - state.tanh() ** 2",
    "You take the tanh of the state. The state is a tanh already: its derivative is 1 - h^2.",
)  # fmt: skip


@exercise.alternative
def by_jacobians(h, w_h, last):
    norms, delta = [last.norm()], last
    for t in range(len(h) - 1, 0, -1):
        delta = delta @ torch.diag(1 - h[t] ** 2) @ w_h
        norms.insert(0, delta.square().sum().sqrt())
    return torch.stack(norms)


@exercise.alternative
def by_einsum(h, w_h, last):
    out = torch.empty(len(h), dtype=last.dtype)
    out[-1] = last.pow(2).sum().sqrt()
    for t in reversed(range(1, len(h))):
        last = torch.einsum("i,i,ij->j", last, 1 - h[t].pow(2), w_h)
        out[t - 1] = last.pow(2).sum().sqrt()
    return out


exercise.equivalent("operands of - swapped", "the sign of delta changes, and no norm does")
