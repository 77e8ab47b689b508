"""``slider``: a figure with sliders where somebody can move them, a still picture or a strip of several where nobody can."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlmodule.plot.output import Picture, collecting
from dlmodule.progress_bar import in_notebook


@dataclass(frozen=True)
class Strip:
    """Several pictures in a row, each with its caption."""

    pictures: tuple[Picture, ...]
    captions: tuple[str, ...]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # At least two in a row where the page has room, none larger than it was drawn.
        style = "margin: 0; flex: 1 1 24em; max-width: {}px"
        figures = "".join(
            f'<figure style="{style.format(shown.width)}">{shown.tag}<figcaption>{html.escape(caption)}</figcaption></figure>'
            for shown, caption in zip(self.pictures, self.captions, strict=True)
        )
        plain = "\n".join(f"Figure: {shown.words}" for shown in self.pictures)
        return {
            "text/html": f'<div style="display: flex; flex-wrap: wrap; gap: 1em">{figures}</div>',
            "text/plain": plain,
        }


def slider(
    draw: Callable[..., object], *, start: Any = None, still: Sequence[Any] | None = None, **values: Sequence[Any]
) -> None:
    """Show what ``draw(**values)`` draws, with one slider for each of ``values``.

    draw: draws one figure as a cell would, with any function of `plot` or with ``plot.alt(fig, text)``; its alternative
        text should name what the slider changed.
    values: by the name of draw's argument, the values it may take: ``kernel=range(1, 8, 2)``.
    start: where the slider stands first; with several sliders a mapping from name to value. Default: the middle value.
    still: values of the first slider for the strip of pictures that stands where there are no sliders: on the site, in an
        export, in a run without a browser. Default: one picture, at ``start``.

    Raises ValueError where a value is not among those of its slider, or where ``draw`` draws not exactly one figure.
    """
    if not values or not all(len(several) for several in values.values()):
        raise ValueError("a slider needs values: plot.slider(draw, size=[1, 3, 5])")
    first = next(iter(values))
    state = {name: several[len(several) // 2] for name, several in values.items()}
    given = start if isinstance(start, dict) else {} if start is None else {first: start}
    for name, value in [*given.items(), *((first, value) for value in still or ())]:
        if value not in values.get(name, ()):
            raise ValueError(f"{name} = {value} is not among its slider's values: {list(values.get(name, ()))}")
    state |= given
    if widgets_run():
        _Live(draw, values, state).show()
        return
    states = [state | {first: value} for value in still] if still else [state]
    pictures = tuple(_drawn(draw, state) for state in states)
    if in_notebook():
        from IPython.display import display

        display(Strip(pictures, tuple(_caption(state) for state in states)))  # type: ignore[no-untyped-call]


def widgets_run() -> bool:
    """Whether this cell was run by a page that can show widgets: JupyterLab and Notebook name the cell in their request.

    A run without a page (nbclient, nbconvert, papermill) names none, so what it keeps holds a picture and no dead slider.
    """
    from IPython.core.getipython import get_ipython

    kernel: Any = getattr(get_ipython(), "kernel", None)
    if "google.colab" in sys.modules:
        return True
    return "cellId" in kernel.get_parent().get("metadata", {}) if hasattr(kernel, "get_parent") else False


class _Live:
    """Sliders above a picture that is renewed in place; a state that was drawn once is kept."""

    def __init__(self, draw: Callable[..., object], values: dict[str, Sequence[Any]], state: dict[str, Any]) -> None:
        self.draw, self.state = draw, state
        self.values = {name: list(several) for name, several in values.items()}
        self.kept: dict[tuple[int, ...], Picture] = {}

    def show(self) -> None:
        """Show sliders and picture. The picture is no part of the widget, so a saved notebook keeps it."""
        import ipywidgets
        from IPython.display import DisplayHandle, display

        self.handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        style = {"description_width": "initial"}
        sliders = []
        for name, several in self.values.items():
            options = [(_written(value), i) for i, value in enumerate(several)]
            at = several.index(self.state[name])
            made = ipywidgets.SelectionSlider(options=options, value=at, description=_said(name), style=style)
            made.observe(lambda change, name=name: self._move(name, change["new"]), names="value")
            sliders.append(made)
        display(ipywidgets.VBox(sliders))  # type: ignore[no-untyped-call]
        self.handle.display(self.picture())  # type: ignore[no-untyped-call]

    def picture(self) -> Picture:
        """What is drawn at the present state."""
        key = tuple(several.index(self.state[name]) for name, several in self.values.items())
        if key not in self.kept:
            self.kept[key] = _drawn(self.draw, self.state)
        return self.kept[key]

    def _move(self, name: str, place: int) -> None:
        self.state = self.state | {name: self.values[name][place]}
        self.handle.update(self.picture())


def _drawn(draw: Callable[..., object], state: dict[str, Any]) -> Picture:
    """The one picture that ``draw`` makes, its text beginning with the state."""
    with collecting() as pictures:
        draw(**state)
    if len(pictures) != 1:
        raise ValueError(f"a slider's function draws one figure with its text; this one drew {len(pictures)}")
    return replace(pictures[0], text=f"At {_caption(state)}: {pictures[0].text}")


def _caption(state: dict[str, Any]) -> str:
    return ", ".join(f"{_said(name)} = {_written(value)}" for name, value in state.items())


def _said(name: str) -> str:
    return name.replace("_", " ")


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
