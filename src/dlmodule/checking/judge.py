"""Judging: from a learner's answer to a diagnosis, in a notebook (``check``), a program (``judge``) or a shell."""

from __future__ import annotations

import dis
import inspect
import sys
import types
from dataclasses import replace
from typing import Any

from torch import nn

from dlmodule.checking import key as keys
from dlmodule.checking import naming
from dlmodule.checking.arguments import with_idle_argument, with_unused_argument
from dlmodule.checking.collect import guard, output
from dlmodule.checking.collect.exceptions import text_of
from dlmodule.checking.collect.run import CALLED, gather, repeats
from dlmodule.checking.decide.decide import decide
from dlmodule.checking.decide.precision import but_for_dtype, may_be_by_dtype
from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, WRONG, Diagnosis
from dlmodule.checking.evidence import Evidence
from dlmodule.checking.key import ExerciseKey, in_float32
from dlmodule.checking.naming import codes
from dlmodule.checking.progress import Progress
from dlmodule.errors import DLModuleError
from dlmodule.progress_bar import in_notebook
from dlmodule.skipping.cells import watch


def judge(exercise: str, candidate: Any, *, limit: float | None = None) -> Diagnosis:
    """Judge ``candidate`` as an answer to ``exercise`` ("session.name"). Never raises for a wrong answer.

    limit: seconds of processor time for each case (default: the key's). A missing or damaged key, or an exercise that
    does not exist, gives "could not check" with one line that says what to do.
    """
    session, _, name = exercise.partition(".")
    try:
        session_keys = _keys(session)
        if name not in session_keys:
            known = ", ".join(sorted(session_keys))
            raise DLModuleError(f"{session} has no exercise {name!r}; it has {known}")
    except DLModuleError as error:
        return Diagnosis(exercise, COULD_NOT_CHECK, str(error), "no key")
    return judge_with(session_keys[name], candidate, session_keys, limit=limit)


def _keys(session: str) -> dict[str, ExerciseKey]:
    """The keys of a session, read as plain tensors whatever mode the notebook is in: they are kept."""
    with guard.torch_defaults():
        return keys.load(keys.find(session))


def judge_with(
    key: ExerciseKey,
    candidate: Any,
    session_keys: dict[str, ExerciseKey] | None = None,
    *,
    limit: float | None = None,
) -> Diagnosis:
    """Judge ``candidate`` with ``key``; other keys of the session tell whether what it calls is right."""
    candidate = naming.original(candidate)
    refused = _wrong_kind(key, candidate)
    if refused is not None:
        return refused
    key = replace(key, limit=limit or key.limit)
    try:
        with guard.torch_defaults():
            return _judged(key, candidate, session_keys or {})
    except Exception as error:  # a fault of the check itself, never to be laid at the learner's door
        message = f"The check itself failed ({type(error).__name__}: {text_of(error)}); your answer may be right."
        return Diagnosis(key.id, COULD_NOT_CHECK, message, "check failed")


def _judged(key: ExerciseKey, candidate: Any, session_keys: dict[str, ExerciseKey]) -> Diagnosis:
    evidence = gather(candidate, key.cases, key.probe, limit=key.limit)
    diagnosis = decide(key, evidence)
    if diagnosis.status == WRONG and diagnosis.mistake is None:
        diagnosis = (
            _right_in_float32(key, candidate, evidence, diagnosis)
            or _blame_what_it_calls(key, diagnosis, candidate, session_keys)
            or _changes_from_call_to_call(key, candidate, evidence, diagnosis)
            or with_unused_argument(candidate, with_idle_argument(key, candidate, evidence, diagnosis))
        )
    return diagnosis.showing(_shown(key, evidence, diagnosis))


def _shown(key: ExerciseKey, evidence: list[Evidence], diagnosis: Diagnosis) -> tuple[dict[str, Any], ...]:
    """What the answer printed and displayed on the case that the diagnosis speaks of, else on the first."""
    labels = [case.label for case in key.cases]
    index = labels.index(diagnosis.case) if diagnosis.case in labels else 0
    return evidence[index].shown if evidence else ()


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
    kind = "class" if key.kind == "class" else "function"
    if kind == "function" and inspect.isclass(candidate):
        return diagnosis(WRONG, f"`{candidate.__name__}` is a class; a function is asked for here.")
    if not callable(candidate):
        what = "`None`" if candidate is None else f"an object of type `{type(candidate).__name__}`"
        message = f"You passed {what}, perhaps the result of calling `{key.name}`; pass the {kind} itself: `check({key.name})`."
        return diagnosis(WRONG, message)
    if kind == "class" and isinstance(candidate, nn.Module) and any(case.constructor for case in key.cases):
        message = (
            f"You passed an object of the class `{type(candidate).__name__}`. The check builds its own, of several sizes: "
            f'pass the class itself, `check("{key.name}", {type(candidate).__name__})`.'
        )
        return diagnosis(WRONG, message)
    return None


def _right_in_float32(
    key: ExerciseKey, candidate: Any, evidence: list[Evidence], diagnosis: Diagnosis
) -> Diagnosis | None:
    """The verdict on float32 input, where an answer fails only by what it does with float64, and no text promises that."""
    if not may_be_by_dtype(key, evidence, diagnosis):
        return None
    verdict = but_for_dtype(key, evidence, diagnosis)
    single = None if verdict.right else in_float32(key)
    if single is not None:
        again = decide(single, gather(candidate, single.cases, single.probe, limit=key.limit))
        verdict = again if again.right else verdict
    if verdict.right:
        return replace(verdict, rung="right in float32")
    return None if verdict is diagnosis else verdict


def _changes_from_call_to_call(
    key: ExerciseKey, candidate: Any, evidence: list[Evidence], diagnosis: Diagnosis
) -> Diagnosis | None:
    """Say so where the first case, tried again after the others, comes out otherwise: something is kept between calls."""
    if key.probe.name not in CALLED or evidence[0].raised or evidence[0].timed_out or diagnosis.rung == "time":
        return None
    if repeats(candidate, key.cases[0], key.probe, evidence[0], limit=key.limit):
        return None
    where = f"On {key.cases[0].label}, the" if key.cases[0].label else "The"
    message = (
        f"{where} same call gives another result the second time: something is kept from call to call, "
        "such as a default argument that is a list, a global, or a tensor that is changed in place."
    )
    return replace(diagnosis, message=message, rung="kept between calls", expected=None, got=None, lines=())


def _blame_what_it_calls(
    key: ExerciseKey, diagnosis: Diagnosis, candidate: Any, session_keys: dict[str, ExerciseKey]
) -> Diagnosis | None:
    """Say so where the answer calls another exercise of its part that was tried and is not right yet: the fault may be there."""
    scope = _scope(candidate)
    for name in called_names(candidate):
        other_key = session_keys.get(name)
        if name == key.name or other_key is None or other_key.bar is not None or other_key.part != key.part:
            continue
        if not _is_written_in(scope, scope.get(name)):  # such as torch's function of the same name
            continue
        other = judge_with(other_key, scope[name])
        written = other.status == WRONG
        stopped_there = other.status == NOT_STARTED and diagnosis.message.find("NotImplementedError") >= 0
        if (written or stopped_there) and _runs(key, candidate, scope[name]):
            state = "not right yet" if written else "not written yet"
            message = f"It calls `{name}`, which is {state}. Mend that first, then check this again."
            return replace(diagnosis, message=message, rung="calls", blocked_by=name, expected=None, got=None)
    return None


def _is_written_in(scope: dict[str, Any], called: Any) -> bool:
    """Whether a function or class was written where ``scope`` is: in the same notebook or file."""
    if isinstance(called, types.FunctionType):
        return called.__globals__ is scope
    return inspect.isclass(called) and called.__module__ == scope.get("__name__", called.__module__)


def _runs(key: ExerciseKey, candidate: Any, called: Any) -> bool:
    """Whether the code of ``called`` runs while ``candidate`` is tried: a name that is read need not be called."""
    wanted = {function.__code__ for function in _functions(called)}
    ran = False

    def note(frame: types.FrameType, event: str, argument: Any) -> None:
        nonlocal ran
        ran = ran or frame.f_code in wanted

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        gather(candidate, key.cases, key.probe, limit=key.limit)
    finally:
        sys.setprofile(before)
    return ran


def called_names(candidate: Any) -> list[str]:
    """The global names that the code of a function or class reads, in order of appearance; attributes are none."""
    names: dict[str, None] = {}
    for function in _functions(candidate):
        for code in codes(function.__code__):
            read = [step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
            names.update(dict.fromkeys(read))
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

        ``check(cross_correlate)`` knows the exercise by the name that stands there; ``check("edge_kernels", kernels)`` is
        told it. Every call shows its card: in a notebook as a display, elsewhere as text.
        """
        diagnosis = self._judge(answer, sys._getframe(1))
        progress = self._progress or Progress.local()
        if diagnosis.status != COULD_NOT_CHECK:
            progress.record(diagnosis)
        if diagnosis.right:
            diagnosis.going_on(_onward(diagnosis, list(_keys(self.session).values()), progress.solved()))
        output.replay(diagnosis.shown)
        if in_notebook():
            from IPython.display import display

            display(diagnosis)  # type: ignore[no-untyped-call]
        else:
            print(diagnosis)
        return diagnosis.displayed()

    def _judge(self, answer: tuple[Any, ...], caller: types.FrameType) -> Diagnosis:
        if len(answer) == 2 and isinstance(answer[0], str):
            return judge(f"{self.session}.{answer[0]}", answer[1])
        if len(answer) != 1:
            raise DLModuleError('call it as check(your_function), or as check("name", your_value)')
        try:
            exercises = _keys(self.session)
        except DLModuleError as error:
            return Diagnosis(self.session, COULD_NOT_CHECK, str(error), "no key")
        name = naming.exercise_of(answer[0], exercises, caller)
        if name is None:
            message = naming.unknown(answer[0], self.session, exercises, caller)
            return Diagnosis(self.session, COULD_NOT_CHECK, message, "no such exercise")
        return judge(f"{self.session}.{name}", answer[0])


def _onward(diagnosis: Diagnosis, exercises: list[ExerciseKey], solved: set[str]) -> str:
    """How much of the part is done, and what comes next in it: the first unsolved exercise after this one, else before it."""
    part = [exercise for exercise in exercises if exercise.part == diagnosis.part]
    here = [exercise.id for exercise in part].index(diagnosis.exercise)
    done = solved | {diagnosis.exercise}
    ahead = [exercise for exercise in [*part[here + 1 :], *part[:here]] if exercise.id not in done]
    if not ahead:
        return f"All {len(part)} exercises of this part are right." if len(part) > 1 else ""
    return f"{len(part) - len(ahead)} of {len(part)} exercises of this part are right. Next: {ahead[0].title}."


def checks(session: str) -> Check:
    """The ``check`` of a session, such as ``check = checks("05_cnns_1")``. In a notebook, cells run past what is not written yet."""
    if in_notebook():
        from IPython.core.getipython import get_ipython

        watch(get_ipython(), session, lambda value: isinstance(value, Check))
    return Check(session)
