"""Judging: from a learner's answer to a diagnosis, in a notebook (``check``), a program (``judge``) or a shell."""

from __future__ import annotations

import inspect
import types
from dataclasses import replace
from typing import Any

from dlmodule.checking import key as keys
from dlmodule.checking.collect.run import gather
from dlmodule.checking.decide.decide import decide
from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, WRONG, Diagnosis
from dlmodule.checking.key import ExerciseKey
from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError


def judge(exercise: str, candidate: Any, *, limit: float | None = None) -> Diagnosis:
    """Judge ``candidate`` as an answer to ``exercise`` ("session.name"). Never raises for a wrong answer.

    limit: seconds for each case (default: the key's). A missing or damaged key, or an exercise that does not exist,
    gives "could not check" with one line that says what to do.
    """
    session, _, name = exercise.partition(".")
    try:
        session_keys = keys.load(keys.find(session))
        if name not in session_keys:
            known = ", ".join(sorted(session_keys))
            raise DLModuleError(f"{session} has no exercise {name!r}; it has {known}")
    except DLModuleError as error:
        return Diagnosis(exercise, COULD_NOT_CHECK, str(error), "no key")
    return judge_with(session_keys[name], candidate, session_keys, limit=limit)


def judge_with(
    key: ExerciseKey,
    candidate: Any,
    session_keys: dict[str, ExerciseKey] | None = None,
    *,
    limit: float | None = None,
) -> Diagnosis:
    """Judge ``candidate`` with ``key``; other keys of the session tell whether what it calls is right."""
    refused = _wrong_kind(key, candidate)
    if refused is not None:
        return refused
    seconds = limit or key.limit
    try:
        diagnosis = decide(replace(key, limit=seconds), gather(candidate, key.cases, key.probe, limit=seconds))
    except Exception as error:  # a fault of the check itself, never to be laid at the learner's door
        message = f"The check itself failed ({type(error).__name__}: {error}); your answer may be right."
        return Diagnosis(key.id, COULD_NOT_CHECK, message, "check failed")
    if diagnosis.status == WRONG and diagnosis.mistake is None and session_keys:
        return _blame_what_it_calls(diagnosis, candidate, session_keys)
    return diagnosis


def _wrong_kind(key: ExerciseKey, candidate: Any) -> Diagnosis | None:
    def diagnosis(status: str, message: str) -> Diagnosis:
        return Diagnosis(
            key.id, status, message, status if status == NOT_STARTED else "type",
            hints=key.hints, minutes=key.minutes, move_on=key.move_on, part=key.part,
        )  # fmt: skip

    if candidate is ...:
        return diagnosis(NOT_STARTED, f"`{key.name}` is not filled in yet: it still is the placeholder `...`.")
    if key.kind == "value":
        return None
    if key.kind == "function" and inspect.isclass(candidate):
        return diagnosis(WRONG, f"`{candidate.__name__}` is a class; a function is asked for here.")
    if not callable(candidate):
        kind = "a class" if key.kind == "class" else "a function"
        what = type(candidate).__name__
        return diagnosis(
            WRONG,
            f"You passed {what!r} object, the result perhaps of calling `{key.name}`; pass {kind} itself: `check({key.name})`.",
        )
    return None


def _blame_what_it_calls(diagnosis: Diagnosis, candidate: Any, session_keys: dict[str, ExerciseKey]) -> Diagnosis:
    """Say so where the answer calls another exercise that is not right yet: the fault may be there."""
    own = diagnosis.exercise.partition(".")[2]
    scope = _scope(candidate)
    for name in called_names(candidate):
        if name == own or name not in session_keys or name not in scope:
            continue
        other = judge_with(session_keys[name], scope[name])
        if not other.right:
            message = (
                f"It calls `{name}`, which is not right yet ({other.status}). Mend that first, then check this again."
            )
            return replace(diagnosis, message=message, rung="calls", blocked_by=name, expected=None, got=None)
    return diagnosis


def called_names(candidate: Any) -> list[str]:
    """The global names that the code of a function or class refers to, in order of appearance."""
    names: dict[str, None] = {}

    def walk(code: types.CodeType) -> None:
        names.update(dict.fromkeys(code.co_names))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                walk(constant)

    for function in _functions(candidate):
        walk(function.__code__)
    return list(names)


def _functions(candidate: Any) -> list[types.FunctionType]:
    if isinstance(candidate, types.FunctionType):
        return [candidate]
    if inspect.isclass(candidate):
        return [member for member in vars(candidate).values() if isinstance(member, types.FunctionType)]
    return []


def _scope(candidate: Any) -> dict[str, Any]:
    functions = _functions(candidate)
    return functions[0].__globals__ if functions else {}


class Check:
    """A notebook's ``check``, bound to its session: ``check(function)`` or ``check("name", value)``."""

    def __init__(self, session: str, progress: Progress | None = None) -> None:
        self.session = session
        self._progress = progress

    def __call__(self, *answer: Any) -> Diagnosis:
        """Judge an answer and show the card; the attempt is kept on this machine.

        ``check(cross_correlate)`` takes the exercise's name from the function or class; ``check("edge_kernels",
        kernels)`` is told it. In a notebook the returned diagnosis shows itself as a card, elsewhere it prints.
        """
        name, candidate = self._read(answer)
        diagnosis = judge(f"{self.session}.{name}", candidate)
        (self._progress or Progress.local()).record(diagnosis)
        if not _in_notebook():
            print(diagnosis)
        return diagnosis

    @staticmethod
    def _read(answer: tuple[Any, ...]) -> tuple[str, Any]:
        if len(answer) == 2 and isinstance(answer[0], str):
            return answer
        if len(answer) == 1 and hasattr(answer[0], "__name__"):
            return answer[0].__name__, answer[0]
        raise DLModuleError('call it as check(your_function), or as check("name", your_value)')


def checks(session: str) -> Check:
    """The ``check`` of a session, such as ``check = checks("05_cnns_1")``."""
    return Check(session)


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and shell.__class__.__name__ == "ZMQInteractiveShell"
