"""`field_reports`: short written opinions about field work, from a grammar, so that the sentiment of each is known.

A clause says something good or bad of a thing ("the core was broken"). Five kinds of report are made of clauses:

    plain       the outcrop was superb
    intensity   the outcrop was absolutely superb / rather dull         (degree words, which keep the sign)
    negated     the outcrop was by no means superb / far from dull      (the sign turns)
    contrast    the outcrop was superb, but the survey was useless      (the main clause decides)
    mixed       the outcrop was superb, but the survey was not reliable (a contrast whose main clause is negated)

An adjective is good or bad in itself, so counting words does well on plain reports and badly where negation turns the
sign or only the order of the clauses decides: the order of words must be read. Labels are balanced within every kind,
train and test share no report, and the whole set is a pure function of this version.
"""

import re
from functools import cache

import numpy as np
import torch

from dlmodule.data.images import checked_split
from dlmodule.data.labelled import Texts
from dlmodule.errors import DLModuleError

VERSION = 1
SIZES = {"train": 10_000, "test": 2_000}
CLASSES = ("negative", "positive")
KINDS = ("plain", "intensity", "negated", "contrast", "mixed")
# Of every ten pairs of a negative and a positive report.
_TURNS = ("plain", "negated", "contrast", "intensity", "plain", "negated", "mixed", "contrast", "intensity", "plain")

# A few kinds of thing, each with the words that can be said of it.
THINGS: dict[str, tuple[str, ...]] = {
    "rock": ("outcrop", "core", "thin section", "road cut", "cliff section", "quarry face", "drill core", "hand specimen"),
    "data": ("survey", "seismic line", "gravity map", "well log", "dataset", "magnetic survey", "sonic log", "trace", "velocity model"),
    "gear": ("seismometer", "drill rig", "gps", "drone", "resistivity meter", "geophone string", "logger", "field laptop"),
    "trip": ("field camp", "guide", "briefing", "field trip", "field season", "transport", "safety plan", "crew", "schedule"),
}  # fmt: skip
PLACES = (
    "in the north valley", "at the second site", "near the river", "on the ridge", "on day three", "at the coast",
    "below the glacier", "along the fault", "at station twelve", "this season", "in the old quarry", "after the storm",
)  # fmt: skip
GOOD: dict[str, tuple[str, ...]] = {
    "rock": ("fresh", "superb", "instructive", "intact", "well exposed", "striking", "unweathered", "beautiful"),
    "data": ("clean", "reliable", "coherent", "convincing", "well sampled", "superb", "consistent", "precise"),
    "gear": ("reliable", "accurate", "sturdy", "quick to set up", "easy to use", "precise", "dependable", "stable"),
    "trip": ("well organised", "helpful", "punctual", "inspiring", "efficient", "worthwhile", "clear", "enjoyable"),
}
BAD: dict[str, tuple[str, ...]] = {
    "rock": ("weathered", "broken", "overgrown", "featureless", "disappointing", "crumbling", "inaccessible", "dull"),
    "data": ("noisy", "unreliable", "patchy", "misleading", "aliased", "disappointing", "inconsistent", "useless"),
    "gear": ("unreliable", "fragile", "inaccurate", "slow to start", "clumsy", "faulty", "temperamental", "useless"),
    "trip": ("chaotic", "unhelpful", "late", "tedious", "wasteful", "pointless", "confusing", "exhausting"),
}
STRONG = ("very", "extremely", "absolutely", "remarkably", "really", "thoroughly", "truly", "exceptionally")
WEAK = ("fairly", "quite", "rather", "reasonably", "somewhat", "moderately")
NEGATED = (
    "was not {}", "was never {}", "was hardly {}", "was far from {}", "was anything but {}", "was not at all {}",
    "could not be called {}", "was by no means {}", "did not strike anyone as {}", "was in no way {}", "turned out not to be {}",
)  # fmt: skip
AFFIRMED = (
    "was {}",
    "proved {}",
    "turned out to be {}",
    "looked {}",
    "struck everyone as {}",
    "remained {}",
    "was found to be {}",
)
# {0} is the clause that yields, {1} the one that decides.
CONTRASTS = (
    "{0}, but {1}", "although {0}, {1}", "{1}, even though {0}", "while {0}, {1}", "{0}; however, {1}", "{1}, though {0}",
    "despite reports that {0}, {1}", "{0}, and yet {1}", "we had been told that {0}, but {1}",
)  # fmt: skip
OPENINGS = (
    "",
    "",
    "",
    "overall, ",
    "in my opinion, ",
    "to be honest, ",
    "in short, ",
    "as expected, ",
    "to our surprise, ",
)


def field_reports(split: str = "train", count: int | None = None) -> Texts:
    """Opinions labelled negative (0) or positive (1), lower case, punctuation kept; ``kinds`` says how each
    is built.

    10,000 to train on and 2,000 to test on; ``count``: only the first so many.
    """
    full = SIZES[checked_split(split, "field_reports")]
    wanted = full if count is None else count
    if not 0 < wanted <= full:
        raise DLModuleError(f"field_reports {split} has 1 to {full} reports, not {wanted}")
    start = 0 if split == "train" else SIZES["train"]
    chosen = _written()[start : start + wanted]
    return Texts(
        texts=tuple(text for text, _, _ in chosen),
        y=torch.tensor([label for _, label, _ in chosen]),
        classes=CLASSES,
        name="field_reports",
        kinds=tuple(kind for _, _, kind in chosen),
    )


def write_report(kind: str, good: bool, rng: np.random.Generator) -> str:
    """One report of this kind whose sentiment is positive where ``good``."""
    if kind not in KINDS:
        raise DLModuleError(f"a field report is one of {', '.join(KINDS)}, not {kind!r}")
    if kind in ("contrast", "mixed"):
        yielding = _clause("plain" if rng.random() < 0.6 else "intensity", not good, rng)
        deciding = _clause("negated" if kind == "mixed" else "plain", good, rng)
        body = _pick(CONTRASTS, rng).format(yielding, deciding)
    else:
        body = _clause(kind, good, rng)
    # Punctuation stands apart, as in the film-review sets, so that splitting at spaces gives words.
    return re.sub(r"([,;])", r" \1", f"{_pick(OPENINGS, rng)}{body} .")


def _clause(kind: str, good: bool, rng: np.random.Generator) -> str:
    """One statement about one thing, good or bad."""
    topic = _pick(tuple(THINGS), rng)
    noun = f"the {_pick(THINGS[topic], rng)}"
    if rng.random() < 0.5:
        noun += f" {_pick(PLACES, rng)}"
    turned = kind == "negated"
    word = _pick((GOOD if good != turned else BAD)[topic], rng)
    if kind == "intensity":
        word = f"{_pick(STRONG if rng.random() < 0.6 else WEAK, rng)} {word}"
    return f"{noun} {_pick(NEGATED if turned else AFFIRMED, rng).format(word)}"


def _pick(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


@cache
def _written() -> tuple[tuple[str, int, str], ...]:
    """All reports, without a repeat: kinds and labels take turns, so every twenty are balanced."""
    rng = np.random.default_rng(np.random.SeedSequence(VERSION))
    written: set[str] = set()
    reports: list[tuple[str, int, str]] = []
    while len(reports) < sum(SIZES.values()):
        kind, label = _TURNS[len(reports) // 2 % len(_TURNS)], len(reports) % 2
        text = write_report(kind, bool(label), rng)
        if text not in written:
            written.add(text)
            reports.append((text, label, kind))
    return tuple(reports)
