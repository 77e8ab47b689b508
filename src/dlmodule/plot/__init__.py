"""Figures that everyone can read: Okabe and Ito's colours, large labels, and a text beside every picture.

Data: `curves`, `confusion`, `images`, `section`, `kernels`, `reliability`. Block diagrams: `diagram`, with `branches`, `skip`
and `group`. Axes that an operation runs over: `axes_over`. A figure with sliders: `slider`. An agent in motion: `cart_pole`. Any
other figure: `alt`.
"""

from dlmodule.plot.animation import cart_pole
from dlmodule.plot.axes_picture import axes_over
from dlmodule.plot.block_diagram import diagram
from dlmodule.plot.blocks import branches, group, skip
from dlmodule.plot.figures import Array, confusion, curves, images, kernels, reliability, section
from dlmodule.plot.interactive import slider
from dlmodule.plot.output import PIXELS_PER_INCH, Picture, alt, picture
from dlmodule.plot.style import BLACK, BLUE, COLOURS, DASHES, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW, use_style

__all__ = [
    "BLACK",
    "BLUE",
    "COLOURS",
    "DASHES",
    "GREEN",
    "ORANGE",
    "PIXELS_PER_INCH",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "Array",
    "Picture",
    "alt",
    "axes_over",
    "branches",
    "cart_pole",
    "confusion",
    "curves",
    "diagram",
    "group",
    "images",
    "kernels",
    "picture",
    "reliability",
    "section",
    "skip",
    "slider",
    "use_style",
]
