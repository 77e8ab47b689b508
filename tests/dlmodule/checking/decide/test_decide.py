"""The decision by tables of evidence written by hand: from what was recorded to the rung that tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from dlmodule.checking import Case
from dlmodule.checking.decide.decide import decide
from dlmodule.checking.evidence import Evidence, Outcome, Raised
from dlmodule.checking.key import ExerciseKey, MistakeKey
from dlmodule.checking.probes import call

RIGHT = torch.tensor([1.25, -2.5, 4.75], dtype=torch.float64)
OTHER = torch.tensor([0.5, 7.125, -3.375], dtype=torch.float64)
STUB = Raised("NotImplementedError", "...your code here...", where="answer", stated=True)


def returned(value: Any, **fields: Any) -> Evidence:
    """An answer that returned ``value``."""
    return Evidence((Outcome(value),), **fields)


def key(*mistakes: MistakeKey, cases: int = 2, **fields: Any) -> ExerciseKey:
    """An exercise with two cases, the first smaller; the right results are RIGHT and OTHER."""
    made = [Case(RIGHT).named("three numbers"), Case(OTHER).named("three others")][:cases]
    right = [returned(RIGHT), returned(OTHER)][:cases]
    hints = ("first", "second")
    return ExerciseKey(
        "s", "answer", "T", "morning", "function", 5, 9, hints, call(), made, right, list(mistakes), **fields
    )


def of(value: Any, **fields: Any) -> list[Evidence]:
    """The same outcome on both cases."""
    return [returned(value, **fields), returned(value, **fields)]


NEGATED = MistakeKey("negated", "You changed the sign.", [returned(-RIGHT), returned(-OTHER)])


@pytest.mark.parametrize(
    ("evidence", "status", "rung"),
    [
        ([returned(RIGHT), returned(OTHER)], "right", "right"),
        ([Evidence(raised=STUB)] * 2, "not started", "not started"),
        ([Evidence(raised=replace(STUB, where="another"))] * 2, "wrong", "raised"),
        ([Evidence(raised=replace(STUB, stated=False))] * 2, "wrong", "raised"),
        (of(...), "not started", "not started"),
        ([returned(RIGHT)], "could not check", "incomplete"),
        ([returned(-RIGHT), returned(-OTHER)], "wrong", "mistake"),
        ([Evidence(raised=Raised("ValueError", "no"))] * 2, "wrong", "raised"),
        ([Evidence(timed_out=True)] * 2, "wrong", "time"),
        (of(None), "wrong", "type"),
        (of([1.25, -2.5, 4.75]), "wrong", "type"),
        (of(RIGHT[:2]), "wrong", "shape"),
        ([returned(RIGHT.float()), returned(OTHER.float())], "wrong", "dtype"),
        ([returned(RIGHT * torch.nan), returned(OTHER)], "wrong", "nan"),
        ([returned(2 * RIGHT), returned(2 * OTHER)], "wrong", "transformation"),
        ([returned(RIGHT, changed_inputs=("x",)), returned(OTHER, changed_inputs=("x",))], "wrong", "in place"),
    ],
    ids=[
        "right", "stub", "another's stub", "torch's not implemented", "placeholder", "a case is missing", "named mistake", "raises",
        "too slow", "none", "list", "shape", "dtype", "nan", "transformation", "in place",
    ],
)  # fmt: skip
def test_the_rung_that_tells_it(evidence: list[Evidence], status: str, rung: str) -> None:
    """One row a rung."""
    found = decide(key(NEGATED), evidence)
    assert (found.status, found.rung) == (status, rung), found.message


def test_a_named_mistake_comes_before_everything_but_right() -> None:
    """Also where it raises: then the message decides, numbers apart."""
    raises = [Evidence(raised=Raised("ValueError", "size 3"))] * 2
    named = key(MistakeKey("raises", "You ask for too much.", raises))
    assert decide(named, [Evidence(raised=Raised("ValueError", "size 7"))] * 2).mistake == "raises"
    assert decide(named, [Evidence(raised=Raised("ValueError", "other"))] * 2).mistake is None


def test_a_mistake_must_explain_every_case() -> None:
    """Right on one case and the mistake on the other is not that mistake, though it may look like it."""
    found = decide(key(NEGATED), [returned(RIGHT), returned(-OTHER)])
    assert found.rung != "mistake"


def test_a_starter_that_is_unchanged_is_not_started() -> None:
    """What the given code does counts as nothing written, not as wrong."""
    starter = of(RIGHT[:2])
    found = decide(key(starter=starter), starter)
    assert (found.status, found.message) == (
        "not started",
        "`answer` still does exactly what the code you were given does.",
    )


def test_a_value_tells_more_than_a_shape_and_a_shape_more_than_what_is_counted() -> None:
    """Of failing cases the one is told that says most, whatever its place."""
    shape, value = returned(RIGHT[:2]), returned(OTHER + torch.tensor([0.0, 0.3, 0.0], dtype=torch.float64))
    assert decide(key(), [shape, value]).case == "three others"
    assert decide(key(), [returned(RIGHT, changed_inputs=("x",)), value]).case == "three others"


def test_nothing_but_data_is_needed() -> None:
    """A diagnosis survives the way through a key's plain data: marking decides elsewhere."""
    for evidence in ([returned(-RIGHT), returned(-OTHER)], of(None), [Evidence(raised=STUB)] * 2):
        travelled = [Evidence.from_data(each.to_data()) for each in evidence]
        assert decide(key(NEGATED), travelled) == decide(key(NEGATED), evidence)


def test_hints_minutes_and_part_go_with_every_verdict() -> None:
    """The card needs them."""
    for evidence in ([returned(RIGHT), returned(OTHER)], of(None)):
        found = decide(key(), evidence)
        assert (found.hints, found.minutes, found.move_on, found.part) == (("first", "second"), 5, 9, "morning")
