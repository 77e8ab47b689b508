"""What is proved of one exercise: a function a claim, each giving one line, with file and line, where it does not hold.

For each exercise: the solution is right; the untouched stub or starter is "not started"; every named mistake is met with its
own sentence and lies at least 100 tolerances (3 of statistics) from the solution and from every other mistake; at least two differently
written right answers pass; mutants of the solution are noticed; a puzzle refuses its built-in. Training exercises are proved on their
rehearsal and not mutated.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from coursekit.errors import CourseError
from coursekit.exercises import mutants, record
from coursekit.exercises.loading import Loaded, load_whole, run
from coursekit.exercises.measurements import narrow_bar
from coursekit.exercises.sentences import definition, kind_of, texts_of_mistakes
from coursekit.exercises.workers import in_child
from coursekit.project import Project
from coursekit.sources.exercise_file import exercise_of
from coursekit.sources.slicing import exercise_slice

if TYPE_CHECKING:
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.exercise import Mistake
    from dlmodule.checking.key import ExerciseKey

APART = 100.0  # tolerances between a mistake and the solution, or another mistake
STATISTICS_APART = 3.0  # the same where answers are judged by statistics, whose tolerance is 6.11 standard errors
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
    sentences: dict[str, int] = field(default_factory=dict)
    siblings: list[str] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        """The machine-readable form."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in ("problems", "survivors", "equivalent", "siblings")
        }


def prove(project: Project, session: str, name: str, *, most: int | None = None) -> Proof:
    """Prove one exercise, here and now. most: mutants to try (default: all); see ``mutants.sample``."""
    started = time.perf_counter()
    if project.exercise(session, name).is_file():  # a wrong keyword is named before Python stumbles over it
        exercise_of(project, session, name)
    loaded = load_whole(project, session, name)
    proof = Proof(loaded.id, measured=loaded.exercise.measured is not None)
    proof.problems += prove_cases(loaded)
    if any("no case calls" in problem for problem in proof.problems):
        return proof
    key = record.recorded(project, loaded)
    solution = list(prove_solution(loaded, key, proof))
    proof.problems += solution
    if not solution:  # with a solution that is wrong, what is said of all else would only echo it
        for prove_that in (prove_stub, prove_mistakes, prove_apart, prove_alternatives, prove_counts):
            proof.problems += prove_that(loaded, key, proof)
        if not proof.measured:
            _try_mutants(loaded, key, proof, most)
        elif narrow := narrow_bar(project, loaded.id):
            proof.problems.append(str(narrow))
    proof.seconds = round(time.perf_counter() - started, 2)
    return proof


def prove_cases(loaded: Loaded) -> Iterator[str]:
    """Several cases can be told apart by their labels, which a learner's card quotes."""
    cases = loaded.exercise.all_cases()
    labels = [case.label for case in cases]
    for label, count in Counter(labels).items():
        if label and count > 1:
            yield _at(loaded, f"{count} cases are called {label!r}: a learner could not tell them apart")
    if len(labels) > 1 and not all(labels):
        yield _at(loaded, f"{labels.count('')} of {len(labels)} cases have no label; say what each is with .named(...)")
    empty = [case for case in cases if not (case.args or case.kwargs or case.steps or case.constructor)]
    if (
        len(cases) == len(empty)
        and loaded.exercise.chosen_probe.name in ("call", "puzzle")
        and _needs_arguments(loaded.solution)
    ):
        yield _at(loaded, f"no case calls {loaded.name} with arguments; write them in @exercise.cases")


def _needs_arguments(function: Any) -> bool:
    """Whether ``function`` cannot be called without any."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # a built-in tells nothing of its parameters
        return False
    return False


def _at(loaded: Loaded, message: str, name: str = "exercise") -> str:
    """``message`` with the file and line at which the exercise file declares ``name``."""
    path = loaded.source.path.parent / "exercises" / f"{loaded.name}.py"
    declares = re.compile(rf"(def|class)\s+{re.escape(name)}\b|.*[\"']{re.escape(name)}[\"']|{re.escape(name)}\s*=")
    lines = path.read_text("utf-8").split("\n")
    line = next((number for number, text in enumerate(lines, 1) if declares.match(text)), 1)
    return str(CourseError(message, file=path, line=line))


def prove_solution(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """The solution is right, and raises only what its own text raises."""
    from dlmodule.checking.decide.decide import decide
    from dlmodule.checking.judge import judge_with

    # A rehearsal takes seconds: what was recorded is judged, rather than run a second time.
    right = decide(key, key.right) if proof.measured else judge_with(key, loaded.solution)
    proof.solution = right.status
    own = raised_by(loaded.slice)
    for case, evidence in zip(key.cases, key.right, strict=True):
        if evidence.raised is not None and evidence.raised.type not in own:
            where = f" on {case.label}" if case.label else ""
            yield _at(loaded, f"the solution raises {evidence.raised.type}{where}: {evidence.raised.message}")
            return
    if not right.right:
        yield _at(loaded, f"the solution is {right.status}: {right.message}")


def raised_by(text: str) -> set[str]:
    """Names of the exceptions that the code in ``text`` raises itself, by ``raise`` or ``assert``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert):
            found.add("AssertionError")
        elif isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(ast.unparse(raised).rpartition(".")[2])
    return found


def prove_stub(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """What a learner begins from is "not started"."""
    from dlmodule.checking.judge import judge_with

    proof.stub = judge_with(key, loaded.stub).status
    if proof.stub != "not started":
        yield _at(
            loaded,
            f"the untouched {'starter' if loaded.exercise.begins_from_code else 'stub'} is {proof.stub!r}, not 'not started'",
        )


def prove_mistakes(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """Every named mistake runs, and is met with a sentence of its own."""
    from dlmodule.checking.decide.decide import decide
    from dlmodule.checking.judge import judge_with

    unwatched = replace(key, probe=key.probe.unwatched)
    for mistake, recorded in zip(loaded.mistakes, key.mistakes, strict=True):
        judged = decide(key, recorded.evidence) if proof.measured else judge_with(unwatched, mistake.candidate)
        own = judged.mistake == mistake.name and mistake.sentence in judged.message
        proof.mistakes.append({"name": mistake.name, "sentence": mistake.sentence, "met": own})
        if own_signature := _never_entered(mistake, recorded.evidence):
            yield _at(
                loaded, f"mistake {mistake.name} cannot be called as the solution is: {own_signature}", mistake.name
            )
        elif nameless := _without_a_name(recorded.evidence, key.right):
            yield _at(loaded, f"mistake {mistake.name} never runs for a learner: {nameless}", mistake.name)
        elif not own:
            yield _at(
                loaded,
                f"mistake {mistake.name} is met by {judged.mistake or judged.status}: {judged.message}",
                mistake.name,
            )
    for sentence, count in Counter(mistake.sentence for mistake in loaded.mistakes).items():
        if count > 1:
            names = ", ".join(mistake.name for mistake in loaded.mistakes if mistake.sentence == sentence)
            yield _at(loaded, f"mistakes {names} have one sentence, {sentence!r}; say what is particular to each")


def _never_entered(mistake: Mistake, evidence: Sequence[Evidence]) -> str:
    """What Python says where every call of the mistake fails at its signature; "" where one gets in."""
    raised = [each.raised for each in evidence]
    at_the_call = re.compile(rf"(\w+\.)*({re.escape(mistake.name)}|__init__)\(\) (takes|missing|got) .*argument")
    if raised and all(r is not None and r.type == "TypeError" and at_the_call.match(r.message) for r in raised):
        return raised[0].message if raised[0] else ""
    return ""


def _without_a_name(evidence: Sequence[Evidence], right: Sequence[Evidence]) -> str:
    """What Python says where the mistake misses a name, as of a module that no cell before it imports, and the solution does not."""
    for each, of_solution in zip(evidence, right, strict=True):
        if each.raised and each.raised.type == "NameError" and not of_solution.raised:
            return each.raised.message
    return ""


def prove_apart(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """The solution and the mistakes lie far enough from each other; a puzzle refuses its built-in."""
    from dlmodule.checking import compare

    least = STATISTICS_APART if key.probe.name == "sample" else APART
    if not proof.measured:
        answers = [("the solution", key.right), *((mistake.name, mistake.evidence) for mistake in key.mistakes)]
        for (name, first), (other, second) in itertools.combinations(answers, 2):
            apart = compare.run_distance(first, second, key.cases, exact_message=True)
            if apart < least:
                yield _at(
                    loaded,
                    f"{other} is only {apart:.3g} tolerances from {name}, of {least:g} asked: add a case that tells them apart",
                    other,
                )
    if key.probe.name == "puzzle" and not any(_refused(mistake.evidence) for mistake in key.mistakes):
        yield _at(loaded, "no mistake uses a tool that the puzzle does not permit: show that the built-in is refused")


def _refused(evidence: Sequence[Evidence]) -> bool:
    """Whether an answer was stopped at a tool that a puzzle does not permit."""
    return any(each.raised is not None and each.raised.type == "NotPermitted" for each in evidence)


def prove_alternatives(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """Right answers that are written differently are right."""
    from dlmodule.checking.judge import judge_with

    for alternative in loaded.alternatives:
        judged = judge_with(key, alternative.candidate)
        proof.alternatives["total"] += 1
        proof.alternatives["accepted"] += judged.right
        if not judged.right:
            yield _at(loaded, f"alternative {alternative.name} is {judged.status}: {judged.message}", alternative.name)


def prove_counts(loaded: Loaded, key: ExerciseKey, proof: Proof) -> Iterator[str]:
    """There are enough mistakes, alternatives and hints."""
    for what, found, least in (
        ("mistakes", len(loaded.mistakes), MISTAKES),
        ("alternatives", len(loaded.alternatives), ALTERNATIVES),
        ("hints", len(loaded.exercise.hints), HINTS),
    ):
        if found < least:
            yield _at(loaded, f"{found} {what}; at least {least} are asked")


def _note_sentence(loaded: Loaded, proof: Proof, mutant: mutants.Mutant, judged: Any, own: dict[str, str]) -> None:
    """What kind of sentence meets a mutant; where it is a named mistake's, and not this very program's, its author is to confirm it."""
    kind = "ended" if not isinstance(judged, tuple) else judged[3]
    if isinstance(judged, tuple) and (met := judged[2]) is not None:
        confirmed = any(words in mutant.label and met == named for words, named in loaded.exercise.confirmed.items())
        if own.get(met) == definition(mutant.text, loaded.name):
            kind = "its own"
        else:
            kind = "a confirmed sibling's" if confirmed else "a sibling's"
            if not confirmed:
                sentence = next(mistake.sentence for mistake in loaded.mistakes if mistake.name == met)
                proof.siblings.append(f"{mutant.label} -> {met}: {sentence}")
    proof.sentences[kind] = proof.sentences.get(kind, 0) + 1


def _try_mutants(loaded: Loaded, key: ExerciseKey, proof: Proof, most: int | None) -> None:
    """Try the mutants of the solution (at most ``most``), each in a process of its own, for at most ten times what the solution takes."""
    from dlmodule.checking.judge import judge_with

    clock = time.perf_counter()
    judge_with(key, loaded.solution)
    limit = max(LEAST_LIMIT, 10 * (time.perf_counter() - clock))
    whole = exercise_slice(loaded.source, loaded.name)

    def verdict(text: str) -> tuple[bool, str, str | None, str]:
        diagnosis = judge_with(key, run(text, "mutant")[loaded.name], limit=limit)
        return diagnosis.right, diagnosis.rung, diagnosis.mistake, kind_of(diagnosis)

    equal = loaded.exercise.equivalents
    own = dict(texts_of_mistakes(loaded))
    names: set[str] = set()
    found = mutants.mutants(whole.text, whole.written, whole.lines)
    for mutant in found if most is None else mutants.sample(found, most, always=equal):
        # Anything but "it passes" is noticed: it is wrong, does not even define, takes too long, or too much.
        judged = in_child(functools.partial(verdict, mutant.text), deadline=limit + 1)
        if not (isinstance(judged, tuple) and judged[0]):
            proof.mutants["killed"] += 1
            _note_sentence(loaded, proof, mutant, judged, own)
        elif judged[1] == "right in float32":  # nothing promises what it no longer keeps
            proof.equivalent += 1
            continue
        elif declared := [words for words in equal if words in mutant.label]:
            names.update(declared)
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
    for words in equal.keys() - names:
        proof.problems.append(f"no mutant {words!r} survives, so there is none to declare equivalent")
