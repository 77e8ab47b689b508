"""What to revise next, and why: an order over exercises and questions, from what a learner remembers of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from dlmodule.revision.memory import Attempt, Memory, memories

# What comes first: what is due or was not right in the end; then what was never tried; then what is fresh.
DUE, NEW, FRESH = range(3)


@dataclass(frozen=True)
class Item:
    """Something to revise: an exercise or a question. ``topic`` is what it belongs to, ``minutes`` what it takes."""

    id: str
    topic: str
    title: str
    minutes: int


@dataclass(frozen=True)
class Entry:
    """An item in its place; ``why`` says in words what brought it there."""

    item: Item
    why: str


def agenda(items: Sequence[Item], attempts: Iterable[Attempt], *, at: datetime) -> list[Entry]:
    """Every item once, the most urgent first, two neighbours of different topics wherever that leaves urgency as it is.

    First what is due, the least likely to be remembered before the others. Then what was never tried: one item of each topic
    in the order given, then the second of each. Last what is fresh, by the day on which it is due.
    """
    known = memories(attempts, at=at)
    today = at.date()
    round_of = _rounds(items)

    def urgency(item: Item) -> tuple[int, float, int]:
        memory = known.get(item.id)
        if memory is None:
            return NEW, round_of[item.id], 0
        if memory.due <= today or not memory.right:
            return DUE, memory.recall, -memory.slips
        return FRESH, (memory.due - today).days, -memory.slips

    ordered = sorted(items, key=urgency)
    groups = (list(group) for _, group in groupby(ordered, key=lambda item: urgency(item)[0]))
    mixed: list[Item] = []
    for group in groups:
        mixed += _interleaved(group, after=mixed[-1].topic if mixed else None)
    return [Entry(item, _why(known, item, today)) for item in mixed]


def _rounds(items: Sequence[Item]) -> dict[str, int]:
    """For each item how many of its topic stand before it."""
    counts: Counter[str] = Counter()
    rounds = {}
    for item in items:
        rounds[item.id] = counts[item.topic]
        counts[item.topic] += 1
    return rounds


def _interleaved(items: Sequence[Item], after: str | None) -> list[Item]:
    """``items``, each time the first whose topic is not that of the one before; where all are of that topic, the first."""
    waiting, mixed = list(items), []
    while waiting:
        chosen = next((item for item in waiting if item.topic != after), waiting[0])
        waiting.remove(chosen)
        mixed.append(chosen)
        after = chosen.topic
    return mixed


def _why(known: Mapping[str, Memory], item: Item, today: date) -> str:
    memory = known.get(item.id)
    if memory is None:
        return "not tried yet"
    ago = _ago((today - memory.last).days)
    if not memory.right:
        return f"not right yet, last tried {ago}"
    again = (
        ""
        if memory.slips == 0
        else ", after a wrong try"
        if memory.slips == 1
        else f", wrong at first on {memory.slips} days"
    )
    return f"right {ago}{again}; {'time to look again' if memory.due <= today else 'fresh'}"


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
