"""``course verify``: prove that every exercise's check does what it claims, several at once and only what changed.

What is proved of an exercise stands in ``proofs``, what is refused in a source in ``source_rules``; then nothing a learner receives
holds a line of a solution (see ``leaks``). What was proved is kept by a digest of all it depends on.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from coursekit.cache import digest_of
from coursekit.errors import CourseError
from coursekit.exercises import measurements, mutants, proofs, record, sentences, workers
from coursekit.exercises.proofs import Proof, prove
from coursekit.exercises.workers import run_forked
from coursekit.project import Project, find_parts, uncollected
from coursekit.sources.exercise_file import exercise_of

SAMPLE = 24  # mutants of an exercise that are tried unless all are asked for: as many tell a good check from a lax one


def prove_all(
    project: Project, ids: Sequence[str], *, fresh: bool = False, jobs: int | None = None, most: int | None = None
) -> list[Proof]:
    """Prove the exercises ``ids``, in parallel; what is proved and unchanged is not proved again.

    jobs: processes (default: one a core). most: mutants to try of each exercise (default: all).
    """
    digests = _digests(project, ids, most)
    found: dict[str, Proof] = {}
    for exercise, digest in digests.items():
        content = None if fresh or digest is None else project.cache.kept("proofs", exercise, digest)
        if content is not None:
            found[exercise] = Proof(**json.loads(content))
    waiting = [exercise for exercise in ids if exercise not in found]
    with tqdm(total=len(waiting), desc="verify", disable=None, leave=False) as bar:
        for exercise, result in run_forked(functools.partial(_prove_one, project, most), waiting, jobs=jobs):
            bar.update(1)
            if isinstance(result, BaseException):
                cause = str(result) if isinstance(result, CourseError) else f"{type(result).__name__}: {result}"
                result = Proof(exercise, problems=[cause])
            found[exercise] = result
            if not result.problems and (digest := digests[exercise]) is not None:
                project.cache.keep("proofs", exercise, digest, json.dumps(asdict(result)))
    return [found[exercise] for exercise in ids]


def _prove_one(project: Project, most: int | None, exercise: str) -> Proof:
    session, _, name = exercise.partition(".")
    with contextlib.chdir(project.course / session):  # where the files lie that its notebooks read
        return prove(project, session, name, most=most)


def _digests(project: Project, ids: Sequence[str], most: int | None) -> dict[str, str | None]:
    """What each proof depends on; read of a session whose files are as they were, so that nothing is parsed to say so."""
    digests: dict[str, str | None] = {}
    for session in dict.fromkeys(id_.partition(".")[0] for id_ in ids):
        every = [f"{session}.{path.stem}" for path in project.exercises(session)]
        of = digest_of(project.digest(session), record.code_version(), str(most))
        with uncollected():
            make = functools.partial(_digests_of, project, every, most)
            digests |= project.cache.once("digests", session, of, make)
    return digests


def _digests_of(project: Project, ids: Sequence[str], most: int | None) -> dict[str, str | None]:
    return {exercise: _digest(project, exercise, most) for exercise in ids}


def _digest(project: Project, exercise: str, most: int | None) -> str | None:
    """What the proof of ``exercise`` depends on; None where its files are wrong, which proving it will say."""
    session, _, name = exercise.partition(".")
    try:
        bar = str(measurements.narrow_bar(project, exercise))
        return digest_of(record.digest(project, session, name), _code_version(), str(most), bar)
    except (CourseError, OSError):
        return None


@functools.cache
def _code_version() -> str:
    """Digest of the code that proves, beside that which records."""
    files = (__file__, proofs.__file__, measurements.__file__, mutants.__file__, sentences.__file__, workers.__file__)
    return digest_of(*(Path(file).read_bytes() for file in files))


def select(project: Project, targets: Sequence[str]) -> list[str]:
    """Ids of the exercises that ``targets`` (SESSION, SESSION.PART or SESSION.EXERCISE; all without one) name."""
    every = _parts(project)
    without = {name for part in find_parts(project) for name in (part.session, part.id)}  # perhaps without exercises
    for target in targets:
        if target not in without and not any(target in _names(exercise, part) for exercise, part in every.items()):
            raise CourseError(f"nothing called {target!r}; write SESSION, SESSION.PART or SESSION.EXERCISE")
    return [exercise for exercise, part in every.items() if not targets or _names(exercise, part) & set(targets)]


def _names(exercise: str, part: str) -> set[str]:
    """What a target may call an exercise by."""
    return {exercise, part, exercise.partition(".")[0]}


def parts_of(project: Project, targets: Sequence[str], ids: Sequence[str]) -> set[str]:
    """The parts (``SESSION.PART``) that ``targets`` name (all without one), and those of the exercises ``ids``."""
    named = {part.id for part in find_parts(project) if not targets or {part.session, part.id} & set(targets)}
    every = _parts(project)
    return named | {every[exercise] for exercise in ids}


def _parts(project: Project) -> dict[str, str]:
    """``SESSION.PART`` of every ``SESSION.EXERCISE``; of a session whose files are as they were, nothing is parsed to say so."""
    sessions = dict.fromkeys(path.parents[1].name for path in project.exercises())
    parts: dict[str, str] = {}
    for session in sessions:
        make = functools.partial(_parts_of, project, session)
        parts |= project.cache.once("parts", session, project.digest(session), make)
    return parts


def _parts_of(project: Project, session: str) -> dict[str, str]:
    """The part is "" where the exercise's file is wrong, which its proof will say."""
    parts = {}
    for path in project.exercises(session):
        part = ""
        with contextlib.suppress(CourseError):
            part = exercise_of(project, session, path.stem).part
        parts[f"{session}.{path.stem}"] = f"{session}.{part}"
    return parts
