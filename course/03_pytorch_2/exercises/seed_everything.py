"""Three global generators, and one of its own for the order of the examples."""

import random

import numpy as np
import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Which three libraries hold a global generator? Each has one function that seeds it.",
        "torch.manual_seed returns torch's *global* generator. The one to return is a new object: torch.Generator(), seeded by its own "
        "method.",
    ),
)


@exercise.probe
def probe(candidate, case):
    (seed,) = case.args
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002 - learners' code may use it
    generator = candidate(seed)
    if not isinstance(generator, torch.Generator):
        return {"what is returned": type(generator).__name__, **dict.fromkeys(FACTS, False)}
    before = torch.get_rng_state()
    drawn = torch.rand(2, generator=generator).tolist()
    untouched = torch.equal(before, torch.get_rng_state())
    one = [random.random(), np.random.rand(), torch.rand(()).item()]  # noqa: NPY002
    apart = candidate(seed) is not generator
    other_order = torch.randperm(50, generator=candidate(seed + 1)).tolist()
    order = torch.randperm(50, generator=candidate(seed)).tolist()
    two = [random.random(), np.random.rand(), torch.rand(()).item()]  # noqa: NPY002
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)  # noqa: NPY002
    three = [random.random(), np.random.rand(), torch.rand(()).item()]  # noqa: NPY002
    facts = (
        one[0] == two[0] == three[0],
        one[1] == two[1] == three[1],
        untouched,
        not untouched or one[2] == two[2] == three[2],
        drawn == torch.rand(2, generator=torch.Generator().manual_seed(seed)).tolist(),
        order == torch.randperm(50, generator=candidate(seed)).tolist(),
        order != other_order,
        apart,
    )
    return {"what is returned": "Generator of torch", **dict(zip(FACTS, facts, strict=True))}


FACTS = (
    "random is seeded",
    "NumPy is seeded",
    "drawing from the generator leaves torch's global one alone",
    "torch is seeded",
    "the generator is seeded",
    "the same seed gives the same order",
    "another seed gives another order",
    "each call makes a generator of its own",
)


@exercise.cases
def cases():
    yield Case(3).named("seed 3")
    yield Case(2**31 + 5).named("a large seed")
    yield Case(0).named("seed 0")


exercise.edit(
    "forgets_numpy",
    "np.random.seed(seed)",
    "pass",
    "NumPy's global generator is not seeded. Many libraries draw from it, scikit-learn among them.",
)
exercise.edit(
    "forgets_random",
    "random.seed(seed)\n    np",
    "pass\n    np",
    "Python's own `random` is not seeded with `seed`. It is what shuffles a list of files, and much augmentation code draws from it.",
)
exercise.edit(
    "forgets_torch",
    "    torch.manual_seed(seed)\n",
    "",
    "torch's global generator is not seeded: first weights and dropout would differ from run to run.",
)
exercise.edit(
    "generator_not_seeded",
    "torch.Generator().manual_seed(seed)",
    "torch.Generator()",
    "The generator you return was not seeded with `seed`. A new torch.Generator always begins at the same default, so the order of the "
    "examples would be the same whatever the seed.",
)
exercise.edit(
    "returns_the_global_one",
    "return torch.Generator().manual_seed(seed)",
    "return torch.default_generator",
    "You return torch's global generator (torch.manual_seed returns it too). The order of the examples then shares its numbers with dropout: one layer more, and "
    "other examples come together. Make a torch.Generator() of its own.",
)
exercise.edit(
    "returns_nothing",
    "return torch.Generator().manual_seed(seed)",
    "return None",
    "The function returns nothing. Return a new, seeded torch.Generator for the order of the examples.",
)
exercise.edit(
    "always_the_same_seed",
    "random.seed(seed)\n",
    "seed = 0\n    random.seed(seed)\n",
    "The seed is fixed in the function, and the argument has no effect: every run would be the same run. Several seeds are how one learns "
    "what is luck.",
)


exercise.edit(
    "another_seed",
    "torch.Generator().manual_seed(seed)",
    "torch.Generator().manual_seed(seed + 1)",
    "The generator that you return follows from `seed`, but was not seeded with it: its numbers are others than those of torch.Generator().manual_seed(seed).",
)
exercise.edit(
    "seeded_by_chance",
    "torch.Generator().manual_seed(seed)",
    "(g := torch.Generator(), g.seed())[0]",
    "Your generator takes a new random seed at every call (`seed()` does that), so no order can be had again. `manual_seed(seed)` sets it.",
)
exercise.edit(
    "one_generator_for_all",
    "return torch.Generator().manual_seed(seed)",
    "return seed_everything.__dict__.setdefault('kept', torch.Generator()).manual_seed(seed)",
    "Every call returns the same generator. A second call sets back the one that an earlier caller is still drawing from: make a new torch.Generator() each time.",
)


@exercise.alternative
def in_another_order(seed):
    generator = torch.Generator(device="cpu")
    generator.manual_seed(seed)
    torch.random.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    return generator


@exercise.alternative
def by_state(seed):
    for seeded in (random.seed, np.random.seed, torch.manual_seed):
        seeded(seed)
    generator = torch.Generator()
    generator.set_state(torch.get_rng_state())
    return generator
