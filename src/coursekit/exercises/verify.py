"""``course verify``: prove that every exercise's check does what it claims.

For each exercise: the solution is right; the untouched stub or starter is "not started"; every named mistake is met with its
own sentence and lies at least 100 tolerances from the solution and from every other mistake; at least two differently
written right answers pass; mutants of the solution are noticed; a puzzle refuses its built-in. Training exercises are proved on their rehearsal and
not mutated. Then nothing a learner receives holds a line of a solution (see ``leaks``).

What was proved is kept by a digest of all it depends on, so only what changed is proved again.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from coursekit.errors import CourseError
from coursekit.exercises import mutants, record, workers
from coursekit.exercises.loading import Loaded, load_whole, run
from coursekit.exercises.workers import in_child, run_forked
from coursekit.project import Project
from coursekit.sources.exercise_file import read
from coursekit.sources.slicing import exercise_slice
from dlmodule.files import write_atomically

if TYPE_CHECKING:
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.key import ExerciseKey

APART = 100.0  # tolerances between a mistake and the solution, or another mistake
ALTERNATIVES, MISTAKES, HINTS, MUTANTS = 2, 3, 2, 8
LEAST_LIMIT = 0.5  # seconds: a busy machine must not pass for a check that notices
KILLED = 0.95  # of an exercise's mutants, those proved equivalent left out


@dataclass
class Proof:
    """What was shown of one exercise; ``problems`` is empty where all of it holds."""

    exercise: str
    solution: str = ""
    stub: str = ""
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    alternatives: dict[str, int] = field(default_factory=lambda: {"accepted": 0, "total": 0})
    mutants: dict[str, int] = field(default_factory=lambda: {"killed": 0, "total": 0})
    measured: bool = False
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    equivalent: int = 0

    def public(self) -> dict[str, Any]:
        """The machine-readable form."""
        return {
            name: value for name, value in asdict(self).items() if name not in ("problems", "survivors", "equivalent")
        }


def prove(project: Project, session: str, name: str) -> Proof:
    """Prove one exercise, here and now."""
    from dlmodule.checking import compare
    from dlmodule.checking.decide.decide import decide
    from dlmodule.checking.judge import judge_with

    started = time.perf_counter()
    loaded = load_whole(project, session, name)
    key = record.recorded(project, loaded)
    exercise, proof = loaded.exercise, Proof(loaded.id, measured=loaded.exercise.measured is not None)
    say = proof.problems.append

    # A rehearsal takes seconds: what was recorded is judged, rather than run a second time.
    right = decide(key, key.right) if proof.measured else judge_with(key, loaded.solution)
    proof.solution = right.status
    if not right.right:
        say(f"the solution is {right.status}: {right.message}")
    proof.stub = judge_with(key, loaded.stub).status
    if proof.stub != "not started":
        say(f"the untouched {'starter' if exercise.starter else 'stub'} is {proof.stub!r}, not 'not started'")

    for mistake, recorded in zip(loaded.mistakes, key.mistakes, strict=True):
        met = decide(key, recorded.evidence) if proof.measured else judge_with(key, mistake.candidate)
        own = met.mistake == mistake.name and mistake.sentence in met.message
        proof.mistakes.append({"name": mistake.name, "sentence": mistake.sentence, "met": own})
        if not own:
            say(f"mistake {mistake.name} is met by {met.mistake or met.status}: {met.message}")
    if not proof.measured:
        everyone = [("the solution", key.right), *((one.name, one.evidence) for one in key.mistakes)]
        for index, (one, first) in enumerate(everyone):
            for other, second in everyone[index + 1 :]:
                apart = compare.run_distance(first, second, key.cases, exact_message=True)
                if apart < APART:
                    say(f"{other} is only {apart:.3g} tolerances from {one}: add a case that tells them apart")

    if key.probe.name == "puzzle" and not any(_refused(one.evidence) for one in key.mistakes):
        say("no mistake uses a tool that the puzzle does not permit: show that the built-in is refused")

    for alternative in loaded.alternatives:
        judged = judge_with(key, alternative.candidate)
        proof.alternatives["total"] += 1
        proof.alternatives["accepted"] += judged.right
        if not judged.right:
            say(f"alternative {alternative.name} is {judged.status}: {judged.message}")
    for what, found, least in (
        ("mistakes", len(loaded.mistakes), MISTAKES),
        ("alternatives", len(loaded.alternatives), ALTERNATIVES),
        ("hints", len(exercise.hints), HINTS),
    ):
        if found < least:
            say(f"{found} {what}; at least {least} are asked")

    if not proof.measured:
        _try_mutants(loaded, key, proof)
    proof.seconds = round(time.perf_counter() - started, 2)
    return proof


def _refused(seen: Sequence[Evidence]) -> bool:
    """Whether an answer was stopped at a tool that a puzzle does not permit."""
    return any(one.raised is not None and one.raised.type == "NotPermitted" for one in seen)


def _try_mutants(loaded: Loaded, key: ExerciseKey, proof: Proof) -> None:
    """Try every mutant of the solution, each in a process of its own, for at most ten times what the solution takes."""
    from dlmodule.checking.judge import judge_with

    clock = time.perf_counter()
    judge_with(key, loaded.solution)
    limit = max(LEAST_LIMIT, 10 * (time.perf_counter() - clock))
    whole = exercise_slice(loaded.source, loaded.name)

    def passes(text: str) -> bool:
        candidate = run(text, "mutant")[loaded.name]
        return judge_with(key, candidate, limit=limit).right

    equal = loaded.exercise.equivalents
    met: set[str] = set()
    for mutant in mutants.mutants(whole.text, whole.written, whole.lines):
        # Anything but "it passes" is noticed: it is wrong, does not even define, takes too long, or too much.
        if in_child(functools.partial(passes, mutant.text), deadline=limit + 1) is not True:
            proof.mutants["killed"] += 1
        elif declared := [words for words in equal if words in mutant.label]:
            met.update(declared)
            proof.equivalent += 1
            continue
        else:
            proof.survivors.append(mutant.label)
        proof.mutants["total"] += 1
    killed, total = proof.mutants["killed"], proof.mutants["total"]
    # A puzzle's answer is one line, with few places to change: there the mistakes count among the wrong answers tried.
    tried = total + proof.equivalent + (len(loaded.mistakes) if key.probe.name == "puzzle" else 0)
    if tried < MUTANTS:
        proof.problems.append(f"only {tried} mutants could be made; {MUTANTS} are asked")
    if total and killed < KILLED * total:
        proof.problems.append(
            f"{total - killed} of {total} mutants survive; add a case that notices: " + "; ".join(proof.survivors)
        )
    for words in equal.keys() - met:
        proof.problems.append(f"no mutant {words!r} survives, so there is none to declare equivalent")


def prove_all(project: Project, ids: Sequence[str], *, fresh: bool = False, jobs: int = 2) -> list[Proof]:
    """Prove the exercises ``ids``, in parallel; unchanged ones are taken from the cache. CourseError for bad input."""

    found: dict[str, Proof] = {}
    for one in ids:
        kept = None if fresh else _kept(project, one)
        if kept is not None:
            found[one] = kept
    waiting = [one for one in ids if one not in found]
    with tqdm(total=len(waiting), desc="verify", disable=None, leave=False) as bar:
        for one, result in run_forked(functools.partial(_prove_one, project), waiting, jobs=jobs) if waiting else ():
            bar.update(1)
            if isinstance(result, CourseError):
                raise result
            if isinstance(result, BaseException):
                result = Proof(one, problems=[f"{type(result).__name__}: {result}"])
            found[one] = result
            if not result.problems:
                write_atomically(_cache_path(project, one), json.dumps(asdict(result)))
    return [found[one] for one in ids]


def _prove_one(project: Project, one: str) -> Proof:
    session, _, name = one.partition(".")
    return prove(project, session, name)


def _cache_path(project: Project, one: str) -> Path:
    session, _, name = one.partition(".")
    digest = record.digest(project, session, name)
    return project.build / "cache" / "verify" / f"{one}.{digest}.{_code_version()}.json"


@functools.cache
def _code_version() -> str:
    import hashlib

    files = (__file__, mutants.__file__, workers.__file__)
    return hashlib.sha256("".join(Path(one).read_text("utf-8") for one in files).encode()).hexdigest()[:12]


def _kept(project: Project, one: str) -> Proof | None:
    try:
        return Proof(**json.loads(_cache_path(project, one).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def select(project: Project, targets: Sequence[str]) -> list[str]:
    """Ids of the exercises that ``targets`` (SESSION, SESSION.PART or SESSION.EXERCISE; all without one) name."""

    every = {
        f"{path.parents[1].name}.{path.stem}": f"{path.parents[1].name}.{read(path).part}"
        for path in sorted(project.course.glob("*/exercises/[!_]*.py"))
    }
    for target in targets:
        if not any(target in (one, part, one.partition(".")[0]) for one, part in every.items()):
            raise CourseError(f"nothing called {target!r}; write SESSION, SESSION.PART or SESSION.EXERCISE")
    return [
        one
        for one, part in every.items()
        if not targets or any(target in (one, part, one.partition(".")[0]) for target in targets)
    ]
