"""First weights whose variance is a compromise between the way forward and the way back."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    move_on=10,
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
        wanted = 2 / (inputs + outputs)
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


exercise.equivalent(
    "operands of - swapped", "a distribution that is symmetric about zero is the same with its sign changed"
)


@exercise.mistake(
    "The matrix is (inputs, outputs). nn.Linear keeps one row per output, (outputs, inputs), so that W @ x works."
)
def lies_on_its_side(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(inputs, outputs, generator=generator)


@exercise.mistake(
    "Your weights are far too small: a root is missing. The standard deviation is the root of 2 / (inputs + outputs), the bound of uniform numbers that of "
    "6 / (inputs + outputs)."
)
def variance_for_deviation(inputs, outputs, *, generator):
    return 2 / (inputs + outputs) * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake("This is He's variance, 2 / inputs, which makes up for a ReLU. Xavier's is 2 / (inputs + outputs).")
def he_instead(inputs, outputs, *, generator):
    return (2 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)


@exercise.mistake(
    "Your numbers lie in [0, b]: torch.rand is never negative, so all weights push the same way. Stretch it to [-b, b]."
)
def never_negative(inputs, outputs, *, generator):
    return (6 / (inputs + outputs)) ** 0.5 * torch.rand(outputs, inputs, generator=generator)


@exercise.mistake(
    "The bound of your uniform numbers is the standard deviation. A uniform number on [-b, b] has only the variance b squared over 3, "
    "so b has to be the root of three times the variance."
)
def deviation_for_bound(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * (2 * torch.rand(outputs, inputs, generator=generator) - 1)


@exercise.mistake(
    "The generator is not used, so the same seed gives other weights: pass generator=generator to the random function."
)
def own_randomness(inputs, outputs, *, generator):
    return (2 / (inputs + outputs)) ** 0.5 * torch.randn(outputs, inputs)


exercise.edit(
    "half_the_range",
    "bound * (2 * torch.rand(outputs, inputs, generator=generator) - 1)",
    "bound * (2 * torch.rand(outputs, inputs, generator=generator) - 1) / 2**0.5",
    "Your variance is half of what is asked. Xavier's is 2 / (inputs + outputs): a normal number needs the standard deviation (2 / (inputs + outputs)) ** 0.5, a uniform one the bound "
    "(6 / (inputs + outputs)) ** 0.5.",
)
exercise.edit(
    "twice_the_variance",
    "(6 /",
    "(12 /",
    "Your variance is twice what is asked. Xavier's is 2 / (inputs + outputs), and the sum needs no division by 2 beforehand.",
)
exercise.edit(
    "inputs_alone",
    "(6 / (inputs + outputs))",
    "(6 / inputs)",
    "Your variance is 2 / inputs: that is He's, of the next exercise. Xavier's is the compromise 2 / (inputs + outputs).",
)
exercise.edit(
    "one_over_inputs",
    "6 / (inputs + outputs)",
    "3 / inputs",
    "Your variance is 1 / inputs, which looks at the way forward alone. Xavier's is the compromise 2 / (inputs + outputs).",
)
exercise.edit(
    "outputs_alone",
    "(6 / (inputs + outputs))",
    "(6 / outputs)",
    "Your variance is 2 / outputs. Xavier's is 2 / (inputs + outputs).",
)
exercise.edit(
    "geometric_mean",
    "6 / (inputs + outputs)",
    "3 / (inputs * outputs) ** 0.5",
    "You took the geometric mean of inputs and outputs. Glorot and Bengio take the arithmetic one: 2 / (inputs + outputs).",
)
exercise.edit(
    "unit_variance",
    "bound * (2",
    "3**0.5 * (2",
    "Your weights have the variance 1, whatever the sizes. Multiply by the standard deviation, the root of 2 / (inputs + outputs).",
)


@exercise.alternative
def normal(inputs, outputs, *, generator):
    return torch.randn(outputs, inputs, generator=generator) * (2 / (inputs + outputs)) ** 0.5


@exercise.alternative
def by_torch(inputs, outputs, *, generator):
    return torch.nn.init.xavier_uniform_(torch.empty(outputs, inputs), generator=generator)
