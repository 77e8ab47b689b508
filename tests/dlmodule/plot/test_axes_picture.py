"""What is coloured is what an operation takes together."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_rgb

from dlmodule import plot
from dlmodule.plot.axes_picture import _axes, _operation
from dlmodule.plot.style import BLUE, tint


@pytest.mark.parametrize(
    ("over", "norm"),
    [
        ("N HW", lambda x: torch.nn.functional.batch_norm(x, None, None, training=True)),
        ("C HW", lambda x: torch.nn.functional.layer_norm(x, x.shape[1:])),
        ("HW", lambda x: torch.nn.functional.instance_norm(x)),
        ("C:2 HW", lambda x: torch.nn.functional.group_norm(x, 3)),
    ],
)
def test_coloured_entries_are_those_that_torch_normalises_together(over, norm):
    """The last coloured entry's gradient reaches the coloured entries and no other."""
    names, sizes = _axes("N=3 C=6 HW=4")
    operation = _operation("", over, names, sizes)
    coloured = torch.zeros(sizes, dtype=torch.bool)
    for index in torch.cartesian_prod(*map(torch.arange, sizes)).tolist():
        coloured[tuple(index)] = operation.together(tuple(index), sizes)
    x = torch.randn(sizes, dtype=torch.double, generator=torch.Generator().manual_seed(0)).requires_grad_()
    norm(x)[coloured][-1].backward()
    assert torch.equal(x.grad.abs() > 1e-9, coloured)


def test_grid_of_rows_and_columns():
    """Softmax over the keys: the first query's row of the grid is blue, and the axis's name is bold and blue."""
    fig, axis = plt.subplots()
    plot.axes_over("query=2 key=3", "key", ax=axis)
    blue = [cell.get_facecolor()[:3] == pytest.approx(tint(BLUE, 0.65)) for cell in axis.patches]
    assert blue == [True] * 3 + [False] * 3
    assert {text.get_text(): text.get_color() for text in axis.texts} == {"query": "black", "key": BLUE}
    assert to_rgb(BLUE) != to_rgb("black")
    plt.close(fig)


def test_no_texts_overlap(monkeypatch):
    """Names of axes and headings keep clear of each other, also with long names."""
    figures = []
    monkeypatch.setattr("dlmodule.plot.axes_picture.show", lambda fig, text: figures.append(fig))
    plot.axes_over(
        "N C=6 HW",
        {"batch norm": "N HW", "layer norm": "C HW", "instance norm": "HW", "group norm": "C:2 HW"},
        title="Norms",
    )
    plot.axes_over("query key", {"softmax": "key"})
    plot.axes_over("channels=3 height time", {"pooling": "height:2 time:2", "global pooling": "height time"})
    for fig in figures:
        fig.draw_without_rendering()
        texts = [text for axis in fig.axes for text in (*axis.texts, axis.title)] + fig.texts
        extents = [text.get_window_extent() for text in texts if text.get_text()]
        assert not any(a.overlaps(b) for i, a in enumerate(extents) for b in extents[:i])
        assert all(
            fig.bbox.x0 <= e.x0 and e.x1 <= fig.bbox.x1 and fig.bbox.y0 <= e.y0 and e.y1 <= fig.bbox.y1 for e in extents
        )
        plt.close(fig)


def test_words_count_the_groups(shown):
    """The alternative text names axes, operation, and how many groups of how many entries there are."""
    plot.axes_over("N=2 C=6 HW=4", {"group norm": "C:2 HW"})
    assert shown[0].text == (
        "A block of cells with the axes N (2), C (6) and HW (4); one group of entries is coloured. group norm takes together "
        "2 neighbours along C and all of HW at one place along N: 6 groups of 8 entries."
    )


@pytest.mark.parametrize(
    ("axes", "over", "words"),
    [
        ("N C H W", "N", "one to three"),
        ("N N", "N", "different"),
        ("N C", "T", "no axis 'T'"),
        ("N C=5", "C:2", "C has 5"),
        ("N=40 C", "N", "1 to 16"),
        ("N C", {}, "one picture for each"),
    ],
)
def test_wrong_axes_are_named(axes, over, words):
    """Each with one sentence."""
    with pytest.raises(ValueError, match=words):
        plot.axes_over(axes, over)
