"""A diagram is readable: no text meets another text, a line or a box but its own; and its words say what it shows."""

from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle
from matplotlib.transforms import Bbox

from dlmodule import plot
from dlmodule.plot.block_diagram import ROLE_COLOURS
from dlmodule.plot.blocks import box
from dlmodule.plot.style import shade
from tests.dlmodule.plot.architectures import ARCHITECTURES
from tests.dlmodule.plot.test_figures import relative_luminance

HAIR = 0.01  # points


def drawn(description, **options):
    """The axes into which the diagram is drawn, in points."""
    fig = plt.figure(layout="none")
    axis = fig.add_axes((0, 0, 1, 1))
    plot.diagram(description, ax=axis, **options)
    plt.close(fig)
    return axis


def extents(axis, kind):
    """Where the patches of a kind lie, in data coordinates."""
    found = [patch for patch in axis.patches if (patch.get_gid() or "").startswith(kind)]
    return [patch.get_path().get_extents(patch.get_patch_transform()) for patch in found]


def segments(axis):
    """Every straight piece of every line and arrow."""
    for line in axis.lines:
        points = line.get_xydata()
        yield from pairwise(points)
    for arrow in axis.texts:
        yield np.array(arrow.xyann), np.array(arrow.xy)


def overlap(a, b):
    """Whether the two boxes share more than a hair."""
    shared = Bbox.intersection(a, b)
    return shared is not None and shared.width > HAIR and shared.height > HAIR


def defects(axis):
    """What cannot be read: a list of sentences, empty for a good diagram."""
    texts, boxes = extents(axis, "text"), extents(axis, "box")
    circles = [
        Bbox.from_bounds(*(np.array(c.center) - c.radius), 2 * c.radius, 2 * c.radius)
        for c in axis.patches
        if isinstance(c, Circle)
    ]
    found = [f"texts at {a.x0:.0f}, {a.y0:.0f} overlap" for a, b in combinations(texts, 2) if overlap(a, b)]
    found += [f"boxes at {a.x0:.0f}, {a.y0:.0f} overlap" for a, b in combinations(boxes + circles, 2) if overlap(a, b)]
    for text in texts:
        for outer in boxes + circles:
            inside = outer.x0 <= text.x0 and text.x1 <= outer.x1 and outer.y0 <= text.y0 and text.y1 <= outer.y1
            if overlap(text, outer) and not inside:
                found.append(f"the text at {text.x0:.0f}, {text.y0:.0f} leaves its box")
        for a, b in segments(axis):
            if overlap(text, Bbox([np.minimum(a, b) - 2 * HAIR, np.maximum(a, b) + 2 * HAIR])):
                found.append(f"a line runs through the text at {text.x0:.0f}, {text.y0:.0f}")
    for outer in boxes + circles:
        core = Bbox([[outer.x0 + 1, outer.y0 + 1], [outer.x1 - 1, outer.y1 - 1]])
        if any(
            overlap(core, Bbox([np.minimum(a, b) - 2 * HAIR, np.maximum(a, b) + 2 * HAIR])) for a, b in segments(axis)
        ):
            found.append(f"a line runs through the box at {outer.x0:.0f}, {outer.y0:.0f}")
    return found


@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("title", ARCHITECTURES)
def test_seven_architectures_can_be_read(title, direction):
    """Nothing overlaps, in either direction, and every box has its text."""
    description, _ = ARCHITECTURES[title]
    assert defects(drawn(description, title=title, direction=direction)) == []


@pytest.mark.parametrize("title", ARCHITECTURES)
def test_seven_architectures_fit_a_page(title, shown):
    """Shown at its natural size, text of 10 points, a diagram is no wider than a page of the course (about 10 inches)."""
    description, direction = ARCHITECTURES[title]
    plot.diagram(description, title=title, direction=direction)
    assert shown[0].width <= 960


WORDS = st.sampled_from(
    [
        "x",
        "conv 3x3 -> N, 64, 28, 28",
        "ReLU",
        "multi-head self-attention | 8 heads",
        "batch norm -> 7",
        "loss: KL",
        "+",
        "a\nb",
    ]
)


def composed(inner):
    """Branches, skips and groups of what ``inner`` makes."""
    path = st.lists(inner, min_size=1, max_size=3)
    join = st.sampled_from(["+", "concat", "sum | of all -> N, 64, 28, 28"])
    maybe = st.one_of(st.just([]), path)
    return st.one_of(
        st.builds(
            lambda first, rest, join: plot.branches(first, *rest, join=join),
            path,
            st.lists(maybe, min_size=1, max_size=3),
            join,
        ),
        st.builds(lambda body, via, join: plot.skip(*body, via=via, join=join), path, maybe, join),
        st.builds(
            lambda body, join: plot.skip("max pool -> N, 8", *body, "up-conv -> N, 64, 28, 28", dip=True, join=join),
            path,
            join,
        ),
        st.builds(
            lambda label, body: plot.group(label, *body), st.sampled_from(["× 6", "an encoder with a long name"]), path
        ),
    )


DESCRIPTIONS = st.lists(st.recursive(WORDS, composed, max_leaves=8), min_size=1, max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    [
        plot.skip("pool", plot.skip("+", join="concat"), "up", dip=True, join="+ -> N, 64, 28, 28"),
        *["a long label"] * 8,
    ],
    "right",
)
@given(DESCRIPTIONS, st.sampled_from(["right", "down"]))
def test_any_description_can_be_read(description, direction):
    """Whatever is put into whatever, nothing overlaps."""
    assert defects(drawn(description, direction=direction)) == []


@pytest.mark.parametrize("direction", ["right", "down"])
def test_links_can_be_read(direction):
    """Further arrows keep clear of boxes and of each other's texts."""
    links = [
        ("environment", "state", "next state"),
        ("environment", "policy network", "reward"),
        ("state", "environment"),
    ]
    axis = drawn(["state", "policy network -> action", "environment"], links=links, direction=direction)
    assert defects(axis) == []


def test_words_say_what_is_drawn(shown):
    """Order, shapes, branches, skips, groups and links are in the alternative text."""
    plot.diagram(
        [
            "x -> N, 3",
            plot.group("× 2", plot.skip("conv 3x3", via="conv 1x1")),
            plot.branches(["linear | mean"], "input: $\\epsilon_{t-1}$", join="concat -> N, 4"),
        ],
        title="a test",
        links=[("concat", "x", "again")],
    )
    assert shown[0].text == (
        "Block diagram of a test, from left to right: x giving N, 3, then [× 2: (conv 3×3), with a skip connection around it "
        "through conv 1×1, joined by adding], then 2 branches side by side: (1) linear (mean); (2) epsilon_(t-1), joined by "
        "concatenating giving N, 4. A further arrow leads from concat to x: again."
    )
    assert plt.get_fignums() == []


def test_words_decide_the_role():
    """The first telling word decides, a loss before all; a role in front of a colon overrules."""
    roles = {
        "conv 5x5": "layer",
        "linear, then ReLU": "layer",
        "softmax cross-entropy": "loss",
        "multi-head attention": "attention",
        "batch norm": "norm",
        "max pool 2x2": "pool",
        "dropout": "random",
        "+": "operation",
        "attention: linear": "attention",
        "x": "data",
    }
    assert {label: box(label).role for label in roles} == roles
    assert box("p: 0.5").label == "p: 0.5"


def test_edges_stand_out():
    """Every box's edge has at least 3:1 contrast to white (WCAG 2.2, 1.4.11)."""
    for colour in ROLE_COLOURS.values():
        assert 1.05 / (relative_luminance(to_rgb(shade(colour))) + 0.05) >= 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: plot.diagram([]), "empty"),
        (lambda: plot.diagram(["a", "-> 3"]), "'-> 3'"),
        (lambda: plot.diagram(["a", "input: b"]), "'b' follows 'a'"),
        (lambda: plot.diagram([plot.branches("a", "b", join=None), "c"]), "'c'"),
        (lambda: plot.diagram(["a"], direction="up"), "'up'"),
        (lambda: plot.diagram(["a", "b"], links=[("a", "c")]), "one box 'c'"),
        (lambda: plot.diagram(["a", "b"], links=[("a",)]), "not \\('a',\\)"),
        (lambda: plot.branches("a"), "two paths"),
        (lambda: plot.skip("a", "b", dip=True), "way down"),
        (lambda: plot.group("× 6"), "'× 6' is empty"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, words):
    """Each with one sentence that names the place."""
    with pytest.raises(ValueError, match=words):
        make()


def test_no_description_is_refused():
    """Things that are no description are named by their type."""
    with pytest.raises(TypeError, match="not of int"):
        plot.diagram(["a", 3])
