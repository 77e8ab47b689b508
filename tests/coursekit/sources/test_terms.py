"""Bold is a definition where its sentence defines, and stress elsewhere; a term in use before its day is told with both places."""

from pathlib import Path

import pytest

from coursekit.sources.source import Source, parse
from coursekit.sources.terms import definitions, early_uses, letters

HEADER = "# ---\n# title: Terms\n# objectives: [to name]\n# minutes: {cpu: 1}\n# ---\n"


def source(folder: Path, prose: str, session: str = "01_tiny", part: str = "morning") -> Source:
    """A source of one markdown cell."""
    path = folder / session / f"{part}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = "\n".join(f"# {line}".rstrip() for line in prose.split("\n"))
    path.write_text(f"{HEADER}\n# %% [markdown]\n{cell}\n", encoding="utf-8")
    return parse(path)


@pytest.mark.parametrize(
    ("prose", "name", "says"),
    [
        ("One pass over the data is an **epoch**.", "epoch", "One pass over the data is an epoch."),
        ("The numbers are called **logits** $z_k$; they may be any.", "logits", "The numbers are called logits $z_k$; they may be any."),
        ("A **neuron** takes $D$ numbers.", "neuron", "A neuron takes $D$ numbers."),
        ("- **ReLU** is the identity or zero, whichever is *larger*.\n- more", "ReLU", "ReLU is the identity or zero, whichever is larger."),
        ("**Adam** (Kingma and Ba 2015) takes two means.", "Adam", "Adam (Kingma and Ba 2015) takes two means."),
        ("It is Szegedy's **fast gradient sign method** (FGSM).", "fast gradient sign method", "It is Szegedy's fast gradient sign method (FGSM)."),
        ("Nobody drew it by hand. This is a **kernel**, 3 wide.", "kernel", "Nobody drew it by hand. This is a kernel, 3 wide."),
        ("For numbers, the **mean squared error**:\n\n$$ L = \\frac1N\\sum_n e_n^2 $$", "mean squared error", "For numbers, the mean squared error: $L = \\frac1N\\sum_n e_n^2$."),
        ("Depth counts layers. The\n**width**, at any\nlayer.", "width", "The width, at any layer."),
    ],
)  # fmt: skip
def test_a_sentence_that_defines(tmp_path: Path, prose: str, name: str, says: str) -> None:
    """The entry has the term's own words, whole and in one line; a sentence that points back brings the one before."""
    found = definitions(source(tmp_path, prose))
    assert [(each.term.name, each.term.says) for each in found] == [(name, says)]


@pytest.mark.parametrize(
    "prose",
    [
        "**Predict.** What is twice 21?",
        "**A worked number.** Twice 2 is 4.",
        "**Why the logit and not the probability?** Because it is flat.",
        "The hook stays on the model: **remove** it.",
        "The test pictures are **not distributed like the training set**, which is a pity.",
        "Normalise over batch **and** space.",
        "`bias=False` is **`F.conv2d`**'s, and the **$k$** is a number.",
        "Chosen **on the validation set**.",
        "**Ties need a rule**, or two programs disagree.",
    ],
)
def test_stress_is_no_definition(tmp_path: Path, prose: str) -> None:
    """Run-in headings, stress, formulas and code in bold name nothing."""
    assert definitions(source(tmp_path, prose)) == []


def test_the_line_is_that_of_the_bold(tmp_path: Path) -> None:
    """An editor that goes to the line stands on the term."""
    parsed = source(
        tmp_path, "First words.\n\n## Heading\n\n- one\n- here a\n  **stride** is a step.\n\nMore: a **fault**."
    )
    lines = parsed.path.read_text(encoding="utf-8").splitlines()
    for definition in definitions(parsed):
        assert f"**{definition.term.name}**" in lines[definition.line - 1]
    assert len(definitions(parsed)) == 2


def test_letters_are_the_rows_of_their_table(tmp_path: Path) -> None:
    """Each row; another table is none."""
    table = "## Letters of this notebook\n\n| letter | meaning | shape |\n|---|---|---|\n| $x, y$ | in and out | `(N,)` |\n| $T$ | a shift | |\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    found = letters(source(tmp_path, table))
    assert [(each.letter, each.meaning, each.shape) for each in found] == [("$x, y$", "in and out", "`(N,)`"), ("$T$", "a shift", "")]  # fmt: skip


def test_early_use_is_told_with_both_places(tmp_path: Path) -> None:
    """The first use before the notebook that defines it; announced, single everyday words, code and formulas do not count."""
    early = source(
        tmp_path,
        "Weights are small.\n\nA plain sum, or\nweight decay if you know it. Weight decay again, weight decay.",
    )
    announced = source(
        tmp_path, "You meet weight decay on {day: 04_ml_recap}. `weight decay` and $weight decay$.", part="afternoon"
    )
    later = source(tmp_path, "A **weight** is a number.\n\nThis is **weight decay**, and no more.", session="02_tiny")
    (found,) = early_uses([announced, early, later])
    assert (found.term, found.file) == ("weight decay", early.path)
    assert "weight decay if" in early.path.read_text(encoding="utf-8").splitlines()[found.line - 1]
    assert found.defined == f"{later.path}:{definitions(later)[1].line}"
    assert early_uses([later, early, announced]) == []


def test_a_title_in_the_references_uses_no_term(tmp_path: Path) -> None:
    """A paper may be named before the day that teaches what its title says."""
    listed = source(tmp_path, "## References\n\n- I. Loshchilov (2019). *Weight decay.* arXiv:1711.05101.")
    later = source(tmp_path, "The shrinking is called **weight decay**.", session="02_tiny")
    assert early_uses([listed, later]) == []
    assert len(early_uses([source(tmp_path, "Weight decay (2019) or weight decay."), later])) == 1
