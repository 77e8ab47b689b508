"""Mutants are different programs that parse, and leave alone what only people read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from coursekit.exercises.mutants import mutants, sample

ROOT = Path(__file__).parents[3]
TEXT = '''
def scaled(x: Tensor, dim: int = 1) -> Tensor:
    """Halve the sum along dim 1."""
    if x.dim() < 2:
        raise ValueError(f"expected 2 axes, not {x.dim() + 0}")
    total = x.sum(dim=dim, keepdim=True) / 2
    total[0] = max(total[0] - x[0], 3.0)
    return torch.where(total > 0, total, -total)
'''


def test_every_kind_of_change_is_made() -> None:
    """Operators, comparisons, constants, axes, calls, arguments, keywords and statements are all changed."""
    labels = " | ".join(mutant.label for mutant in mutants(TEXT))
    for words in (
        "/ -> *",
        "Gt -> GtE",
        "2 -> 3",
        "dim= dropped",
        "swapped",
        "3.0 -> 6.0",
        "True -> False",
        "condition negated",
        "minus sign dropped",
        "`total[0]",
    ):
        assert words in labels, words


def test_what_only_people_read_is_left_alone() -> None:
    """Docstrings, annotations and the words of an exception stay as they are in every mutant."""
    for mutant in mutants(TEXT):
        assert "Halve the sum along dim 1." in mutant.text
        assert "expected 2 axes" in mutant.text or "raise" not in mutant.text
        assert "x: Tensor, dim: int" in mutant.text


def test_a_sample_is_fixed_and_takes_the_named_beside_it() -> None:
    """The same program has the same sample, in the order of the text; a changed one keeps most of it; named mutants are all in."""
    found = mutants(TEXT)
    chosen = sample(found, 10)
    assert len(chosen) == 10
    assert chosen == sample(list(found), 10) == [mutant for mutant in found if mutant in chosen]
    assert sample(found, len(found)) == found
    without = [mutant for mutant in found if mutant != chosen[0]]
    assert set(chosen[1:]) < set(sample(without, 10))
    named = [mutant for mutant in found if "swapped" in mutant.label]
    assert named
    assert sample(found, 0, always={"swapped": "why"}) == named
    assert len(sample(found, 10, always={"swapped": "why"})) == 10 + len(named)


def test_only_the_learners_lines_change() -> None:
    """Lines outside ``within`` stay as they are, and labels carry the numbers that the lines have in the source."""
    lines = TEXT.split("\n")
    at = next(number for number, line in enumerate(lines, 1) if "total = x.sum" in line)
    made = mutants(TEXT, {at}, [100 + number for number in range(len(lines))])
    assert len(made) >= 4
    for mutant in made:
        assert mutant.label.startswith(f"line {99 + at}: ")
        assert "return torch.where(total > 0, total, -total)" in mutant.text


def test_a_dropped_call_leaves_what_it_was_called_on() -> None:
    """A method leaves its object, a function its first argument; a layer's constructor is not taken apart."""
    text = "def f(self, x):\n    y = x.abs()\n    return torch.relu(self.norm(y)), nn.Linear(3, 2)\n"
    made = " ".join(mutant.text for mutant in mutants(text))
    for words in ("y = x\n", "return (self.norm(y), ", "torch.relu(y)"):
        assert words in made, words
    assert "(torch.relu(self.norm(y)), 3)" not in made


def test_arguments_without_effect_are_left_alone() -> None:
    """No check can notice that ``device=`` or ``inplace=`` is gone."""
    text = "def f(x):\n    return F.relu(torch.zeros(3, device=x.device), inplace=True)\n"
    assert not any("inplace=" in mutant.label or "device=" in mutant.label for mutant in mutants(text))


@pytest.mark.parametrize("path", sorted((ROOT / "course").glob("*/exercises/*.py")), ids=lambda p: p.stem)
def test_mutants_are_distinct_programs(path: Path) -> None:
    """No two mutants of a function are the same program, and each parses."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            text = ast.unparse(node)
            made = mutants(text)
            assert len({mutant.text for mutant in made}) == len(made)
            assert all(ast.parse(mutant.text) and mutant.text != text for mutant in made)
