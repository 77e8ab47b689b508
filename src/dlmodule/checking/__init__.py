"""Checks that say why an answer is wrong.

``checks("05_cnns_1")`` binds a notebook's ``check`` to its session; ``judge("05_cnns_1.cross_correlate", candidate)``
judges one answer and returns a ``Diagnosis``. Whoever writes an exercise says what it is by an ``Exercise``, its ``Case``s
and its probe (``docs/author_an_exercise.md``).
"""

from dlmodule.checking import probes
from dlmodule.checking.case import Case, Code, TempFile
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.exercise import Exercise, Measured
from dlmodule.checking.judge import Check, checks, judge

__all__ = [
    "Case",
    "Check",
    "Code",
    "Diagnosis",
    "Exercise",
    "Measured",
    "TempFile",
    "checks",
    "judge",
    "probes",
]
