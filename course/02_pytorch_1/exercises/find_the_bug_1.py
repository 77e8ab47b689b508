"""A program that balances traces, tried on a cube only: find the three planted bugs."""

import torch
from torch import Tensor

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Take a volume of shape (2, 3, 4) and write beside each line which shape it makes. The error about shapes then names its line itself; the other two raise none.",
        "Which line writes into the storage that the caller holds? Which axis must disappear, so that one number per trace remains? And in which order does reshape read the entries?",
    ),
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.5


@exercise.cases
def cases():
    yield Case(noise(3, 3, 3)).named("a cube of 3 x 3 x 3")
    yield Case(noise(4, 2, 3, seed=1)).named("a volume of 4 samples, 2 inlines and 3 crosslines")
    yield Case(noise(5, 5, 2, seed=2)).named("a volume with as many samples as inlines")
    yield Case(noise(6, 1, 4, seed=3)).named("a single inline")


exercise.bug(
    "still_in_place",
    "volume = volume - volume.mean(0)  # the first: -= wrote into the caller's volume",
    "volume -= volume.mean(0)",
    "One bug is left, the first symptom: `volume -= ...` writes into the storage that the caller holds. Make a new tensor, `volume = volume - ...`, and give the name to that.",
    left="the caller's volume is still written into",
)
exercise.bug(
    "still_the_wrong_axis",
    "level = volume.square().mean(0).sqrt()  # the second: the axis that disappears is time, 0",
    "level = volume.square().mean(1).sqrt()",
    "One bug is left, the second symptom: `mean(1)` takes the inlines away and leaves (T, X). One number per trace, (Y, X), remains when time goes, and time is axis 0.",
    left="the level still belongs to no trace",
)
exercise.bug(
    "still_only_reshaped",
    ".permute(1, 2, 0).reshape(Y * X, T)  # the third: reshape moves no axis",
    ".reshape(Y * X, T)",
    "One bug is left, the third symptom: `reshape` keeps the order in which the entries are read, time first, so a row holds a piece of a time slice. Move time to the end before you reshape.",
    left="the rows are still cut from time slices",
)
exercise.edit(
    "all_axes_turned_round",
    "permute(1, 2, 0)",
    "permute(2, 1, 0)",
    "Time stands last now, but crosslines come before inlines: trace (y, x) belongs in row y * X + x, so Y comes before X. `volume.T` turns all three axes round; `permute(1, 2, 0)` moves only time.",
)


@exercise.alternative
def worked_on_a_clone(volume):
    T, _, _ = volume.shape
    volume = volume.clone()
    volume -= volume.mean(0, keepdim=True)
    level = volume.pow(2).mean(dim=0).sqrt()
    return (volume / level).movedim(0, -1).reshape(-1, T), level


@exercise.alternative
def rows_first(volume):
    T, Y, X = volume.shape
    rows = volume.reshape(T, Y * X).T
    rows = rows - rows.mean(1, keepdim=True)
    level = (rows.square().sum(1) / T).sqrt()
    return rows / level[:, None], level.reshape(Y, X)
