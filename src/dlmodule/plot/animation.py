"""Watch an agent: a small moving drawing that plays without a network or a player, with a button that halts it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from dlmodule.plot.style import BLUE, ORANGE
from dlmodule.progress_bar import in_notebook

PAUSE = "var s=this.parentNode.querySelector('svg');s.animationsPaused()?s.unpauseAnimations():s.pauseAnimations()"


@dataclass(frozen=True)
class Animation:
    """A drawing that moves by itself (SVG), and its alternative text."""

    svg: str
    text: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        button = f'<button type="button" onclick="{PAUSE}">play / pause</button>'
        return {"text/html": f"<div>{self.svg}<br>{button}</div>", "text/plain": f"Animation: {self.text}"}


def cart_pole(
    positions: Sequence[float], angles: Sequence[float], text: str, *, seconds_per_frame: float = 0.02
) -> Animation:
    """Show the cart and its pole moving, over and over.

    positions: of the cart in metres, one a frame; angles: of the pole in radians, 0 is upright. text: what is to be seen.
    Raises ValueError for an empty text, fewer than two frames, or unequal numbers of positions and angles.
    """
    if not text.strip():
        raise ValueError("an animation needs a text that says what it shows, for those who cannot see it")
    if len(positions) != len(angles) or len(positions) < 2:
        raise ValueError(f"an animation needs two frames or more, a position and an angle each; there are {len(positions)} and {len(angles)}")  # fmt: skip
    duration = f'dur="{len(positions) * seconds_per_frame:.2f}s" repeatCount="indefinite" calcMode="discrete"'
    moves = ";".join(f"{100 * x:.1f} 0" for x in positions)
    turns = ";".join(f"{math.degrees(angle):.1f}" for angle in angles)
    words = html.escape(" ".join(text.split()), quote=True)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-260 -130 520 180" width="520" role="img" aria-label="{words}" style="max-width: 100%">'
        f"<title>{words}</title>"
        '<line x1="-240" x2="240" y1="24" y2="24" stroke="#444" stroke-width="2"/>'
        f'<g><animateTransform attributeName="transform" type="translate" values="{moves}" {duration}/>'
        f'<rect x="-30" y="-8" width="60" height="30" rx="4" fill="{BLUE}"/>'
        f'<g><animateTransform attributeName="transform" type="rotate" values="{turns}" {duration}/>'
        f'<line y2="-100" stroke="{ORANGE}" stroke-width="8" stroke-linecap="round"/></g></g></svg>'
    )
    shown = Animation(svg, " ".join(text.split()))
    if in_notebook():
        from IPython.display import display

        display(shown)  # type: ignore[no-untyped-call]
    return shown
