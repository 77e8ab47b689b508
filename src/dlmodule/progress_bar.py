"""A progress bar that is right wherever it runs: tqdm in a terminal, one line that renews itself in a notebook, else nothing.

In a notebook the line is a display that is updated in place, so a saved notebook holds its last state, not its history,
and no widget extension is needed.
"""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


class NotebookLine:
    """A file whose last line written is what the notebook's output shows."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self._shown = False

    def write(self, text: str) -> None:
        """Show ``text`` in place of what was shown before."""
        if text := text.strip():
            show = self._handle.update if self._shown else self._handle.display
            show({"text/plain": text}, raw=True)
            self._shown = True

    def flush(self) -> None:
        """Nothing is held back."""


def progress_bar(total: int, *, show: bool = True, unit: str = "epoch") -> tqdm[Any]:
    """A bar of ``total`` steps; silent when ``show`` is false or nobody watches (neither a terminal nor a notebook)."""
    if show and in_notebook():
        return tqdm(total=total, unit=unit, file=NotebookLine(), ncols=100, mininterval=0.3)
    return tqdm(total=total, unit=unit, disable=not show or not sys.stderr.isatty(), dynamic_ncols=True)
