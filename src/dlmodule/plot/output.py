"""How a figure leaves the program: as a PNG with its alternative text beside it, shown once in a notebook."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from dlmodule.progress_bar import in_notebook

PIXELS_PER_INCH = 96  # of a web page; figures are drawn at twice that, for sharp screens


@dataclass(frozen=True)
class Picture:
    """A finished figure: PNG bytes, alternative text, and the width in CSS pixels at which it is shown."""

    png: bytes
    text: str
    width: int

    @property
    def words(self) -> str:
        """The alternative text on one line."""
        return " ".join(self.text.split())

    @property
    def tag(self) -> str:
        """The HTML element that shows it."""
        source, described = base64.b64encode(self.png).decode(), html.escape(self.words, quote=True)
        return (
            f'<img src="data:image/png;base64,{source}" alt="{described}" width="{self.width}" style="max-width: 100%">'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.tag, "text/plain": f"Figure: {self.words}"}


_collected: list[list[Picture]] = []  # where pictures go instead of to the notebook, innermost last


@contextmanager
def collecting() -> Iterator[list[Picture]]:
    """Within this context finished figures are not shown but gathered in the list that it gives."""
    pictures: list[Picture] = []
    _collected.append(pictures)
    try:
        yield pictures
    finally:
        _collected.pop()


def picture(fig: Figure, text: str) -> Picture:
    """The finished figure with its alternative text; ``fig`` is closed. Raises ValueError for an empty text."""
    if not text.strip():
        raise ValueError("a figure needs a text that says what it shows, for those who cannot see it")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=2 * PIXELS_PER_INCH, metadata={"Description": text}, facecolor="white")
    plt.close(fig)
    return Picture(buffer.getvalue(), text, round(fig.get_figwidth() * PIXELS_PER_INCH))


def alt(fig: Figure, text: str) -> None:
    """Show ``fig`` in the notebook with the alternative text ``text``, and close it. Outside a notebook only close it."""
    if _collected:
        _collected[-1].append(picture(fig, text))
    elif in_notebook():
        from IPython.display import display

        display(picture(fig, text))  # type: ignore[no-untyped-call]
    plt.close(fig)
