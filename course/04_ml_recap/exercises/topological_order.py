"""An order in which every value stands after those it was made from."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    core=True,
    hints=(
        "Write an inner function visit(value) that first visits all parents and then appends the value itself to a list. What must it do when it meets somebody a second time?",
        "Keep a set of those already met, and return at once from visit for one of them. Add a value to the set on the way down, and to the list on the way up.",
    ),
)


class Node:
    """A value by name only."""

    def __init__(self, name, parents):
        self.name, self.parents = name, parents


@exercise.probe
def probe(candidate, case):
    (graph,) = case.args  # name, names of its parents; the root comes last
    nodes = {}
    for name, parents in graph:
        nodes[name] = Node(name, tuple(nodes[one] for one in parents))
    order = candidate(nodes[graph[-1][0]])
    if not isinstance(order, list | tuple) or not all(isinstance(one, Node) for one in order):
        return {"returned": type(order).__name__}
    names, wanted, waiting = [one.name for one in order], set(), [graph[-1][0]]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += [one.name for one in nodes[name].parents]
    place = {name: position for position, name in enumerate(names)}
    return {
        "missing": sorted(wanted - set(names)),
        "not ancestors": sorted(set(names) - wanted),
        "listed more than once": sorted(name for name in place if names.count(name) > 1),
        "listed before one of its parents": sorted(
            name
            for name in wanted & set(names)
            if any(place.get(one.name, -1) > names.index(name) for one in nodes[name].parents)
        ),
        "the root stands last": names[-1:] == [graph[-1][0]],
    }


def ladder(steps: int) -> list[tuple[str, tuple[str, ...]]]:
    """s0, and every further s made from the one before it, twice."""
    return [("s00", ()), *((f"s{i:02d}", (f"s{i - 1:02d}",) * 2) for i in range(1, steps + 1))]


@exercise.cases
def cases():
    yield Case([("w", ()), ("x", ()), ("m", ("w", "x"))]).named("m = w * x")
    yield Case([("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c"))]).named(
        "a diamond: b and c made from a, d from both"
    )
    yield Case([("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ("a", "c"))]).named("a used early and late")
    yield Case([("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ("c", "a")), ("e", ("b", "d"))]).named("two shortcuts")
    yield Case([("a", ())]).named("a leaf by itself")
    yield Case([("other", ()), ("a", ()), ("aside", ("a",)), ("b", ("a",))]).named(
        "a graph of which the root uses only a part"
    )
    yield Case(ladder(12)).named("a = a * a, twelve times")
    yield Case([("s00", ()), *((f"s{i:03d}", (f"s{i - 1:03d}" if i > 1 else "s00",)) for i in range(1, 151))]).named(
        "a chain of 150"
    )


exercise.edit(
    "root_first",
    "return order",
    "return order[::-1]",
    "Your list begins with the root. Every value must stand after its parents, so the leaves come first and the root last; backward() walks through it from the end.",
)
exercise.edit(
    "written_on_the_way_down",
    """        for parent in value.parents:
            visit(parent)
        order.append(value)
""",
    """        order.insert(0, value)
        for parent in value.parents:
            visit(parent)
""",
    "You write a value down when you meet it, before its parents have been visited. Where a value is used early and late, it is then placed by its first use only: visit the parents first, then write.",
)
exercise.edit(
    "no_memory",
    "met.add(value)",
    "pass",
    "Values that are used twice stand in your list twice, or more: there is one entry for each *path* from the root. Remember whom you have met; the number of paths can be astronomical.",
)
exercise.edit(
    "root_missing",
    "return order",
    "return order[:-1]",
    "The root itself is missing. It belongs to the list: the backward pass begins with it.",
)
exercise.edit(
    "first_parent_only",
    "for parent in value.parents:",
    "for parent in value.parents[:1]:",
    "You follow only the first parent. A product has two, and its second factor needs a gradient as well.",
)


@exercise.mistake(
    "You went through the graph level by level from the root and turned the list round. Level by level means by the *shortest* path; a value that is used both early and late then stands "
    "after one of those that were made from it, and hands its gradient on before it is complete."
)
def level_by_level(root):
    order, met, waiting = [], {root}, [root]
    while waiting:
        value = waiting.pop(0)
        order.append(value)
        for parent in value.parents:
            if parent not in met:
                met.add(parent)
                waiting.append(parent)
    return order[::-1]


@exercise.mistake(
    "The function returns nothing. The list is filled by the inner function; the outer one has to return it."
)
def returns_nothing(root):
    topological_order(root)


@exercise.mistake(
    "Values are in your list more than once. Each is listed once: remember whom you have met, and do not list it again."
)
def each_level_in_full(root):
    levels, level = [], [root]
    while level:
        levels = [*level, *levels]
        level = list({id(parent): parent for value in level for parent in value.parents}.values())
    return levels


@exercise.alternative
def with_a_stack_of_its_own(root):
    order, done, stack = [], set(), [root]
    while stack:
        value = stack[-1]
        waiting = [parent for parent in value.parents if parent not in done]
        if value in done:
            stack.pop()
        elif waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            done.add(value)
            order.append(value)
    return order


@exercise.alternative
def by_counting_users(root):
    users, met, waiting = {root: 0}, {root}, [root]
    while waiting:
        for parent in waiting.pop().parents:
            users[parent] = users.get(parent, 0) + 1
            if parent not in met:
                met.add(parent)
                waiting.append(parent)
    order, ready = [], [root]
    while ready:
        value = ready.pop()
        order.append(value)
        for parent in value.parents:
            users[parent] -= 1
            if users[parent] == 0:
                ready.append(parent)
    return order[::-1]


@exercise.alternative
def from_the_other_side(root):
    order = []

    def visit(value):
        if not any(value is one for one in order):
            for parent in reversed(value.parents):
                visit(parent)
            order.append(value)

    visit(root)
    return order
