"""Checks that say why an answer is wrong.

``checks("05_cnns_1")`` binds a notebook's ``check`` to its session; ``judge("05_cnns_1.cross_correlate", candidate)``
judges one answer and returns a ``Diagnosis``.
"""

from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.judge import Check, checks, judge

__all__ = ["Check", "Diagnosis", "checks", "judge"]
