"""What a part asks of a learner, in minutes: to read it, to guess before each look, and to do its exercises.

The rule (150 words a minute, 2 minutes a prediction, the exercises' own minutes) is slow on purpose: most readers are not
native speakers, and a derivation is read more slowly than a story, so a formula's symbols count as its words.
"""

import re
from dataclasses import dataclass

from coursekit.sources.source import Source

WORDS_PER_MINUTE = 150
PREDICTION_MINUTES = 2
FILL = 0.85  # of a slot; the rest is for questions, a break, and machines that do not start

_WORD = re.compile(r"\S*\w\S*")
_PREDICTION = re.compile(r"\*\*Predict[.:]\*\*")


@dataclass(frozen=True)
class Load:
    """Minutes of a part: ``reading`` its text and predicting, the ``core`` exercises, ``every`` exercise.

    marked: whether any exercise says that it is core; where none does, all are counted.
    """

    reading: int
    core: int
    every: int
    marked: bool

    @property
    def minutes(self) -> int:
        """What a learner who does the core needs."""
        return self.reading + self.core

    @property
    def everything(self) -> int:
        """What a learner who does every exercise needs."""
        return self.reading + self.every

    def fits(self, slot: int) -> bool:
        """Whether the core leaves enough of ``slot`` minutes free."""
        return self.minutes <= FILL * slot


def load_of(source: Source) -> Load:
    """The load of a part, from its text and the facts of its exercises."""
    prose = [cell.text for cell in source.cells if cell.kind == "markdown"]
    words = sum(len(_WORD.findall(text)) for text in prose)
    predictions = sum(len(_PREDICTION.findall(text)) for text in prose)
    revised = [item.minutes for item in source.revised if item.core]
    core = [*revised, *(meta.minutes for meta in source.exercises if meta.core)]
    every = sum(item.minutes for item in source.revised) + sum(meta.minutes for meta in source.exercises)
    reading = round(words / WORDS_PER_MINUTE) + PREDICTION_MINUTES * predictions
    return Load(reading, sum(core) if core else every, every, bool(core))
