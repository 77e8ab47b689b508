"""Keys: the recorded outcomes of a session's exercises, in one safetensors file per session, with a checksum.

A key holds the cases, what the right answer does on each, what every named mistake does and the sentence that meets
it, and what an untouched starter does. It never holds a line of a solution; of a value that is asked for it holds the value, which
judging within a tolerance needs. A key is code: the source of a custom probe, and of functions given to an answer, is run. So it is
read from the places that ``dlmodule.place`` names, and from nowhere else.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from dlmodule.advice import get_it_again
from dlmodule.checking import serialise
from dlmodule.checking.case import Case
from dlmodule.checking.evidence import Evidence, asdict_shallow
from dlmodule.checking.probes import Probe
from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically
from dlmodule.place import PACKAGE, key_folders
from dlmodule.recording import is_recording

FORMAT = 5  # another format is refused: it may hold what this code does not know, or lack what it relies on


@dataclass(frozen=True)
class MistakeKey:
    """A named mistake: the sentence that meets it, and what it does on every case."""

    name: str
    sentence: str
    evidence: list[Evidence]


@dataclass(frozen=True)
class Effect:
    """A change of one argument that shows in the right answer's result: what was changed, and case ``index`` with the change."""

    argument: str
    words: str
    index: int
    case: Case


class ReadLater(Sequence[MistakeKey]):
    """Recorded outcomes in their file's bytes, read when they are first asked for: most answers never do."""

    def __init__(self, data: torch.Tensor) -> None:
        self._data = data

    @functools.cached_property
    def _read(self) -> list[MistakeKey]:
        held = serialise.from_bytes(self._data.numpy().tobytes(), "the outcomes on changed arguments")
        return [_mistake(data) for data in held]

    def __len__(self) -> int:
        return len(self._read)

    def __getitem__(self, index: Any) -> Any:
        return self._read[index]


@dataclass(frozen=True)
class Bar:
    """A measured exercise is right when ``metric`` is at least (``higher``) or at most ``value``."""

    metric: str
    higher: bool
    value: float


@dataclass(frozen=True)
class ExerciseKey:
    """Everything a check knows of one exercise.

    kind: what is asked for: "function", "class" or "value". promises_dtype: its text says which dtype comes back; else an
    answer that is right on float32 input is right. variants: what the right answer does on changed arguments, and in words
    on which. effects: of every argument one change that must show in the result.
    """

    session: str
    name: str
    title: str
    part: str
    kind: str
    minutes: int
    move_on: int
    hints: tuple[str, ...]
    probe: Probe
    cases: list[Case]
    right: list[Evidence]
    mistakes: list[MistakeKey] = field(default_factory=list)
    starter: list[Evidence] | None = None
    bar: Bar | None = None
    limit: float = 5.0
    promises_dtype: bool = False
    variants: Sequence[MistakeKey] = ()
    effects: Sequence[Effect] = ()

    @property
    def id(self) -> str:
        """``session.exercise``."""
        return f"{self.session}.{self.name}"

    def to_data(self) -> dict[str, Any]:
        """Nested plain data (see ``tree``)."""
        data = asdict_shallow(self)
        data["probe"] = asdict_shallow(replace(self.probe, function=None))
        data["cases"] = [asdict_shallow(case) for case in self.cases]
        data["right"] = [evidence.to_data() for evidence in self.right]
        data["mistakes"] = [_mistake_data(mistake) for mistake in self.mistakes]
        held = serialise.to_bytes([_mistake_data(mistake) for mistake in self.variants]) if self.variants else b""
        data["variants"] = torch.frombuffer(bytearray(held), dtype=torch.uint8) if held else None
        data["effects"] = [{**asdict_shallow(each), "case": asdict_shallow(each.case)} for each in self.effects]
        data["starter"] = None if self.starter is None else [evidence.to_data() for evidence in self.starter]
        data["bar"] = asdict_shallow(self.bar) if self.bar else None
        return data

    @staticmethod
    def from_data(data: dict[str, Any]) -> ExerciseKey:
        """The inverse of ``to_data``."""
        fields = dict(data)
        fields["probe"] = Probe(**data["probe"])
        fields["cases"] = [_case(case) for case in data["cases"]]
        fields["right"] = _evidence(data["right"])
        fields["mistakes"] = [_mistake(mistake) for mistake in data["mistakes"]]
        held = data.get("variants")
        fields["variants"] = () if held is None else ReadLater(held)
        fields["effects"] = [Effect(**{**each, "case": _case(each["case"])}) for each in data["effects"]]
        fields["starter"] = None if data["starter"] is None else _evidence(data["starter"])
        fields["bar"] = Bar(**data["bar"]) if data["bar"] else None
        return ExerciseKey(**fields)


def in_float32(key: ExerciseKey) -> ExerciseKey | None:
    """``key`` with float32 in place of float64 in its cases and in what is expected; None where there is none in its cases."""
    if not any(_has_float64([case.args, case.kwargs]) for case in key.cases):
        return None
    cases, right = [_rounded_case(case) for case in key.cases], cast(key.right, torch.float64, torch.float32)
    return replace(key, cases=cases, right=right, mistakes=[], variants=(), effects=(), starter=None)


def to_float32_digits(key: ExerciseKey) -> ExerciseKey:
    """``key`` with tolerances that float32 can keep, to be compared with evidence that is ``cast`` to float64."""
    return replace(key, cases=[_lenient(case) for case in key.cases])


def cast(evidence: list[Evidence], old: torch.dtype, new: torch.dtype) -> list[Evidence]:
    """Evidence with its results and gradients of dtype ``old`` in dtype ``new``."""
    return [
        replace(
            each,
            outcomes=tuple(
                replace(outcome, value=_cast(outcome.value, old, new), gradients=_cast(outcome.gradients, old, new))
                for outcome in each.outcomes
            ),
        )
        for each in evidence
    ]


def _rounded_case(case: Case) -> Case:
    args, kwargs = (_cast(given, torch.float64, torch.float32) for given in (case.args, case.kwargs))
    if not _has_float64([case.args, case.kwargs]):
        return case
    new = Case(*args, **kwargs)
    for name in case.__dataclass_fields__:
        if name not in ("args", "kwargs"):
            object.__setattr__(new, name, getattr(case, name))
    return _lenient(new)


def _lenient(case: Case) -> Case:
    return case.within(atol=max(case.atol or 0.0, 1e-5), rtol=max(case.rtol or 0.0, 1e-4))


def _has_float64(tree: Any) -> bool:
    if isinstance(tree, torch.Tensor):
        return tree.dtype == torch.float64
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return any(map(_has_float64, items))


def _cast(tree: Any, old: torch.dtype, new: torch.dtype) -> Any:
    if isinstance(tree, torch.Tensor) and tree.dtype == old:
        return tree.to(new)
    if isinstance(tree, dict):
        return {name: _cast(item, old, new) for name, item in tree.items()}
    return type(tree)(_cast(item, old, new) for item in tree) if type(tree) in (list, tuple) else tree


def save(path: Path, keys: list[ExerciseKey]) -> None:
    """Write a session's keys, atomically."""
    write_atomically(path, to_bytes(keys))


def to_bytes(keys: list[ExerciseKey]) -> bytes:
    """A session's keys as the file holds them; the same keys always give the same bytes."""
    return serialise.to_bytes({"format": FORMAT, "exercises": [key.to_data() for key in keys]})


def from_bytes(content: bytes, name: str) -> dict[str, ExerciseKey]:
    """The keys that ``to_bytes`` made, by exercise name. DLModuleError, about ``name``, where they are damaged."""
    return _keys(serialise.from_bytes(content, name), name)


def load(path: Path) -> dict[str, ExerciseKey]:
    """A session's keys by exercise name. DLModuleError where the file is missing or damaged."""
    status = path.stat() if path.is_file() else None
    return _load(path, status.st_mtime_ns if status else 0)


@functools.lru_cache(maxsize=16)
def _load(path: Path, stamp: int) -> dict[str, ExerciseKey]:
    return _keys(serialise.from_file(path), str(path))


def _keys(held: Any, name: str) -> dict[str, ExerciseKey]:
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise DLModuleError(f"{name}: not a key of this version of the course; {get_it_again()}")
    try:
        keys = [ExerciseKey.from_data(data) for data in held["exercises"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DLModuleError(f"{name}: not a key of this version of the course; {get_it_again()}") from error
    return {key.name: key for key in keys}


def find(session: str) -> Path:
    """The file that holds ``session``'s keys, in one of the places that ``dlmodule.place`` names.

    DLModuleError, which says whether waiting helps, where there is none.
    """
    name = f"{session}.safetensors"
    folders = key_folders()
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    if any(is_recording(folder) for folder in folders):
        raise DLModuleError("This check is still being recorded on this computer; try again in a minute.")
    raise DLModuleError(f"no key for {session}: {_advice(folders, name)}")


def _advice(folders: list[Path], name: str) -> str:
    """What helps where none of ``folders`` has the key ``name``."""
    if os.environ.get("DLMODULE_KEYS"):
        return f"{get_it_again()}, or let DLMODULE_KEYS name the folder that holds {name}; it names {folders[0]}"
    if any((PACKAGE / "keys").glob("*.safetensors")):
        return (
            "the dlmodule installed here is of an earlier day. On Colab choose Runtime, Disconnect and delete runtime, "
            "and run the first cell again; elsewhere install the newest release"
        )
    return f"{get_it_again()}, or open the course, or set DLMODULE_KEYS to the folder that holds {name}"


def _case(data: dict[str, Any]) -> Case:
    case = Case(*data["args"], **data["kwargs"])
    for name, held in data.items():
        object.__setattr__(case, name, held)
    return case


def _mistake_data(mistake: MistakeKey) -> dict[str, Any]:
    evidence = [each.to_data() for each in mistake.evidence]
    return {"name": mistake.name, "sentence": mistake.sentence, "evidence": evidence}


def _mistake(data: dict[str, Any]) -> MistakeKey:
    return MistakeKey(data["name"], data["sentence"], _evidence(data["evidence"]))


def _evidence(data: list[dict[str, Any]]) -> list[Evidence]:
    return [Evidence.from_data(each) for each in data]
