"""Recording keys: run the solution, the starter and every mistake over the cases, and write down what they do.

Exercises are recorded in parallel, each in a process of its own forked from one that has imported torch, and cached by
a digest of everything the record depends on. A session's key file is then put together from the cached records; the same
sources always give the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.exercises import loading
from coursekit.exercises.loading import Loaded, load_whole
from coursekit.exercises.workers import run_forked
from coursekit.project import Project
from coursekit.sources import slicing
from coursekit.sources.exercise_file import read
from coursekit.sources.slicing import borrowed, slice_of, slice_text
from coursekit.sources.source import parse
from coursekit.sources.student import student_definition
from dlmodule.errors import DLModuleError

if TYPE_CHECKING:
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.key import ExerciseKey

LIMIT = 60.0  # seconds for the solution on one case; a learner's limit follows from what it took
REHEARSAL_LIMIT = 60.0


def record_session(project: Project, session: str, *, jobs: int = 2) -> Path:
    """Write ``build/keys/SESSION.safetensors``, recording what has changed. CourseError for the first exercise that fails."""
    names = [path.stem for path in sorted((project.course / session).glob("exercises/[!_]*.py"))]
    waiting = [name for name in names if _cached(project, session, name) is None]
    if waiting:
        _record_all(project, session, waiting, jobs)
    from dlmodule.checking import key

    records = [_cached(project, session, name) for name in names]
    assert all(records), "every exercise was recorded or an error was raised"
    path = project.build / "keys" / f"{session}.safetensors"
    key.save(path, [one for one in records if one is not None])
    return path


def record(project: Project, loaded: Loaded) -> ExerciseKey:
    """The key of one exercise, recorded now. CourseError where the solution itself does not run on a case."""
    from dlmodule.checking import key as keys
    from dlmodule.checking.collect.run import gather, reference

    exercise = loaded.exercise
    probe, cases = _shipped_probe(project, loaded), exercise.all_cases()
    path = project.course / loaded.session / "exercises" / f"{loaded.name}.py"
    if not cases:
        raise CourseError("no cases", file=path)
    limit = REHEARSAL_LIMIT if exercise.measured else LIMIT
    right = _wordless(reference(loaded.solution, cases, probe, limit=limit))
    if any(one.timed_out for one in right):
        raise CourseError(f"the solution takes more than {limit:.0f} s on a case", file=path)
    learner_limit = REHEARSAL_LIMIT if exercise.measured else 5.0
    mistakes = [
        keys.MistakeKey(one.name, one.sentence, _wordless(gather(one.candidate, cases, probe, limit=learner_limit)))
        for one in loaded.mistakes
    ]
    starter = None
    if exercise.starter is not None:
        starter = _wordless(gather(loaded.stub, cases, probe, limit=learner_limit))
    bar = None
    if exercise.measured is not None:
        value = ledger.bar(project, loaded.id)
        if value is None:
            raise CourseError(
                f"no bar in the ledger for {loaded.id}: run `course ledger --rehearsal {loaded.id}`",
                file=path,
            )
        bar = keys.Bar(exercise.measured.metric, exercise.measured.higher, value)
    return keys.ExerciseKey(
        loaded.session,
        loaded.name,
        exercise.title,
        exercise.part,
        loaded.kind,
        exercise.minutes,
        exercise.move_on,
        tuple(exercise.hints),
        probe,
        cases,
        right,
        mistakes,
        starter,
        bar,
        learner_limit,
        _promises_dtype(loaded),
    )


def _promises_dtype(loaded: Loaded) -> bool:
    """Whether the text of an exercise says of what dtype its result is."""
    docstring = getattr(loaded.stub, "__doc__", None) or ""
    return "dtype" in docstring


def _wordless(seen: list[Evidence]) -> list[Evidence]:
    """The evidence without the lines of code that an exception came by: a key holds no line of an answer."""
    return [one if one.raised is None else replace(one, raised=replace(one.raised, lines=(), where="")) for one in seen]


def recorded(project: Project, loaded: Loaded) -> ExerciseKey:
    """The key of one exercise: the cached record where there is one, else recorded now and kept."""
    kept = _cached(project, loaded.session, loaded.name)
    if kept is not None:
        return kept
    _keep(project, record(project, loaded))
    again = _cached(project, loaded.session, loaded.name)
    assert again is not None
    return again


def digest(project: Project, session: str, name: str) -> str:
    """What the record of an exercise depends on: its file, its slice, how checks run, its bar, torch and Python."""

    path = project.course / session / "exercises" / f"{name}.py"
    meta = read(path)
    source = parse(project.course / session / f"{meta.part}.py")
    text = path.read_text("utf-8")
    parts = [
        text,
        slice_of(source, [name, *borrowed(source, text)]),
        student_definition(source, name),
        repr(ledger.bar(project, f"{session}.{name}")),
        code_version(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@functools.cache
def code_version() -> str:
    """Digest of the code that runs and compares answers, with the versions of what it stands on."""
    import importlib.metadata

    import dlmodule

    home = Path(str(dlmodule.__file__)).parent
    checking = home / "checking"
    files = [path for folder in (checking / "collect", home / "data") for path in sorted(folder.rglob("*.py"))]
    files += [checking / f"{name}.py" for name in ("compare", "evidence", "exercise", "probes", "serialise")]
    files += [home / f"{name}.py" for name in ("device", "rehearsal", "training")]  # what probes call
    files += [Path(__file__), Path(loading.__file__), Path(slicing.__file__)]
    code = [path.read_text("utf-8") for path in files]
    versions = [platform.python_version(), *(importlib.metadata.version(name) for name in ("torch", "numpy"))]
    return hashlib.sha256(repr((code, versions)).encode()).hexdigest()


def _cache_path(project: Project, session: str, name: str) -> Path:
    return project.build / "cache" / "keys" / f"{session}.{name}.{digest(project, session, name)}.safetensors"


def _cached(project: Project, session: str, name: str) -> ExerciseKey | None:
    from dlmodule.checking import key

    path = _cache_path(project, session, name)
    if not path.is_file():
        return None
    try:
        return key.load(path)[name]
    except (DLModuleError, KeyError):
        path.unlink(missing_ok=True)  # damaged: it is made again
        return None


def _record_all(project: Project, session: str, names: Sequence[str], jobs: int) -> None:

    for name, result in run_forked(functools.partial(_record_one, project, session), names, jobs=jobs):
        if isinstance(result, BaseException):
            if isinstance(result, DLModuleError):
                raise result
            raise CourseError(f"recording {session}.{name} failed: {result}") from result


def _record_one(project: Project, session: str, name: str) -> None:

    _keep(project, record(project, load_whole(project, session, name)))


def _keep(project: Project, one: ExerciseKey) -> None:
    from dlmodule.checking import key

    path = _cache_path(project, one.session, one.name)
    key.save(path, [one])
    for old in path.parent.glob(f"{one.session}.{one.name}.*.safetensors"):
        if old != path:
            old.unlink(missing_ok=True)


def _shipped_probe(project: Project, loaded: Loaded) -> Any:
    """The probe as a learner receives it: a custom one as the source of exactly what it needs."""

    probe = loaded.exercise.how
    if probe.function is None:
        return probe
    path = project.course / loaded.session / "exercises" / f"{loaded.name}.py"
    text = slice_text(path.read_text("utf-8"), [probe.function.__name__], path)
    if probe.function.__name__ != "probe":
        text += f"\nprobe = {probe.function.__name__}\n"
    return replace(probe, source=text, function=None)
