"""The backward pass of an autograd engine, watched on small graphs."""

import numpy as np

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=8,
    move_on=16,
    core=True,
    hints=(
        "Try it on paper with s = w * x and L = s + w. In which order do you visit L, s, w and x, and what does each hand to its parents?",
        "Two loops over the same list. The first sets the gradients of values with parents to zero. The second goes through reversed(order): `value.pull(value.grad)` "
        "returns one gradient for each of `value.parents`; zip brings them together.",
    ),
)


def operation(name):
    """An operation as the notebook's: arrays -> (result, pull)."""
    return {
        "add": lambda a, b: (a + b, lambda grad: (grad, grad)),
        "mul": lambda a, b: (a * b, lambda grad: (grad * b, grad * a)),
        "square": lambda a: (a**2, lambda grad: (2 * a * grad,)),
        "sum": lambda a: (a.sum(), lambda grad: (np.broadcast_to(grad, a.shape),)),
    }[name]


@exercise.probe
def probe(candidate, case):
    """The gradients after ``backward`` of each root, from the last value made to the first, and whether data stayed."""
    steps, roots = case.args  # steps: (name, number) for a leaf, (name, operation, parents) for what is made
    values = {}
    for name, made_by, *parents in steps:
        if parents:
            (parents,) = parents
            inputs = tuple(values[parent] for parent in parents)
            data, pull = operation(made_by)(*(one.data for one in inputs))
            values[name] = candidate(data, inputs, pull)
        else:
            values[name] = candidate(np.array(made_by))
    before = {name: value.data.copy() for name, value in values.items()}
    for root in roots:
        values[root].backward()
    gradients = {
        f"gradient of {name}": np.array(value.grad, dtype=np.float64) for name, value in reversed(values.items())
    }
    same = all(np.array_equal(before[name], value.data) for name, value in values.items())
    return {**gradients, "the data stay as they were": same}


WORKED = [
    ("w", 2.0), ("x", 3.0), ("b", -5.0),
    ("m", "mul", ("w", "x")), ("s", "add", ("m", "b")), ("q", "square", ("s",)), ("L", "add", ("q", "w")),
]  # fmt: skip
DIAMOND = [
    ("a", 3.0), ("k", 2.0),
    ("b", "mul", ("a", "k")), ("c", "mul", ("b", "b")), ("d", "add", ("b", "c")), ("L", "mul", ("a", "d")),
]  # fmt: skip
LATE = [
    ("a", 2.0), ("b", 5.0),
    ("c", "mul", ("a", "b")), ("d", "square", ("c",)), ("e", "square", ("d",)), ("f", "add", ("e", "c")),
    ("L", "add", ("c", "f")),
]  # fmt: skip
LATE_FIRST = [*LATE[:-1], ("L", "add", ("f", "c"))]  # whoever goes down to the first parent first meets c last
ARRAYS = [
    ("w", [2.0, -1.0, 0.5]), ("x", [3.0, 4.0, -2.0]),
    ("p", "mul", ("w", "x")), ("r", "add", ("p", "w")), ("L", "sum", ("r",)),
]  # fmt: skip


@exercise.cases
def cases():
    yield Case(WORKED, ["L"]).named("L = (w x + b)² + w, the example of the derivation")
    yield Case(DIAMOND, ["L"]).named("L = a (b + b²) with b = a k")
    yield Case(LATE, ["L"]).named("a value that is used early and late")
    yield Case(LATE_FIRST, ["L"]).named("the same, with the parents of L in the other order")
    yield Case(ARRAYS, ["L"]).named("arrays of three, summed at the end")
    yield Case(WORKED, ["L", "L"]).named("backward called twice")
    yield Case(DIAMOND, ["L", "d"]).named("backward of one value, then of an earlier one")
    ladder = [("s0", 1.5), *((f"s{i}", "add", (f"s{i - 1}", f"s{i - 1}")) for i in range(1, 13))]
    yield Case(ladder, ["s12"]).named("s = s + s, twelve times")


exercise.edit(
    "forwards", "in reversed(order):", "in order:",
    "You go from the leaves to the root. When a leaf's turn comes nothing has arrived yet: begin at the end of the order.",
)  # fmt: skip
exercise.edit(
    "overwritten", "parent.grad = parent.grad + grad", "parent.grad = grad",
    "A gradient that arrives replaces the one that was there. A value that is used twice gets two gradients, and they are added.",
)  # fmt: skip
exercise.edit(
    "no_seed", "        self.grad = np.ones_like(self.data)\n", "",
    "The seed is missing: every pull is handed a zero, so every gradient is zero. The derivative of the root with respect to itself is 1.",
)  # fmt: skip
exercise.edit(
    "seed_is_the_value", "np.ones_like(self.data)", "self.data",
    "You begin with the root's value. You ask how the root changes with itself, and that is by 1 for each 1.",
)  # fmt: skip
exercise.edit(
    "nothing_forgotten", "            if value.parents:\n                value.grad = np.zeros_like(value.data)\n", "            pass\n",
    "In a second call, values that were made from others still hold the gradients of the first and hand them on again. Set them to zero first.",
)  # fmt: skip
exercise.edit(
    "leaves_forgotten", "            if value.parents:\n                value.grad = np.zeros_like(value.data)\n",
    "            value.grad = np.zeros_like(value.data)\n",
    "You set the gradients of the leaves to zero as well. Those add up over calls; only values with parents are computed anew.",
)  # fmt: skip
exercise.edit(
    "slopes_alone", "value.pull(value.grad)", "value.pull(np.ones_like(value.data))",
    "Every pull is handed a 1. That gives the slope of each operation alone; the chain rule hands on what has arrived at the value.",
)  # fmt: skip
exercise.edit(
    "first_parent_only", "value.parents, value.pull(value.grad), strict=True", "value.parents[:1], value.pull(value.grad), strict=False",
    "Only the first parent gets a gradient. The pull returns one for each parent.",
)  # fmt: skip


exercise.confirm("`for value in order:` dropped", "nothing_forgotten")
exercise.equivalent(
    "True -> False", "a pull returns one gradient for each parent, so there is nothing to be strict about"
)


class Node:
    """What stands in a class of one's own besides its ``backward``."""

    def __init__(self, data, parents=(), pull=None):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self.parents, self.pull = parents, pull

    def forget(self):
        """Set the gradients of all that was made to zero."""
        for value in topological_order(self):
            if value.parents:
                value.grad = np.zeros_like(value.data)
        self.grad = np.ones_like(self.data)

    def hand_on(self):
        """Pull the gradient back to the parents."""
        for parent, grad in zip(self.parents, self.pull(self.grad) if self.parents else (), strict=True):
            parent.grad = parent.grad + grad


@exercise.mistake(
    "Each value hands on its gradient as soon as one arrives, before the others have: what it handed on first is handed on again. Wait until everyone who used it has been visited: that is what the order is for."
)
class every_path_by_itself(Node):
    def backward(self):
        self.forget()

        def visit(value):
            value.hand_on()
            for parent in value.parents:
                visit(parent)

        visit(self)


@exercise.mistake(
    "You visit each value once, when you first meet it on the way down. One that is used early and late then hands its gradient on before the late part has arrived. Visit in topological order."
)
class in_order_of_meeting(Node):
    def backward(self):
        self.forget()
        met = set()

        def visit(value):
            if value not in met:
                met.add(value)
                value.hand_on()
                for parent in value.parents:
                    visit(parent)

        visit(self)


@exercise.mistake(
    "You go through the graph level by level from the root. By the shortest path a value may come before one that was made from it, and it hands on a gradient that is not complete. Visit in topological order."
)
class level_by_level(Node):
    def backward(self):
        self.forget()
        met, waiting = {self}, [self]
        while waiting:
            value = waiting.pop(0)
            value.hand_on()
            for parent in value.parents:
                if parent not in met:
                    met.add(parent)
                    waiting.append(parent)


exercise.variant("added_in_place", "parent.grad = parent.grad + grad", "parent.grad += grad")


@exercise.alternative
class with_a_table_of_gradients(Node):
    def backward(self):
        order = topological_order(self)
        found = {value: np.zeros_like(value.data) for value in order}
        found[self] = np.ones_like(self.data)
        for value in order[::-1]:
            if not value.parents:
                value.grad = value.grad + found[value]
                continue
            value.grad = found[value]
            for parent, grad in zip(value.parents, value.pull(value.grad), strict=True):
                found[parent] = found[parent] + grad


@exercise.alternative
class by_counting_users(Node):
    def backward(self):
        self.forget()
        users, met, waiting = {}, {self}, [self]
        while waiting:
            for parent in waiting.pop().parents:
                users[parent] = users.get(parent, 0) + 1
                if parent not in met:
                    met.add(parent)
                    waiting.append(parent)
        ready = [self]
        while ready:
            value = ready.pop()
            value.hand_on()
            for parent in value.parents:
                users[parent] -= 1
                if users[parent] == 0:
                    ready.append(parent)
