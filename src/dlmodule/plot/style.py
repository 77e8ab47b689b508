"""The course's style: Okabe and Ito's colours, dashes and markers, readable sizes.

Colours: Okabe and Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/. Lines also differ by dash and
marker, so no figure depends on colour alone.
"""

from __future__ import annotations

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import to_rgb

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#000000"
INK = "#333333"  # lines and arrows of drawings
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)  # yellow is left out: too pale for a line on white
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def use_style() -> None:
    """Make matplotlib draw in the course's style: Okabe-Ito colours, readable sizes, no frame above and to the right."""
    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=DASHES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.frameon": False,
            "lines.linewidth": 2,
            "image.cmap": "gray",
            "figure.figsize": (6.4, 3.6),
            "figure.constrained_layout.use": True,
            "figure.max_open_warning": 0,
        }
    )


def tint(colour: str, share: float) -> tuple[float, float, float]:
    """``colour`` thinned with white: ``share`` 1 is the colour itself, 0 is white."""
    red, green, blue = (1 - share * (1 - channel) for channel in to_rgb(colour))
    return red, green, blue


def shade(colour: str) -> tuple[float, float, float]:
    """``colour`` darkened so far that a thin line of it stands out from white paper."""
    red, green, blue = (0.62 * channel for channel in to_rgb(colour))
    return red, green, blue
