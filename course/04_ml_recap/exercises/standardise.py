"""Units of the training data's spread, for the training data and for whatever comes later."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=1,
    minutes=5,
    hints=(
        "Two rows of numbers, a mean and a standard deviation for each feature, are all that is taken from the data. From which of the two sets?",
        "A constant feature has a standard deviation of exactly 0. Put a 1 in its place before you divide; torch.where chooses entry by entry.",
    ),
)


@exercise.cases
def cases():
    yield Case(noise(5, 2) * torch.tensor([1e-3, 1e-9]), noise(3, 2, seed=1) * 1e-3).named("features of tiny spread")
    yield Case(torch.tensor([[1.0], [3.0]], dtype=torch.float64), torch.tensor([[6.0]], dtype=torch.float64)).named(
        "training values 1 and 3, validation value 6"
    )
    yield Case(
        torch.tensor([[0.0, 20.0], [4.0, 100.0], [2.0, 60.0]], dtype=torch.float64),
        torch.tensor([[1.0, 20.0], [5.0, 180.0]], dtype=torch.float64),
    ).named("two features of different size")
    scale = torch.tensor([100.0, 0.02, 3.0], dtype=torch.float64)
    yield Case(noise(7, 3) * scale + 5, 2 * noise(4, 3, seed=1) * scale).named(
        "seven and four samples of three features"
    )
    yield Case(
        torch.tensor([[2.0, 1.0], [2.0, 5.0]], dtype=torch.float64),
        torch.tensor([[2.0, 3.0], [7.0, 9.0]], dtype=torch.float64),
    ).named("a feature that is constant in the training data")


@exercise.mistake(
    "Mean and spread are taken from training and validation data together. That is the leak: the training then depends on data that it is to be "
    "judged by, and in use the future is not there to be averaged over."
)
def from_both(train, validation):
    both = torch.cat([train, validation])
    mean, std = both.mean(0), both.std(0, correction=0)
    std = torch.where(std > 0, std, torch.ones_like(std))
    return (train - mean) / std, (validation - mean) / std


@exercise.mistake(
    "Each set is standardised by its own numbers. A value of 3 then means one thing in training and another in validation, and a single new "
    "sample could not be standardised at all: use the training set's two numbers for both."
)
def each_by_its_own(train, validation):
    def own(x):
        std = x.std(0, correction=0)
        return (x - x.mean(0)) / torch.where(std > 0, std, torch.ones_like(std))

    return own(train), own(validation)


exercise.edit(
    "one_number_for_all",
    "train.mean(0), train.std(0, correction=0)",
    "train.mean(), train.std(correction=0)",
    "You took one mean and one spread over all features. Sonic is near 90 and density near 2.4: each feature needs its own, the mean over axis 0.",
)
exercise.edit(
    "variance",
    "(train - mean) / std, (validation - mean) / std",
    "(train - mean) / std**2, (validation - mean) / std**2",
    "You divided by the variance. Its unit is the feature's squared; the standard deviation, its root, leaves a number without a unit and with spread 1.",
)
exercise.edit(
    "no_guard",
    "torch.where(std > 0, std, torch.ones_like(std))",
    "std",
    "Where a feature is constant in the training data you divide by 0: the result is nan or inf, and one nan is enough to spoil every weight. "
    "Divide by 1 there.",
)
exercise.edit(
    "one_less",
    "train.std(0, correction=0)",
    "train.std(0)",
    "Your spread divides by N - 1, torch's default. For thousands of samples nobody sees the difference; the exercise asks for correction=0, "
    "so that the training data have a spread of exactly 1.",
)
exercise.edit(
    "validation_left",
    "(validation - mean) / std",
    "validation",
    "The validation data come back as they were. A network that was trained in standard units reads them in the same units, or it reads nonsense.",
)


exercise.edit(
    "between_zero_and_one",
    "train.mean(0), train.std(0, correction=0)",
    "train.amin(0), train.amax(0) - train.amin(0)",
    "You scaled to the range from 0 to 1. Standardising subtracts the mean and divides by the standard deviation.",
)
exercise.edit(
    "spread_at_least_one",
    "torch.where(std > 0, std, torch.ones_like(std))",
    "std.clamp(min=1)",
    "Features whose spread is below 1 are not divided by it. Only a feature that is constant, with a spread of exactly 0, is divided by 1.",
)
exercise.edit(
    "tiny_number_added",
    "torch.where(std > 0, std, torch.ones_like(std))",
    "std + 1e-8",
    "You added a small number to the spread. A feature that is constant in training is then divided by that small number, and a validation value that differs becomes enormous. Divide by 1 there.",
)
exercise.edit(
    "tiny_number_at_least",
    "torch.where(std > 0, std, torch.ones_like(std))",
    "std.clamp(min=1e-8)",
    "A feature that is constant in training is divided by a tiny number, and a validation value that differs becomes enormous. Divide by 1 there.",
)
exercise.edit(
    "validation_not_centred",
    "(validation - mean) / std",
    "validation / std",
    "The mean is not subtracted from the validation data. They go through the same two steps as the training data, with the same numbers.",
)


@exercise.alternative
def by_hand(train, validation):
    mean = train.sum(0) / len(train)
    spread = ((train - mean) ** 2).mean(0).sqrt()
    spread[spread == 0] = 1.0
    return (train - mean) / spread, (validation - mean) / spread


@exercise.alternative
def feature_by_feature(train, validation):
    first, second = torch.empty_like(train), torch.empty_like(validation)
    for j in range(train.shape[1]):
        mean, spread = train[:, j].mean(), train[:, j].var(correction=0).sqrt()
        divisor = spread if spread > 0 else 1.0
        first[:, j], second[:, j] = (train[:, j] - mean) / divisor, (validation[:, j] - mean) / divisor
    return first, second
