"""What may be wrong beside the values: inputs changed in place, torch's settings, counts, gradients."""

from __future__ import annotations

from collections import Counter

from dlmodule.checking import compare
from dlmodule.checking.decide import transformations
from dlmodule.checking.decide.comparison import Comparison, lower_first
from dlmodule.checking.decide.words import ordinal
from dlmodule.checking.evidence import Evidence

# The rung of the diagnosis and a sentence; None where this is not what is wrong.
Reason = tuple[str, str] | None


def in_place(chosen: Comparison, comparisons: list[Comparison]) -> Reason:
    if chosen.actual.changed_inputs == chosen.expected.changed_inputs:
        return None
    if not chosen.actual.changed_inputs:
        names = ", ".join(f"`{name}`" for name in chosen.expected.changed_inputs)
        return "in place", f"it should change {names} in place, and leaves it as it was."
    names = ", ".join(f"`{name}`" for name in chosen.actual.changed_inputs)
    return "in place", (
        f"it changes its input {names} in place: whoever called it finds other numbers there afterwards. "
        "Work on a copy, or use an operation that returns a new tensor."
    )


def settings(chosen: Comparison, comparisons: list[Comparison]) -> Reason:
    changed = chosen.actual.changed_state
    if changed == chosen.expected.changed_state:
        return None
    if not changed:
        return "state", f"it should set torch's {' and '.join(chosen.expected.changed_state)}, and does not."
    return "state", (
        f"it leaves torch's {' and '.join(changed)} changed, which changes every later cell too. "
        "Put it back, or use a `with` block."
    )


def counts(chosen: Comparison, comparisons: list[Comparison]) -> Reason:
    expected, actual = chosen.expected.counts, chosen.actual.counts
    if expected == actual:
        return None
    if actual.get("used generator") == 0 and expected.get("used generator"):
        return "counts", (
            "it does not draw from the `generator` it is given, so a run cannot be repeated: "
            "pass `generator=generator` to the random call."
        )
    if actual.get("same seed, same draw") == 0 and expected.get("same seed, same draw"):
        return (
            "counts",
            "the same seed does not give the same draw: some random number does not come from `generator`.",
        )
    name = next((name for name in expected if actual.get(name) != expected[name]), None)
    if name is None or name not in actual:
        return (
            "counts",
            "what it builds is not a module." if "parameters" in expected else "what it does is counted otherwise.",
        )
    shapes = parameter_shapes(chosen.expected, chosen.actual)
    return "counts", f"it has {actual[name]} {name}; {expected[name]} are expected.{shapes}"


def no_gradient(chosen: Comparison, comparisons: list[Comparison]) -> Reason:
    lost = [any(outcome.lost_gradient for outcome in each.outcomes) for each in (chosen.expected, chosen.actual)]
    if lost == [False, True]:
        return "gradient", (
            "the values come out, but no gradient flows back: somewhere the graph is cut "
            "(`.detach()`, `.item()`, `.data`, `torch.no_grad`, NumPy, or a new `torch.tensor(...)`)."
        )
    if lost == [True, False]:
        return "gradient", "the values come out, but a gradient flows back where none should."
    return None


def gradients(chosen: Comparison, comparisons: list[Comparison]) -> Reason:
    """Which gradient is wrong, and how."""
    expected, actual = (compare.pick(each, 0).gradients or {} for each in (chosen.expected, chosen.actual))
    wrong = [
        name
        for name in expected
        if compare.gradients_distance(expected, {**expected, name: actual.get(name)}, chosen.case) > 1
    ]
    if not wrong:
        return None
    name = wrong[0]
    of = "with respect to the input" if name == "input" else f"with respect to the {ordinal(int(name))} argument"
    if actual.get(name) is None:
        return "gradient", f"the values are right, but no gradient {of} flows back: it is cut off on the way."
    if expected[name] is None:
        return "gradient", f"the values are right, but a gradient {of} flows back where none should."
    pairs = [
        (left[name], right[name], each.case)
        for each in comparisons
        if each.returned
        for left, right in [[compare.pick(side, 0).gradients or {} for side in (each.expected, each.actual)]]
        if left.get(name) is not None and right.get(name) is not None
    ]
    found = transformations.explain(*(list(column) for column in zip(*pairs, strict=True)))
    explained = f": {lower_first(found[1].replace('Your result is', 'It is'))}" if found else "."
    return "gradient", f"the values are right, but the gradient {of} is not{explained}"


def parameter_shapes(expected: Evidence, actual: Evidence) -> str:
    missing, extra = _beyond_common(expected.shapes, actual.shapes), _beyond_common(actual.shapes, expected.shapes)
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"too many: {', '.join(extra)}"] if extra else []
    return f" Parameter shapes {'; '.join(parts)}." if parts else ""


def _beyond_common(first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    return list((Counter(first) - Counter(second)).elements())
