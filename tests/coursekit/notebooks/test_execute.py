"""``course execute``: real kernels, kept outputs, and what counts as a failure."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coursekit.build import build
from coursekit.notebooks.execute import Run, execute
from coursekit.project import Project
from tests.coursekit.conftest import EXERCISES, MORNING, write_course

pytestmark = pytest.mark.kernel

HEADER = MORNING[: MORNING.index("# %%")]

PROBE = """\
# %%
import os
import sys
from dlmodule.rehearsal import sized

print(sys.executable)
print(sized("full", rehearsal="rehearsal"))
print(os.environ["DLMODULE_KEYS"])
print(os.environ["DLMODULE_PROGRESS"])
print(os.listdir())
"""


def words(tmp_path: Path, **sources: str) -> Project:
    """A course of sources without exercises, built."""
    project = write_course(tmp_path / "c", {name: HEADER + text for name, text in sources.items()}, {})
    assert build(project, keys=False).problems == []
    return project


def read(project: Project, part: str = "morning", *, solutions: bool = True) -> Any:
    return json.loads(project.executed("01_tiny", part, solutions=solutions).read_text())


def printed(notebook: Any) -> str:
    """All that a notebook printed."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    return "".join("".join(output.get("text", "")) for output in outputs)


def test_the_kernel_is_this_interpreter_in_an_empty_folder(tmp_path: Path) -> None:
    """The kernel is the running Python's, at the size asked for, with the course's keys and progress of its own."""
    project = words(tmp_path, morning=PROBE)
    (run,) = execute(project, rehearsal=True)
    assert run.ok, run.problems
    python, size, keys, progress, files = printed(read(project)).splitlines()
    assert (python, size, keys, files) == (sys.executable, "rehearsal", str(project.build / "keys"), "[]")
    assert not Path(progress).parent.exists()
    kept = read(project)["metadata"]["dlmodule"]["executed"]
    assert kept["rehearsal"] is True
    assert kept["seconds"] == run.seconds > 0


@pytest.mark.parametrize("student", [False, True])
def test_a_check_that_could_not_check_fails_the_run(tmp_path: Path, student: bool) -> None:
    """Without its key a notebook proves nothing: the run says so at the check's line, and is not kept."""
    project = write_course(tmp_path / "c", {"morning": MORNING}, EXERCISES)
    assert build(project, keys=False).problems == []
    (run,) = execute(project, rehearsal=True, student=student)
    assert not run.ok and len(run.problems) == MORNING.count("\ncheck(")
    line = next(number for number, text in enumerate(MORNING.split("\n"), 1) if text == "check(double)")
    assert run.problems[0].startswith(f"{project.course / '01_tiny' / 'morning.py'}:{line}: Check: Could not check")
    assert not project.executed("01_tiny", "morning", solutions=not student).exists()


def test_a_run_is_kept_until_something_changes(tmp_path: Path) -> None:
    """A second run starts no kernel; a full-size run answers for the rehearsal and is not overwritten by one."""
    project = words(tmp_path, morning=PROBE, afternoon="# %%\nprint(1)\n")
    assert [run.reused for run in execute(project, rehearsal=True)] == [False, False]
    assert [run.reused for run in execute(project, rehearsal=True)] == [True, True]
    assert [run.reused for run in execute(project, ["01_tiny.morning"])] == [False]
    assert "full" in printed(read(project)).splitlines()
    assert [run.reused for run in execute(project, rehearsal=True)] == [True, True]
    path = project.course / "01_tiny" / "afternoon.py"
    path.write_text(path.read_text() + "print(2)\n")
    build(project, keys=False)
    assert [run.reused for run in execute(project, rehearsal=True)] == [False, True]
    assert printed(read(project, "afternoon")) == "1\n2\n"


def test_an_error_in_a_solution_is_reported_at_its_source_line(tmp_path: Path) -> None:
    """The first error ends the run and names the source's line; outputs of a failed run are not kept as good ones."""
    text = "# %%\nx = 1\n\n# %%\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION\nx / 0\n\n# %%\nundefined\n"
    project = words(tmp_path, morning=text)
    (run,) = execute(project, rehearsal=True)
    path = project.course / "01_tiny" / "morning.py"
    assert run.problems == (f"{path}:18: ZeroDivisionError: division by zero",)
    assert not project.executed("01_tiny", "morning", solutions=True).exists()
    assert (project.build / "cache" / "failed" / "01_tiny_morning_solutions.ipynb").is_file()
    assert execute(project, rehearsal=True)[0].reused is False


def test_a_kernel_that_dies_is_a_problem_of_one_line(tmp_path: Path) -> None:
    """A notebook that kills its kernel fails; the others still run."""
    dies = "# %%\nimport os\n\nos.write(2, b'out of luck\\n')\nos._exit(1)\n"
    project = words(tmp_path, morning=dies, afternoon="# %%\nprint(1)\n")
    runs: list[Run] = []
    execute(project, rehearsal=True, tell=runs.append)
    assert {run.notebook: run.ok for run in runs} == {"01_tiny.morning": False, "01_tiny.afternoon": True}
    path = project.course / "01_tiny" / "morning.py"
    assert next(run for run in runs if not run.ok).problems == (f"{path}: the kernel died, saying: out of luck",)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_keeps_what_has_run_and_leaves_no_kernel(tmp_path: Path, sign: signal.Signals) -> None:
    """Control+C in the middle of a notebook: one line, exit code 1, no kernel left, and the finished notebook is not run again."""
    slow = f"# %%\nimport os, pathlib, time\n\npathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\ntime.sleep(99)\n"
    project = words(tmp_path, morning="# %%\nprint(1)\n", afternoon=slow)
    execute(project, ["01_tiny.morning"], rehearsal=True)
    program = "from coursekit.cli import main; main()"
    command = [sys.executable, "-c", program, "execute", "--rehearsal", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=project.root) as run:
        until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text() != "")
        run.send_signal(sign)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "Traceback" not in errors and "Aborted!" in errors
    assert execute(project, ["01_tiny.morning"], rehearsal=True)[0].reused
    kernel = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{kernel}").exists())


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for ``condition``, and fail where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_solutions_run_clean_and_student_versions_run_on_unanswered(tiny_course: Project) -> None:
    """The tiny course: every check answers, and the unanswered student version says what its cells need, and runs to its end."""
    assert build(tiny_course).problems == []
    (run,) = execute(tiny_course, rehearsal=True)
    assert run.ok, run.problems
    (run,) = execute(tiny_course, rehearsal=True, student=True)
    assert run.ok, run.problems
    notebook = read(tiny_course, solutions=False)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    assert [output["output_type"] for output in outputs if output["output_type"] == "error"] == []
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    assert printed.count("This cell needs `") == 3


def test_an_error_of_the_student_version_itself_is_reported(tmp_path: Path) -> None:
    """A helper that only the solution binds is missing in the student version: the course's fault, and said so."""
    text = MORNING.replace("half = 0.5\n", "half = 0.5\nimport math\n") + "\n# %%\nprint(math.pi)\n"
    project = write_course(tmp_path / "c", {"morning": text}, EXERCISES)
    assert build(project).problems == []
    (run,) = execute(project, rehearsal=True, student=True)
    line = text.split("\n").index("print(math.pi)") + 1
    path = project.course / "01_tiny" / "morning.py"
    assert run.problems == (f"{path}:{line}: NameError: name 'math' is not defined",)


def test_the_command_prints_json_and_fails_where_a_notebook_does(tmp_path: Path) -> None:
    """``course execute --json`` prints the outcomes alone on stdout; exit code 1 where one failed."""
    project = words(tmp_path, morning="# %%\n1 / 0\n")
    program = "from coursekit.cli import main; main()"
    command = [sys.executable, "-c", program, "execute", "01_tiny", "--rehearsal", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.root)
    assert done.returncode == 1, done.stderr
    (outcome,) = json.loads(done.stdout)
    assert (outcome["notebook"], outcome["version"], outcome["ok"]) == ("01_tiny.morning", "solutions", False)


FIGURE = """\
# %%
import matplotlib.pyplot as plt

from dlmodule import plot


def drawn():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig

# %%
plot.alt(drawn(), "a line that rises")
"""


def test_a_figure_without_words_is_a_failure(tmp_path: Path) -> None:
    """Wherever it is drawn: the run names the cell that shows it. With its words it is none."""
    project = words(tmp_path, morning=FIGURE, afternoon=FIGURE + "\n# %%\nfig = drawn()\n")
    afternoon, morning = execute(project, rehearsal=True)
    assert morning.ok, morning.problems
    line = project.source("01_tiny", "afternoon").read_text().split("\n").index("fig = drawn()") + 1
    assert len(afternoon.problems) == 1
    assert f"afternoon.py:{line}: Figure: shown without a text alternative" in afternoon.problems[0]
