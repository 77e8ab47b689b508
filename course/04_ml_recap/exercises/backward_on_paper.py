"""Seven gradients of a network of two layers, worked out on paper and checked one after the other."""

import numpy as np

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "Begin with the derivative of L with respect to z: one number for each example. What do the mean and the half leave of the square?",
        "For z = h @ W2 + b2 the table says: the gradient of W2 is the transposed h times that of z, the gradient of h is that of z times the transposed W2, "
        "and b2 was broadcast, so its gradient is a sum. The ReLU lets through where a > 0. Then the same again for a = x @ W1 + b1.",
    ),
    starter="""backward_on_paper = {
    "z": None,  # two rows, one column: [[..], [..]]
    "W2": None,
    "b2": None,
    "h": None,
    "a": None,
    "W1": None,
    "b1": None,
}""",
)


def right():
    """The gradients, in the order of the backward pass."""
    x, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[4.0], [5.0]])
    W1, b1 = np.array([[1.0, -1.0], [0.0, 1.0]]), np.array([1.0, 0.0])
    W2, b2 = np.array([[2.0], [-3.0]]), np.array([1.0])
    a = x @ W1 + b1
    h = np.maximum(a, 0)
    z = (h @ W2 + b2 - y) / len(y)
    from_a = z @ W2.T * (a > 0)
    return {
        "z": z, "W2": h.T @ z, "b2": z.sum(0), "h": z @ W2.T, "a": from_a, "W1": x.T @ from_a, "b1": from_a.sum(0),
    }  # fmt: skip


@exercise.probe
def probe(candidate, case):
    """The first gradient that is wrong, as it stands; those after it are not looked at yet."""
    if not isinstance(candidate, dict):
        return {"returned": type(candidate).__name__}
    for name, gradient in right().items():
        if name not in candidate:
            return {"the first gradient that is wrong": f"{name}: it is missing"}
        if candidate[name] is None:
            return {"the first gradient that is wrong": f"{name}: not filled in yet"}
        try:
            yours = np.asarray(candidate[name], dtype=float)
        except (TypeError, ValueError):
            return {"the first gradient that is wrong": f"{name}: it is no array of numbers"}
        if yours.shape != gradient.shape:
            return {
                "the first gradient that is wrong": f"{name}: its shape is {yours.shape}, that of {name} is {gradient.shape}"
            }
        if not np.allclose(yours, gradient, rtol=0, atol=1e-6):
            return {"the first gradient that is wrong": f"{name} = {(yours.round(6) + 0.0).tolist()}"}
    return {"the first gradient that is wrong": "none"}


@exercise.cases
def cases():
    yield Case()


SOLUTION = {
    "z": [[-1], [2]],
    "W2": [[6], [-1]],
    "b2": [1],
    "h": [[-2, 3], [4, -6]],
    "a": [[-2, 3], [4, 0]],
    "W1": [[10, 3], [-8, 6]],
    "b1": [2, 3],
}


def until(name, gradient=None):
    """What stands there when all gradients before ``name`` are right; ``gradient``: what was written for ``name``."""
    names = list(SOLUTION)
    before = {each: SOLUTION[each] for each in names[: names.index(name)]}
    return {**dict.fromkeys(names), **before, name: gradient}


@exercise.mistake("z is right. Next W2: its gradient is the transposed h times the gradient of z.", value=True)
def as_far_as_z():
    return until("W2")


@exercise.mistake("z and W2 are right. Next b2: it was added to both examples, so both uses contribute.", value=True)
def as_far_as_W2():
    return until("b2")


@exercise.mistake(
    "The second layer's parameters are right. Next h: the gradient of z times the transposed W2, two rows and two columns.",
    value=True,
)
def as_far_as_b2():
    return until("h")


@exercise.mistake("Right as far as h. Next a: the ReLU lets the gradient through where a is above 0.", value=True)
def as_far_as_h():
    return until("a")


@exercise.mistake(
    "Right as far as a. Next W1: as with W2, the transposed input of the layer times the gradient of its result.",
    value=True,
)
def as_far_as_a():
    return until("W1")


@exercise.mistake("Six are right. The last is b1: as b2, it was added to both examples.", value=True)
def as_far_as_W1():
    return until("b1")


@exercise.mistake(
    "z is wrong, twice too large: the half cancels the 2 of the square, and the mean over two examples divides by 2.",
    value=True,
)
def mean_forgotten():
    return until("z", [[-2], [4]])


@exercise.mistake(
    "z is wrong in sign. Where z is larger than y, a larger z makes the loss larger: it is z - y and not y - z.",
    value=True,
)
def sign_of_z():
    return until("z", [[1], [-2]])


@exercise.mistake(
    "z is wrong: half of what it should be. The derivative of the square has a factor 2, which cancels the half in front of it.",
    value=True,
)
def half_kept():
    return until("z", [[-0.5], [1]])


@exercise.mistake("W2 is wrong: you multiplied by a. The second layer reads h, which is a after the ReLU.", value=True)
def before_the_relu():
    return until("W2", [[6], [-9]])


@exercise.mistake(
    "W2 is wrong, half of what it should be. The mean is in the gradient of z already: here the examples are added.",
    value=True,
)
def mean_taken_twice():
    return until("W2", [[3], [-0.5]])


@exercise.mistake("b2 is wrong. Both examples use b2 and both contribute in full: add, and take no mean.", value=True)
def mean_for_b2():
    return until("b2", [0.5])


@exercise.mistake(
    "h is wrong: the ReLU has been applied already. It stands between a and h, so it shapes the gradient of a only.",
    value=True,
)
def relu_too_early():
    return until("h", [[-2, 3], [4, 0]])


@exercise.mistake(
    "h is wrong: you multiplied the gradient of z by h. The derivative of h W2 with respect to h is W2.", value=True
)
def times_h():
    return until("h", [[-2, -1], [8, 0]])


@exercise.mistake(
    "a is wrong: the ReLU is missing. Where a is below 0 the result does not depend on it, and its gradient is 0.",
    value=True,
)
def relu_forgotten():
    return until("a", [[-2, 3], [4, -6]])


@exercise.mistake(
    "a is wrong: you set negative *gradients* to zero. What decides is whether a was above 0 in the forward pass.",
    value=True,
)
def relu_of_the_gradient():
    return until("a", [[0, 3], [4, 0]])


@exercise.mistake(
    "a is wrong: you multiplied by h. The slope of the ReLU is 1 where a is above 0, whatever a is.", value=True
)
def times_the_value():
    return until("a", [[-4, 3], [16, 0]])


@exercise.mistake(
    "W1 is wrong: x is not transposed. W1[i, j] leads from feature i to neuron j, so feature i is multiplied by the gradient of neuron j and summed over the examples.",
    value=True,
)
def not_transposed():
    return until("W1", [[6, 3], [-10, 9]])


@exercise.mistake(
    "W1 is wrong: rows and columns are exchanged. The rows of W1 belong to the features, its columns to the neurons.",
    value=True,
)
def W1_transposed():
    return until("W1", [[10, -8], [3, 6]])


@exercise.mistake("W1 is wrong: that is h transposed times the gradient of a. The first layer reads x.", value=True)
def h_for_x():
    return until("W1", [[12, 6], [-2, 3]])


@exercise.mistake(
    "b1 is wrong: you added along the neurons. There is one bias for each neuron; add the examples.", value=True
)
def other_axis():
    return until("b1", [1, 4])


@exercise.mistake("b1 is wrong: you took the mean of the examples. It is a sum; the mean is in z already.", value=True)
def mean_for_b1():
    return until("b1", [1, 1.5])


@exercise.alternative(value=True)
def as_arrays():
    return {name: np.array(gradient) for name, gradient in SOLUTION.items()}


@exercise.alternative(value=True)
def by_matrix_products():
    return right()
