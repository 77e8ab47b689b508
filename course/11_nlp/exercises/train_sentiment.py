"""Train a classifier of texts."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, Measured
from dlmodule.training import fit

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "All but two lines is one call of fit. What has to happen before build() draws its weights?",
        "torch.manual_seed(seed), then build(), then fit with the arguments of the text; eval() returns the model itself.",
    ),
    measured=Measured("accuracy"),
)


class Reader(nn.Module):
    """A GRU over eight words, with dropout."""

    def __init__(self):
        super().__init__()
        self.embedding, self.gru = nn.Embedding(8, 12), nn.GRU(12, 24, batch_first=True)
        self.dropout, self.head = nn.Dropout(0.3), nn.Linear(24, 2)

    def forward(self, ids):
        return self.head(self.dropout(self.gru(self.embedding(ids))[1][0]))


def negations(count, seed):
    """Texts (count, 6) of words 1 to 7, and whether an odd number of the words 6 and 7, the negations, stands in each."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 8, (count, 6), generator=generator)
    return ids, ((ids == 6) | (ids == 7)).sum(1) % 2


@exercise.probe
def probe(candidate, case):
    x, y = negations(1500, 0)
    model = candidate(Reader, x, y, epochs=20, lr=2e-2, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    mode = model.training
    x_test, y_test = negations(500, 1)
    few = (x[:128], y[:128])
    with torch.no_grad():
        accuracy = (model.eval()(x_test).argmax(1) == y_test).double().mean().item()
    a, b, c = (candidate(Reader, *few, epochs=1, seed=seed).eval()(x_test).detach() for seed in (5, 5, 6))
    return {
        "accuracy": accuracy,
        "left in training mode": mode,
        "same seed, same model": bool((a - b).abs().max() < 1e-5),
        "another seed, another model": bool((a - c).abs().max() > 1e-5),
    }


@exercise.cases
def cases():
    yield Case().named("1,500 texts of six words, twenty epochs")


exercise.edit(
    "left_in_training_mode", "return model.eval()", "return model.train()",
    "The model comes back in training mode: dropout then changes every score, and each evaluation gives another number.",
)  # fmt: skip
exercise.edit(
    "seed_too_late", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two models. Call torch.manual_seed(seed) before build(), which draws the weights.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr", "lr=1e-6",
    "Does lr reach fit? With a far smaller rate the model stays where it was drawn.",
)  # fmt: skip


@exercise.mistake(
    "The inputs were shuffled, and the labels were not: each text has the label of another. Whatever you do to x, do to y."
)
def labels_of_other_texts(build, x, y, *, epochs, lr=3e-3, seed=0):
    return trained(build, x, y.roll(1), epochs, lr, seed)


def trained(build, x, y, epochs, lr, seed, **recipe):
    torch.manual_seed(seed)
    model = build()
    recipe = {"batch_size": 64, "schedule": "one_cycle", "weight_decay": 0.01, **recipe}
    fit(model, (x, y), epochs=epochs, lr=lr, clip=1.0, seed=seed, progress=False, precision="float32", **recipe)
    model.eval()
    return model


@exercise.alternative
def cosine_schedule(build, x, y, *, epochs, lr=3e-3, seed=0):
    return trained(build, x, y, epochs, lr, seed, schedule="cosine")


@exercise.alternative
def own_loop(build, x, y, *, epochs, lr=3e-3, seed=0):
    torch.manual_seed(seed)
    model = build().train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    steps = epochs * -(-len(x) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return model.eval()
