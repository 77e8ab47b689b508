"""A file is read into what it means once for each version of it."""

from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.exercises import record
from coursekit.project import Project
from coursekit.sources import exercise_file, source
from coursekit.sources.source import source_of


def test_a_file_is_parsed_once_a_version(tmp_path: Path) -> None:
    """Asked again it is the same object; a changed file, or other given facts, are parsed anew; an error is no answer."""
    project, calls = Project(tmp_path), []

    def parse(path: Path, content: bytes, *given: str) -> list[str]:
        calls.append((path.name, content, given))
        if content == b"bad":
            raise CourseError("bad")
        return [content.decode(), *given]

    path = tmp_path / "file"
    path.write_bytes(b"1")
    first = project.parsed(path, parse)
    assert project.parsed(path, parse) is first
    assert project.parsed(path, parse, "x") == ["1", "x"]
    path.write_bytes(b"bad")
    for _ in range(2):
        with pytest.raises(CourseError):
            project.parsed(path, parse)
    path.write_bytes(b"1")
    assert project.parsed(path, parse) == first
    path.write_bytes(b"2")
    assert project.parsed(path, parse) == ["2"]
    assert Project(tmp_path).parsed(path, parse) == ["2"]
    assert len(calls) == 7
    with pytest.raises(FileNotFoundError):
        project.parsed(tmp_path / "missing", parse)


def test_a_command_reads_no_file_twice(tiny_course: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digests of all exercises parse the source once and each exercise file once, whatever their number."""
    parsed: list[Path] = []
    for module in (source, exercise_file):
        original = module._parse

        def counting(path: Path, *rest: object, original: object = original) -> object:
            parsed.append(path)
            return original(path, *rest)  # type: ignore[operator]

        monkeypatch.setattr(module, "_parse", counting)
    names = [path.stem for path in tiny_course.exercises("01_tiny")]
    digests = [record.digest(tiny_course, "01_tiny", name) for name in names]
    assert len(set(digests)) == len(names) == 4
    assert source_of(tiny_course, "01_tiny", "morning") is source_of(tiny_course, "01_tiny", "morning")
    assert sorted(parsed) == sorted([tiny_course.source("01_tiny", "morning"), *tiny_course.exercises("01_tiny")])
