"""Write the training loop, train a feed-forward network on images, and let the check watch."""

import torch
from torch import nn

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts, training_facts, watch_training
from dlmodule.training import evaluate

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=35,
    core=True,
    hints=(
        "The loop of the cross-plot, three cells up, is all you need: put it into the function, and mind what has to come before the model is made.",
        "for index in torch.randperm(len(train)).split(256): gives the batches of one epoch; train.x[index] and train.y[index] belong together.",
    ),
    measured=Measured("accuracy"),
)


@exercise.probe
def probe(candidate, case):
    train, validation = data.glyphs("train", count=2000), data.glyphs("test", count=500)
    with watch_training(784) as watched:
        model = candidate(train, validation, epochs=4, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    with torch.no_grad():
        accuracy = (model(validation.x).argmax(1) == validation.y).float().mean().item()
    few = train.take(128)
    return {
        "accuracy": accuracy,
        **training_facts(watched, train.x, validation.x),
        **seed_facts(lambda seed: candidate(few, few, epochs=1, seed=seed)(few.x)),
    }


@exercise.cases
def cases():
    yield Case().named("2,000 glyphs, four epochs")


exercise.edit(
    "never_forgets",
    "optimiser.zero_grad()",
    "pass",
    "The gradients are never set back to zero. backward() adds to what is there, so each step follows the sum of all batches so far.",
)
exercise.edit(
    "softmax_before_the_loss",
    "F.cross_entropy(model(train.x[index]), train.y[index])",
    "F.cross_entropy(model(train.x[index]).softmax(1), train.y[index])",
    "The loss gets probabilities. F.cross_entropy applies the softmax itself, and a second one flattens everything: hand it the logits.",
)
exercise.edit(
    "never_shuffled",
    "torch.randperm(len(train))",
    "torch.arange(len(train))",
    "Every epoch sees the same batches in the same order. Draw a new order each time, so that the noise of the batches averages out.",
)
exercise.edit(
    "trained_on_validation",
    "        for index in torch.randperm(len(train)).split(256):",
    "        train = validation\n        for index in torch.randperm(len(train)).split(256):",
    "Your loop learns from the validation images. They are for looking only: an accuracy on what was learned says nothing about what is new.",
)
exercise.edit(
    "seed_after_the_model",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models. The first weights are drawn when the model is made, so torch.manual_seed(seed) comes before it.",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: `seed` never reaches torch.manual_seed. Without it nobody can tell luck from skill.",
)


def loop(train, epochs, seed, *, optimiser=torch.optim.Adam, lr=2e-3, batch_size=64, early=False, step=True):
    torch.manual_seed(seed)
    model = FeedForward([784, 128, len(train.classes)])
    moves = optimiser(model.parameters(), lr=lr)
    for _ in range(1 if early else epochs):
        for index in torch.randperm(len(train)).split(batch_size):
            moves.zero_grad()
            nn.CrossEntropyLoss()(model(train.x[index]), train.y[index]).backward()
            if step:
                moves.step()
    return model


@exercise.mistake(
    "Each image was used once, though four epochs were asked for. Look at the indentation of `return`: inside the loop it ends the training."
)
def returns_inside_the_loop(train, validation, *, epochs, seed=0):
    return loop(train, epochs, seed, early=True)


@exercise.mistake("The function returns nothing, so what it learned is lost when it ends. Return the model.")
def returns_nothing(train, validation, *, epochs, seed=0):
    loop(train, 1, seed)


@exercise.mistake(
    "It hardly learns. Either the weights never move, since backward only computes gradients and optimiser.step() has to follow; or the "
    "learning rate is far too small: 0.003 is right for Adam here."
)
def hardly_moves(train, validation, *, epochs, seed=0):
    return loop(train, epochs, seed, optimiser=torch.optim.SGD, lr=1e-3)


@exercise.alternative
def constant_rate(train, validation, *, epochs, seed=0):
    return loop(train, epochs, seed)


@exercise.alternative
def by_momentum(train, validation, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = FeedForward([784, 256, 10])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        order = torch.randperm(len(train))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            log_p = model(train.x[chosen]).log_softmax(1)
            loss = -log_p[torch.arange(len(chosen)), train.y[chosen]].mean()
            model.zero_grad()
            loss.backward()
            optimiser.step()
    return model


def full_size(solution, name, seed):
    """Twelve epochs on the whole of ``name``, a tenth of the training set held out; accuracy on the test set."""
    train, validation = data.load(name).split(0.9, seed=0)
    return {"accuracy": evaluate(solution(train, validation, epochs=12, seed=seed), data.load(name, "test"))}


@exercise.ledger("fashion_mnist", seeds=10)
def fashion_mnist(solution, seed):
    return full_size(solution, "fashion_mnist", seed)


@exercise.ledger("glyphs", seeds=3)
def glyphs(solution, seed):
    return full_size(solution, "glyphs", seed)
