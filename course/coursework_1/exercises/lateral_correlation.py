"""How alike traces are that stand some way apart: what layers do to a section."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=15,
    core=True,
    hints=(
        "Two views of the section: all traces but the last `lag`, and all but the first.",
        "Pearson's correlation: take the mean away, multiply, and divide by both standard deviations, for each section alone.",
    ),
)


@exercise.cases
def cases():
    yield Case(waves(2, 1, 3, 4), 1).named("two 3x4 sections, neighbouring traces")
    yield Case(0.5 + 0.3 * waves(3, 1, 5, 6, step=0.7), 2).named("three 5x6 sections, traces two apart")
    yield Case(waves(1, 1, 4, 7, step=1.9) ** 3, 3).named("one 4x7 section, traces three apart")


exercise.edit(
    "down_the_trace",
    ("x[..., :-lag]", "x[..., lag:]"),
    ("x[..., :-lag, :]", "x[..., lag:, :]"),
    "You shift along depth. Traces stand side by side along the last axis.",
)
exercise.edit(
    "mean_not_taken_away",
    "a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)",
    "a, b = a, b",
    "You did not take the mean away: grey sections then look alike whatever is in them.",
)
exercise.edit(
    "covariance",
    "(a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))",
    "(a * b).mean(1)",
    "You return the covariance. Divide by both standard deviations: a correlation lies between -1 and 1.",
)
exercise.edit(
    "all_sections_together",
    "(a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))",
    "((a * b).sum() / (a.norm() * b.norm())).expand(len(x))",
    "You return one number for all sections together; each section has its own.",
)


@exercise.alternative
def by_corrcoef(x, lag):
    pairs = zip(x[..., :-lag].flatten(1), x[..., lag:].flatten(1), strict=True)
    return torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs])


@exercise.alternative
def by_means(x, lag):
    a, b = x[:, 0, :, :-lag], x[:, 0, :, lag:]

    def mean(values):
        return values.mean((1, 2))

    spread = ((mean(a * a) - mean(a) ** 2) * (mean(b * b) - mean(b) ** 2)).sqrt()
    return (mean(a * b) - mean(a) * mean(b)) / spread
