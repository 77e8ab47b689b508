"""Batch normalisation, forward, in both modes."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "Each feature is a column: means and variances run along axis 0. Write the two modes as two branches that both end with a mean and a variance.",
        "Two different variances occur in training: x.var(0, correction=0) to normalise, correction=1 for the running average. Make new tensors; "
        "`+=` would change the caller's.",
    ),
)


def example(N: int, D: int, seed: int, **settings) -> Case:
    x, gamma, beta, mean, log_var = (
        noise(*shape, seed=seed + i) for i, shape in enumerate([(N, D), (D,), (D,), (D,), (D,)])
    )
    return Case(3 * x + 5, gamma, beta, mean, log_var.exp(), **settings)


@exercise.cases
def cases():
    x = torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    one, zero = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    yield Case(x, one, zero, zero, one, training=True, eps=1e-12).named(
        "one feature, x = 1 and 3, training, eps next to nothing"
    )
    yield Case(x, 2 * one, one, one, 4 * one, training=False, eps=1e-12).named(
        "the same in evaluation, running mean 1 and variance 4, gamma = 2, beta = 1"
    )
    yield example(5, 3, seed=0, training=True).named("five examples of three features, training")
    yield example(5, 3, seed=0, training=False).named("five examples of three features, evaluation")
    yield example(1, 4, seed=9, training=False).named("a single example, evaluation")
    yield example(7, 2, seed=20, training=True, momentum=0.5, eps=0.3).named("momentum 0.5 and eps 0.3, training")


exercise.equivalent("correction= dropped from var", "1 is the default of var")


@exercise.mistake(
    "You normalise by the unbiased variance (divided by N - 1). The batch is normalised by its own mean square, divided by N; the unbiased one "
    "is an estimate for data not in the batch, and goes into the running average."
)
def normalises_by_unbiased(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    if not training:
        return batch_norm_forward(x, gamma, beta, running_mean, running_var, training=False, eps=eps)
    y = gamma * (x - x.mean(0)) / (x.var(0) + eps).sqrt() + beta
    mean, var = (1 - momentum) * running_mean + momentum * x.mean(0), (1 - momentum) * running_var + momentum * x.var(0)
    return y, mean, var


exercise.edit(
    "keeps_the_biased",
    "correction=1",
    "correction=0",
    "The running variance takes the biased variance of the batch. It is to estimate the variance of examples that are not in this batch, so "
    "PyTorch gives it the unbiased one, divided by N - 1.",
)


@exercise.mistake(
    "Your normalisation is right, but momentum is the weight of the *new* statistic in PyTorch: keep 0.9 of the old and take 0.1 of the batch's."
)
def momentum_the_other_way(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    return batch_norm_forward(
        x, gamma, beta, running_mean, running_var, training=training, momentum=1 - momentum, eps=eps
    )


@exercise.mistake(
    "In evaluation you still use the batch's own mean and variance. An answer would depend on its neighbours, and a single example would always "
    "become beta. Use the running averages there."
)
def always_the_batch(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    y = batch_norm_forward(x, gamma, beta, running_mean, running_var, training=True, eps=eps)[0]
    kept = batch_norm_forward(x, gamma, beta, running_mean, running_var, training=training, momentum=momentum, eps=eps)
    return y, kept[1], kept[2]


@exercise.mistake(
    "You normalised each example over its features (axis 1). That is layer normalisation; here each feature is normalised over the batch."
)
def along_the_features(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    kept = batch_norm_forward(x, gamma, beta, running_mean, running_var, training=training, momentum=momentum, eps=eps)
    if not training:
        return kept
    mean, var = x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    return gamma * (x - mean) / (var + eps).sqrt() + beta, kept[1], kept[2]


exercise.edit(
    "eps_outside",
    "(var + eps).sqrt()",
    "(var.sqrt() + eps)",
    "eps stands outside your root. In the optimisers it does, here it is added to the variance, under the root.",
)


@exercise.mistake(
    "Evaluation changes your running averages. Whoever only looks must not leave a trace: return them as they came unless `training` is true."
)
def learns_in_evaluation(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    y = batch_norm_forward(x, gamma, beta, running_mean, running_var, training=training, eps=eps)[0]
    var = x.var(0) if len(x) > 1 else torch.zeros_like(running_var)
    return y, (1 - momentum) * running_mean + momentum * x.mean(0), (1 - momentum) * running_var + momentum * var


exercise.edit(
    "over_everything",
    ("x.mean(0), x.var(0, correction=0)", "x.var(0, correction=1)"),
    ("x.mean(), x.var(correction=0)", "x.var(correction=1)"),
    "You took one mean and one variance of all numbers. Each feature has its own, over the batch: axis 0.",
)
exercise.edit(
    "running_used_in_training",
    "    y = gamma",
    "    mean, var = running_mean, running_var\n    y = gamma",
    "In training you normalise by the running averages (after their update). The batch is normalised by its own mean and variance; the running ones are for evaluation.",
)
exercise.edit(
    "never_learns",
    (
        "        running_mean = (1 - momentum) * running_mean + momentum * mean\n",
        "        running_var = (1 - momentum) * running_var + momentum * x.var(0, correction=1)\n",
    ),
    ("", ""),
    "The running averages come back as they went in: in training they take a share `momentum` of the batch's.",
)
exercise.edit(
    "mean_never_learns",
    "        running_mean = (1 - momentum) * running_mean + momentum * mean\n",
    "",
    "The running mean comes back as it went in: in training it takes a share `momentum` of the batch's.",
)
exercise.edit(
    "no_eps",
    "(var + eps)",
    "var",
    "eps is not used. It is added to the variance, under the root, so that a constant feature does not divide by zero.",
)
exercise.edit(
    "no_root",
    "(var + eps).sqrt()",
    "(var + eps)",
    "You divide by the variance. Its root, the standard deviation, brings the feature to spread 1.",
)
exercise.edit(
    "deviation_kept",
    "momentum * x.var(0, correction=1)",
    "momentum * x.std(0, correction=1)",
    "Your running variance averages standard deviations. Keep the variance; the root is taken when it is used.",
)
exercise.edit(
    "eps_kept",
    "momentum * x.var(0, correction=1)",
    "momentum * (x.var(0, correction=1) + eps)",
    "eps has got into your running variance. It is added when the variance is used, once.",
)
exercise.edit(
    "bessel_upside_down",
    "x.var(0, correction=1)",
    "var * (len(x) - 1) / len(x)",
    "Your running variance is multiplied by (N - 1) / N. The unbiased variance is larger than the biased one: N / (N - 1) times.",
)
exercise.edit(
    "momentum_fixed",
    "    if training:\n",
    "    momentum = 0.1\n    if training:\n",
    "You always take a tenth of the batch's: the argument `momentum` is not used.",
)
exercise.edit(
    "gain_and_shift_exchanged",
    "y = gamma * (x - mean) / (var + eps).sqrt() + beta",
    "y = beta * (x - mean) / (var + eps).sqrt() + gamma",
    "gamma and beta are exchanged: gamma multiplies, beta is added.",
)
exercise.edit(
    "no_shift",
    " + beta\n",
    "\n",
    "beta is not added.",
)


@exercise.alternative
def by_torch(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean.clone(), running_var.clone()
    y = F.batch_norm(x, mean, var, gamma, beta, training=training, momentum=momentum, eps=eps)
    return y, mean, var


@exercise.alternative
def scale_and_shift(x, gamma, beta, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    N, mean, var = len(x), running_mean, running_var
    if training:
        mean = x.sum(0) / N
        var = (x**2).sum(0) / N - mean**2
        running_mean = running_mean + momentum * (mean - running_mean)
        running_var = running_var + momentum * (var * N / (N - 1) - running_var)
    scale = gamma * torch.rsqrt(var + eps)
    return x * scale + (beta - mean * scale), running_mean, running_var
