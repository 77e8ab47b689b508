"""JSON becomes typed records or one sentence that names the field; nothing else ever happens."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.records import Rule, from_json, to_json


@dataclass(frozen=True)
class Inner:
    """One of each kind of value."""

    name: Annotated[str, Rule(str.strip, "is empty")]
    count: int = 1
    share: float = 0.5
    flag: bool = False
    when: datetime | None = None
    day: date | None = None
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    """A list of them, and a field that is not written."""

    items: tuple[Inner, ...]
    hidden: int = field(default=0, metadata={"kept": False})
    rare: int | None = field(default=None, metadata={"none": "omit"})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
RECORDS = st.builds(
    Outer,
    items=st.lists(
        st.builds(
            Inner,
            name=TEXT,
            count=st.integers(),
            share=st.floats(-1e14, 1e14),
            when=st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
            day=st.none() | st.dates(),
        ),
        max_size=3,
    ).map(tuple),
    rare=st.none() | st.integers(),
)


@given(RECORDS)
def test_what_is_written_is_read_back(record: Outer) -> None:
    """The same record, whatever is in it."""
    assert from_json(Outer, to_json(record), zone=UTC) == record


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "it is not an object: []"),
        ({}, "items is missing"),
        ({"items": "x"}, "items is not a list: 'x'"),
        ({"items": [{"name": "n"}, 3]}, r"items[1] is not an object: 3"),
        ({"items": [{"name": "  "}]}, "items[0].name is empty: '  '"),
        ({"items": [{"name": "n", "count": True}]}, "items[0].count is not a whole number: True"),
        ({"items": [{"name": "n", "share": float("nan")}]}, "items[0].share is not a number: nan"),
        ({"items": [{"name": "n", "share": 10**400}]}, "items[0].share is not a number: 1000"),
        ({"items": [{"name": "n", "flag": 1}]}, "items[0].flag is not true or false: 1"),
        ({"items": [{"name": "n", "when": "soon"}]}, "items[0].when is not a time (2022-12-02T09:00): 'soon'"),
        ({"items": [{"name": "n", "when": "0001-01-01T00:00+14:00"}]}, "items[0].when is not a time"),
        ({"items": [{"name": "n", "day": 20221202}]}, "items[0].day is not a date"),
        ({"items": [{"name": "n", "kind": ["a"]}]}, "items[0].kind is none of 'a', 'b': ['a']"),
        ({"items": [{"name": "\ud800"}]}, "items[0].name is not text that can be written as UTF-8: '\\ud800'"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(value: Any, message: str) -> None:
    """The field, what is wrong with it, and what stands there."""
    with pytest.raises(ValueError) as raised:
        from_json(Outer, value, zone=UTC)
    assert str(raised.value).startswith(message)
    assert len(str(raised.value)) < 160
