"""Which exercise an answer is meant for, known by what was passed: its name in the call, its own, or the caller's for it."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import linecache
import types
from collections.abc import Collection, Iterator
from typing import Any


def original(candidate: Any) -> Any:
    """What was written, beneath what ``torch.compile`` makes of it: that computes the same, slower the first time."""
    for attribute in ("_torchdynamo_orig_callable", "_orig_mod"):
        beneath = getattr(candidate, attribute, None)
        if callable(beneath) and not inspect.isclass(candidate):
            return beneath
    return candidate


def names_of(candidate: Any, caller: types.FrameType | None) -> list[str]:
    """The names by which an answer may be known, the surest first."""
    names = [_name_in_call(caller), *_own_names(candidate)]
    if caller is not None:
        scopes = (caller.f_locals, caller.f_globals)
        names += [name for scope in scopes for name, value in list(scope.items()) if value is candidate]
    return list(dict.fromkeys(name for name in names if name))


def exercise_of(candidate: Any, exercises: Collection[str], caller: types.FrameType | None) -> str | None:
    """The exercise that ``candidate`` answers; None where no name says it."""
    return next((name for name in names_of(candidate, caller) if name in exercises), None)


def unknown(candidate: Any, session: str, exercises: Collection[str], caller: types.FrameType | None) -> str:
    """One sentence for an answer that no exercise has the name of: how to say which is meant."""
    names = names_of(candidate, caller)
    known = next((name for name in names if name.isidentifier()), None)
    what = f"`{known}`" if known else "what was passed"
    close = difflib.get_close_matches(known or "", exercises, 3, 0.6)
    which = f"; did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else "."
    example = close[0] if close else min(exercises, default="name")
    written = known or "your_answer"
    return (
        f"{session} has no exercise called {what}{which} "
        f'Say which one is meant by its name: `check("{example}", {written})`.'
    )


def _own_names(candidate: Any) -> list[str]:
    """What the candidate calls itself, or what it wraps."""
    names: list[str] = []
    while candidate is not None and len(names) < 9:
        name = getattr(candidate, "__name__", None) or getattr(candidate, "name", None)
        if isinstance(name, str) and name != "<lambda>":
            names.append(name)
        original_name = getattr(candidate, "original_name", None)  # a scripted module's
        if isinstance(original_name, str):
            names.append(original_name)
        if isinstance(candidate, functools.partial):
            candidate = candidate.func
        else:
            candidate = getattr(candidate, "__wrapped__", None) or (
                original(candidate) if original(candidate) is not candidate else None
            )
    return names


def _name_in_call(caller: types.FrameType | None) -> str | None:
    """The name that stands in the call itself, ``outer`` of ``check(outer)``; None where it is another expression."""
    if caller is None:
        return None
    places = list(caller.f_code.co_positions())
    index = caller.f_lasti // 2
    first, last, begin, end = places[index] if index < len(places) else (None,) * 4
    if first is None or last is None or begin is None or end is None:
        return None
    lines = [linecache.getline(caller.f_code.co_filename, number) for number in range(first, last + 1)]
    try:
        encoded = [line.encode() for line in lines]
        encoded[-1] = encoded[-1][:end]
        encoded[0] = encoded[0][begin:]
        call = ast.parse(b"".join(encoded).decode(), mode="eval").body
    except (SyntaxError, ValueError, IndexError):
        return None
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return None
    argument = call.args[0]
    if isinstance(argument, ast.Name):
        return argument.id
    return argument.attr if isinstance(argument, ast.Attribute) else None


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)
