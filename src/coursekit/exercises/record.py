"""Recording keys: run the solution, the starter and every mistake over the cases, and write down what they do.

Exercises are recorded in parallel, each in a process of its own forked from one that has imported torch, and kept by
a digest of everything the record depends on. A session's key file is then put together from what is kept; the same
sources always give the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import platform
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from coursekit import ledger
from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.exercises import argument_names, changes, loading, mutants, slipped_calls, slipped_steps, slips, variants
from coursekit.exercises.loading import Loaded, load_whole
from coursekit.exercises.workers import run_forked
from coursekit.project import Project
from coursekit.sources import slicing, statements
from coursekit.sources.exercise_file import exercise_of
from coursekit.sources.slicing import borrowed, slice_of, slice_text
from coursekit.sources.source import source_of, sources_of
from coursekit.sources.student import student_definition
from dlmodule.errors import DLModuleError
from dlmodule.recording import recording

if TYPE_CHECKING:
    from dlmodule.checking.case import Case
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.key import Effect, ExerciseKey, MistakeKey
    from dlmodule.checking.probes import Probe

LIMIT = 60.0  # seconds for the solution on one case; a learner's limit follows from what it took
REHEARSAL_LIMIT = 60.0


def record_session(project: Project, session: str, *, jobs: int | None = None) -> Path:
    """Write the key of one session, recording what has changed. CourseError for the first exercise that fails."""
    for _, result in record_sessions(project, [session], jobs=jobs):
        if isinstance(result, Path):
            return result
        raise result[0]
    raise AssertionError("every session that is asked for is answered")


def record_sessions(
    project: Project, sessions: Sequence[str], *, jobs: int | None = None
) -> Iterator[tuple[str, Path | list[DLModuleError]]]:
    """Write the keys of ``sessions``, recording what has changed; each with its file, or its errors, as soon as it is done.

    The exercises of all sessions are recorded side by side, those of the first session first. One recorder works in a
    project at a time; a second waits, and finds what the first has kept. jobs: processes (default: one a core).
    """
    with recording(project.keys):
        digests: dict[str, dict[str, str]] = {}
        failed: dict[str, list[DLModuleError]] = {}
        for session in sessions:
            digests[session] = {}
            for path in project.exercises(session):
                try:
                    digests[session][path.stem] = digest(project, session, path.stem)
                except DLModuleError as error:
                    _note(failed.setdefault(session, []), error)
        waiting = [
            (session, name, of)
            for session, known in digests.items()
            for name, of in known.items()
            if _kept(project, session, name, of) is None
        ]
        missing = Counter(session for session, _, _ in waiting)
        for session in [session for session in digests if not missing[session]]:
            yield session, _written(project, session, digests[session], failed.get(session))
        for (session, name, _), result in run_forked(functools.partial(_record_and_keep, project), waiting, jobs=jobs):
            missing[session] -= 1
            if isinstance(result, DLModuleError):
                failed.setdefault(session, []).append(result)
            elif isinstance(result, BaseException):
                failed.setdefault(session, []).append(CourseError(f"recording {session}.{name} failed: {result}"))
            if not missing[session]:
                yield session, _written(project, session, digests[session], failed.get(session))


def _written(
    project: Project, session: str, digests: Mapping[str, str], failed: list[DLModuleError] | None
) -> Path | list[DLModuleError]:
    """The key of what could be recorded, or why the rest of it could not: one exercise that fails stops no other."""
    written = _write_session(project, session, digests) if digests or not failed else None
    return failed or cast(Path, written)


def _note(errors: list[DLModuleError], error: DLModuleError) -> None:
    """Keep ``error``, once: what is wrong with a source concerns each of its exercises."""
    if str(error) not in map(str, errors):
        errors.append(error)


def _record_and_keep(project: Project, exercise: tuple[str, str, str]) -> None:
    session, name, of = exercise
    _keep(project, record(project, load_whole(project, session, name)), of)


def _write_session(project: Project, session: str, digests: Mapping[str, str]) -> Path:
    from dlmodule.checking import key

    records = [_kept(project, session, name, digests[name]) for name in _in_notebook_order(project, session, digests)]
    key.save(project.key(session), [record for record in records if record is not None])
    return project.key(session)


def _in_notebook_order(project: Project, session: str, names: Collection[str]) -> list[str]:
    """The exercises as a learner meets them: a check says which comes next."""
    in_order = [meta.name for source in sources_of(project, session) for meta in source.exercises]
    return [*(name for name in in_order if name in names), *(name for name in names if name not in in_order)]


def record(project: Project, loaded: Loaded, *, variants: bool = True) -> ExerciseKey:
    """The key of one exercise, recorded now. CourseError where the solution itself does not run on a case.

    variants: also what the solution gives on changed arguments, which words a diagnosis and decides nothing.
    """
    from dlmodule.checking import key as keys
    from dlmodule.checking.collect.run import gather, reference

    exercise = loaded.exercise
    probe, cases = _shipped_probe(project, loaded), exercise.all_cases()
    path = project.exercise(loaded.session, loaded.name)
    if not cases:
        raise CourseError("no cases", file=path)
    limit = REHEARSAL_LIMIT if exercise.measured else LIMIT
    right = _without_source_lines(reference(loaded.solution, cases, probe, limit=limit))
    if any(evidence.timed_out for evidence in right):
        raise CourseError(f"the solution takes more than {limit:.0f} s on a case", file=path)
    learner_limit = REHEARSAL_LIMIT if exercise.measured else 5.0
    mistakes = [
        keys.MistakeKey(
            mistake.name,
            mistake.sentence,
            _without_source_lines(gather(mistake.candidate, cases, probe.unwatched, limit=learner_limit)),
        )
        for mistake in loaded.mistakes
    ]
    starter = None
    if exercise.begins_from_code:
        starter = _without_source_lines(gather(loaded.stub, cases, probe, limit=learner_limit))
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
        *(
            ((), ())
            if exercise.measured or exercise.starter or not variants
            else _variants(loaded, cases, probe, right, mistakes)
        ),
    )


def _variants(
    loaded: Loaded, cases: list[Case], probe: Probe, right: list[Evidence], mistakes: list[MistakeKey]
) -> tuple[list[MistakeKey], list[Effect]]:
    """What the solution gives on changed arguments and with slips in it, and what of every argument shows."""
    effects: list[Effect] = []
    tried = itertools.chain(
        variants.on_changed_arguments(loaded.solution, cases, probe, right, effects),
        variants.of_slips(loaded, cases, probe),
    )
    return variants.record_variants(tried, cases, right, mistakes), effects


def _promises_dtype(loaded: Loaded) -> bool:
    """Whether the text of an exercise says of what dtype its result is."""
    docstring = getattr(loaded.stub, "__doc__", None) or ""
    return "dtype" in docstring


def _without_source_lines(recorded: list[Evidence]) -> list[Evidence]:
    """The evidence without the lines of code that an exception came by: a key holds no line of an answer."""
    return [
        evidence if evidence.raised is None else replace(evidence, raised=replace(evidence.raised, lines=(), where=""))
        for evidence in recorded
    ]


def recorded(project: Project, loaded: Loaded) -> ExerciseKey:
    """The key of one exercise: the one that is kept, else recorded now and kept."""
    of = digest(project, loaded.session, loaded.name)
    kept = _kept(project, loaded.session, loaded.name, of)
    if kept is None:
        _keep(project, record(project, loaded), of)
        kept = _kept(project, loaded.session, loaded.name, of)
    assert kept is not None
    return kept


def digest(project: Project, session: str, name: str) -> str:
    """What the record of an exercise depends on: its file, its slice, how checks run, its bar, torch and Python."""
    source = source_of(project, session, exercise_of(project, session, name).part)
    text = project.exercise(session, name).read_text("utf-8")
    parts = [
        text,
        slice_of(source, [name, *borrowed(source, text)]),
        student_definition(source, name),
        repr(ledger.bar(project, f"{session}.{name}")),
        code_version(),
    ]
    return digest_of(*parts)


@functools.cache
def code_version() -> str:
    """Digest of the code that runs and compares answers, with the versions of what it stands on."""
    import importlib.metadata

    import dlmodule

    home = Path(str(dlmodule.__file__)).parent
    checking = home / "checking"
    files = [path for folder in (checking / "collect", home / "data") for path in sorted(folder.rglob("*.py"))]
    files += [
        checking / f"{name}.py"
        for name in ("case", "compare", "evidence", "exercise", "inputs", "probes", "serialise", "training_facts")
    ]
    files += [home / f"{name}.py" for name in ("device", "rehearsal", "training")]  # what probes call
    files += [
        Path(str(module.__file__))
        for module in (
            *(argument_names, changes, loading, mutants, slicing, slipped_calls),
            *(slipped_steps, slips, statements, variants),
        )
    ] + [Path(__file__)]
    code = [path.read_text("utf-8") for path in files]
    versions = [platform.python_version(), *(importlib.metadata.version(name) for name in ("torch", "numpy"))]
    return hashlib.sha256(repr((code, versions)).encode()).hexdigest()


def _kept(project: Project, session: str, name: str, of: str) -> ExerciseKey | None:
    from dlmodule.checking import key

    content = project.cache.kept("keys", f"{session}.{name}", of)
    try:
        return None if content is None else key.from_bytes(content, f"{session}.{name}")[name]
    except DLModuleError:  # of another format: recorded again
        return None


def _keep(project: Project, exercise: ExerciseKey, of: str) -> None:
    from dlmodule.checking import key

    project.cache.keep("keys", exercise.id, of, key.to_bytes([exercise]))


def _shipped_probe(project: Project, loaded: Loaded) -> Any:
    """The probe as a learner receives it: a custom one as the source of exactly what it needs."""

    probe = loaded.exercise.chosen_probe
    if probe.function is None:
        return probe
    path = project.exercise(loaded.session, loaded.name)
    text = slice_text(path.read_text("utf-8"), [probe.function.__name__], path)
    if probe.function.__name__ != "probe":
        text += f"\nprobe = {probe.function.__name__}\n"
    return replace(probe, source=text, function=None)
