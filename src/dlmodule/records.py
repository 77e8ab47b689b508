"""Frozen dataclasses from JSON and back. What does not fit is one ValueError that names the field: ``days[2].parts[0].start``.

A field that has a default may be missing or null; every other must be there. Keys that no field is called are passed over, so
that an older reader opens a newer file. ``Annotated[str, Rule(...)]`` says what else a value must satisfy.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A condition on a value, and what is said of a value that breaks it: "is empty"."""

    holds: Callable[[Any], object]
    complaint: str


def from_json(kind: type[Record], value: object, *, zone: tzinfo) -> Record:
    """``value``, as json.loads gives it, as the dataclass ``kind``; times become aware in ``zone``. Raises ValueError."""
    record: Record = _read(kind, value, "", zone)
    return record


def to_json(record: object) -> Any:
    """What ``from_json`` reads back: dataclasses as objects, tuples as arrays, times and dates in ISO 8601.

    A field with ``metadata={"kept": False}`` is left out; one with ``metadata={"none": "omit"}`` where it is None.
    """
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        values = [(field, getattr(record, field.name)) for field in dataclasses.fields(record)]
        return {
            field.name: to_json(value)
            for field, value in values
            if field.metadata.get("kept", True) and not (value is None and field.metadata.get("none") == "omit")
        }
    if isinstance(record, tuple):
        return [to_json(item) for item in record]
    return record.isoformat() if isinstance(record, date) else record


@cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """(name, type, whether it must be there) of every field that is read."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
        if field.metadata.get("kept", True)
    )


def _read(kind: Any, value: Any, place: str, zone: tzinfo) -> Any:
    """``value`` as ``kind``. Raises ValueError that begins with ``place``."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *rules = get_args(kind)
        result = _read(inner, value, place, zone)
        for rule in rules:
            if not rule.holds(result):
                raise ValueError(f"{place} {rule.complaint}: {_short(value)}")
        return result
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _read(next(inner for inner in get_args(kind) if inner is not type(None)), value, place, zone)
    if origin is Literal:
        if value not in get_args(kind):
            raise ValueError(f"{place} is none of {', '.join(map(repr, get_args(kind)))}: {_short(value)}")
        return value
    if origin is tuple:
        _expect(isinstance(value, list), place, "a list", value)
        return tuple(_read(get_args(kind)[0], item, f"{place}[{index}]", zone) for index, item in enumerate(value))
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, place, zone)
    return _SCALARS[kind](value, place, zone)


def _record(kind: Any, value: Any, place: str, zone: tzinfo) -> Any:
    _expect(isinstance(value, Mapping), place or "it", "an object", value)
    given = {}
    for name, hint, required in _fields(kind):
        where = f"{place}.{name}" if place else name
        if value.get(name) is not None:
            given[name] = _read(hint, value[name], where, zone)
        elif required:
            raise ValueError(f"{where} is missing")
    return kind(**given)


def _expect(holds: bool, place: str, what: str, value: object) -> None:
    if not holds:
        raise ValueError(f"{place} is not {what}: {_short(value)}")


def _text(value: Any, place: str, _zone: tzinfo) -> str:
    _expect(isinstance(value, str), place, "text", value)
    _expect(value.isascii() or _encodes(value), place, "text that can be written as UTF-8", value)
    return str(value)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flag(value: Any, place: str, _zone: tzinfo) -> bool:
    _expect(isinstance(value, bool), place, "true or false", value)
    return bool(value)


def _whole(value: Any, place: str, _zone: tzinfo) -> int:
    _expect(isinstance(value, int) and not isinstance(value, bool), place, "a whole number", value)
    return int(value)


def _number(value: Any, place: str, _zone: tzinfo) -> float:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    _expect(sound and math.isfinite(value), place, "a number", value)
    return float(value)


def _moment(value: Any, place: str, zone: tzinfo) -> datetime:
    try:
        stamp = datetime.fromisoformat(value)
        stamp = stamp.replace(tzinfo=zone) if stamp.tzinfo is None else stamp.astimezone(zone)
        stamp.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{place} is not a time (2022-12-02T09:00): {_short(value)}") from None
    return stamp


def _date(value: Any, place: str, _zone: tzinfo) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"{place} is not a date (2022-12-02): {_short(value)}") from None


_SCALARS: Mapping[Any, Callable[[Any, str, tzinfo], Any]] = {
    str: _text,
    bool: _flag,
    int: _whole,
    float: _number,
    datetime: _moment,
    date: _date,
}


def _short(value: object) -> str:
    """``value`` for an error: on one line, of a length that can be read."""
    try:
        text = ascii(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
