"""Two sets on one scale, the training set's."""

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=1,
    minutes=8,
    core=True,
    hints=(
        "Which numbers does the network know when it is trained? The other set may not add any.",
        "Both sets are shifted and divided by the same two numbers.",
    ),
)


@exercise.cases
def cases():
    yield Case(waves(3, 1, 4, 4), 2 * waves(2, 1, 4, 4, step=0.7) + 1).named("three patches and two others")
    yield Case(5 - waves(4, 1, 3, 5, step=1.3), waves(1, 1, 3, 5)).named("four patches and one other")


exercise.bug(
    "own_statistics",
    "(other - mean) / std",
    "(other - other.mean()) / other.std()",
)
exercise.edit(
    "all_together",
    ("train.mean()", "train.std()"),
    (
        "train.new_tensor([*train.flatten(), *other.flatten()]).mean()",
        "train.new_tensor([*train.flatten(), *other.flatten()]).std()",
    ),
    "You took mean and standard deviation of both sets together. Then the other set has a say in how the network is trained.",
)
exercise.edit(
    "variance",
    "train.std()",
    "train.var()",
    "You divide by the variance. A standardised set has the standard deviation 1, so divide by the standard deviation.",
)
exercise.edit(
    "pixel_by_pixel",
    ("train.mean()", "train.std()"),
    ("train.mean(0)", "train.std(0)"),
    "You took a mean and a standard deviation for every pixel. A layer may lie at any depth, so one number serves all pixels.",
)


@exercise.alternative
def in_a_loop(train, other):
    mean, std = train.mean(), train.std()
    first, second = ((part - mean) / std for part in (train, other))
    return first, second


@exercise.alternative
def by_sums(train, other):
    count = train.numel()
    mean = train.sum() / count
    spread = ((train - mean).square().sum() / (count - 1)).sqrt()
    return (train - mean) / spread, (other - mean) / spread
