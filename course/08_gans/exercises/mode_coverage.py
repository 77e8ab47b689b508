"""How many modes a set of samples covers, and how many of its samples are good."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, ramp, row

exercise = Exercise(
    difficulty=2,
    minutes=8,
    core=True,
    hints=(
        "Which centre is nearest to each sample, and how far is it? One table of distances (N, K) answers both.",
        "torch.cdist gives the table; min(1) gives distance and number. torch.bincount(..., minlength=K) counts the good samples of each mode.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    two = torch.stack([row(0, 0), row(10, 0)])
    samples = torch.cat([two[:1] + 0.1 * noise(6, 2), two[:1] + row(3, 3) + ramp(3, 2), two[1:]])
    yield Case(samples, two, 0.2).named("the worked number: ten samples, two modes")
    yield Case(two[:1].repeat(4, 1), two, 0.2).named("four samples, all at the first of two centres")
    yield Case(two[:1] + 1 + ramp(4, 2), two, 0.2).named("no good sample at all")
    many = torch.cat([two[:1].repeat(99, 1), two[1:]])
    yield Case(many, two, 0.2).named("a hundred samples, one of them at the second centre")
    yield Case(many, two, 0.2, 0.01).named("the same, a hundredth of the fair share is enough")
    five = 3 * noise(5, 2, seed=3)
    yield Case(five[torch.arange(60) % 4] + 0.5 * noise(60, 2), five, 0.3).named("five modes, one of them never drawn")
    near = row(0.0, 1.0)[:, None] * row(1.0, 0.0)
    yield Case(row(0.0, 0.1, 0.55, 0.9)[:, None] * row(1.0, 0.0), near, 0.3).named(
        "modes so close that their circles meet"
    )
    yield Case(torch.cat([two[:1].repeat(19, 1), two[1:]]), two, 0.2, 0.1).named("a share of exactly the threshold")
    mostly_bad = torch.cat([two[:1] + row(3, 3) + ramp(30, 2), two[:1].repeat(9, 1), two[1:]])
    yield Case(mostly_bad, two, 0.2).named("forty samples, thirty of them far from both centres")
    four = torch.stack([row(0, 0), row(10, 0), row(20, 0), row(30, 0)])
    yield Case(four[[0, 0, 0, 0, 1, 1, 2, 3]], four, 0.2, 0.5).named("two of four modes with exactly the threshold")
    yield Case(row(3, 0)[None], row(0, 0)[None], 1.0).named("a sample at exactly three standard deviations")


exercise.edit(
    "one_deviation", "3 * std", "std",
    "You call a sample good within one standard deviation. The text says 3: two thirds of the real points would fail yours.",
)  # fmt: skip
exercise.edit(
    "bad_samples_counted", "nearest[good]", "nearest",
    "You counted all samples for the modes. Only good ones count: a sample halfway between two modes covers none.",
)  # fmt: skip
exercise.edit(
    "one_is_enough", "share >= least / len(centres)", "share > 0",
    "For you one lucky sample covers a mode. Ask for a tenth (least) of the fair share 1 / K.",
)  # fmt: skip
exercise.edit(
    "fair_share_forgotten", "least / len(centres)", "least",
    "Your threshold is least itself. It is least times the fair share, and that is 1 / K.",
)  # fmt: skip
exercise.edit(
    "share_of_the_good", "/ len(samples)", "/ good.sum().clamp(min=1)",
    "You divided by the number of good samples. The share is of all samples.",
)  # fmt: skip


exercise.edit(
    "squared_distance", "torch.cdist(samples, centres).min(1)", "torch.cdist(samples, centres).square().min(1)",
    "You compare the squared distance with 3 standard deviations. Compare the distance.",
)  # fmt: skip
exercise.edit(
    "least_ignored", "least / len(centres)", "0.1 / len(centres)",
    "The argument least has no effect: the threshold is least / K, not always a tenth of the fair share.",
)  # fmt: skip
exercise.edit(
    "more_than_the_threshold", "share >= least", "share > least",
    "A mode that holds exactly the threshold is covered: at least, >=.",
)  # fmt: skip
exercise.edit(
    "nearer_than_three", "distance <= 3 * std", "distance < 3 * std",
    "A sample at exactly 3 standard deviations is good: within 3, <=.",
)  # fmt: skip


@exercise.mistake(
    "You test each coordinate by itself, so your region is a square whose corners are farther away than 3 standard deviations. Take the distance."
)
def by_coordinates(samples, centres, std, least=0.1):
    table = (samples[:, None] - centres).abs().amax(2)
    distance, nearest = table.min(1)
    good = distance <= 3 * std
    share = torch.bincount(nearest[good], minlength=len(centres)) / len(samples)
    return int((share >= least / len(centres)).sum()), good.double().mean().item()


exercise.equivalent("minlength= dropped", "a mode beyond the last that is counted has a share of 0 and is not covered")
exercise.equivalent("int(...)", "a tensor of one number is as good")
exercise.equivalent(".item(...)", "a tensor of one number is as good")


@exercise.alternative
def with_a_loop(samples, centres, std, least=0.1):
    distance = (samples[:, None] - centres).square().sum(2).sqrt()
    good = distance.amin(1) <= 3 * std
    covered = 0
    for k in range(len(centres)):
        mine = (distance.argmin(1) == k) & good
        covered += int(mine.sum() / len(samples) >= least / len(centres))
    return covered, good.sum().item() / len(samples)


@exercise.alternative
def one_hot(samples, centres, std, least=0.1):
    near = torch.cdist(samples, centres).min(1)
    good = near.values <= 3 * std
    table = torch.nn.functional.one_hot(near.indices, len(centres)) * good[:, None]
    share = table.double().mean(0)
    return (share >= least / len(centres)).sum().item(), good.double().mean().item()
