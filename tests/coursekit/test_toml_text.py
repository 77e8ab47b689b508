"""What Python's readers of TOML and YAML answer by an exception of another kind is one line as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.marking.marks import read_records
from coursekit.project import Project
from coursekit.schedule import syllabus
from coursekit.sources.header import parse_header


def _ledger(path: Path) -> object:
    project = Project(path.parent)
    project.ledger.parent.mkdir()
    project.ledger.write_text(path.read_text())
    return ledger.figure(project, "a.b.c.d")


READERS: dict[str, Callable[[Path], object]] = {
    "syllabus": syllabus.load,
    "ledger": _ledger,
    "records": lambda path: read_records(path, ZoneInfo("Europe/London")),
}
LONG, DEEP = "9" * 5000, "[" * 3000 + "]" * 3000


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("value", "words"), [(LONG, "too many digits"), (DEEP, "nested too deeply")], ids=["digits", "depth"]
)
def test_toml(tmp_path: Path, reader: Callable[[Path], object], value: str, words: str) -> None:
    """A number of 5,000 digits and brackets 3,000 deep, wherever TOML is read."""
    path = tmp_path / "file.toml"
    path.write_text(f"title = {value}\n")
    with pytest.raises(CourseError, match=words) as caught:
        reader(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [LONG, DEEP, "\x01", "2022-02-30", "&a [*a]"])
def test_yaml(tmp_path: Path, value: str) -> None:
    """The header of a source."""
    with pytest.raises(CourseError) as caught:
        parse_header(f"title: {value}\n", file=tmp_path / "morning.py", line=2)
    assert caught.value.line is not None and "\n" not in str(caught.value)
