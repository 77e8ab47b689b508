"""Sliders where a page shows them, still pictures elsewhere, every state with its text."""

from typing import ClassVar

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from coursekit.notebooks.kernel import run_notebook
from dlmodule import plot
from dlmodule.plot import interactive


def bars(size=1, shade=0.5):
    """A figure of ``size`` bars."""
    fig, axis = plt.subplots(figsize=(2, 1))
    axis.bar(range(size), np.ones(size), color=str(shade))
    plot.alt(fig, f"{size} bars")


def test_one_still_picture_at_the_start(shown):
    """Without a page there is one picture, at the start, whose text begins with the state."""
    plot.slider(bars, size=[1, 3, 5], start=1)
    assert [picture.text for picture in shown[0].pictures] == ["At size = 1: 1 bars"]
    assert shown[0].captions == ("size = 1",)
    assert plt.get_fignums() == []


def test_strip_of_several(shown):
    """still= gives one picture for each value of the first slider; the others stand at their start."""
    plot.slider(bars, size=range(1, 6), shade=(0.25, 0.5), still=[1, 5], start={"shade": 0.25})
    bundle = shown[0]._repr_mimebundle_()
    assert shown[0].captions == ("size = 1, shade = 0.25", "size = 5, shade = 0.25")
    assert bundle["text/html"].count("<img") == 2
    assert 'alt="At size = 5, shade = 0.25: 5 bars"' in bundle["text/html"]
    assert bundle["text/plain"].splitlines() == [f"Figure: {picture.text}" for picture in shown[0].pictures]


def test_outside_a_notebook_it_draws_and_is_quiet(capsys):
    """In plain Python the function runs, so that an error in it shows, and nothing is printed."""
    calls = []
    plot.slider(lambda size: (calls.append(size), bars(size)), size=[1, 2, 3])
    assert calls == [2]
    assert capsys.readouterr().out == ""


class Handle:
    """A display that remembers what it showed."""

    pictures: ClassVar[list] = []

    def display(self, picture):
        self.pictures.append(picture)

    update = display


def test_sliders_renew_the_picture(shown, monkeypatch):
    """Where a page shows widgets each slider has its label; moving one draws the new state once, with its text."""
    monkeypatch.setattr(interactive, "widgets_run", lambda: True)
    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    monkeypatch.setattr(Handle, "pictures", [])
    calls = []

    def draw(size, line_width):
        calls.append((size, line_width))
        bars(size)

    plot.slider(draw, size=[1, 3, 5], line_width=[0.5, 1.0], start={"size": 1, "line_width": 0.5})
    size, width = shown[0].children
    assert (size.description, width.description) == ("size", "line width")
    assert [label for label, _ in width.options] == ["0.5", "1"]
    size.value, width.value, width.value = 2, 1, 0
    assert [picture.text.partition(":")[0] for picture in Handle.pictures] == [
        "At size = 1, line width = 0.5",
        "At size = 5, line width = 0.5",
        "At size = 5, line width = 1",
        "At size = 5, line width = 0.5",
    ]
    assert calls == [(1, 0.5), (5, 0.5), (5, 1.0)]


@pytest.mark.parametrize(
    ("draw", "options", "words"),
    [
        (bars, {}, "needs values"),
        (bars, {"size": []}, "needs values"),
        (bars, {"size": [1, 2], "start": 3}, "size = 3 is not among"),
        (bars, {"size": [1, 2], "still": [1, 4]}, "size = 4 is not among"),
        (bars, {"size": [1, 2], "start": {"shade": 1}}, "shade = 1 is not among"),
        (lambda size: None, {"size": [1]}, "this one drew 0"),
        (lambda size: (bars(size), bars(size)), {"size": [1]}, "this one drew 2"),
    ],
)
def test_wrong_sliders_are_refused(draw, options, words):
    """Each with one sentence."""
    with pytest.raises(ValueError, match=words):
        plot.slider(draw, **options)
    assert plt.get_fignums() == []


@pytest.mark.kernel
def test_run_without_a_page_keeps_a_picture():
    """A notebook that nbclient runs keeps an image with its text, and no slider that nobody could move."""
    import asyncio

    code = "\n".join(
        [
            "import matplotlib.pyplot as plt",
            "from dlmodule import plot",
            "def draw(size):",
            "    fig, axis = plt.subplots()",
            "    plot.alt(fig, 'an empty frame')",
            "plot.slider(draw, size=[1, 2])",
        ]
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    asyncio.run(run_notebook(notebook, env={}, cell_timeout=120, past_errors=False))
    (output,) = notebook.cells[0].outputs
    assert sorted(output["data"]) == ["text/html", "text/plain"]
    assert output["data"]["text/plain"] == "Figure: At size = 2: an empty frame"
