"""A ring of rows from which mini-batches are drawn."""

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Where does the next row go? A counter of all rows ever pushed, and the remainder of a division, tell you.",
        "Make the storage at the first push, when shapes and dtypes are known. Draw row numbers below len(self), the same numbers for all columns.",
    ),
)


@exercise.probe
def probe(candidate, case):
    capacity, pushes = case.args
    buffer, other, lengths, at = candidate(capacity), candidate(capacity), [], 1
    for count in pushes:
        number = torch.arange(at, at + count)
        buffer.push(number, torch.stack([number, -number], dim=1).float(), number % 2 == 1)
        lengths.append(len(buffer))
        at += count
    first, pair, odd = buffer.sample(4000, generator=torch.Generator().manual_seed(0))
    again = buffer.sample(4000, generator=torch.Generator().manual_seed(0))[0]
    other_rows = buffer.sample(4000, generator=torch.Generator().manual_seed(1))[0]
    counts = torch.bincount(first.long(), minlength=at)
    other.push(torch.tensor([7]))
    repeats = (first[1:] == first[:-1]).double().mean().item()
    return {
        "lengths": lengths,
        "rows that can be drawn": counts.nonzero()[:, 0].tolist(),
        "shapes": [list(first.shape), list(pair.shape), list(odd.shape)],
        "dtypes": [str(first.dtype), str(pair.dtype), str(odd.dtype)],
        "columns belong together": bool(
            (pair[:, 0] == first).all() and (pair[:, 1] == -first).all() and (odd == (first % 2 == 1)).all()
        ),
        "evenly drawn": bool(counts[counts > 0].min() > 0.5 * 4000 / len(counts[counts > 0])),
        "each row is a draw of its own": len(buffer) == 1 or repeats < 2 / len(buffer),
        "length after drawing": len(buffer),
        "length of another buffer": len(other),
        "same generator, same rows": torch.equal(first, again),
        "another seed, other rows": len(buffer) == 1 or not torch.equal(first, other_rows),
    }


@exercise.cases
def cases():
    yield Case(5, [3]).named("three rows in a buffer of five")
    yield Case(4, [3, 3]).named("six rows pushed three at a time into a buffer of four")
    yield Case(3, [2, 2, 2, 2, 1]).named("nine rows in a buffer of three")
    yield Case(6, [6]).named("exactly full")


exercise.edit(
    "never_overwrites", "% self.capacity", "% self.capacity if self.pushed < self.capacity else torch.arange(0)[: 0].new_zeros(len(columns[0]))",
    "Once full, your rows no longer go round: the oldest must be overwritten, one after another.",
)  # fmt: skip
exercise.edit(
    "empty_rows_drawn", "torch.randint(len(self), (count,)", "torch.randint(self.capacity, (count,)",
    "You draw rows that have never been filled: zeros that no environment gave. Draw below len(self).",
)  # fmt: skip
exercise.edit(
    "each_column_its_own_rows", "        row = torch.randint(len(self), (count,), generator=generator)\n        return [kept[row] for kept in self.columns]",
    "        return [kept[torch.randint(len(self), (count,), generator=generator)] for kept in self.columns]",
    "Your columns do not belong together: an observation comes with the reward of another step. Draw row numbers once for all columns.",
)  # fmt: skip
exercise.edit(
    "length_not_capped", "min(self.pushed, self.capacity)", "self.pushed",
    "The length goes beyond the capacity. Only the last `capacity` rows exist.",
)  # fmt: skip
exercise.edit(
    "generator_ignored", "(count,), generator=generator", "(count,)",
    "The generator is not used: the same seed must draw the same rows.",
)  # fmt: skip


exercise.edit(
    "stops_when_full", "        place = (", "        if self.pushed + len(columns[0]) > self.capacity:\n            return\n        place = (",
    "A full buffer takes nothing more. The newest rows overwrite the oldest.",
)  # fmt: skip
exercise.edit(
    "starts_over", "        place = (", "        if self.pushed % self.capacity + len(columns[0]) > self.capacity:\n            self.pushed += self.capacity - self.pushed % self.capacity\n        place = (",
    "Rows that do not fit before the end all go to the beginning, and others than the oldest are lost. They go round: the rest goes on at place 0.",
)  # fmt: skip
exercise.edit(
    "one_row_drawn", "torch.randint(len(self), (count,), generator=generator)", "torch.randint(len(self), (1,), generator=generator).expand(count)",
    "You draw one row and repeat it. Each of the `count` rows is a draw of its own.",
)  # fmt: skip
exercise.edit(
    "last_row_never_drawn", "torch.randint(len(self), (count,)", "torch.randint(max(1, len(self) - 1), (count,)",
    "One row is never drawn: the upper end of torch.randint is exclusive already.",
)  # fmt: skip
exercise.edit(
    "place_moves_by_one", "self.pushed += len(place)", "self.pushed += 1",
    "You move on by one, however many rows were pushed: the next push overwrites new rows.",
)  # fmt: skip


class OfRows:
    """The rows in a list, for the mistakes."""

    def __init__(self, capacity):
        self.capacity, self.rows = capacity, []

    def __len__(self):
        return len(self.rows)

    def push(self, *columns):
        self.rows = [*self.rows, *zip(*columns, strict=True)][-self.capacity :]

    def sample(self, count, generator=None):
        chosen = torch.randint(len(self.rows), (count,), generator=generator).tolist()
        return [torch.stack(column) for column in zip(*(self.rows[i] for i in chosen), strict=True)]


@exercise.mistake("You keep the first rows for ever and throw the new ones away. The last `capacity` rows are asked.")
class OldestKept(OfRows):
    def push(self, *columns):
        self.rows = [*self.rows, *zip(*columns, strict=True)][: self.capacity]


@exercise.mistake("What you draw is taken out of the buffer. Rows are drawn with replacement, and all of them stay.")
class TakenOut(OfRows):
    def sample(self, count, generator=None):
        drawn = OfRows.sample(self, count, generator)
        self.rows = self.rows[:-1] if len(self.rows) > 1 else self.rows
        return drawn


exercise.edit(
    "in_order", "torch.randint(len(self), (count,), generator=generator)", "torch.arange(self.pushed - count, self.pushed) % len(self)",
    "You take the newest rows in their order. Neighbouring steps look alike: draw at random.",
)  # fmt: skip


@exercise.alternative
class OfLists:
    def __init__(self, capacity):
        self.capacity, self.rows = capacity, []

    def __len__(self):
        return len(self.rows)

    def push(self, *columns):
        self.rows = (self.rows + list(zip(*columns, strict=True)))[-self.capacity :]

    def sample(self, count, generator=None):
        chosen = torch.randint(len(self.rows), (count,), generator=generator).tolist()
        return [torch.stack(column) for column in zip(*(self.rows[i] for i in chosen), strict=True)]


@exercise.alternative
class ByConcatenation:
    def __init__(self, capacity):
        self.capacity, self.kept = capacity, None

    def __len__(self):
        return 0 if self.kept is None else len(self.kept[0])

    def push(self, *columns):
        kept = columns if self.kept is None else [torch.cat(pair) for pair in zip(self.kept, columns, strict=True)]
        self.kept = [column[-self.capacity :] for column in kept]

    def sample(self, count, generator=None):
        row = torch.randint(0, len(self), (count,), generator=generator)
        return [column[row] for column in self.kept]


exercise.equivalent("True -> False", "all pushes have as many columns")
