"""The ledger: what every model the course trains has been measured to reach. Reads and writes ``course/ledger.toml``.

Two kinds of row. ``[[full]]`` is one training exercise at full size on one data set: the value of every seed. ``[[rehearsal]]``
is the same exercise at the size its check runs: the values of right answers and of each mistake, and the ``bar`` between them.

Prose quotes a row by name, ``05_cnns_1.train_lenet.fashion_mnist.accuracy``; ``figure`` turns that into words. Measuring is
``coursekit.exercises.measuring``; nothing here imports torch.
"""

from __future__ import annotations

import datetime
import json
import math
import re
import statistics
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.toml_text import tables_of
from dlmodule.files import write_atomically

HEADER = "# What every model the course trains was measured to reach. Written by `course ledger`; not by hand.\n"
UNMEASURED = "(not yet measured)"
KEYS = {"full": ("id", "set"), "rehearsal": ("id",)}
# Metrics between 0 and 1 that people read in per cent.
PERCENT = ("accuracy", "fraction", "share", "coverage")

Row = dict[str, Any]
Ledger = dict[str, list[Row]]


def read(project: Project) -> Ledger:
    """The rows by kind, to look at; none where there is no file yet. Raises CourseError, naming the line, for a damaged file."""
    try:
        return project.parsed(project.ledger, _parse)
    except FileNotFoundError:
        return {kind: [] for kind in KEYS}


def _parse(path: Path, content: bytes) -> Ledger:
    text = ""
    try:
        text = content.decode()
        tables = tables_of(text, path)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = int(line[1]) if line else len(text.splitlines())
        raise CourseError(f"not valid TOML: {error}", file=path, line=number) from None
    except UnicodeDecodeError as error:
        raise CourseError(f"not UTF-8 text at byte {error.start}", file=path) from None
    for kind in tables:
        if kind not in KEYS:
            line_of = _line_of(text, rf"\[+{re.escape(kind)}\b|{re.escape(kind)}\s*=")
            raise CourseError(
                f"[[{kind}]] is no kind of row; there are [[full]] and [[rehearsal]]", file=path, line=line_of
            )
        for number, row in enumerate(tables[kind] if isinstance(tables[kind], list) else [None]):
            problem = _wrong_with(kind, row)
            if problem:
                raise CourseError(problem, file=path, line=_line_of(text, rf"\[+{kind}\]", skip=number))
    return {kind: tables.get(kind, []) for kind in KEYS}


def find(ledger: Ledger, kind: str, *key: str) -> Row | None:
    """The row of ``kind`` with this id (and set); None where it has not been measured."""
    return next((row for row in ledger[kind] if tuple(row[name] for name in KEYS[kind]) == key), None)


def put(project: Project, kind: str, row: Row) -> None:
    """Write ``row`` into the ledger at once, in place of the one with the same id (and set). Safe beside other writers."""
    from filelock import FileLock  # slow to import, and a build only reads

    project.build.mkdir(parents=True, exist_ok=True)
    with FileLock(project.build / "ledger.lock"):  # two measurements may run beside each other
        ledger = {kind: list(rows) for kind, rows in read(project).items()}
        key = [row[name] for name in KEYS[kind]]
        rows = [other for other in ledger[kind] if [other[name] for name in KEYS[kind]] != key]
        ledger[kind] = sorted([*rows, row], key=lambda other: [other[name] for name in KEYS[kind]])
        write_atomically(project.ledger, to_toml(ledger))


def to_toml(ledger: Ledger) -> str:
    """The file's text: one table a row, one line a fact."""
    rows = [_table(kind, row) for kind in KEYS for row in ledger[kind]]
    return "\n".join([HEADER, *rows])


def figure(project: Project, name: str) -> str:
    """The words for ``SESSION.EXERCISE.SET.METRIC``: "90.1 % ± 0.2 (10 seeds)"; for ``.seconds`` "21 s".

    SET may be ``rehearsal``. "(not yet measured)" where there is no row. Raises CourseError for a name of another form, and
    for a metric that the row does not have.
    """
    parts = name.split(".")
    if len(parts) != 4:
        raise CourseError(f"{name!r} names no figure; write SESSION.EXERCISE.SET.METRIC")
    exercise, data, metric = ".".join(parts[:2]), parts[2], parts[3]
    ledger = read(project)
    if data == "rehearsal":
        row = find(ledger, "rehearsal", exercise)
        values = {"seconds": row["seconds"], row["metric"]: row["right"].get("solution", [])} if row else {}
    else:
        row = find(ledger, "full", exercise, data)
        values = row["values"] if row else {}
    if row is None:
        return UNMEASURED
    if metric not in values:
        raise CourseError(f"{name!r}: that row holds {', '.join(sorted(values))}", file=project.ledger)
    return words(metric, values[metric])


def means(project: Project) -> dict[str, float]:
    """The mean of every figure at full size, by ``SESSION.EXERCISE.SET.METRIC``: what slides quote."""
    rows = read(project)["full"]
    return {
        f"{row['id']}.{row['set']}.{metric}": statistics.fmean(values)
        for row in rows
        for metric, values in row["values"].items()
    }


def words(metric: str, values: list[float]) -> str:
    """Mean and standard deviation over seeds as a person writes them: as many decimals as the spread makes meaningful."""
    mean = statistics.fmean(values)
    if metric == "seconds":
        return f"{mean:.1f} s" if mean < 10 else f"{mean:.0f} s" if mean < 120 else f"{mean / 60:.1f} min"
    percent = is_share(metric)
    scale, unit = (100, " %") if percent else (1, "")
    mean, seeds = mean * scale, f"({len(values)} seed{'s' if len(values) > 1 else ''})"
    spread = statistics.stdev(values) * scale if len(values) > 1 else 0.0
    decimals = max(0, min(4, -math.floor(math.log10(spread)))) if spread > 0 else 1 if percent else 3
    if percent:
        decimals = max(1, min(2, decimals))
    if len(values) == 1:
        return f"{mean:.{decimals}f}{unit} {seeds}"
    return f"{mean:.{decimals}f}{unit} ± {spread:.{decimals}f} {seeds}"


def is_share(metric: str) -> bool:
    """Whether ``metric`` lies between 0 and 1 and is read in per cent."""
    return any(word in metric for word in PERCENT)


def bar(project: Project, exercise: str) -> float | None:
    """The value a right answer to the measured exercise ``SESSION.EXERCISE`` is beyond; None where it is not measured."""
    row = find(read(project), "rehearsal", exercise)
    return None if row is None or "bar" not in row else float(row["bar"])


def _wrong_with(kind: str, row: object) -> str:
    """What is wrong with a row, in a sentence; empty where nothing is."""
    needed: dict[str, type] = {name: str for name in (*KEYS[kind], "source_hash", "hardware")}
    needed |= {"seeds": list} | (
        {"values": dict} if kind == "full" else {"metric": str, "right": dict, "mistakes": dict}
    )
    if not isinstance(row, dict):
        return f"{kind!r} must be written as [[{kind}]] tables"
    for name, form in needed.items():
        if not isinstance(row.get(name), form):
            lack = "lacks" if name not in row else "has a wrong"
            return f"this [[{kind}]] row {lack} {name!r} ({form.__name__})"
    for name, values in _columns(kind, row).items():
        if not isinstance(values, list) or not values or not all(isinstance(v, int | float) for v in values):
            return f"{name!r} of this [[{kind}]] row must be a list of numbers"
    return ""


def _columns(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row["values"]) if kind == "full" else {**row["right"], **row["mistakes"], "seconds": row.get("seconds")}


def _line_of(text: str, pattern: str, skip: int = 0) -> int | None:
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*(?:{pattern})", line)]
    return lines[skip] if skip < len(lines) else None


def _table(kind: str, row: Mapping[str, Any]) -> str:
    lines = [f"[[{kind}]]"]
    for name, value in row.items():
        if isinstance(value, dict):
            lines += [f"{name}.{_key(inner)} = {_toml(v)}" for inner, v in value.items()] or [f"{name} = {{}}"]
        else:
            lines.append(f"{_key(name)} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML basic string: as in JSON, but DEL is escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(f"{value:.6g}")) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)
