"""``course verify``, ``course check`` and the keys behind them, on a course of one exercise that is whole, then broken in turn."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from coursekit.commands.check import command as check_command
from coursekit.commands.verify import command as verify_command
from coursekit.errors import CourseError
from coursekit.exercises import leaks, proofs, record, verify
from coursekit.project import Project
from coursekit.sources import exercise_file, source
from dlmodule.checking import judge, key
from dlmodule.checking.evidence import Evidence, Raised
from dlmodule.recording import recording

MORNING = '''\
# ---
# title: "Tiny"
# objectives: [average]
# prerequisites: []
# minutes: {cpu: 1, gpu: 1}
# data: []
# ---

# %%
import torch
from torch import Tensor

from dlmodule.checking import checks

check = checks("01_tiny")

# %% [markdown]
# ## Exercise 1.1: a moving mean

# %%
def moving_mean(x: Tensor, width: int) -> Tensor:
    """Mean of each run of ``width`` neighbours. x: (T,); returns (T - width + 1,)."""
    ### BEGIN SOLUTION
    runs_of_neighbours = x.unfold(0, width, 1)
    return runs_of_neighbours.sum(1) / width
    ### END SOLUTION

# %%
check(moving_mean)
'''

EXERCISE = '''\
"""Average each run of neighbouring samples."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    title="A moving mean", difficulty=1, minutes=5, move_on=10, part="morning", hints=("first", "second")
)


@exercise.cases
def cases():
    yield Case(torch.tensor([1.0, 3.0, 8.0], dtype=torch.float64), 2).named("three samples")
    yield Case(torch.randn(11, generator=torch.Generator().manual_seed(0), dtype=torch.float64), 4).named("eleven samples")


@exercise.mistake("You summed each run.")
def sum_of_each_run(x, width):
    return x.unfold(0, width, 1).sum(1)


@exercise.mistake("Your runs do not overlap.")
def runs_side_by_side(x, width):
    return x.unfold(0, width, width).mean(1)


exercise.edit("along_the_trace", "sum(1)", "sum(0)", "You averaged along the trace.")


@exercise.alternative
def by_cumulative_sum(x, width):
    total_so_far = torch.cat([x.new_zeros(1), x.cumsum(0)])
    return (total_so_far[width:] - total_so_far[:-width]) / width


@exercise.alternative
def by_a_loop(x, width):
    return torch.stack([x[start : start + width].mean() for start in range(len(x) - width + 1)])
'''

Change = Callable[[str, str], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A course with one exercise, and the environment a learner's shell has."""
    made = Project(tmp_path)
    folder = made.course / "01_tiny"
    (folder / "exercises").mkdir(parents=True)
    made.syllabus.write_text("")
    (folder / "morning.py").write_text(MORNING)
    (folder / "exercises" / "moving_mean.py").write_text(EXERCISE)
    monkeypatch.setenv("DLMODULE_COURSE", str(tmp_path))
    monkeypatch.setenv("DLMODULE_KEYS", str(made.build / "keys"))
    monkeypatch.setenv("DLMODULE_PROGRESS", str(tmp_path / "progress.jsonl"))
    return made


def change(project: Project, file: str, old: str, new: str) -> None:
    path = project.course / "01_tiny" / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def prove(project: Project) -> proofs.Proof:
    return proofs.prove(project, "01_tiny", "moving_mean")


def test_a_whole_exercise_is_proved(project: Project) -> None:
    """Everything the design asks holds, and is reported in the machine-readable form."""
    ran = CliRunner().invoke(verify_command, ["01_tiny", "--json"])
    assert ran.exit_code == 0, ran.stderr
    (told,) = json.loads(ran.stdout)
    assert told.pop("seconds") >= 0
    mutants = told.pop("mutants")
    assert mutants["killed"] == mutants["total"] >= 8
    assert sum(told.pop("sentences").values()) == mutants["killed"]
    assert told == {
        "exercise": "01_tiny.moving_mean",
        "solution": "right",
        "stub": "not started",
        "mistakes": [
            {"name": "sum_of_each_run", "sentence": "You summed each run.", "met": True},
            {"name": "runs_side_by_side", "sentence": "Your runs do not overlap.", "met": True},
            {"name": "along_the_trace", "sentence": "You averaged along the trace.", "met": True},
        ],
        "alternatives": {"accepted": 2, "total": 2},
        "measured": False,
    }


BROKEN = [
    ("exercises/moving_mean.py", "x.unfold(0, width, width).mean(1)", "x.unfold(0, width, 1).sum(1) + 1e-8", "tolerances from"),
    ("exercises/moving_mean.py", "range(len(x) - width + 1)", "range(len(x) - width)", "alternative by_a_loop is wrong"),
    ("exercises/moving_mean.py", "x.unfold(0, width, width).mean(1)", "x.unfold(0, width, 1).mean(1)", "runs_side_by_side is met by right"),
    ("exercises/moving_mean.py", '"first", "second"', '"first",', "1 hints; at least 2 are asked"),
    ("exercises/moving_mean.py", "def cases():\n    yield Case(torch.tensor([1.0, 3.0, 8.0], dtype=torch.float64), 2).named(\"three samples\")\n", "def cases():\n    yield Case(torch.ones(3, dtype=torch.float64), 1)\n    return\n", "survive"),
    ("morning.py", "runs_of_neighbours = x.unfold(0, width, 1)", "runs_of_neighbours = x.unfold(width, 1)", "moving_mean.py:7: the solution raises TypeError on three samples"),
    ("exercises/moving_mean.py", "def runs_side_by_side(x, width)", "def runs_side_by_side(x, *, width)", "moving_mean.py:24: mistake runs_side_by_side cannot be called as the solution is: runs_side_by_side() takes 1"),
    ("exercises/moving_mean.py", '"sum(1)", "sum(0)"', '".sum(1)", " * numpy.ones(1)"', "mistake along_the_trace never runs for a learner: name 'numpy' is not defined"),
    ("exercises/moving_mean.py", "Your runs do not overlap.", "You summed each run.", "sum_of_each_run, runs_side_by_side have one sentence"),
    ("exercises/moving_mean.py", '.named("eleven samples")', "", "1 of 2 cases have no label"),
    ("exercises/moving_mean.py", '"eleven samples"', '"three samples"', "2 cases are called 'three samples'"),
    ("exercises/moving_mean.py", "@exercise.cases\n", "", "moving_mean.py:7: no case calls moving_mean with arguments"),
]  # fmt: skip


def test_a_right_answer_that_another_processor_computes_otherwise(project: Project) -> None:
    """With --portable right answers are judged once more, in a process whose torch uses no vector instructions."""
    assert CliRunner().invoke(verify_command, ["01_tiny", "--portable"]).exit_code == 0
    plain = 'float(torch.backends.cpu.get_cpu_capability() == "DEFAULT")'
    change(project, "exercises/moving_mean.py", "return torch.stack([x[start", f"return {plain} + torch.stack([x[start")
    assert CliRunner().invoke(verify_command, ["01_tiny"]).exit_code == 0
    ran = CliRunner().invoke(verify_command, ["01_tiny", "--portable"])
    assert ran.exit_code == 1
    assert "moving_mean: on a plainer processor by_a_loop is wrong: Every number is too large" in ran.stderr


@pytest.mark.parametrize(("file", "old", "new", "words"), BROKEN, ids=[words for *_, words in BROKEN])
def test_a_broken_exercise_is_not(project: Project, file: str, old: str, new: str, words: str) -> None:
    """Each weakness of an exercise is found and named."""
    change(project, file, old, new)
    assert any(words in problem for problem in prove(project).problems), prove(project).problems


def test_a_puzzle_must_show_that_it_refuses_the_built_in(project: Project) -> None:
    """One of its mistakes uses a tool that it does not permit; its mistakes count where a line has few mutants."""
    change(project, "morning.py", "runs_of_neighbours = x.unfold(0, width, 1)\n", "\n")
    answer = (
        "x[torch.arange(len(x) - width + 1)[:, None] + torch.arange(width)] @ torch.ones(width, dtype=x.dtype) / width"
    )
    change(project, "morning.py", "return runs_of_neighbours.sum(1) / width", f"return {answer}")
    file = "exercises/moving_mean.py"
    change(project, file, "difficulty=1,", "probe=probes.puzzle(), difficulty=1,")
    change(project, file, "from dlmodule", "from dlmodule.checking import probes\nfrom dlmodule")
    change(project, file, 'exercise.edit("along_the_trace", "sum(1)", "sum(0)", "You averaged along the trace.")', "")
    for old, new in (
        ("    return x.unfold(0, width, 1).sum(1)", f"    return {answer} * width"),
        ("    return x.unfold(0, width, width).mean(1)", f"    return ({answer})[::width]"),
    ):
        change(project, file, old, new)
    assert any("show that the built-in is refused" in problem for problem in prove(project).problems)
    built_in = (
        '@exercise.mistake("unfold does it.")\ndef built_in(x, width):\n    return x.unfold(0, width, 1).mean(1)\n\n\n'
    )
    change(
        project,
        file,
        "@exercise.alternative\ndef by_cumulative_sum",
        f"{built_in}@exercise.alternative\ndef by_cumulative_sum",
    )
    proof = prove(project)
    assert not any("built-in" in problem or "mutants could be made" in problem for problem in proof.problems)
    assert {"name": "built_in", "sentence": "unfold does it.", "met": True} in proof.mistakes
    assert any("by_a_loop is wrong: It has a Python loop" in problem for problem in proof.problems)


def test_a_failed_proof_exits_with_1_and_is_not_remembered(project: Project) -> None:
    """Exit code 1; the problem stands on stderr, and the JSON stays JSON."""
    change(project, "exercises/moving_mean.py", "range(len(x) - width + 1)", "range(len(x) - width)")
    for _ in range(2):
        ran = CliRunner().invoke(verify_command, ["--json"])
        assert ran.exit_code == 1
        assert "alternative by_a_loop is wrong" in ran.stderr
        assert json.loads(ran.stdout)[0]["alternatives"] == {"accepted": 1, "total": 2}


def test_what_is_proved_is_not_read_again_until_it_changes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run parses no source and says the same; a change of a file that its session depends on is noticed."""
    first = CliRunner().invoke(verify_command, [])
    assert first.exit_code == 0
    with monkeypatch.context() as patched:
        for module in (source, exercise_file):
            patched.setattr(module, "_parse", pytest.fail)
        assert CliRunner().invoke(verify_command, []).stdout == first.stdout
    change(project, "exercises/moving_mean.py", "range(len(x) - width + 1)", "range(len(x) - width)")
    assert "alternative by_a_loop is wrong" in CliRunner().invoke(verify_command, []).stderr


BAD = [
    ("exercises/moving_mean.py", "import torch\n", "import torhc\n", r"moving_mean\.py:3: ModuleNotFoundError"),
    ("exercises/moving_mean.py", "yield Case(torch.randn", "yield Case(torch.randm", "randm"),
    ("exercises/moving_mean.py", '"sum(1)", "sum(0)"', '"max(1)", "sum(0)"', r"moving_mean\.py:\d+: mistake 'along_the_trace': 'max\(1\)' occurs 0 times"),
    ("exercises/moving_mean.py", "return x.unfold(0, width, 1).sum(1)", "return x.unfold(0, widht, 1).sum(1)", r"moving_mean\.py:\d+: 'widht' is defined neither here"),
    ("morning.py", "### END SOLUTION", "", r"morning\.py:\d+: BEGIN SOLUTION without"),
]  # fmt: skip


def test_a_solution_that_raises_is_the_only_thing_said(project: Project) -> None:
    """What its stub, mistakes and alternatives do then would only echo it; an exception that it raises itself is right."""
    change(project, "morning.py", "runs_of_neighbours = x", "runs_of_neighbours = x.nothing")
    (problem,) = prove(project).problems
    assert "the solution raises AttributeError on three samples" in problem
    assert proofs.raised_by("raise torch.OutOfMemoryError('x')\nassert x\nraise") == {
        "OutOfMemoryError",
        "AssertionError",
    }


REFUSED = [
    (
        '@exercise.mistake("You summed each run.")',
        "@exercise.mistake",
        r"moving_mean\.py:18: a mistake needs its sentence",
    ),
    (
        "difficulty=1,",
        "difficulty=1, mintues=5,",
        r"moving_mean\.py:\d+: Exercise knows no 'mintues'; did you mean minutes",
    ),
    ('part="morning"', 'part="evening"', r"moving_mean\.py:7: part 'evening' has no source evening\.py"),
]


@pytest.mark.parametrize(("old", "new", "words"), REFUSED, ids=[new for _, new, _ in REFUSED])
def test_one_failing_exercise_stops_no_other(project: Project, old: str, new: str, words: str) -> None:
    """Its cause is named with file and line, and the other exercise is proved."""
    folder = project.course / "01_tiny"
    other = "second_mean"
    text = MORNING + "\n".join(MORNING.partition("# %% [markdown]\n")[1:]).replace("moving_mean", other)
    (folder / "morning.py").write_text(text)
    (folder / "exercises" / f"{other}.py").write_text(EXERCISE)
    change(project, "exercises/moving_mean.py", old, new)
    first, second = verify.prove_all(project, ["01_tiny.moving_mean", f"01_tiny.{other}"])
    assert len(first.problems) == 1
    assert re.search(words, first.problems[0])
    assert second.exercise == f"01_tiny.{other}"


@pytest.mark.parametrize(("file", "old", "new", "words"), BAD, ids=[new.strip() for _, _, new, _ in BAD])
def test_bad_input_is_one_line_with_file_and_line(project: Project, file: str, old: str, new: str, words: str) -> None:
    """A malformed source or exercise stops the command with one CourseError."""
    change(project, file, old, new)
    with pytest.raises(CourseError, match=words) as caught:
        record.record_session(project, "01_tiny")
    assert "\n" not in str(caught.value)


def test_keys_are_reproducible_and_mended(project: Project) -> None:
    """Recording twice gives the same bytes; a damaged cache or key is made again."""
    path = record.record_session(project, "01_tiny")
    first = path.read_bytes()
    (cached,) = (project.build / "cache" / "keys" / "01_tiny.moving_mean").iterdir()
    cached.write_bytes(b"damaged")
    path.write_bytes(b"damaged")
    assert record.record_session(project, "01_tiny").read_bytes() == first
    cached.unlink()
    assert record.record_session(project, "01_tiny").read_bytes() == first


def test_only_what_changed_is_recorded_again(project: Project) -> None:
    """A second recording runs nothing; a changed solution is recorded anew."""
    record.record_session(project, "01_tiny")
    (cached,) = (project.build / "cache" / "keys" / "01_tiny.moving_mean").iterdir()
    stamp = cached.stat().st_mtime_ns
    record.record_session(project, "01_tiny")
    assert cached.stat().st_mtime_ns == stamp
    change(project, "morning.py", ".sum(1) / width", ".mean(1)")
    change(project, "exercises/moving_mean.py", '"sum(1)", "sum(0)"', '"mean(1)", "mean(0)"')
    record.record_session(project, "01_tiny")
    (renewed,) = cached.parent.iterdir()
    assert renewed != cached


def test_sessions_are_recorded_side_by_side(project: Project) -> None:
    """Each session's key comes with its file, or with every error in it; one that fails stops no other."""
    for session in ("02_tiny", "03_tiny"):
        shutil.copytree(project.course / "01_tiny", project.course / session)
        path = project.course / session / "morning.py"
        path.write_text(path.read_text().replace("01_tiny", session))
    path = project.exercise("02_tiny", "moving_mean")
    path.write_text(path.read_text().replace("import torch\n", "import torhc\n"))
    results = dict(record.record_sessions(project, ["01_tiny", "02_tiny", "03_tiny"]))
    (error,) = results.pop("02_tiny")
    assert "torhc" in str(error)
    assert results == {session: project.key(session) for session in ("01_tiny", "03_tiny")}
    first, third = (key.load(project.key(session))["moving_mean"] for session in sorted(results))
    assert first.id == "01_tiny.moving_mean" and third.id == "03_tiny.moving_mean"
    assert "moving_mean" not in key.load(project.key("02_tiny"))


def test_a_check_meanwhile_says_that_its_key_is_being_recorded(project: Project) -> None:
    """The card says to wait while a recorder works, and what to do where none does or it was killed."""
    program = f"""
import sys, time
from pathlib import Path
from dlmodule.recording import recording
with recording(Path({str(project.keys)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    recorder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert recorder.stdout is not None and recorder.stdout.readline() == "held\n"
        waiting = judge("01_tiny.moving_mean", len)
    finally:
        recorder.kill()
        recorder.communicate()
    assert (waiting.status, waiting.rung) == ("could not check", "no key")
    assert "still being recorded on this computer; try again in a minute" in waiting.message
    assert "run `course build`" in judge("01_tiny.moving_mean", len).message
    for _, result in record.record_sessions(project, ["01_tiny"]):
        assert result == project.key("01_tiny")
    assert judge("01_tiny.moving_mean", ...).status == "not started"


def test_a_recorder_waits_for_another_and_does_its_work_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands that need the same keys do not both run the solutions."""
    program = """
from coursekit.exercises.record import record_session
from coursekit.project import find_project
print("ready", flush=True)
record_session(find_project(), "01_tiny")
"""
    with recording(project.keys):
        second = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None and second.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=2)
    assert second.wait(timeout=120) == 0
    second.communicate()
    monkeypatch.setattr(record, "record", lambda *_: pytest.fail("recorded again"))
    assert record.record_session(project, "01_tiny") == project.key("01_tiny")


def test_nothing_secret_stands_in_a_key(project: Project) -> None:
    """The key holds no line of the solution, of a mistake or of an alternative; a planted one is found."""
    record.record_session(project, "01_tiny")
    secrets = leaks.secret_lines(project, "01_tiny")
    assert "runs_of_neighbours=x.unfold(0,width,1)" in secrets
    assert any(where.startswith("exercises/") for where in secrets.values())
    assert leaks.scan(project, ["01_tiny"]) == []
    book = project.build / "notebooks" / "01_tiny" / "01_tiny_morning.ipynb"
    book.parent.mkdir(parents=True)
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": ["    runs_of_neighbours = x.unfold(0, width,  1)\n"],
        "outputs": [],
    }
    book.write_text(json.dumps({"cells": [cell]}))
    assert leaks.scan(project, ["01_tiny"]) == ["notebooks/01_tiny/01_tiny_morning.ipynb holds a line of morning.py:24"]


def test_a_line_quoted_inside_a_key_is_found(project: Project) -> None:
    """Also within a longer text, such as the traceback of a mistake that raises; hints are written to be read."""
    made = record.record_session(project, "01_tiny")
    keys = key.load(made)
    one = keys["moving_mean"]
    quoted = "line 3, in by_a_loop: return torch.stack([x[start : start + width].mean() for start in range(len(x) - width + 1)])"
    raised = Evidence(raised=Raised("ValueError", "no", lines=(quoted,)))
    key.save(made, [replace(one, starter=[raised])])
    assert leaks.scan(project, ["01_tiny"]) == ["keys/01_tiny.safetensors holds a line of exercises/moving_mean.py:39"]
    key.save(made, [replace(one, hints=(quoted,))])
    assert leaks.scan(project, ["01_tiny"]) == []
    source = "def probe(candidate, case):\n    runs_of_neighbours = x.unfold(0, width, 1)\n"
    key.save(made, [replace(one, probe=replace(one.probe, name="custom", source=source))])
    assert leaks.scan(project, ["01_tiny"]) == ["a probe in keys/01_tiny.safetensors holds a line of morning.py:24"]


def test_a_mistake_that_raises_leaves_no_code_in_the_key(project: Project) -> None:
    """A traceback quotes the line it came from; what is recorded does not."""
    mistake = """@exercise.mistake("Your runs do not overlap.")
def runs_side_by_side(x, width):
    return x.unfold(0, width, width).mean(1)
"""
    raising = """@exercise.mistake("Your runs are too long.")
def too_long(x, width):
    return x.unfold(0, width + len(x), 1).mean(1)
"""
    change(project, "exercises/moving_mean.py", mistake, raising)
    assert b"unfold(0" not in record.record_session(project, "01_tiny").read_bytes()
    assert prove(project).problems == []


def test_private_files_are_secret(project: Project) -> None:
    """Whatever stands in a private folder of the course may be in nothing that learners receive."""
    hidden = project.course / "coursework_1" / "private_demo" / "cases.txt"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("the answer to the hidden case is 42\n")
    book = project.build / "notebooks" / "01_tiny" / "01_tiny_morning.ipynb"
    book.parent.mkdir(parents=True)
    cell = {"cell_type": "markdown", "source": ["the answer to the hidden case is 42"]}
    book.write_text(json.dumps({"cells": [cell]}))
    assert leaks.scan(project, ["01_tiny"]) == [
        "notebooks/01_tiny/01_tiny_morning.ipynb holds a line of coursework_1/private_demo/cases.txt:1"
    ]


@pytest.mark.parametrize(
    ("case", "equal", "words"),
    [
        ("[1.0, 3.0, 8.0]", "1 -> 2", "so there is none to declare equivalent"),
        ("[1.0, 1.0, 1.0]", "no such change", "so there is none to declare equivalent"),
    ],
)
def test_an_untrue_declaration_of_equivalence_is_found(project: Project, case: str, equal: str, words: str) -> None:
    """A mutant that a case notices, or that does not exist, cannot be declared equal."""
    change(
        project,
        "exercises/moving_mean.py",
        "@exercise.cases",
        f'exercise.equivalent("{equal}", "why")\n\n\n@exercise.cases',
    )
    change(project, "exercises/moving_mean.py", "[1.0, 3.0, 8.0]", case)
    assert any(words in problem for problem in prove(project).problems)


def test_survivors_are_told_and_equivalents_counted_apart(project: Project) -> None:
    """A check whose one case cannot tell is not proved, and says which change went unnoticed."""
    text = (project.course / "01_tiny" / "exercises" / "moving_mean.py").read_text()
    one_run = "yield Case(torch.tensor([0.0, 0.0], dtype=torch.float64), 2)"
    start, end = text.index("    yield Case"), text.index("@exercise.mistake")
    blind = text[:start] + f"    {one_run}\n\n\n" + text[end:]
    (project.course / "01_tiny" / "exercises" / "moving_mean.py").write_text(blind)
    proof = prove(project)
    assert any("survive" in problem and "line 25: / -> *" in problem for problem in proof.problems)
    alike = blind.replace("@exercise.cases", 'exercise.equivalent("/ -> *", "nothing is nothing")\n\n\n@exercise.cases')
    (project.course / "01_tiny" / "exercises" / "moving_mean.py").write_text(alike)
    again = prove(project)
    assert (again.equivalent, again.mutants["total"]) == (1, proof.mutants["total"] - 1)
    assert not any("/ -> *" in survivor for survivor in again.survivors)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("def moving_mean(x, width):\n    return x.unfold(0, width, 1).mean(1)\n", 0, "Right"),
        ("def moving_mean(x, width):\n    return x.unfold(0, width, 1).sum(1)\n", 1, "You summed each run."),
        ("def moving_mean(x, width):\n    raise NotImplementedError\n", 1, "not written yet"),
        (
            "print('training')\n1 / 0\ndef moving_mean(x, width):\n    return x.unfold(0, width, 1).mean(1)\n",
            0,
            "Right",
        ),
        ("k = []\nk.append(1)\ndef moving_mean(x, width):\n    return x.unfold(0, width, k[0]).mean(1)\n", 0, "Right"),
    ],
)
def test_check_judges_a_file(project: Project, tmp_path: Path, answer: str, code: int, words: str) -> None:
    """The shell says what the card says; exit code 0 for right, 1 for not right yet."""
    record.record_session(project, "01_tiny")
    file = tmp_path / "answer.py"
    file.write_text(answer)
    ran = CliRunner().invoke(check_command, ["01_tiny.moving_mean", str(file)])
    assert (ran.exit_code, words in ran.stdout) == (code, True), ran.output


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("01_tiny.moving_mean", "def moving_mean(x:\n", r"answer\.py:1: not valid Python"),
        ("01_tiny.moving_mean", "x = 1\nmoving_mean = x / 0\n", r"answer\.py:2: stops with ZeroDivisionError"),
        ("01_tiny.moving_mean", "x = 1\n", "defines no 'moving_mean'"),
        ("01_tiny.median", "x = 1\n", "has no exercise 'median'; it has moving_mean"),
        ("moving_mean", "x = 1\n", "is not SESSION.EXERCISE"),
    ],
)
def test_check_says_what_is_wrong_with_its_input(
    project: Project, tmp_path: Path, exercise: str, answer: str, words: str
) -> None:
    """Bad input is one line that names the file and line."""
    record.record_session(project, "01_tiny")
    file = tmp_path / "answer.py"
    file.write_text(answer)
    with pytest.raises(CourseError, match=words):
        check_command.main([exercise, str(file)], standalone_mode=False)


def test_what_a_file_prints_never_enters_the_json(project: Project, tmp_path: Path) -> None:
    """stdout holds the diagnosis and nothing else."""
    record.record_session(project, "01_tiny")
    file = tmp_path / "answer.py"
    file.write_text("k = print('hello')\ndef moving_mean(x, width, k=k):\n    return x.unfold(0, width, 1).sum(1)\n")
    ran = CliRunner().invoke(check_command, ["01_tiny.moving_mean", str(file), "--json"])
    told = json.loads(ran.stdout)
    assert (told["status"], told["mistake"], ran.exit_code) == ("wrong", "sum_of_each_run", 1)
    assert "hello" in ran.stderr


def test_a_part_without_exercises_is_verified_too(project: Project) -> None:
    """There its text alone is held to the rules; a name that nothing has is still refused."""
    source = project.course / "01_tiny" / "words.py"
    source.write_text(MORNING[: MORNING.index("# %%")] + "# %% [markdown]\n# ## Words\n")
    ran = CliRunner().invoke(verify_command, ["01_tiny.words"])
    assert (ran.exit_code, ran.stdout.split("\n")[0]) == (0, "0 exercises, 0 proved"), ran.output
    source.write_text(source.read_text() + "# ![a](b.png)\n")
    ran = CliRunner().invoke(verify_command, ["01_tiny.words"])
    assert ran.exit_code == 1 and "words.py:" in ran.stderr and "image 'b.png' is missing" in ran.stderr
    with pytest.raises(CourseError, match=r"nothing called '01_tiny\.word'"):
        verify_command.main(["01_tiny.word"], standalone_mode=False)
