"""Where exercises are defined and what they are called: as the parsed source says, for the course itself and for odd sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.project import Project, find_project, source_files
from coursekit.sources.exercise_file import read
from coursekit.sources.outline import GIVEN, METHOD, WRITTEN, place_of, places
from coursekit.sources.source import parse
from tests.coursekit.conftest import EXERCISES, MORNING, write_course

ODD = """\
# %% [markdown]
# ### Exercise 1.1: two at once

# %%
### BEGIN SOLUTION
first, second = 1, 2
third: int = 3
### END SOLUTION
fourth = 4

# %% [markdown]
# ### Exercise 1.2: a method, and what it is for

# %%
class Holder:
    def given(self):
        return 1

    def method(self):
        ### BEGIN SOLUTION
        self.method = 2
        ### END SOLUTION

# %% [markdown]
# ### Aside

# %%
def helper():
    return 1
"""


def test_the_names_and_titles_of_an_odd_source() -> None:
    """Several names in a region, a method, an aside that is no exercise."""
    found = {place.name: (place.line, place.title, place.rank) for place in places(Path("part.py"), ODD.encode())}
    method = "a method, and what it is for"
    assert found == {
        "first": (6, "two at once", WRITTEN),
        "second": (6, "two at once", WRITTEN),
        "third": (7, "two at once", WRITTEN),
        "fourth": (9, "two at once", GIVEN),
        "Holder": (15, method, WRITTEN),
        "given": (16, method, METHOD),
        "method": (19, method, METHOD),
        "helper": (28, "", GIVEN),
    }
    assert places(Path("empty.py"), b"") == ()


def test_a_definition_with_a_region_is_likelier() -> None:
    """A name that another part defines too, ready-made, belongs to the part in which a learner writes it."""
    other = places(Path("other.py"), b"# %%\ndef first():\n    return 1\n")
    outlines = (other, places(Path("part.py"), ODD.encode()))
    assert [place.part for place in place_of("first", outlines)] == ["part"]
    assert [place.part for place in place_of("helper", (*outlines, places(Path("x.py"), b"# %%\nhelper = 1\n")))] == [
        "part",
        "x",
    ]
    assert place_of("unknown", outlines) == []


def test_the_course_is_outlined_as_it_is_parsed() -> None:
    """Every exercise of the course: the outline finds the part and the heading that parsing the source finds."""
    project = find_project(Path(__file__))
    for session in sorted(folder for folder in project.course.iterdir() if (folder / "exercises").is_dir()):
        outlines = [places(path, path.read_bytes()) for path in source_files(session)]
        for path in source_files(session):
            source = parse(path)
            headings = {name: cell.headings[-1].text for cell in source.cells for name in cell.exercises("heading")}
            for meta in source.exercises:
                found = place_of(meta.name, outlines)
                assert [place.part for place in found] == [source.part], meta.name
                assert re.fullmatch(rf"Exercise [\w.]+: {re.escape(found[0].title)}( \(\w+\))?", headings[meta.name])


def bare(name: str = "double") -> str:
    """The exercise without its title, part and ``move_on``."""
    return re.sub(r'    (title|part)=".*",\n|    move_on=10,\n', "", EXERCISES[name])


def test_what_a_file_leaves_out_comes_from_the_notebook(tmp_path: Path) -> None:
    """Title from the heading, part from the definition, twice the minutes; what it says stands."""
    project = write_course(tmp_path, exercises={**EXERCISES, "double": bare()})
    path = project.course / "01_tiny" / "exercises" / "double.py"
    facts = read(path)
    assert (facts.title, facts.part, facts.move_on) == ("double", "morning", 10)
    assert "double" in [meta.name for meta in parse(project.course / "01_tiny" / "morning.py").exercises]
    path.write_text(bare().replace("difficulty=1", 'title="Twofold", move_on=7, core=True, difficulty=1'))
    facts = read(path)
    assert (facts.title, facts.move_on, facts.core) == ("Twofold", 7, True)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"morning": MORNING.replace("def double", "def twofold")}, "double.py:1: no source of this session holds a definition of exercise 'double'"),
        ({"morning": MORNING, "afternoon": MORNING}, "double.py:1: 'double' is defined in afternoon and morning: say which"),
        ({"morning": re.sub("Exercise 1.1: .*", "Doubling", MORNING)}, r"morning.py:\d+: no heading `### Exercise N: title` above"),
    ],
)  # fmt: skip
def test_what_the_notebook_cannot_say_is_asked_for(tmp_path: Path, sources: dict[str, str], message: str) -> None:
    """No definition, two of them, or no heading: one line with file and line."""
    project: Project = write_course(tmp_path, sources=sources, exercises={"double": bare()})
    with pytest.raises(CourseError, match=message):
        read(project.course / "01_tiny" / "exercises" / "double.py")
