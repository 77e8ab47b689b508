"""Train a network with the engine, and let the check follow the first two steps."""

import numpy as np
import torch
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=25,
    hints=(
        "Make the four parameters as Values once, before the loop. In the loop: network_loss, backward, and for each parameter a step on its .data and a fresh .grad of zeros.",
        "Standard normal numbers times the root of 2/inputs have the variance that is asked for. A parameter keeps its numbers in .data and its gradient in .grad; both are replaced at every step.",
    ),
    measured=Measured("accuracy"),
)


def wells(*numbers):
    """Standardised logs and rocks of some small wells, in float64."""
    logs = data.wells(6, samples=250)
    known, chosen = logs.of(0, 1, 2, 3), logs.of(*numbers)
    x = (chosen.x - known.x.mean(0)) / known.x.std(0, correction=0)
    return x.double().numpy(), chosen.rock.numpy()


def outputs(parameters, x):
    W1, b1, W2, b2 = parameters
    return (x @ W1 + b1).relu() @ W2 + b2


def direction(parameters, x, y):
    """Minus the gradient of the mean cross-entropy, as one long vector, and the parameters likewise."""
    leaves = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in parameters]
    loss = F.cross_entropy(outputs(leaves, torch.from_numpy(x)), torch.from_numpy(y))
    return -torch.cat([g.flatten() for g in torch.autograd.grad(loss, leaves)])


def compared(taken, wanted, before):
    """In words, how a step that was taken compares with ``wanted``; ``before``: the step before it, or None."""
    size = wanted.norm()
    if (taken - wanted).norm() < 1e-6 * size:
        return "down the gradient"
    if taken.norm() < 1e-6 * size:
        return "none"
    if (taken + wanted).norm() < 1e-6 * size:
        return "up the gradient"
    if before is not None and (taken - wanted - before).norm() < 1e-6 * size:
        return "down the sum of this gradient and the one before"
    along = float(taken @ wanted / size**2)
    if (taken - along * wanted).norm() < 1e-6 * taken.norm():
        return f"down the gradient, but {along:.4g} times as far"
    return "not along the gradient"


@exercise.probe
def probe(candidate, case):
    x, y = wells(0, 1, 2, 3)
    new_x, new_y = wells(4, 5)
    runs = [candidate(x, y, steps=steps, lr=0.25, seed=case.seed) for steps in (0, 1, 2)]
    if not isinstance(runs[0], list | tuple) or len(runs[0]) != 4:
        return {"accuracy": 0.0, "returned": type(runs[0]).__name__}
    if not all(isinstance(p, np.ndarray) for run in runs for p in run):
        return {"accuracy": 0.0, "returned a list of": type(runs[0][0]).__name__}
    shapes = [list(p.shape) for p in runs[0]]
    facts = {"shapes": shapes, "accuracy": 0.0}
    if shapes != [[5, 32], [32], [32, 5], [5]]:
        return facts
    flat = [torch.cat([torch.tensor(p, dtype=torch.float64).flatten() for p in run]) for run in runs]
    first, second = flat[1] - flat[0], flat[2] - flat[1]
    W1, b1, W2, b2 = runs[0]
    other = candidate(x, y, steps=0, lr=0.25, seed=case.seed + 1)
    trained = candidate(x, y, steps=120, seed=case.seed)
    said = outputs([torch.tensor(p) for p in trained], torch.from_numpy(new_x)).argmax(1).numpy()
    return {
        "shapes": shapes,
        "accuracy": float((said == new_y).mean()),
        "the first step": compared(first, 0.25 * direction(runs[0], x, y), None),
        "the second step": compared(second, 0.25 * direction(runs[1], x, y), first),
        "biases begin at zero": not b1.any() and not b2.any(),
        "size of the first weights is about right": bool(
            0.7 < W1.std() / (2 / 5) ** 0.5 < 1.3 and 0.7 < W2.std() / (2 / 32) ** 0.5 < 1.3
        ),
        "same seed, same first weights": all(
            np.array_equal(a, b) for a, b in zip(runs[0], candidate(x, y, steps=0, seed=case.seed), strict=True)
        ),
        "another seed, other first weights": not np.array_equal(W1, other[0]),
    }


@exercise.cases
def cases():
    yield Case().named("four small wells to learn from, two to be judged on")


exercise.edit(
    "never_forgets",
    "p.grad = np.zeros_like(p.data)",
    "pass",
    "Your second step follows the sum of two gradients: backward() *adds* to .grad, and nobody set it back. Forget the gradient after each step.",
)
exercise.edit(
    "uphill",
    "p.data - lr * p.grad",
    "p.data + lr * p.grad",
    "Your steps go up the gradient, where the loss grows. A minus is what makes it descent.",
)
exercise.edit(
    "never_steps",
    "p.data = p.data - lr * p.grad",
    "pass",
    "Your parameters never move. Either no step follows backward(), which only fills .grad; or the step is given to a *name*: `p = p - ...` binds the name p anew and leaves what "
    "stands in the list as it was. Change p.data.",
)
exercise.edit(
    "one_gradient_for_all_steps",
    """        loss = network_loss(parameters, x, y)
        loss.backward()
""",
    """        if _ == 0:
            network_loss(parameters, x, y).backward()
            kept = [p.grad for p in parameters]
        for p, g in zip(parameters, kept, strict=True):
            p.grad = g
""",
    "Your second step uses the first step's gradient again. Values remember the numbers they were computed with, so a changed parameter needs a new forward pass: compute the loss inside the loop.",
)
exercise.edit(
    "small_weights",
    "rng.normal(size=(inputs, outputs)) * np.sqrt(2 / inputs)",
    "rng.normal(size=(inputs, outputs)) * 2 / inputs",
    "Your first weights have the wrong size: 2/inputs is their variance, so the standard normal numbers are multiplied by its root.",
)
exercise.edit(
    "zero_weights",
    "rng.normal(size=(inputs, outputs)) * np.sqrt(2 / inputs)",
    "np.zeros((inputs, outputs))",
    "All weights begin at zero. Then every hidden neuron is 0, its ReLU lets nothing back, and only the last bias ever learns: how common each rock is. Random first weights break the tie.",
)
exercise.edit(
    "seed_not_used",
    "np.random.default_rng(seed)",
    "np.random.default_rng(0)",
    "Two seeds gave the same first weights: `seed` does not reach default_rng. Runs with different seeds show how much of a result is luck.",
)
exercise.edit(
    "values_returned",
    "return [p.data for p in parameters]",
    "return parameters",
    "You return Values. What the notebook goes on with are the arrays in them: [p.data for p in parameters].",
)


@exercise.alternative
def fresh_values_each_step(x, y, *, steps, lr=0.5, seed=0):
    rng = np.random.default_rng(seed)
    D, K = x.shape[1], len(np.unique(y))
    arrays = [
        rng.normal(0, (2 / D) ** 0.5, (D, 32)),
        np.zeros(32),
        rng.normal(0, (2 / 32) ** 0.5, (32, K)),
        np.zeros(K),
    ]
    for _ in range(steps):
        values = [Value(a) for a in arrays]
        network_loss(values, x, y).backward()
        arrays = [v.data - lr * v.grad for v in values]
    return arrays


@exercise.alternative
def forgetting_first(x, y, *, steps, lr=0.5, seed=0):
    rng = np.random.default_rng(seed + 100)
    sizes = ((x.shape[1], 32), (32, y.max() + 1))
    W1, W2 = (Value(np.sqrt(2 / n) * rng.standard_normal((n, m))) for n, m in sizes)
    b1, b2 = (Value(np.zeros(m)) for _, m in sizes)
    targets = np.eye(y.max() + 1)[y]
    for _ in range(steps):
        for p in (W1, b1, W2, b2):
            p.grad = np.zeros(p.data.shape)
        log_p = ((Value(x) @ W1 + b1).relu() @ W2 + b2).log_softmax()
        loss = (log_p * (targets * (-1 / len(y)))).sum()
        loss.backward()
        for p in (W1, b1, W2, b2):
            p.data -= lr * p.grad
    return W1.data, b1.data, W2.data, b2.data


@exercise.ledger("wells", seeds=10)
def full(solution, seed):
    """Three hundred steps on eight wells of 600 samples; the accuracy in sixteen other wells."""
    logs = data.wells(40)
    known, unseen = logs.of(*range(8)), logs.of(*range(24, 40))
    mean, std = known.x.mean(0), known.x.std(0, correction=0)
    x, new = (((part.x - mean) / std).double().numpy() for part in (known, unseen))
    trained = [torch.from_numpy(p) for p in solution(x, known.rock.numpy(), steps=300, seed=seed)]
    said = outputs(trained, torch.from_numpy(new)).argmax(1)
    return {"accuracy": (said == unseen.rock).double().mean().item()}
