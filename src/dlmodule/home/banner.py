"""The course as a geological cross-section: one bed for each day, cut by faults, with a well drilled as far as the learner is.

An SVG made from a few sines, the same every time. Colours come from the style sheet (``bed-1`` ...), so that the table
below can show each day in its bed's colour and dark mode can dim both.
"""

from math import exp, pi, sin

from markupsafe import Markup

WIDTH, HEIGHT = 1600.0, 300.0
SURFACE = 46.0  # depth of the ground at rest, from the top of the picture
WELL = 905.0
LITHOLOGY = ("sand", "", "shale", "", "lime", "", "sand", "shale", "", "lime", "", "shale", "", "sand", "")
# Where each fault meets the surface, how far it leans over the picture's height, and its throw.
FAULTS = ((402.0, 78.0, 20.0), (1190.0, -96.0, -26.0))


def _relief(x: float) -> float:
    """How high the ground stands at ``x``: a low hill, and ripples."""
    return 15.0 * exp(-(((x - 800.0) / 260.0) ** 2)) + 4.0 * sin(x / 90.0) + 2.0 * sin(x / 37.0 + 1.0)


def _horizon(depth: float, x: float) -> float:
    """The height in the picture of the horizon at ``depth`` (0..1) before faulting: folds that grow with depth."""
    fold = 22.0 * sin(2.0 * pi * x / 980.0 + 0.6) + 7.0 * sin(2.0 * pi * x / 410.0 + 2.0 * depth)
    return (
        SURFACE + 12.0 + depth * (HEIGHT - SURFACE - 34.0) + (0.25 + 0.75 * depth) * fold - (1.0 - depth) * _relief(x)
    )


def _throw(x: float, y: float) -> float:
    """How far the rock at (x, y) has moved down along the faults to its left."""
    return sum(throw for where, lean, throw in FAULTS if x > where + lean * y / HEIGHT)


def draw(days: int, reached: int, label: str) -> Markup:
    """The section of ``days`` beds with a well down to bed ``reached`` (0: not begun). ``label`` is its text alternative."""
    edges = [0.0, *(where for where, _, _ in FAULTS), WIDTH]
    leans = [0.0, *(lean for _, lean, _ in FAULTS), 0.0]
    throws = [sum(throw for _, _, throw in FAULTS[:block]) for block in range(len(FAULTS) + 1)]
    parts: list[str] = []
    clips: list[str] = []
    for block, throw in enumerate(throws):
        left, right = edges[block], edges[block + 1]
        corners = f"{left},0 {right},0 {right + leans[block + 1]},{HEIGHT} {left + leans[block]},{HEIGHT}"
        clips.append(f'<clipPath id="block-{block}"><polygon points="{corners}"/></clipPath>')
        beds = []
        for bed in range(days):
            outline = _outline(bed / days, throw)
            beds.append(f'<path class="bed-{bed % 15 + 1}" d="{outline}"/>')
            if pattern := LITHOLOGY[bed % len(LITHOLOGY)]:
                below = _outline(bed / days, throw, to=(bed + 1) / days)
                beds.append(f'<path fill="url(#{pattern})" d="{below}"/>')
        parts.append(f'<g clip-path="url(#block-{block})">{"".join(beds)}</g>')
    faults = "".join(
        f'<path class="fault" d="M{where + lean * 0.1:.0f},{HEIGHT * 0.1:.0f} L{where + lean:.0f},{HEIGHT:.0f}"/>'
        for where, lean, _ in FAULTS
    )
    ground = " ".join(f"{x:.0f},{_surface(x):.1f}" for x in range(0, int(WIDTH) + 1, 10))
    sky = f'<polygon class="sky" points="0,0 {ground} {WIDTH:.0f},0"/><polyline class="ground" points="{ground}"/>'
    return Markup(
        f'<svg class="section" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="xMidYMin slice" '
        f'role="img" aria-label="{Markup.escape(label)}"><defs>{_PATTERNS}{"".join(clips)}</defs>'
        f"{''.join(parts)}{faults}{sky}{_well(days, reached)}</svg>"
    )


def _surface(x: float) -> float:
    return SURFACE - _relief(x)


def _outline(depth: float, throw: float, to: float | None = None) -> str:
    """A bed's outline: its top horizon, then down to the picture's foot, or back along the horizon at ``to``."""
    xs = range(0, int(WIDTH) + 1, 20)
    top = [f"{x},{(0.0 if depth == 0 and to is None else _horizon(depth, x) + throw):.1f}" for x in xs]
    foot = (
        [f"{WIDTH:.0f},{HEIGHT:.0f}", f"0,{HEIGHT:.0f}"]
        if to is None
        else [f"{x},{_horizon(to, x) + throw:.1f}" for x in reversed(xs)]
    )
    return "M" + " L".join(top + foot) + "Z"


def _well(days: int, reached: int) -> str:
    """A derrick on the ground, and below it the hole as deep as the bed that has been reached."""
    top = _surface(WELL)
    derrick = (
        f'<path class="derrick" d="M{WELL - 9},{top} L{WELL},{top - 30} L{WELL + 9},{top} '
        f"M{WELL - 6},{top - 10} L{WELL + 4},{top - 19} M{WELL + 6},{top - 10} L{WELL - 4},{top - 19} "
        f'M{WELL - 6},{top - 10} H{WELL + 6} M{WELL - 3.5},{top - 19} H{WELL + 3.5}"/>'
    )
    if not reached:
        return derrick
    depth = (reached - 0.5) / days
    y = _horizon(depth, WELL)
    y += _throw(WELL, y)
    return (
        f'<path class="hole" d="M{WELL},{top} V{y:.1f}"/>{derrick}'
        f'<circle class="bit" cx="{WELL}" cy="{y:.1f}" r="6"/>'
        f'<text class="depth" x="{WELL + 15}" y="{y + 6:.1f}">day {reached:02d}</text>'
    )


_PATTERNS = (
    '<pattern id="sand" width="14" height="10" patternUnits="userSpaceOnUse">'
    '<circle class="grain" cx="3" cy="3" r="0.9"/><circle class="grain" cx="10" cy="7.5" r="0.9"/></pattern>'
    '<pattern id="shale" width="22" height="8" patternUnits="userSpaceOnUse">'
    '<path class="lamina" d="M1,2 H11 M13,6 H21"/></pattern>'
    '<pattern id="lime" width="26" height="14" patternUnits="userSpaceOnUse">'
    '<path class="lamina" d="M0,0.5 H26 M0,7.5 H26 M8,0.5 V7.5 M21,7.5 V14"/></pattern>'
)
