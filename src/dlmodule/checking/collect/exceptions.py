"""An exception of an answer as data: its text, the learner's own lines, and the shapes of what stands on the last."""

from __future__ import annotations

import dis
import inspect
import re
import sys
import traceback
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlmodule.checking.evidence import Raised

# Code below these folders is a library's, or the check's own, not the learner's.
LIBRARIES = (
    *(str(Path(module.__file__).parent) for module in (torch, np, inspect) if module.__file__),
    str(Path(__file__).parents[1]),
    f"{sys.prefix}/lib",
    "<frozen",
    "<probe>",
    "<__array_function__",
)
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
MOST = 5  # operands that a card shows


def describe(error: BaseException) -> Raised:
    """An exception as data, its traceback trimmed to the lines the learner wrote."""
    steps = list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in steps if not frame.f_code.co_filename.startswith(LIBRARIES)]
    summary = [traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in own[-4:]]
    lines = tuple(f"line {step.lineno}, in {step.name}: {(step.line or '').strip()}".rstrip(": ") for step in summary)
    where, stated = "", False
    if own:
        frame, _ = own[-1]
        where = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        stated = frame is steps[-1][0] and _is_raise(error.__traceback__)
    message = text_of(error)
    operands = _operands(own[-1][0], summary[-1].line or "") if own else ()
    return Raised(type(error).__name__, message[:400], where, lines, stated, operands)


def text_of(error: BaseException) -> str:
    """What an exception says, on one line that can be written as UTF-8; empty where its own ``__str__`` fails."""
    try:
        text = str(error)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException:  # a learner's __str__ may raise anything, SystemExit and the time limit included
        return ""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


def _is_raise(step: types.TracebackType | None) -> bool:
    """Whether the innermost frame of a traceback stands at a ``raise`` of its own."""
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and any(
        instruction.offset == step.tb_lasti and instruction.opname == "RAISE_VARARGS"
        for instruction in dis.get_instructions(step.tb_frame.f_code)
    )


def _operands(frame: types.FrameType, line: str) -> tuple[str, ...]:
    """What the arrays on a line are: "x: shape (3, 4), float32"."""
    arrays = dict(filter(None, (_array(frame, name.split(".")) for name in NAME.findall(line.partition("#")[0]))))
    return tuple(
        f"{name}: shape {tuple(array.shape)}, {str(array.dtype).removeprefix('torch.')}"
        for name, array in list(arrays.items())[:MOST]
    )


def _array(frame: types.FrameType, path: list[str]) -> tuple[str, Tensor | np.ndarray[Any, Any]] | None:
    """The array at the beginning of a dotted name, such as ``self.w`` of ``self.w.sum``, with its own name."""
    scope = frame.f_locals if path[0] in frame.f_locals else frame.f_globals
    value = scope.get(path[0])
    for depth, attribute in enumerate(path[1:], 1):
        if isinstance(value, (Tensor, np.ndarray)) and attribute not in ("T", "mT"):
            return ".".join(path[:depth]), value
        if isinstance(value, (type, types.ModuleType)):
            return None
        try:
            value = getattr(value, attribute)
        except Exception:  # a learner's property may raise anything
            return None
    return (".".join(path), value) if isinstance(value, (Tensor, np.ndarray)) else None
