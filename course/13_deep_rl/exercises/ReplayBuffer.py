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
    buffer, lengths, at = candidate(capacity), [], 1
    for count in pushes:
        number = torch.arange(at, at + count)
        buffer.push(number, torch.stack([number, -number], dim=1).float(), number % 2 == 1)
        lengths.append(len(buffer))
        at += count
    first, pair, odd = buffer.sample(4000, generator=torch.Generator().manual_seed(0))
    again = buffer.sample(4000, generator=torch.Generator().manual_seed(0))[0]
    counts = torch.bincount(first.long(), minlength=at)
    return {
        "lengths": lengths,
        "rows that can be drawn": counts.nonzero()[:, 0].tolist(),
        "shapes": [list(first.shape), list(pair.shape), list(odd.shape)],
        "dtypes": [str(first.dtype), str(pair.dtype), str(odd.dtype)],
        "columns belong together": bool(
            (pair[:, 0] == first).all() and (pair[:, 1] == -first).all() and (odd == (first % 2 == 1)).all()
        ),
        "evenly drawn": bool(counts[counts > 0].min() > 0.5 * 4000 / len(counts[counts > 0])),
        "same generator, same rows": torch.equal(first, again),
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
exercise.equivalent("0 -> 1", "all columns of a push are of one length")
