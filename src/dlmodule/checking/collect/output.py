"""What an answer shows while it runs, caught: printed text, displays and figures. Only the visible case's is shown, once."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

LONGEST = 4000  # characters of text that are kept of a case, of each stream
FIGURES = 3  # figures that are kept of a case


class _Capped(io.StringIO):
    """A stream that keeps the first ``LONGEST`` characters."""

    def write(self, text: str) -> int:
        """Keep ``text`` where there is room for it."""
        if self.tell() < LONGEST:
            super().write(text[: LONGEST - self.tell()])
        return len(text)


@contextlib.contextmanager
def caught() -> Iterator[list[dict[str, Any]]]:
    """Whatever is shown inside stands in the yielded list afterwards, in the form in which ``replay`` takes it."""
    shown: list[dict[str, Any]] = []
    streams = {"stdout": _Capped(), "stderr": _Capped()}
    before = _open_figures()
    with _displays(shown), contextlib.redirect_stdout(streams["stdout"]), contextlib.redirect_stderr(streams["stderr"]):
        try:
            yield shown
        finally:
            shown[:0] = [{"stream": name, "text": text.getvalue()} for name, text in streams.items() if text.getvalue()]
            shown += [{"figure": figure} for figure in _close_figures_since(before)]


def replay(shown: tuple[dict[str, Any], ...]) -> None:
    """Show what was caught, in the streams and the notebook of this moment."""
    for part in shown:
        if "stream" in part:
            print(part["text"], end="", file=getattr(sys, part["stream"]))
        elif "data" in part:
            from IPython.display import publish_display_data

            publish_display_data(part["data"], part.get("metadata") or {})  # type: ignore[no-untyped-call]
        else:
            from IPython.display import display

            display(part["figure"])  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _displays(shown: list[dict[str, Any]]) -> Iterator[None]:
    """In a notebook, what is displayed inside goes to ``shown``."""
    if "IPython" not in sys.modules:
        yield
        return
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        yield
        return
    publisher = shell.display_pub
    shell.display_pub = CapturingDisplayPublisher()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        shown += [part for part in shell.display_pub.outputs if not (part.get("transient") or part.get("update"))][:20]
        shell.display_pub = publisher


def _open_figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def _close_figures_since(before: set[int]) -> list[Any]:
    """The figures that were opened since, closed: a notebook would show each of them again at the end of the cell."""
    opened = sorted(_open_figures() - before)
    if not opened:
        return []
    pyplot = sys.modules["matplotlib.pyplot"]
    figures = [pyplot.figure(number) for number in opened]
    for figure in figures:
        pyplot.close(figure)
    return figures[:FIGURES]
