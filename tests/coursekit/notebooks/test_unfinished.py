"""Which errors an unfinished exercise explains."""

from typing import Any

import pytest

from coursekit.notebooks.unfinished import unfinished_only

STUB = "NotImplementedError: ...your code here..."


def cell(source: str, error: str | None = None, trace: str = "") -> dict[str, Any]:
    """An executed code cell; ``error`` is ``Name: text``."""
    outputs = []
    if error:
        name, _, text = error.partition(": ")
        outputs = [{"output_type": "error", "ename": name, "evalue": text, "traceback": [trace, error]}]
    return {"cell_type": "code", "id": "c", "source": source, "outputs": outputs}


def notebook(*cells: dict[str, Any], starters: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {"dlmodule": {"starters": list(starters)}}}


EXPLAINED = {
    "a stub refuses": [cell("f(1)", STUB)],
    "a stub refuses beneath another error": [cell("run()", "RuntimeError: failed", trace=STUB)],
    "a name that a refused cell would have bound": [
        cell("h = f(1)", STUB),
        cell("print(h)", "NameError: name 'h' is not defined"),
    ],
    "an old value under a name that a refused cell would have bound": [
        cell("h = 1"),
        cell("h = f(1)", STUB),
        cell("h[0]", "TypeError: 'int' object is not subscriptable"),
    ],
    "a list that a refused cell would have filled": [
        cell("losses = []"),
        cell("losses.append(f(1))", STUB),
        cell("losses[-1]", "IndexError: list index out of range"),
    ],
    "a placeholder": [cell("w = ..."), cell("plot(w)", "TypeError: Image data of dtype object cannot be converted")],
    "what is made from a placeholder": [
        cell("w = ...  # your code here"),
        cell("v = (w, 2)"),
        cell("plot(v)", "ValueError: bad"),
    ],
    "a function that reads a placeholder": [
        cell("w = ..."),
        cell("def g():\n    return images[w]"),
        cell("g()", "IndexError: bad"),
    ],
    "an error that speaks of an ellipsis": [cell("g()", "TypeError: unsupported operand: 'ellipsis' and 'int'")],
}

UNEXPLAINED = {
    "a plain error": [cell("1 / 0", "ZeroDivisionError: division by zero")],
    "a misspelt name": [cell("h = f(1)", STUB), cell("print(k)", "NameError: name 'k' is not defined")],
    "a NotImplementedError of somebody else": [cell("x.y()", "NotImplementedError: not on this device")],
    "an error after the name was bound afresh": [
        cell("w = ..."),
        cell("w = 3"),
        cell("w / 0", "ZeroDivisionError: division by zero"),
    ],
}


@pytest.mark.parametrize("cells", EXPLAINED.values(), ids=EXPLAINED.keys())
def test_an_unfinished_exercise_explains_what_follows_from_it(cells: list[dict[str, Any]]) -> None:
    """Errors that originate in a stub or placeholder are not the course's."""
    assert unfinished_only(notebook(*cells)) == []


@pytest.mark.parametrize("cells", UNEXPLAINED.values(), ids=UNEXPLAINED.keys())
def test_any_other_error_is_reported(cells: list[dict[str, Any]]) -> None:
    """Errors of the notebook itself are reported, once each."""
    assert len(unfinished_only(notebook(*cells))) == 1


def test_a_starter_may_fail_where_it_is_used_and_nowhere_else() -> None:
    """A program with a planted bug explains errors of the cells that read it."""
    cells = [
        cell("def buggy(x):\n    return x + 'a'"),
        cell("model = buggy(1)", "TypeError: unsupported operand"),
        cell("model.eval()", "NameError: name 'model' is not defined"),
        cell("other()", "KeyError: 'a'"),
    ]
    assert [error.name for error in unfinished_only(notebook(*cells, starters=("buggy",)))] == ["KeyError"]
    assert len(unfinished_only(notebook(*cells))) == 3
