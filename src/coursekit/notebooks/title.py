"""The cells that the build writes itself: the title, the Colab installation, and the line under an exercise's heading."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from coursekit.sources.exercise_file import ExerciseMeta
from coursekit.sources.header import Header, Minutes
from coursekit.sources.load import Load

DIFFICULTIES = ("warm-up", "easy", "moderate", "demanding", "hard")

CORE = "Exercises marked (core) fit into the slot. Those marked (further) are for the time that you have left, or for later."
ENCLOSED = "enclosed_files"  # the folder of the installed package with the files that go with notebooks

CHECKS = (
    "Run the cell below an exercise to check your answer: it says whether the answer is right and, where it is not, what is "
    "most likely wrong. When you are stuck it offers hints, and each exercise says after how many minutes to move on."
)


class Repository(Protocol):
    """Where the course is published: ``github.com/owner/name``, its branch, and the tag that learners install."""

    @property
    def owner(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def branch(self) -> str: ...
    @property
    def tag(self) -> str: ...


def colab_url(repository: Repository, path: str) -> str:
    """The address that opens the notebook at ``path`` of the repository's branch in Colab."""
    place = f"{repository.owner}/{repository.name}/blob/{repository.branch}/{path}"
    return f"https://colab.research.google.com/github/{place}"


def title_cell(header: Header, load: Load, *, solutions: bool, colab: str) -> str:
    """The first cell's markdown. The badge is a plain link: nothing is loaded from another host."""
    facts = [f"**Time** {_time(load)}", f"**Computing** {_compute(header.minutes)}"]
    if header.prerequisites:
        facts.append("**Before it** " + ", ".join(f"`{name}`" for name in header.prerequisites))
    if header.data:
        facts.append("**Data** " + ", ".join(f"`{name}`" for name in header.data))
    lines = [
        f"# {header.title}{' (solutions)' if solutions else ''}",
        f"[**Open in Colab**]({colab})",
        "After this part you can:",
        "\n".join(f"- {objective}" for objective in header.objectives),
        "What it takes:",
        "\n".join(f"- {fact}" for fact in facts),
        f"{CORE} {CHECKS}" if load.marked else CHECKS,
    ]
    return "\n\n".join(lines)


def day_tag(repository: Repository, day: int) -> str:
    """The tag of the release that brings out ``day``, as ``v0.1.0-day05``: it holds the keys of the days so far."""
    return f"{repository.tag}-day{day:02d}"


def install_cell(repository: Repository, day: int, session: str = "", files: Sequence[str] = ()) -> str:
    """Code that installs the course on Colab, at the day's tag, beside the torch that is there; does nothing elsewhere.

    Where the repository or the tag cannot be reached, one line says so. files: those that go with a notebook of ``session``; Colab
    opens a notebook without what lies beside it, so they are taken from the release that was installed.
    """
    address = f"git+https://github.com/{repository.owner}/{repository.name}@{day_tag(repository, day)}"
    install = f"""#@title On Colab this installs the course; anywhere else it does nothing.
import importlib.util
import subprocess
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("dlmodule") is None:
    small = ("fsrs", "gymnasium", "platformdirs", "pooch", "safetensors", "statsmodels")
    missing = [name for name in small if importlib.util.find_spec(name) is None]
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    course = [*pip, "--no-deps", "dlmodule @ {address}"]
    if all(subprocess.run(each, capture_output=True).returncode == 0 for each in ([*pip, *missing], course) if each != pip):
        print("Installed. To keep your progress: mount Drive, and then run %env DLMODULE_PROGRESS=/content/drive/MyDrive/dlmodule.jsonl")
    else:
        print("The course could not be installed from {address}: the day may not be released yet. Run this cell again later.")"""
    if not files:
        return install
    return f"""{install}

if "google.colab" in sys.modules:
    from pathlib import Path

    importlib.invalidate_caches()
    course = importlib.util.find_spec("dlmodule")
    for name in {list(files)!r} if course else []:
        if not Path(name).exists():
            Path(name).write_bytes(Path(course.origin).with_name("{ENCLOSED}").joinpath("{session}", name).read_bytes())"""


def report_address(template: str, repository: Repository, identity: str, title: str, version: str) -> str:
    """Where a problem with an exercise is reported: ``template`` with the repository's ``{owner}`` and ``{name}``, ``{title}`` and ``{body}`` filled in.

    It opens a form or a letter that names the exercise and the version; the learner writes the rest and sends it, or does not.
    """
    body = f"Exercise: {identity} ({title})\nVersion: {version}\n\nWhat I did, what I saw, and what I expected:\n"
    filled = {"{owner}": repository.owner, "{name}": repository.name, "{title}": f"{identity}: ", "{body}": body}
    for name, text in filled.items():
        template = template.replace(name, quote(text, safe=""))
    return template


def exercise_line(meta: "ExerciseMeta", *, named: bool, report: str | None = None) -> str:
    """Difficulty, minutes, when to move on; begins with the exercise's name where several share a heading.

    report: the address at which a problem with the exercise is reported.
    """
    dots = "●" * meta.difficulty + "○" * (len(DIFFICULTIES) - meta.difficulty)
    word = DIFFICULTIES[meta.difficulty - 1]
    name = f"`{meta.name}`: " if named else ""
    times = f"about {meta.minutes} minutes · move on after {meta.move_on}"
    problem = f" · [report a problem]({report})" if report else ""
    return f"{name}*Difficulty {dots} ({meta.difficulty} of {len(DIFFICULTIES)}, {word}) · {times}*{problem}"


def core_or_further(heading: str, exercises: Sequence[ExerciseMeta]) -> str:
    """``heading`` with "(core)" or "(further)" behind it, so that a table of contents shows it; one that heads both names each."""
    if len({meta.core for meta in exercises}) == 1:
        return f"{heading} ({_kind(exercises[0])})"
    return f"{heading} ({', '.join(f'{meta.name}: {_kind(meta)}' for meta in exercises)})"


def _kind(meta: ExerciseMeta) -> str:
    return "core" if meta.core else "further"


def _time(load: Load) -> str:
    """``core 95 min, everything 160 min``; where no exercise is marked as core, what that means."""
    if load.marked:
        return f"core {load.minutes} min, everything {load.everything} min"
    return f"everything {load.everything} min"


def _compute(minutes: Minutes) -> str:
    """``about 4 minutes on a laptop with two processor cores, 6 on an older one, 1 with a GPU``."""
    text = f"{_minutes(minutes.cpu)} on a laptop with two processor cores"
    if minutes.cpu_fp32 is not None and minutes.cpu_fp32 != minutes.cpu:
        text += f", {_minutes(minutes.cpu_fp32)} on an older one"
    return text if minutes.gpu is None else f"{text}, {_minutes(minutes.gpu)} with a GPU"


def _minutes(value: float) -> str:
    if value < 1:
        return "less than a minute"
    return f"about {value:g} minute{'' if value == 1 else 's'}"
