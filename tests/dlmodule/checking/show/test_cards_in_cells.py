"""Every call of a check shows its card, once, wherever in a cell of a notebook it stands."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import nbformat

from coursekit.notebooks.kernel import run_notebook
from dlmodule.checking import Case
from dlmodule.checking import key as keys
from tests.dlmodule.checking.conftest import MakeKey

# Each cell with the number of cards that it shows.
CELLS = {
    "from dlmodule.checking import checks\ncheck = checks('s')\ndef double(x): return 2 * x\ndef half(x): return x / 2": 0,
    "check(double)": 1,
    "check(half)\ncheck(double)  # the second alone is the cell's value": 2,
    "for function in (half, double): check(function)": 2,
    "result = check(double)": 1,
    "result": 1,
    "check(double); 1 + 1": 1,
    "[check(double), check(half)] and None": 2,
}


def test_every_call_shows_its_card(make_key: MakeKey, tmp_path: Path) -> None:
    """In a loop, before another statement, kept under a name: not only where it is the cell's last expression."""
    made = [make_key(lambda x: 2 * x, [Case(3)], name="double"), make_key(lambda x: x / 2, [Case(3)], name="half")]
    keys.save(tmp_path / "s.safetensors", made)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])  # type: ignore[no-untyped-call]
    environment = {"DLMODULE_KEYS": str(tmp_path), "DLMODULE_PROGRESS": str(tmp_path / "progress.jsonl")}
    asyncio.run(run_notebook(notebook, env={**os.environ, **environment}, cell_timeout=240, past_errors=False))
    shown = [sum("text/html" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert shown == list(CELLS.values())
