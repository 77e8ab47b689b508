"""References to days: ``{day: 07_vaes}`` in prose, slides and briefs, filled in from the place that the session has in the run.

``{day: 07_vaes}`` becomes "day 07", ``{Day: 07_vaes}`` "Day 07", ``{day: 07_vaes, 08_gans, 09_diffusion}`` "days 07 to 09". A
session that is taught on two days is named with its part, ``05_cnns_1.afternoon``. A number written out would be wrong after
the first change of plan, so it is refused.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from coursekit.errors import CourseError

# For SESSION or SESSION.PART the day of the run; for a session that the run leaves out, the words to write instead.
Place = Callable[[str], int | str]

_REFERENCE = re.compile(r"\{(?P<word>[Dd]ay):\s*(?P<names>[\w.]+(?:\s*,\s*[\w.]+)*)\s*\}")
_NUMBER = re.compile(r"\b[Dd]ays?[ \n]+(?:0[1-9]|1[0-9])\b")


def filled(text: str, place: Place) -> str:
    """``text`` with its references filled in. Raises CourseError for a name that is no session's."""
    return _REFERENCE.sub(lambda found: _words(found["word"], re.split(r"\s*,\s*", found["names"]), place), text)


def refuse_numbers(text: str, *, file: Path, line: int) -> None:
    """Raises CourseError where ``text``, which begins at ``line`` of ``file``, names a day by its number."""
    if found := _NUMBER.search(text):
        message = f"{' '.join(found[0].split())!r}: name the session, as in {{day: 07_vaes}}; the number is filled in"
        raise CourseError(message, file=file, line=line + text.count("\n", 0, found.start()))


def refuse_references(text: str, *, file: Path, line: int) -> None:
    """Raises CourseError for a reference, or a number, in text that is not filled in: code, headers, exercise files."""
    refuse_numbers(text, file=file, line=line)
    if found := _REFERENCE.search(text):
        message = f"{found[0]} is filled in only in prose and slides; say here which session is meant in other words"
        raise CourseError(message, file=file, line=line + text.count("\n", 0, found.start()))


def _words(word: str, names: Sequence[str], place: Place) -> str:
    places = [place(name) for name in names]
    numbers = sorted({found for found in places if isinstance(found, int)})
    if not numbers:  # nothing of it is taught in this run
        left_out = list(dict.fromkeys(found for found in places if isinstance(found, str)))
        text = " and ".join(left_out)
        return text[:1].upper() + text[1:] if word == "Day" else text
    return f"{word}{'s' if len(numbers) > 1 else ''} {_listed(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    """``07``, ``07 and 08``, ``07 to 09``, ``07, 08 and 13``."""
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 2 and last - first == len(numbers) - 1:
        return f"{first:02d} to {last:02d}"
    written = [f"{number:02d}" for number in numbers]
    return " and ".join(filter(None, [", ".join(written[:-1]), written[-1]]))
