"""A Dataset that cuts a window of logs when it is asked for, and never looks into the next well."""

import torch
from torch.utils.data import Dataset

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Draw the rows 0, 1, 2 | 3, 4 of two wells and the window of row 2 with reach 1. Which rows is it to hold? And that of row 0?",
        "Compute beforehand, for each sample, the first and the last row of its well. The rows from i - reach to i + reach, clamped to "
        "these two, are the window; flatten what you get by indexing x with them.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, y, well = case.args
    held = candidate(x, y, well, **case.kwargs)
    items = [held[i] for i in range(len(y))]
    return {
        "a Dataset": isinstance(held, Dataset),
        "length": len(held),
        "windows": [window for window, _ in items],
        "labels": [label for _, label in items],
    }


@exercise.cases
def cases():
    def table(count, features):
        return 10 * torch.arange(float(count))[:, None] + torch.arange(float(features))

    yield Case(table(3, 1), torch.tensor([4, 5, 6]), torch.tensor([0, 0, 0]), reach=1).named(
        "three samples of one well, reach 1"
    )
    yield Case(table(5, 1), torch.tensor([0, 1, 2, 1, 0]), torch.tensor([3, 3, 3, 8, 8]), reach=1).named(
        "wells of three and two samples, reach 1"
    )
    yield Case(table(6, 2), torch.arange(6), torch.tensor([1, 1, 1, 1, 0, 0])).named(
        "two logs, two wells, the default reach"
    )
    yield Case(table(4, 3), torch.tensor([2, 0, 1, 1]), torch.tensor([5, 5, 2, 2]), reach=0).named(
        "reach 0: only the sample itself"
    )
    yield Case(table(5, 2), torch.arange(5), torch.tensor([7, 4, 4, 4, 9]), reach=3).named(
        "wells smaller than the window"
    )


exercise.equivalent(".tolist(...) dropped", "clamp takes a tensor of one number as well as a number")


class Base(Dataset):
    """Everything right, so that a mistake only says what it does otherwise."""

    def __init__(self, x, y, well, *, reach=2):
        self.x, self.y, self.well, self.reach = x, y, well, reach

    def __len__(self):
        return len(self.y)

    def limits(self, i):
        inside = (self.well == self.well[i]).nonzero()
        return int(inside.min()), int(inside.max())

    def rows(self, i):
        low, high = self.limits(i)
        return [min(max(j, low), high) for j in range(i - self.reach, i + self.reach + 1)]

    def label(self, i):
        return self.y[i]

    def window(self, i):
        return self.x[self.rows(i)].flatten()

    def __getitem__(self, i):
        return self.window(i), self.label(i)


@exercise.mistake(
    "Near its ends, your window reaches into the neighbouring well. Those samples may be kilometres away, and if the wells are split into "
    "training and test it is a leak as well: clamp the rows to the sample's own well."
)
class IntoTheNextWell(Base):
    def limits(self, i):
        return 0, len(self.y) - 1


@exercise.mistake(
    "At the top of the table your window wraps round to the end: Python takes row -1 for the last one, without complaint. Clamp the rows "
    "to the well of the sample."
)
class WrapsRound(Base):
    def rows(self, i):
        _, high = self.limits(i)
        return [min(j, high) for j in range(i - self.reach, i + self.reach + 1)]


@exercise.mistake(
    "The window is one sample short: range(i - reach, i + reach) ends before its end. It has 2 * reach + 1 rows, the sample in the middle."
)
class OneShort(Base):
    def window(self, i):
        return self.x[self.rows(i)[:-1]].flatten()


@exercise.mistake(
    "The numbers of the window come log by log. They should come sample by sample: all logs of the shallowest sample, then all of the "
    "next, as x[rows].flatten() lays them out."
)
class LogByLog(Base):
    def window(self, i):
        return self.x[self.rows(i)].T.flatten()


@exercise.mistake(
    "The window holds only the samples above and the sample itself. It is to look below as well: from i - reach to i + reach."
)
class LooksUpOnly(Base):
    def rows(self, i):
        low, _ = self.limits(i)
        return [max(j, low) for j in range(i - 2 * self.reach, i + 1)]


@exercise.mistake(
    "The label is that of the window's first sample. The question is asked about the one in the middle, sample i."
)
class LabelOfTheFirst(Base):
    def label(self, i):
        return self.y[self.rows(i)[0]]


@exercise.mistake(
    "The window is not flattened: it has the shape (2 * reach + 1, D). A linear layer wants one row of numbers."
)
class NotFlattened(Base):
    def window(self, i):
        return self.x[self.rows(i)]


@exercise.mistake(
    "Beyond the well's end you fill with zeros. Zero is a density that no rock has; repeat the last sample, so that the window stays "
    "plausible."
)
class FilledWithZeros(Base):
    def window(self, i):
        rows = torch.arange(i - self.reach, i + self.reach + 1)
        low, high = self.limits(i)
        x = self.x[rows.clamp(low, high)].clone()
        x[(rows < low) | (rows > high)] = 0
        return x.flatten()


@exercise.alternative
class ByMasks(Base):
    def window(self, i):
        mine = self.x[self.well == self.well[i]]
        place = int((self.well[:i] == self.well[i]).sum())
        steps = torch.arange(-self.reach, self.reach + 1)
        return mine[(place + steps).clamp(0, len(mine) - 1)].reshape(-1)


@exercise.alternative
class PaddedBeforehand(Dataset):
    def __init__(self, x, y, well, *, reach=2):
        self.y, self.windows = y, []
        start = 0
        while start < len(y):
            end = start
            while end < len(y) and well[end] == well[start]:
                end += 1
            part = torch.cat([x[start : start + 1]] * reach + [x[start:end]] + [x[end - 1 : end]] * reach)
            self.windows += [part[i : i + 2 * reach + 1].flatten() for i in range(end - start)]
            start = end

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, i):
        return self.windows[i], self.y[i]
