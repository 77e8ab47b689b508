import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from coursekit import ledger
from coursekit.commands.ledger import command
from coursekit.errors import CourseError
from coursekit.exercises import measurements
from coursekit.exercises.measurements import declared
from coursekit.exercises.measuring import bar_between
from coursekit.project import Project

SOURCE = '''\
# ---
# title: "Tiny: guess a number"
# objectives: [guess]
# prerequisites: []
# minutes: {cpu: 1, cpu_fp32: 1, gpu: 1}
# data: []
# ---

# %%
from dlmodule.checking import checks

check = checks("01_tiny")

# %% [markdown]
# ## A question
# Which number?

# %% [markdown]
# ### Exercise 1.1: guess

# %%
START = 0.5


def guess(steps: int, *, seed: int = 0) -> float:
    """A number that nears 1."""
    ### BEGIN SOLUTION
    return 1 - START**steps - 0.001 * seed
    ### END SOLUTION

# %%
check(guess)
'''

EXERCISE = '''\
"""Near the number 1."""

from pathlib import Path

from dlmodule.checking.exercise import Case, Exercise, Measured

exercise = Exercise(
    title="Guess",
    difficulty=1,
    minutes=5,
    move_on=10,
    hints=("Think of one half.", "Halve the distance in every step."),
    part="morning",
    measured=Measured("nearness"),
)


@exercise.probe
def probe(candidate, case):
    near = candidate(3, seed=case.seed)
    return {"nearness": near, "moved": near != 0.5}


@exercise.cases
def cases():
    yield Case()


exercise.edit("one_step_short", "START**steps", "START**(steps - 1)", "You stopped one step early.")


@exercise.mistake("You never moved.")
def never_moved(steps, *, seed=0):
    return 0.5


@exercise.mistake("It raised.")
def raises(steps, *, seed=0):
    raise ValueError(steps)


@exercise.alternative
def by_loop(steps, *, seed=0):
    distance = 1.0
    for _ in range(steps):
        distance *= START
    return 1 - distance


@exercise.alternative
def by_power(steps, *, seed=0):
    return 1 - 2.0**-steps


@exercise.ledger("long", seeds=4)
def long(solution, seed):
    with Path(LOG).open("a") as log:
        print(seed, file=log)
    if seed == 2 and not Path(LOG).with_name("go on").exists():
        raise KeyboardInterrupt
    return {"accuracy": solution(8, seed=seed)}
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Project:
    """A course with one measured exercise, whose full-size run is interrupted at seed 2 until a file says go on."""
    folder = tmp_path / "course" / "01_tiny"
    (folder / "exercises").mkdir(parents=True)
    (tmp_path / "course" / "syllabus.toml").write_text("")
    (folder / "morning.py").write_text(SOURCE)
    (folder / "exercises" / "guess.py").write_text(EXERCISE.replace("LOG", repr(str(tmp_path / "log"))))
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    return Project(tmp_path)


def course_ledger(*arguments: str):
    """Run ``course ledger`` with these arguments."""
    return CliRunner().invoke(command, arguments)


def edit(project: Project, old: str, new: str, file: str = "exercises/guess.py") -> None:
    """Replace ``old`` by ``new`` in a file of the session."""
    path = project.course / "01_tiny" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_declared_is_read_without_running_the_file(project: Project):
    """A measured exercise declares its rehearsal and each @exercise.ledger function."""
    edit(project, "import Path\n", "import Path\nraise SystemExit\n")
    assert [(one.name, one.seeds) for one in declared(project)] == [
        ("01_tiny.guess.rehearsal", 10),
        ("01_tiny.guess.long", 4),
    ]


def test_an_interrupted_measurement_goes_on_where_it_was(project: Project):
    """Every seed is written when it is done; the next run measures the missing ones and nothing twice."""
    course_ledger("01_tiny.guess.long")
    assert ledger.find(ledger.read(project), "full", "01_tiny.guess", "long")["seeds"] == [0, 1]
    assert "01_tiny.guess.long: 2 of 4 seeds" in measurements.stale(project)
    (project.root / "go on").touch()
    assert course_ledger("01_tiny.guess", "--full").exit_code == 0
    assert (project.root / "log").read_text().split() == ["0", "1", "2", "2", "3"]
    row = ledger.find(ledger.read(project), "full", "01_tiny.guess", "long")
    right = 1 - 0.5**8
    assert row["values"]["accuracy"] == pytest.approx([right, right - 0.001, right - 0.002, right - 0.003], rel=1e-5)
    assert row["mean"]["accuracy"] == pytest.approx(right - 0.0015, rel=1e-5)
    assert row["std"]["accuracy"] == pytest.approx(0.001291, rel=1e-3)
    assert ledger.figure(project, "01_tiny.guess.long.accuracy") == "99.5 % ± 0.1 (4 seeds)"
    course_ledger("01_tiny", "--full")
    assert len((project.root / "log").read_text().split()) == 5


def test_rehearsal_sets_the_bar(project: Project):
    """The bar is midway between the worst right answer and the best mistake; evidence and errors know the other mistakes."""
    result = course_ledger("--rehearsal")
    assert result.exit_code == 0, result.output
    row = ledger.find(ledger.read(project), "rehearsal", "01_tiny.guess")
    assert {name: len(values) for name, values in row["right"].items()} == {"solution": 10, "by_loop": 3, "by_power": 3}
    assert row["mistakes"]["one_step_short"] == pytest.approx([0.75, 0.749, 0.748])
    assert all(math.isnan(value) for name in ("never_moved", "raises") for value in row["mistakes"][name])
    assert ledger.bar(project, "01_tiny.guess") == pytest.approx((0.866 + 0.75) / 2)
    assert measurements.stale(project) == ["01_tiny.guess.long: not yet measured"]


def test_overlap_is_an_error_that_names_the_mistake(project: Project):
    """A mistake that does as well as a right answer leaves no bar: the command says which."""
    edit(project, "return 0.5\n", "return 0.9\n")
    result = course_ledger("01_tiny.guess", "--rehearsal")
    assert isinstance(result.exception, CourseError)
    assert "the mistake 'never_moved' reaches 0.9, the right answer 'solution' only 0.866" in str(result.exception)
    assert ledger.bar(project, "01_tiny.guess") is None
    assert "01_tiny.guess.rehearsal: no bar separates right answers from mistakes" in measurements.stale(project)


def test_wording_does_not_make_a_row_stale_and_code_does(project: Project):
    """A row is of its source: sentences, hints and comments may change; the solution, a mistake and the probe may not."""
    course_ledger("--rehearsal")
    edit(project, "You never moved.", "You did not move.")
    edit(project, "Think of one half.", "Think of a half.")
    edit(project, '    title="Guess",\n', "")
    edit(project, '    part="morning",\n', "    core=True,\n")
    edit(project, "from dlmodule.checking.exercise import", "from dlmodule.checking import")
    edit(project, "# Which number?", "# Which number, and why?", "morning.py")
    edit(project, '"""A number that nears 1."""', '"""A number near 1."""', "morning.py")
    changed = "01_tiny.guess.rehearsal: its source has changed since it was measured"
    assert changed not in measurements.stale(project)
    edit(project, "START = 0.5", "START = 0.4", "morning.py")
    assert changed in measurements.stale(project)


def test_a_row_at_full_size_is_of_its_function(project: Project):
    """What measures the row counts, with what it needs; the mistakes, the cases and the probe of the check do not."""
    (project.root / "go on").touch()
    course_ledger("--full")
    edit(project, "return 0.5\n", "return 0.4\n")
    edit(project, "near = candidate(3", "near = candidate(4")
    edit(project, "distance = 1.0", "distance = 1")
    changed = "01_tiny.guess.long: its source has changed since it was measured"
    assert changed not in measurements.stale(project)
    edit(project, "solution(8", "solution(STEPS")
    edit(project, '@exercise.ledger("long"', 'STEPS = 8\n\n\n@exercise.ledger("long"')
    assert changed in measurements.stale(project)
    course_ledger("--full")
    assert changed not in measurements.stale(project)
    edit(project, "STEPS = 8", "STEPS = 9")
    assert changed in measurements.stale(project)


def test_a_changed_source_is_measured_anew(project: Project):
    """Values of another source are never mixed with new ones."""
    (project.root / "go on").touch()
    course_ledger("--full")
    edit(project, "START = 0.5", "START = 0.25", "morning.py")
    course_ledger("--full", "--seeds", "1")
    row = ledger.find(ledger.read(project), "full", "01_tiny.guess", "long")
    assert row["values"]["accuracy"] == pytest.approx([1 - 0.25**8], rel=1e-5)


def test_an_edit_that_fits_nowhere_is_named(project: Project):
    """An edit whose text is not in the solution is an error with the exercise's file."""
    edit(project, '"START**steps"', '"START**step"')
    edit(project, '"START**(steps - 1)"', '"0"')
    edit(project, '"START**step"', '"FINISH"')
    result = course_ledger("--rehearsal")
    assert "guess.py" in str(result.exception) and "'FINISH' occurs 0 times in the solution, not 1" in str(
        result.exception
    )


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=5),
    st.lists(st.floats(-10, 10), min_size=1, max_size=5),
    st.booleans(),
)
def test_the_bar_separates(right: list[float], wrong: list[float], higher: bool):
    """Whatever the values: either every right answer is beyond the bar and no mistake is, or there is an error."""
    sign = 1 if higher else -1
    try:
        bar = sign * bar_between({"solution": right}, {"wrong": [*wrong, math.nan]}, higher=higher)
    except CourseError:
        assert max(sign * value for value in wrong) >= min(sign * value for value in right)
    else:
        assert all(sign * value >= bar for value in right)
        assert all(sign * value <= bar for value in wrong)
