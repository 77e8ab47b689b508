import html
import re
import struct

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlmodule import plot
from dlmodule.training import History


def relative_luminance(colour):
    """WCAG 2.2's definition."""
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_every_figure_is_shown_once_with_its_text(shown):
    """Each kind of figure is shown once, with a text made from its data, and is closed."""
    plot.curves(History([2.0, 1.0], [2.0, 1.5], [0.3, 0.6]))
    plot.confusion(np.array([[8, 2], [0, 5]]), ["flat", "faulted"])
    plot.images(torch.rand(5, 1, 8, 8), titles=list("abcde"), columns=3)
    plot.images(torch.rand(5, 3, 8, 8))
    plot.section(torch.randn(1, 16, 24), torch.ones(1, 16, 24))
    plot.kernels(torch.randn(4, 1, 3, 3, requires_grad=True))
    plot.reliability(torch.tensor([0.9, 0.9, 0.6]), torch.tensor([1, 0, 1]))
    words = [
        "val_accuracy goes from 0.3 to 0.6",
        "86.7% right; most often confused: flat taken for faulted, 2 times",
        "5 grey images of 8 by 8 pixels: a, b, c, d, e",
        "5 colour images",
        "16 time samples and 24 traces; 100.0% of it is marked",
        "4 kernels of 3 by 3",
        "over-confident",
    ]
    assert [word in picture.text for word, picture in zip(words, shown, strict=True)] == [True] * 7
    assert plt.get_fignums() == []


def test_own_alternative_text_wins(shown):
    """alt= replaces the derived text."""
    plot.section(np.zeros((4, 4)), alt="nothing at all")
    assert shown[0].text == "nothing at all"


def test_picture_is_html_with_an_alt_attribute(shown):
    """The notebook's output is an <img> whose alt is the text, quotes and all, in a PNG twice as wide as shown."""
    fig, _ = plt.subplots(figsize=(3, 2))
    plot.alt(fig, 'a "bright" <spot> & more')
    bundle = shown[0]._repr_mimebundle_()
    described = re.search(r'alt="([^"]*)"', bundle["text/html"])[1]
    assert html.unescape(described) == 'a "bright" <spot> & more'
    assert bundle["text/plain"].startswith("Figure: ")
    assert struct.unpack(">I", shown[0].png[16:20])[0] == 2 * shown[0].width


def test_a_figure_needs_a_text():
    """An empty alternative text is refused."""
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="text"):
        plot.picture(fig, "  ")
    plt.close(fig)


def test_quiet_outside_a_notebook(capsys):
    """In a script the figure is closed and nothing is printed."""
    plot.curves({"loss": [1.0, 0.5]})
    assert plt.get_fignums() == []
    assert capsys.readouterr().out == ""


def test_drawing_into_given_axes_shows_nothing(shown):
    """With ax= the caller composes the figure."""
    fig, axes = plt.subplots(1, 2)
    plot.section(np.eye(8), ax=axes[0])
    plot.confusion(np.eye(2), ["a", "b"], ax=axes[1])
    assert shown == []
    plot.alt(fig, "two panels")
    assert len(shown) == 1


def test_wrong_shapes_are_named():
    """Shapes that cannot be drawn are refused with the shape in the sentence."""
    with pytest.raises(ValueError, match=r"\(5, 2, 8, 8\)"):
        plot.images(torch.rand(5, 2, 8, 8))
    with pytest.raises(ValueError, match=r"\(2, 3, 4\)"):
        plot.section(torch.rand(2, 3, 4))
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        plot.kernels(torch.rand(3, 3))


def test_line_colours_are_told_apart():
    """The first three line colours differ in lightness or dash, and no line is too pale for white paper."""
    assert len(set(plot.DASHES)) == len(plot.COLOURS) == len(set(plot.COLOURS))
    contrast = [1.05 / (relative_luminance(colour) + 0.05) for colour in plot.COLOURS]
    assert min(contrast) > 2
