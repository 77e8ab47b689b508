"""A diagnosis as a person sees it: a card in a notebook, the same words in a terminal.

The card takes its colours from JupyterLab's theme (light or dark), says its status in a word and a sign as well as in
colour, opens its hints with the keyboard, and announces itself to a screen reader. It loads nothing from anywhere.
"""

from __future__ import annotations

import os
import textwrap
from html import escape

from dlmodule.checking.diagnosis import COULD_NOT_CHECK, NOT_STARTED, RIGHT, WRONG, Diagnosis
from dlmodule.checking.show.comparison import beside_html, beside_text

SIGNS = {RIGHT: "✓", WRONG: "✗", NOT_STARTED: "○", COULD_NOT_CHECK: "?"}
WORDS = {
    RIGHT: "Right",
    WRONG: "Not right yet",
    NOT_STARTED: "Not started",
    COULD_NOT_CHECK: "Could not check",
}
# Okabe-Ito hues, darkened until a white sign on them reads at 4.5:1.
COLOURS = {RIGHT: "#007A5A", WRONG: "#B84A00", NOT_STARTED: "#666666", COULD_NOT_CHECK: "#8A5A00"}

STYLE = """<style>
.dlm-card{border:1px solid var(--jp-border-color2,#c8c8c8);border-left:6px solid var(--dlm);border-radius:6px;
padding:.7em 1em;margin:.3em 0;max-width:46em;font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:14px;
line-height:1.5;color:var(--jp-ui-font-color1,#1a1a1a);background:var(--jp-layout-color1,#fff)}
.dlm-card p{margin:.35em 0}.dlm-card .dlm-head{font-weight:600;margin:0}
.dlm-card .dlm-sign{display:inline-block;width:1.5em;height:1.5em;line-height:1.5em;margin-right:.5em;border-radius:50%;
text-align:center;color:#fff;background:var(--dlm)}
.dlm-card .dlm-name{font-weight:400;color:var(--jp-ui-font-color2,#555);font-family:var(--jp-code-font-family,monospace)}
.dlm-card code{font-family:var(--jp-code-font-family,monospace);background:var(--jp-layout-color2,#eee);padding:0 .25em;
border-radius:3px}
.dlm-card pre{margin:.4em 0;padding:.5em;background:var(--jp-layout-color2,#f3f3f3);overflow-x:auto;font-size:12.5px}
.dlm-card summary{cursor:pointer;color:var(--jp-content-link-color,#0b5cad)}
.dlm-card summary:focus-visible,.dlm-card a:focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2);outline-offset:2px}
.dlm-card .dlm-pair{display:flex;flex-wrap:wrap;gap:1.5em;margin:.6em 0}.dlm-card figure{margin:0}
.dlm-card figcaption{font-size:12.5px;color:var(--jp-ui-font-color2,#555);margin-bottom:.2em}
.dlm-card .dlm-foot{font-size:12.5px;color:var(--jp-ui-font-color2,#555)}
.dlm-card a{color:var(--jp-content-link-color,#0b5cad)}
</style>"""


def as_html(diagnosis: Diagnosis) -> str:
    """The card as HTML."""
    name = diagnosis.exercise.partition(".")[2] or diagnosis.exercise
    parts = [
        f'<section class="dlm-card" role="status" aria-live="polite" data-status="{escape(diagnosis.status)}" '
        f'style="--dlm:{COLOURS[diagnosis.status]}">',
        f'<p class="dlm-head"><span class="dlm-sign" aria-hidden="true">{SIGNS[diagnosis.status]}</span>'
        f'{WORDS[diagnosis.status]} <span class="dlm-name">{escape(name)}</span></p>',
        f"<p>{_rich(diagnosis.message)}</p>",
    ]
    if diagnosis.lines:
        parts.append(f"<pre>{escape(chr(10).join(diagnosis.lines))}</pre>")
    parts.append(beside_html(diagnosis.expected, diagnosis.got, _unsaid(diagnosis)))
    if not diagnosis.right:
        parts += [
            f"<details><summary>Hint {number}</summary><p>{_rich(hint)}</p></details>"
            for number, hint in enumerate(diagnosis.hints, 1)
        ]
        parts.append(_foot(diagnosis))
    elif diagnosis.onward:
        parts.append(f'<p class="dlm-foot">{_rich(diagnosis.onward)}</p>')
    return STYLE + "".join(parts) + "</section>"


def as_text(diagnosis: Diagnosis) -> str:
    """The same words for a terminal, wrapped at 88 columns. Hints are named, not shown (`course check --hint 1`)."""
    name = diagnosis.exercise.partition(".")[2] or diagnosis.exercise
    lines = [f"{SIGNS[diagnosis.status]} {WORDS[diagnosis.status]}: {name}"]
    lines += textwrap.wrap(diagnosis.message, 84, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    lines += [f"    {line}" for line in diagnosis.lines]
    lines += [f"  {line}" for line in beside_text(diagnosis.expected, diagnosis.got, _unsaid(diagnosis))]
    if diagnosis.move_on and diagnosis.status in (WRONG, NOT_STARTED):
        lines.append(f"  Stuck for {diagnosis.move_on} minutes? Move on, and come back.")
    if diagnosis.onward:
        lines += textwrap.wrap(diagnosis.onward, 84, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def _unsaid(diagnosis: Diagnosis) -> str:
    """What the input was, unless the message has said it."""
    return "" if diagnosis.message.startswith(f"On {diagnosis.case},") else diagnosis.case


def _foot(diagnosis: Diagnosis) -> str:
    if not diagnosis.move_on:
        return ""
    words = f"Stuck for {diagnosis.move_on} minutes? Move on, and come back."
    address = os.environ.get("DLMODULE_SOLUTIONS", "")
    if address and diagnosis.part:
        session = diagnosis.exercise.partition(".")[0]
        link = address.format(session=session, part=diagnosis.part)
        words += (
            f' <a href="{escape(link, quote=True)}" target="_blank" rel="noopener">Solutions, once they are out</a>'
        )
    return f'<p class="dlm-foot">{words}</p>'


def _rich(text: str) -> str:
    """Escaped text in which `code` is set as code."""
    pieces = escape(text, quote=False).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick, from an exception's text: leave them as they are
        return escape(text, quote=False)
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))
