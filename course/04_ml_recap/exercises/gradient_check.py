"""Compare a stated gradient with central differences, which share nothing with its derivation."""

import numpy as np

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import noise_array

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Three loops: over the inputs, over the entries of one input (np.ndindex gives the indices of any shape), and the two evaluations with that one entry moved.",
        "Copy all inputs, add h to one entry of one of them, evaluate; the same with -h. The numerical gradient is the sum of grad times the difference of the two results, over 2h.",
    ),
)

SQUARE = Code("lambda a: (a**2, lambda g: (2 * a * g,))")
HALF_SQUARE = Code("lambda a: (a**2, lambda g: (a * g,))")
CUBE = Code("lambda a: (a**3, lambda g: (3 * a**2 * g,))")
PRODUCT = Code("lambda a, b: (a * b, lambda g: (g * b, g * a))")
WRONG_IN_B = Code("lambda a, b: (a * b, lambda g: (g * b, g * a + 0.25))")
MATMUL = Code("lambda a, b: (a @ b, lambda g: (g @ b.T, a.T @ g))")
DEAF = Code("lambda a: (np.sin(a), lambda g: (np.cos(a),))")
LARGE = Code("lambda a: (1000 * a, lambda g: (1001 * g,))")
SMALL = Code("lambda a: (1000 * a, lambda g: (998 * g,))")


@exercise.cases
def cases():
    one = np.array([3.0])
    yield (
        Case(HALF_SQUARE, (one,), np.array([1.0]))
        .named("a square whose pull says a instead of 2a, at 3")
        .within(atol=1e-7)
    )
    yield (
        Case(CUBE, (np.array([2.0]),), np.array([1.0]), h=0.5)
        .named("a right cube at 2, with h = 0.5")
        .within(atol=1e-7)
    )
    yield (
        Case(SMALL, (np.array([-2.0]),), np.array([-3.0])).named("a factor 998 that should be 1000").within(atol=1e-7)
    )
    yield Case(SQUARE, (noise_array(2, 3),), noise_array(2, 3, seed=1)).named("a right square").within(atol=1e-7)
    yield (
        Case(WRONG_IN_B, (noise_array(3), noise_array(3, seed=1)), noise_array(3, seed=2))
        .named("a product, wrong for its second input only")
        .within(atol=1e-7)
    )
    yield (
        Case(PRODUCT, (noise_array(2, 2), noise_array(2, 2, seed=1)), noise_array(2, 2, seed=2))
        .named("a right product")
        .within(atol=1e-7)
    )
    yield (
        Case(MATMUL, (noise_array(2, 3), noise_array(3, 2, seed=1)), noise_array(2, 2, seed=2))
        .named("a right matrix product")
        .within(atol=1e-7)
    )
    yield (
        Case(DEAF, (np.array([0.0, 1.0, 2.0]),), np.array([1.0, 3.0, -2.0]))
        .named("a sine whose pull ignores what arrives")
        .within(atol=1e-7)
    )
    yield (
        Case(LARGE, (np.array([1.0, -4.0]),), np.array([1.0, -3.0]))
        .named("a factor 1001 that should be 1000")
        .within(atol=1e-7)
    )
    yield (
        Case(HALF_SQUARE, (np.array([[-0.4], [2.0], [0.1]]),), np.ones((3, 1)))
        .named("wrong by different amounts")
        .within(atol=1e-7)
    )


exercise.edit(
    "one_sided",
    "(op(*up)[0] - op(*down)[0])) / (2 * h)",
    "(op(*up)[0] - op(*inputs)[0])) / h",
    "Your difference is one-sided. It is off by h/2 times the second derivative, so that right gradients look slightly wrong; from both sides that "
    "term cancels.",
)
exercise.edit(
    "one_h",
    "(2 * h)",
    "h",
    "The two points lie 2h apart, and you divide by h: every numerical gradient is twice too large.",
)
exercise.edit(
    "grad_forgotten",
    "np.sum(grad * (op(*up)[0] - op(*down)[0]))",
    "np.sum(op(*up)[0] - op(*down)[0])",
    "You differentiate the plain sum of the results. `pull(grad)` is the gradient of the sum of grad times the result; with other weights a right pull looks wrong.",
)
exercise.edit(
    "not_absolute",
    "abs(stated[index] - numerical)",
    "(stated[index] - numerical)",
    "You kept the sign. A stated gradient that is too small then gives a negative disagreement, which never is the largest: take the absolute value.",
)
exercise.edit(
    "first_input_only",
    "for which, stated in enumerate(pull(grad)):",
    "for which, stated in enumerate(pull(grad)[:1]):",
    "Only the first input is looked at. A pull may be right for one input and wrong for the next.",
)
exercise.edit(
    "absolute_only",
    "max(1.0, abs(stated[index]), abs(numerical))",
    "1.0",
    "You return the absolute error for all sizes. For gradients of thousands the rounding alone is then large; divide by the larger of the two where that exceeds 1.",
)


@exercise.mistake(
    "You moved all entries of an input at once. That gives the derivative along one direction, a single number; there is one partial derivative for each entry: move one at a time."
)
def all_at_once(op, inputs, grad, h=1e-5):
    _, pull = op(*inputs)
    worst = 0.0
    for which, stated in enumerate(pull(grad)):
        up, down = [x.copy() for x in inputs], [x.copy() for x in inputs]
        up[which] += h
        down[which] -= h
        numerical = np.sum(grad * (op(*up)[0] - op(*down)[0])) / (2 * h)
        error = np.abs(stated - numerical) / np.maximum(1.0, np.maximum(np.abs(stated), abs(numerical)))
        worst = max(worst, float(error.max()))
    return worst


@exercise.mistake(
    "Your inputs come back changed: you added h to an entry and did not take it back, so all later entries are differentiated somewhere else. Work on copies, or put the "
    "old value back."
)
def never_put_back(op, inputs, grad, h=1e-5):
    _, pull = op(*inputs)
    gradients = pull(grad)
    worst = 0.0
    for x, stated in zip(inputs, gradients, strict=True):
        for index in np.ndindex(x.shape):
            x[index] += h
            above = np.sum(grad * op(*inputs)[0])
            x[index] -= 2 * h
            below = np.sum(grad * op(*inputs)[0])
            numerical = (above - below) / (2 * h)
            worst = max(worst, abs(stated[index] - numerical) / max(1.0, abs(stated[index]), abs(numerical)))
    return float(worst)


@exercise.mistake(
    "You averaged the disagreements. One wrong entry among a thousand right ones would drown in a mean: return the largest."
)
def averaged(op, inputs, grad, h=1e-5):
    _, pull = op(*inputs)
    errors = []
    for which, stated in enumerate(pull(grad)):
        for index in np.ndindex(inputs[which].shape):
            up, down = [x.copy() for x in inputs], [x.copy() for x in inputs]
            up[which][index] += h
            down[which][index] -= h
            numerical = np.sum(grad * (op(*up)[0] - op(*down)[0])) / (2 * h)
            errors.append(abs(stated[index] - numerical) / max(1.0, abs(stated[index]), abs(numerical)))
    return float(np.mean(errors))


exercise.edit(
    "relative_always",
    "max(1.0, abs(stated[index]), abs(numerical))",
    "max(1e-12, abs(stated[index]), abs(numerical))",
    "You divide by the larger gradient even where it is small. Near zero a relative error is all rounding: divide by 1 unless one of them is larger.",
)
exercise.edit(
    "relative_to_the_stated",
    "max(1.0, abs(stated[index]), abs(numerical))",
    "max(1.0, abs(stated[index]))",
    "You measure against the stated gradient alone. Where it is the wrong one, and small, the error looks too large: divide by the larger of the two.",
)
exercise.edit(
    "sum_in_the_denominator",
    "max(1.0, abs(stated[index]), abs(numerical))",
    "(1.0 + abs(stated[index]) + abs(numerical))",
    "You divide by the *sum* of 1 and both gradients. The text takes the largest of the three.",
)
exercise.edit(
    "last_entry_only",
    "max(worst, error)",
    "error",
    "You return the error of the last entry. A pull may be wrong for any of them: keep the largest.",
)
exercise.edit(
    "errors_added",
    "max(worst, error)",
    "worst + error",
    "You add the errors up. The largest of them is asked.",
)
exercise.edit(
    "inputs_moved",
    "[x.copy() for x in inputs], [x.copy() for x in inputs]",
    "list(inputs), list(inputs)",
    "You copied the tuple and not the arrays: `up` and `down` hold the same arrays as `inputs`, so that moving up and moving down undo each other, on the caller's data. Copy each array.",
)
exercise.edit(
    "h_fixed",
    "    _, pull",
    "    h = 1e-5\n    _, pull",
    "You always take the same step: the argument `h` is not used.",
)


@exercise.alternative
def restoring(op, inputs, grad, h=1e-5):
    gradients = op(*inputs)[1](grad)
    errors = [0.0]
    for x, stated in zip(inputs, gradients, strict=True):
        for index in np.ndindex(x.shape):
            old = x[index]
            x[index] = old + h
            above = np.sum(grad * op(*inputs)[0])
            x[index] = old - h
            below = np.sum(grad * op(*inputs)[0])
            x[index] = old
            numerical = (above - below) / (2 * h)
            errors.append(abs(stated[index] - numerical) / max(1, abs(stated[index]), abs(numerical)))
    return float(max(errors))


@exercise.alternative
def by_flat_index(op, inputs, grad, h=1e-5):
    stated = op(*inputs)[1](grad)
    worst = 0.0
    for which, x in enumerate(inputs):
        numerical = np.zeros(x.size)
        for i in range(x.size):
            step = np.zeros(x.size)
            step[i] = h
            step = step.reshape(x.shape)
            plus = op(*inputs[:which], x + step, *inputs[which + 1 :])[0]
            minus = op(*inputs[:which], x - step, *inputs[which + 1 :])[0]
            numerical[i] = ((plus - minus) * grad).sum() / (2 * h)
        numerical = numerical.reshape(x.shape)
        scale = np.maximum(1.0, np.maximum(np.abs(numerical), np.abs(stated[which])))
        worst = max(worst, float((np.abs(numerical - stated[which]) / scale).max()))
    return worst


exercise.equivalent("operands of - swapped", "an error is an absolute value")
