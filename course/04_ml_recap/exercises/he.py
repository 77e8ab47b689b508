"""First weights that make up for what a ReLU takes away."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=2,
    move_on=6,
    core=True,
    hints=(
        "You need random numbers of mean 0 and a given variance. Both torch.randn and torch.rand take generator=.",
        "A uniform number on [-b, b] has the variance b squared over 3; a normal one of standard deviation d has d squared. Choose b or d.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Shapes, and moments rounded far more coarsely than they scatter: the smallest matrix measured has 40,000 entries."""
    inputs, outputs = case.args

    def draw(seed):
        return candidate(inputs, outputs, generator=torch.Generator().manual_seed(seed))

    W, again, other = draw(0), draw(0), draw(1)
    if not isinstance(W, torch.Tensor) or W.dim() != 2:
        return {"returned": type(W).__name__, "shape": list(getattr(W, "shape", []))}
    measured = {}
    if W.numel() >= 40_000:
        wanted = 2 / inputs
        W64 = W.double()
        measured = {
            "variance over the variance asked for": round(W64.var().item() / wanted, 1),
            "mean over standard deviation": round((W64.mean() / W64.std()).item(), 1) + 0.0,
            "equal rows": bool(torch.equal(W[0], W[1])) if outputs > 1 else False,
        }
    return {
        "shape": list(W.shape),
        **measured,
        "same seed, same weights": torch.equal(W, again),
        "another seed, other weights": not torch.equal(W, other),
    }


@exercise.cases
def cases():
    yield Case(3, 2).named("three inputs, two outputs")
    yield Case(200, 400).named("200 inputs, 400 outputs")
    yield Case(1000, 50).named("1,000 inputs, 50 outputs")
    yield Case(40, 1500).named("40 inputs, 1,500 outputs")


@exercise.mistake(
    "The matrix is (inputs, outputs). nn.Linear keeps one row per output, (outputs, inputs), so that W @ x works."
)
def lies_on_its_side(inputs, outputs, *, generator):
    return (2 / inputs) ** 0.5 * torch.randn(inputs, outputs, generator=generator)


@exercise.mistake("Your standard deviation is 2 / inputs; that should be the variance. Take the root.")
def variance_for_deviation(inputs, outputs, *, generator):
    return 2 / inputs * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "You divided by the number of outputs. What sums up in a neuron are its inputs; the outputs count on the way back, and there He's choice "
    "is harmless, as the text shows."
)
def divided_by_outputs(inputs, outputs, *, generator):
    return (2 / outputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your variance is 1 / inputs: right without an activation, but a ReLU throws half of the mean square away, and the 2 makes up for it."
)
def without_the_two(inputs, outputs, *, generator):
    return (1 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake("This is Xavier's variance, 2 / (inputs + outputs). He's is 2 / inputs.")
def xavier_instead(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your numbers are never negative: torch.rand is uniform on [0, 1]. Use torch.randn, or stretch the interval to both sides of zero."
)
def never_negative(inputs, outputs, *, generator):
    return (6 / inputs) ** 0.5 * torch.rand(outputs, inputs, generator=generator)


exercise.edit(
    "uniform_below_the_bound",
    "(2 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)",
    "(2 / inputs) ** 0.5 * (2 * torch.rand(outputs, inputs, generator=generator) - 1)",
    "Your numbers are uniform between minus and plus the standard deviation, so their variance is a third of what is asked. Uniform numbers need the bound (6 / inputs) ** 0.5.",
)
exercise.edit(
    "divided_by_the_deviation",
    "(2 / inputs) ** 0.5 *",
    "(inputs / 2) ** 0.5 *",
    "You divided by the standard deviation. Multiply: random numbers of variance 1 times (2 / inputs) ** 0.5 have the variance 2 / inputs.",
)
exercise.edit(
    "own_seed",
    "generator=generator",
    "generator=torch.Generator().manual_seed(0)",
    "You made a generator of your own, with a fixed seed: the weights are the same for every seed. Hand on the one you are given.",
)


@exercise.alternative
def uniform(inputs, outputs, *, generator):
    bound = (6 / inputs) ** 0.5
    return torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)


@exercise.alternative
def by_torch(inputs, outputs, *, generator):
    return torch.nn.init.kaiming_normal_(torch.empty(outputs, inputs), nonlinearity="relu", generator=generator)
