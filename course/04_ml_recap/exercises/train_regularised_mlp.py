"""Put the regularisers together: dropout, decay, smoothing, a schedule."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import model_facts, seed_facts
from dlmodule.data import Labelled
from dlmodule.training import evaluate, fit

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    core=True,
    hints=(
        "Build a list of layers in a loop over the inputs of the two hidden layers, unpack it into nn.Sequential, and add the last linear layer. Seed torch before.",
        "nn.CrossEntropyLoss(label_smoothing=...) is the loss_fn; weight_decay, lr, schedule, batch_size, seed and validation go to fit as they are.",
    ),
    measured=Measured("accuracy"),
)


def mislabelled(count: int, share: float) -> tuple[Labelled, torch.Tensor]:
    """Glyphs of which a share carries a wrong label; and which of them do, (count,) bool."""
    clean = data.glyphs("train", count=count)
    generator = torch.Generator().manual_seed(0)
    wrong = torch.rand(count, generator=generator) < share
    other = (clean.y + torch.randint(1, 10, (count,), generator=generator)) % 10
    return Labelled(clean.x, torch.where(wrong, other, clean.y), clean.classes, "mislabelled glyphs"), wrong


@exercise.probe
def probe(candidate, case):
    train, wrong = mislabelled(1500, 0.3)
    test = data.glyphs("test", count=500)
    recipe = {"width": 128, "dropout": 0.5, "weight_decay": 0.3, "smoothing": 0.3, "lr": 5e-3}
    model = candidate(train, epochs=12, seed=case.seed, **recipe)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    facts = model_facts(model, test.x[:8])
    with torch.no_grad():
        accuracy = (model(test.x).argmax(1) == test.y).float().mean().item()
        learned = (model(train.x[wrong]).argmax(1) == train.y[wrong]).float().mean().item()
    few = train.take(256)
    return {
        "accuracy": accuracy,
        "learned the wrong labels by heart": learned > 0.35,
        **facts,
        **seed_facts(lambda seed: candidate(few, epochs=1, seed=seed, **recipe).eval()(test.x[:8])),
    }


@exercise.cases
def cases():
    yield Case().named("1,500 glyphs, three in ten with a wrong label, twelve epochs")


exercise.edit(
    "left_in_training_mode",
    "return model.eval()",
    "return model.train()",
    "The model comes back in training mode: dropout goes on, and batch normalisation lets an answer depend on its neighbours. Return model.eval().",
)
exercise.edit(
    "seed_too_late",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models: call torch.manual_seed(seed) before the layers are made, since their first weights are drawn then.",
)


def build(train, width, dropout):
    layers = [nn.Flatten()]
    for inputs in (train.x[0].numel(), width):
        layers += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(width, len(train.classes)))


@exercise.mistake(
    "The seed you were given decides nothing: seeds 5 and 6 gave the same model. Hand `seed` to torch.manual_seed and to fit."
)
def seed_fixed(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    return train_regularised_mlp(
        train, validation, epochs=epochs, width=width, dropout=dropout, weight_decay=weight_decay,
        smoothing=smoothing, lr=lr, seed=0,
    )  # fmt: skip


@exercise.mistake(
    "Your network learned the wrong labels by heart: nothing holds it back. Are dropout, weight_decay and smoothing, as given, all in use?"
)
def nothing_holds_it_back(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    return train_regularised_mlp(
        train, validation, epochs=epochs, width=width, dropout=0.0, weight_decay=0.0, smoothing=0.0, lr=lr, seed=seed
    )


@exercise.mistake(
    "Your model returns probabilities. nn.CrossEntropyLoss applies the softmax itself, and a second one flattens its gradients: let the model end with the linear layer."
)
def ends_with_a_softmax(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    torch.manual_seed(seed)
    model = nn.Sequential(build(train, width, dropout), nn.Softmax(1))
    fit(
        model, train, epochs=epochs, batch_size=256, lr=lr, weight_decay=weight_decay, schedule="one_cycle", seed=seed,
        loss_fn=nn.CrossEntropyLoss(label_smoothing=smoothing), progress=False,
    )  # fmt: skip
    return model.eval()


@exercise.mistake(
    "The accuracy stays below the bar, far from over-fitting: the learning rate is much too small for so few epochs. Is `lr` the peak of the schedule?"
)
def timid(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    return train_regularised_mlp(
        train, validation, epochs=epochs, width=width, dropout=dropout, weight_decay=weight_decay,
        smoothing=smoothing, lr=lr / 300, seed=seed,
    )  # fmt: skip


@exercise.alternative
def loop_written_out(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    torch.manual_seed(seed)
    model = build(train, width, dropout).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    batches = -(-len(train) // 256)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=epochs * batches)
    for _ in range(epochs):
        for index in torch.randperm(len(train)).tensor_split(batches):
            loss = F.cross_entropy(model(train.x[index]), train.y[index], label_smoothing=smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


@exercise.alternative
def cosine_and_smaller_batches(
    train, validation=None, *, epochs, width=512, dropout=0.25, weight_decay=0.05, smoothing=0.1, lr=3e-3, seed=0
):
    torch.manual_seed(seed)
    model = build(train, width, dropout)
    fit(
        model, train, validation=validation, epochs=epochs, batch_size=128, lr=lr, weight_decay=weight_decay, seed=seed,
        loss_fn=lambda logits, y: F.cross_entropy(logits, y, label_smoothing=smoothing), schedule="cosine", progress=False,
    )  # fmt: skip
    model.eval()
    return model


def measure(solution, name: str, seed: int, **recipe) -> dict[str, float]:
    """Twenty epochs on the whole of ``name``; accuracy on its test set."""
    return {"accuracy": evaluate(solution(data.load(name), epochs=20, seed=seed, **recipe), data.load(name, "test"))}


@exercise.ledger("fashion_mnist", seeds=10)
def fashion_mnist(solution, seed):
    return measure(solution, "fashion_mnist", seed)


@exercise.ledger("fashion_mnist_bare", seeds=3)
def fashion_mnist_bare(solution, seed):
    """The same network and schedule without dropout, decay and smoothing: what the regularisers are worth."""
    return measure(solution, "fashion_mnist", seed, dropout=0.0, weight_decay=0.0, smoothing=0.0)


@exercise.ledger("glyphs", seeds=3)
def glyphs(solution, seed):
    return measure(solution, "glyphs", seed)
