"""Write the training loop, train LeNet-5, and let the check watch every step."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts, training_facts, watch_training
from dlmodule.training import evaluate

exercise = Exercise(
    difficulty=3,
    minutes=25,
    move_on=40,
    core=True,
    hints=(
        "It is the training loop you wrote in PyTorch part II: for every epoch, a new random order; for every batch of it, loss, gradients, step. "
        "torch.randperm(len(train)).split(128) yields the batches' indices.",
        "Five lines make one step, and their order matters: logits, loss, forget the old gradients, compute the new ones, "
        "step. Seed torch before you make the model, or the seed does not reach the first weights.",
    ),
    measured=Measured("accuracy"),
)


@exercise.probe
def probe(candidate, case):
    train, validation = data.glyphs("train", count=4000), data.glyphs("test", count=500)
    with watch_training(1) as watched:
        model = candidate(train, validation, epochs=3, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    model.eval()
    with torch.no_grad():
        accuracy = (model(validation.x).argmax(1) == validation.y).float().mean().item()
    few = train.take(128)
    return {
        "accuracy": accuracy,
        **training_facts(watched, train.x, validation.x),
        **seed_facts(lambda seed: candidate(few, few, epochs=1, seed=seed).eval()(few.x)),
    }


@exercise.cases
def cases():
    yield Case().named("4,000 glyphs, three epochs")


exercise.edit(
    "never_zeroes",
    "optimiser.zero_grad()",
    "pass",
    "The gradients are never set back to zero. backward() adds to .grad, so each of your steps follows the sum of the gradients of all "
    "batches so far: call optimiser.zero_grad() once per batch, before backward().",
)
exercise.edit(
    "never_steps",
    "optimiser.step()",
    "pass",
    "The weights never move. backward() only fills .grad; it is optimiser.step() that changes the parameters.",
)
exercise.edit(
    "softmax_before_the_loss",
    "F.cross_entropy(model(train.x[index]), train.y[index])",
    "F.cross_entropy(model(train.x[index]).softmax(1), train.y[index])",
    "The loss gets probabilities. F.cross_entropy applies log-softmax itself; a second softmax of numbers between 0 and 1 is almost "
    "flat, so the gradients are small and the loss cannot come near zero. Hand it the logits.",
)
exercise.edit(
    "never_shuffled",
    "torch.randperm(len(train))",
    "torch.arange(len(train))",
    "Every epoch sees the same batches in the same order. The noise of the gradients is then the same every time and does not "
    "average out; where the data are sorted by class it is worse, each batch unteaches the others. Draw a new order every epoch.",
)
exercise.edit(
    "trained_on_validation",
    "for index in torch.randperm(len(train)).split(128):",
    "train = validation\n        for index in torch.randperm(len(train)).split(128):",
    "Your loop learns from the validation images, so the accuracy on them no longer says anything about images it has not seen. "
    "Validation data are for looking only.",
)
exercise.edit(
    "seed_after_the_model",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models. The first weights are drawn when LeNet5() is made, so torch.manual_seed(seed) has to "
    "come before it.",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: the argument `seed` never reaches torch.manual_seed. Runs with different seeds are how you "
    "learn how much of a result is luck.",
)


def loop(train, *, epochs, seed, lr=2e-3, batch_size=64, optimiser=torch.optim.Adam, stop_after_first_epoch=False):
    torch.manual_seed(seed)
    model = LeNet5(len(train.classes))
    steps = optimiser(model.parameters(), lr=lr)
    for _ in range(1 if stop_after_first_epoch else epochs):
        for index in torch.randperm(len(train)).split(batch_size):
            loss = nn.CrossEntropyLoss()(model(train.x[index]), train.y[index])
            loss.backward()
            steps.step()
            steps.zero_grad()
    return model


@exercise.mistake(
    "Each training image was used once, though three epochs were asked for. Look at the indentation of `return`: inside the loop over "
    "epochs it ends the training after the first."
)
def returns_inside_the_loop(train, validation, *, epochs, seed=0):
    return loop(train, epochs=epochs, seed=seed, stop_after_first_epoch=True)


@exercise.mistake("The function returns nothing, so all that it has learned is lost when it ends. Return the model.")
def returns_nothing(train, validation, *, epochs, seed=0):
    loop(train, epochs=1, seed=seed)


@exercise.mistake(
    "Plain gradient descent with a learning rate fit for Adam moves too slowly here. Adam divides each step by the recent size of the "
    "gradient; without that, the rate has to be some fifty times larger."
)
def timid_sgd(train, validation, *, epochs, seed=0):
    return loop(train, epochs=epochs, seed=seed, optimiser=torch.optim.SGD)


@exercise.alternative
def zeroed_after_the_step(train, validation, *, epochs, seed=0):
    return loop(train, epochs=epochs, seed=seed)


@exercise.alternative
def by_dataloader(train, validation, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = LeNet5(len(train.classes))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(train.x, train.y), batch_size=64, shuffle=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            optimiser.zero_grad()
            log_p = model(x).log_softmax(1)
            F.nll_loss(log_p, y).backward()
            optimiser.step()
    return model.eval()


@exercise.alternative
def momentum_and_a_schedule(train, validation, *, epochs, seed=0):
    torch.manual_seed(seed)
    model = LeNet5(len(train.classes)).train()
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    batches = -(-len(train) // 32)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.05, total_steps=epochs * batches)
    for _ in range(epochs):
        for index in torch.randperm(len(train), generator=generator).split(32):
            loss = F.cross_entropy(model(train.x[index]), train.y[index])
            model.zero_grad()
            loss.backward()
            optimiser.step()
            scheduler.step()
    return model


def full_size(solution, name, seed):
    """Ten epochs on the whole of ``name``, the last tenth of the training set held out; accuracy on the test set."""
    train, validation = data.load(name).split(0.9, seed=0)
    return {"accuracy": evaluate(solution(train, validation, epochs=10, seed=seed), data.load(name, "test"))}


@exercise.ledger("fashion_mnist", seeds=10)
def fashion_mnist(solution, seed):
    return full_size(solution, "fashion_mnist", seed)


@exercise.ledger("glyphs", seeds=3)
def glyphs(solution, seed):
    return full_size(solution, "glyphs", seed)
