"""What the right answer gives for arguments changed in the ways in which people mix them up, and for slips of its own.

Recorded with the key, so that an answer that does the right thing with the wrong argument is told so: "with `x` and `y`
exchanged", "with zeros for `bias`", "with `stride` one larger".
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coursekit.exercises.argument_names import arguments_of, keywords_of
from coursekit.exercises.changes import TRANSPOSED_BACK, changes, transposed
from coursekit.exercises.loading import Loaded, run
from coursekit.exercises.slips import slips
from coursekit.sources.slicing import exercise_slice

if TYPE_CHECKING:
    from dlmodule.checking.case import Case
    from dlmodule.checking.evidence import Evidence
    from dlmodule.checking.key import Effect, MistakeKey
    from dlmodule.checking.probes import Probe

MOST = 40  # changed arguments of an exercise that are tried
MOST_SLIPS = 80
SLIP_LIMIT = 1.0  # seconds for one case: a slip may loop for ever
LARGEST = 4_000  # numbers in the outcomes of one variant
APART = 100.0  # tolerances by which a change of an argument must show
LONGEST = 5.0  # seconds for one case

# In words ("with `x` and `y` exchanged") what was changed, and what then came back on each case.
Tried = tuple[str, "list[Evidence]"]


@dataclass(frozen=True)
class Variant:
    """Cases with a changed argument, in words; ``undo`` is applied to what comes back. argument: its name, where it is one."""

    words: str
    cases: tuple[Case, ...]
    undo: Callable[[Any], Any] | None = None
    argument: str = ""


def record_variants(
    tried: Iterable[Tried], cases: Sequence[Case], right: Sequence[Evidence], mistakes: Sequence[MistakeKey]
) -> list[MistakeKey]:
    """Of the outcomes ``tried`` those that say something of their own, each with its sentence.

    They come to an end where the solution does, with another result than it, than a named mistake, and than one before them.
    """
    from dlmodule.checking import compare
    from dlmodule.checking.key import MistakeKey

    known = [list(right), *(mistake.evidence for mistake in mistakes)]
    found: list[MistakeKey] = []
    for words, given in tried:
        if any(_ended(each) != _ended(expected) for each, expected in zip(given, right, strict=True)):
            continue
        evidence = [_plain(each) for each in given]
        if any(_is_lost(each.value) for each in evidence) or sum(_size(each.value) for each in evidence) > LARGEST:
            continue
        if any(compare.run_distance(other, evidence, list(cases)) <= 1 for other in known):
            continue
        known.append(evidence)
        found.append(MistakeKey(words, f"Your result is what a right answer gives {words}.", evidence))
    return found


def on_changed_arguments(
    solution: Any, cases: Sequence[Case], probe: Probe, right: Sequence[Evidence], effects: list[Effect]
) -> Iterator[Tried]:
    """What the solution gives on changed arguments. effects: gets, of every argument, the first change that has one."""
    from dlmodule.checking.collect.run import gather

    for variant in itertools.islice(variants(solution, cases, probe), MOST):
        evidence = gather(solution, list(variant.cases), probe, limit=LONGEST)
        if variant.argument and not variant.undo and all(effect.argument != variant.argument for effect in effects):
            effects += _effect(variant, evidence, cases, right)
        yield f"with {variant.words}", [_undone(each, variant.undo) for each in evidence]


def _effect(
    variant: Variant, evidence: Sequence[Evidence], cases: Sequence[Case], right: Sequence[Evidence]
) -> list[Effect]:
    """The first case on which the change shows in what the solution gives; none where it shows on no case."""
    from dlmodule.checking import compare
    from dlmodule.checking.key import Effect

    for index, (each, expected, case) in enumerate(zip(evidence, right, cases, strict=True)):
        ended = _ended(each) and _ended(expected) and not _is_lost(each.value)
        if (
            ended
            and _size(variant.cases[index].args) <= LARGEST
            and compare.evidence_distance(expected, each, case) > APART
        ):
            return [Effect(variant.argument, variant.words, index, variant.cases[index])]
    return []


def of_slips(loaded: Loaded, cases: Sequence[Case], probe: Probe) -> Iterator[Tried]:
    """What the solution gives with one slip in it."""
    from dlmodule.checking.collect.run import gather

    if loaded.kind == "value":
        return
    whole = exercise_slice(loaded.source, loaded.name)
    for program, words in itertools.islice(slips(whole.text, whole.written).items(), MOST_SLIPS):
        with contextlib.suppress(Exception):  # a slip may break the definition itself
            slipped = run(program, "slip")[loaded.name]
            yield words, gather(slipped, list(cases), probe, limit=SLIP_LIMIT)


def variants(solution: Any, cases: Sequence[Case], probe: Probe) -> Iterator[Variant]:
    """The changed cases, the commonest slips first. An argument that the solution has no name for is left as it is."""
    count = min(len(case.args) for case in cases)
    slots = {slot: each for slot, each in enumerate(arguments_of(solution, probe, count)) if each is not None}
    for first, second in itertools.combinations(slots, 2):
        if all(_exchangeable(case.args[first], case.args[second]) for case in cases):
            order = [second if slot == first else first if slot == second else slot for slot in range(count)]
            yield Variant(
                f"{slots[first].quoted} and {slots[second].quoted} exchanged",
                tuple(_with_args(case, [*(case.args[slot] for slot in order), *case.args[count:]]) for case in cases),
            )
    for slot, argument in slots.items():
        if argument.has_default:
            yield Variant(
                f"{argument.quoted} left at its default, {argument.default!r}",
                _changed(cases, slot, functools.partial(_instead, argument.default)),
                argument=argument.name,
            )
        for words, change in changes([case.args[slot] for case in cases]):
            undo = transposed if words == TRANSPOSED_BACK else None
            yield Variant(words.format(name=argument.quoted), _changed(cases, slot, change), undo, argument.name)
    for key in sorted(set().union(*(case.kwargs for case in cases)) & keywords_of(solution, probe)):
        given = [case.kwargs[key] for case in cases if key in case.kwargs]
        yield Variant(f"`{key}` left out", tuple(_without(case, key) for case in cases), argument=key)
        for words, change in changes(given):
            changed = tuple(
                case._with(kwargs={**case.kwargs, key: change(case.kwargs[key])}) if key in case.kwargs else case
                for case in cases
            )
            yield Variant(words.format(name=f"`{key}`"), changed, argument=key)
    yield from _differently_built(cases)


def _differently_built(cases: Sequence[Case]) -> Iterator[Variant]:
    """The cases with an argument of the constructor changed: numbers and switches, not the sizes of layers."""
    if not all(case.constructor for case in cases):
        return
    built = [case.constructor or ((), {}) for case in cases]
    for key in sorted(set().union(*(named for _, named in built))):
        values = [named[key] for _, named in built if key in named]
        for words, change in changes(values) if all(isinstance(value, (bool, float)) for value in values) else ():
            yield Variant(
                words.format(name=f"`{key}`"),
                tuple(
                    case._with(constructor=(given, {**named, key: change(named[key])})) if key in named else case
                    for case, (given, named) in zip(cases, built, strict=True)
                ),
                argument=key,
            )


def _instead(other: Any, value: Any) -> Any:
    return other


def _exchangeable(first: Any, second: Any) -> bool:
    def kind(value: Any) -> str:
        return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__

    return kind(first) == kind(second)


def _with_args(case: Case, args: Sequence[Any]) -> Case:
    return case._with(args=tuple(args))


def _without(case: Case, key: str) -> Case:
    return case._with(kwargs={name: value for name, value in case.kwargs.items() if name != key})


def _changed(cases: Sequence[Case], slot: int, change: Callable[[Any], Any]) -> tuple[Case, ...]:
    return tuple(
        _with_args(case, [*case.args[:slot], change(case.args[slot]), *case.args[slot + 1 :]]) for case in cases
    )


def _ended(evidence: Evidence) -> bool:
    return evidence.raised is None and not evidence.timed_out


def _undone(evidence: Evidence, undo: Callable[[Any], Any] | None) -> Evidence:
    if undo is None:
        return evidence
    return replace(evidence, outcomes=tuple(replace(each, value=undo(each.value)) for each in evidence.outcomes))


def _plain(evidence: Evidence) -> Evidence:
    """Values only: what an exception said, and what was changed on the way, is no part of a variant."""
    from dlmodule.checking.evidence import Evidence, Outcome

    raised = None if evidence.raised is None else replace(evidence.raised, lines=(), where="", operands=())
    return Evidence(tuple(Outcome(each.value) for each in evidence.outcomes), raised=raised)


def _is_lost(value: Any) -> bool:
    """Whether numbers of a value are NaN: so much leads there that it says nothing of an argument."""
    import numpy as np
    import torch

    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_is_lost, value))
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "f" and np.isnan(value).any())
    return bool(torch.isnan(value).any()) if isinstance(value, torch.Tensor) else value != value


def _size(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return int(getattr(value, "numel", lambda: getattr(value, "size", 1))())
