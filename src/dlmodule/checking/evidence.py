"""What a probe saw: data only, so that it can stand in a key, travel out of a sandbox, and be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class Raised:
    """An exception. ``where`` is the learner's function it left last (qualified name); ``lines`` the learner's own lines.

    stated: a ``raise`` of that function raised it, not something it called. operands: the arrays on the last line, each
    with its shape and dtype.
    """

    type: str
    message: str
    where: str = ""
    lines: tuple[str, ...] = ()
    stated: bool = False
    operands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came back. ``gradients``: by argument name; None where none were asked; ``lost``: no gradient could flow."""

    value: Any = None
    gradients: dict[str, Any] | None = None
    lost_gradient: bool = False


@dataclass(frozen=True)
class Evidence:
    """Everything seen on one case.

    outcomes: one view, or several equally fair ones (a module's parameters matched in two orders). changed_inputs:
    names of arguments changed in place. changed_state: torch's global settings left changed. counts: exact integers
    (parameters, whether the generator was used). returned: the form (``form_of``) of what an answer first returned to a
    probe of its own, which states facts of it. shown: what it printed and displayed, for the person at the screen only: no
    part of the data.
    """

    outcomes: tuple[Outcome, ...] = ()
    raised: Raised | None = None
    timed_out: bool = False
    changed_inputs: tuple[str, ...] = ()
    changed_state: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    shapes: tuple[str, ...] = ()
    returned: Any = None
    shown: tuple[dict[str, Any], ...] = ()

    @property
    def value(self) -> Any:
        """The value of the first view; None where there is none."""
        return self.outcomes[0].value if self.outcomes else None

    def to_data(self) -> dict[str, Any]:
        """Nested plain data, without the empty fields."""
        data = asdict_shallow(self)
        data["outcomes"] = [asdict_shallow(outcome) for outcome in self.outcomes]
        data["raised"] = asdict(self.raised) if self.raised else None
        return {name: item for name, item in data.items() if item and name != "shown"}

    @staticmethod
    def from_data(data: dict[str, Any]) -> Evidence:
        """The inverse of ``to_data``."""
        fields = dict(data)
        fields["outcomes"] = tuple(Outcome(**outcome) for outcome in data.get("outcomes", ()))
        fields["raised"] = Raised(**data["raised"]) if data.get("raised") else None
        return Evidence(**fields)


def asdict_shallow(instance: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, not copied."""
    return {name: getattr(instance, name) for name in instance.__dataclass_fields__}


def form_of(value: Any) -> Any:
    """What kind of thing ``value`` is, to a depth that matters to whoever uses it, as plain data.

    {"kind": ...} with the shape of an array, the items of a short list or tuple, the keys of a dictionary.
    """
    form: dict[str, Any] = {"kind": type(value).__name__}
    if isinstance(value, Tensor):  # a parameter is a tensor too
        form = {"kind": "Tensor", "shape": list(value.shape)}
    elif isinstance(value, np.ndarray):
        form["shape"] = list(value.shape)
    elif isinstance(value, (list, tuple)):
        form["length"] = len(value)
        form["items"] = [form_of(item) for item in value[:8]]
    elif isinstance(value, dict):
        form["keys"] = sorted(map(str, value))
    elif isinstance(value, nn.Module):
        form["kind"] = "Module"
    return form
