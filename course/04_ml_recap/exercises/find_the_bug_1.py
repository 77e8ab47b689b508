"""A backward pass by hand in which one of two uses was forgotten: find the planted bug."""

import numpy as np

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Run gradient_check on each of the six parameters by itself; the cell below the check does it for you. Which are wrong, and which value do all of those pass through and the others not?",
        "How many arrows leave h1 in the forward pass? Count how many arrive at grad_h1 in the backward pass.",
    ),
)


def network(D: int, H: int, K: int, N: int, seed: int, *, large: float = 1.0) -> Case:
    rng = np.random.default_rng(seed)
    shapes = ((D, H), (H,), (H, H), (H,), (H, K), (K,))
    parameters = [rng.normal(size=shape) for shape in shapes]
    return Case(parameters, large * rng.normal(size=(N, D)), rng.integers(0, K, size=N))


@exercise.cases
def cases():
    one = [np.array([[1.0]]), np.array([0.0]), np.array([[0.5]]), np.array([0.0]), np.array([[1.0, -1.0]]), np.zeros(2)]
    yield Case(one, np.array([[2.0]]), np.array([1])).named("one example, one hidden neuron, two classes")
    yield Case(one, np.array([[2.0], [0.0]]), np.array([1, 0])).named(
        "two examples, one of which stands exactly at the kink of both ReLUs"
    )
    yield network(3, 4, 2, 6, seed=0).named("six examples, four hidden neurons")
    yield network(2, 3, 5, 4, seed=1).named("four examples, five classes")
    yield network(4, 4, 4, 4, seed=2).named("all sizes equal")
    yield network(3, 5, 3, 8, seed=3, large=300.0).named("large inputs")


exercise.bug(
    "skip_forgotten",
    "grad_a2 @ W2.T + grad_h2  # the bug: h1 is used twice, and the second use was forgotten",
    "grad_a2 @ W2.T",
)
exercise.edit(
    "skip_only",
    "grad_h1 = grad_a2 @ W2.T + grad_h2",
    "grad_h1 = grad_h2",
    "Now the skip connection is there and the layer is gone: h1 is used twice, and the gradients of both uses are added.",
)
exercise.edit(
    "skip_through_the_relu",
    "grad_a2 @ W2.T + grad_h2",
    "grad_a2 @ W2.T + grad_a2",
    "You added the gradient of a2. That one has passed the ReLU of the second layer; the skip connection goes round it, so what arrives by the skip is grad_h2, unmasked.",
)
exercise.edit(
    "mean_of_both",
    "grad_a2 @ W2.T + grad_h2",
    "(grad_a2 @ W2.T + grad_h2) / 2",
    "You took the mean of the two gradients. Both uses count in full: a change of h1 acts through both at once, so they are added.",
)
exercise.edit(
    "added_too_late",
    "grad_a1 = grad_h1 * (a1 > 0)",
    "grad_a1 = grad_a2 @ W2.T * (a1 > 0) + grad_h2",
    "You added the skip's gradient behind the first ReLU. The skip begins at h1, so its gradient has to pass that ReLU too: add it to grad_h1.",
)
exercise.edit(
    "skip_removed",
    "h2 = h1 + np.maximum(a2, 0)",
    "h2 = np.maximum(a2, 0)",
    "You changed the forward pass: without the skip connection this is another network. Its forward pass was right.",
)
exercise.edit(
    "times_the_weights",
    "grad_a2 @ W2.T + grad_h2",
    "grad_a2 @ W2.T + grad_h2 @ W2.T",
    "You pulled the skip's gradient back through W2. The skip connection multiplies by nothing: what arrives at h2 arrives at h1 as it is.",
)


@exercise.alternative
def in_another_order(parameters, x, y):
    W1, b1, W2, b2, W3, b3 = parameters
    N = len(y)
    h1 = np.clip(x @ W1 + b1, 0, None)
    r = np.clip(h1 @ W2 + b2, 0, None)
    z = (h1 + r) @ W3 + b3
    m = z.max(1, keepdims=True)
    log_sum = m + np.log(np.exp(z - m).sum(1, keepdims=True))
    p = np.exp(z - log_sum)
    loss = (log_sum[:, 0] - z[np.arange(N), y]).mean()
    p[np.arange(N), y] -= 1
    p /= N
    back = p @ W3.T
    inner = back * (r > 0)
    first = (back + inner @ W2.T) * (h1 > 0)
    return float(loss), [x.T @ first, first.sum(0), h1.T @ inner, inner.sum(0), (h1 + r).T @ p, p.sum(0)]


@exercise.alternative
def by_the_engine(parameters, x, y):
    values = [Value(p) for p in parameters]
    W1, b1, W2, b2, W3, b3 = values
    h1 = (Value(x) @ W1 + b1).relu()
    h2 = h1 + (h1 @ W2 + b2).relu()
    log_p = (h2 @ W3 + b3).log_softmax()
    loss = (log_p * np.eye(len(b3.data))[y]).sum() * (-1 / len(y))
    loss.backward()
    return float(loss.data), [value.grad for value in values]


exercise.equivalent("float(...) dropped", "a NumPy number is accepted as a number")
