"""Adapt a network that was trained on other data: a new head first, then everything, gently."""

import copy
import functools

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.data import Labelled
from dlmodule.training import evaluate, fit

exercise = Exercise(
    difficulty=4,
    minutes=20,
    move_on=35,
    hints=(
        "One loop over warm + epochs epochs will do; only its first lines differ, by whether the epoch is below warm. Make the optimiser once, after the "
        "new head, with two parameter groups that have rates of their own.",
        "AdamW takes [{'params': ..., 'lr': ...}, {'params': ..., 'lr': ...}]. In the first phase your freeze does it all; for the second, requires_grad_(True) and "
        "train() on the whole model undo it.",
    ),
    measured=Measured("accuracy"),
)


def layers(count, slopes, *, thickness, seed):
    """Noisy 16x16 layered patches whose class is their slope; x (count, 1, 16, 16)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % len(slopes)
    slope = torch.tensor(slopes)[y] + 0.05 * torch.randn(count, generator=generator)
    row, column = torch.arange(16.0)[:, None], torch.arange(16.0)
    wave = thickness * (0.8 + 0.4 * torch.rand(count, generator=generator))
    phase = 6.3 * torch.rand(count, generator=generator)
    x = torch.sin(wave[:, None, None] * (row - slope[:, None, None] * column) + phase[:, None, None])
    x = 0.5 + 0.2 * (x + 0.5 * torch.randn(count, 16, 16, generator=generator))
    return Labelled(x.clamp(0, 1).unsqueeze(1), y, tuple(str(s) for s in slopes), "layers")


class Net(nn.Module):
    """Two convolutions with normalisations, a global average, a head."""

    def __init__(self, classes):
        super().__init__()
        parts = [nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU()]
        parts += [nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()]
        self.body = nn.Sequential(*parts, nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


@functools.cache
def known_ground():
    """A network trained on six slopes, the same on every call."""
    torch.manual_seed(0)
    net = Net(6)
    train = layers(1500, (-1.0, -0.5, -0.2, 0.2, 0.5, 1.0), thickness=1.0, seed=0)
    fit(net, train, epochs=8, lr=0.01, schedule="one_cycle", precision="float32", progress=False)
    return net


def moved(model, before, part):
    """The largest change of a parameter whose name begins with ``part``."""
    changes = [(p.detach() - before[n]).abs().max() for n, p in model.named_parameters() if n.startswith(part)]
    return float(max(changes))


@exercise.probe
def probe(candidate, case):
    net = copy.deepcopy(known_ground())
    train = layers(24, (-0.75, -0.35, 0.35, 0.75), thickness=1.4, seed=1)
    judged = layers(400, (-0.75, -0.35, 0.35, 0.75), thickness=1.4, seed=2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    model = candidate(net, train, warm=30, epochs=15, lr=3e-3, batch_size=8, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"accuracy": 0.0, "returned": type(model).__name__}
    spoiled = any(not torch.equal(value, before[name]) for name, value in net.state_dict().items())
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(judged.x)
    net = copy.deepcopy(known_ground())
    head_only = candidate(net, train, warm=2, epochs=0, lr=1e-3, batch_size=8, seed=5).state_dict()
    net = copy.deepcopy(known_ground())
    one_step = candidate(net, train, warm=1, epochs=1, lr=1e-3, batch_size=len(train), seed=5)
    again, other = (
        candidate(copy.deepcopy(known_ground()), train, warm=1, epochs=1, lr=1e-3, batch_size=len(train), seed=seed)
        for seed in (5, 6)
    )
    return {
        "accuracy": (logits.argmax(1) == judged.y).float().mean().item() if logits.shape[1] == 4 else 0.0,
        "classes": logits.shape[1],
        "the pretrained model was changed": spoiled,
        "returned in training mode": mode,
        "body's parameters moved in the first phase": any(
            not torch.equal(head_only[n], before[n])
            for n in before
            if n.startswith("body") and "running" not in n and "num" not in n
        ),
        "body's statistics moved in the first phase": any(
            not torch.equal(head_only[n], before[n]) for n in before if "running" in n
        ),
        "a step of the body, as part of lr": round(moved(one_step, before, "body") / 1e-3, 1),
        "same seed, same model": torch.allclose(one_step.head.weight, again.head.weight, atol=1e-6),
        "another seed, another model": not torch.allclose(one_step.head.weight, other.head.weight, atol=1e-3),
    }


@exercise.cases
def cases():
    yield Case().named("24 labels of four slopes, after 1,500 of six others")


exercise.edit(
    "spoils_the_original",
    "copy.deepcopy(pretrained)",
    "pretrained",
    "The pretrained model itself was changed. The next seed, or the next survey, then begins from a network that has seen this one: work on a copy.",
)
exercise.edit(
    "body_at_full_rate",
    "lr / 10",
    "lr",
    "The body learns at the head's rate. A few labels then move what thousands had taught it; a tenth of the rate lets it adapt and not forget.",
)
exercise.edit(
    "statistics_move",
    'freeze(model, keep=("head",))',
    'model.train(); [p.requires_grad_(n.startswith("head.")) for n, p in model.named_parameters()]',
    "In the first phase the body's parameters stand still, but its batch normalisations are in training mode and take on the statistics of your few examples. "
    "Frozen parts belong in evaluation mode: use your freeze.",
)
exercise.edit(
    "no_first_phase",
    "if epoch < warm:",
    "if epoch < 0:",
    "The body moves from the first epoch on, with the gradients that a random head sends down. First the head alone, for `warm` epochs.",
)
exercise.edit(
    "left_in_training_mode",
    "return model.eval()",
    "return model.train()",
    "The model comes back in training mode: its answer to a patch then depends on the other patches of the batch. Return model.eval().",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: `seed` never reaches torch.manual_seed, which must be called before the new head is drawn.",
)
exercise.edit(
    "never_thawed",
    "model.requires_grad_(True)",
    "pass",
    "The body never learns, not even in the second phase: after freezing, its parameters have to require gradients again.",
)


@exercise.mistake(
    "The new head does not learn: the optimiser was made before the head was replaced and holds the parameters of the old one. Make the optimiser last."
)
def old_head_in_the_optimiser(pretrained, train, *, warm=30, epochs=20, lr=3e-3, batch_size=16, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained)
    body = [p for n, p in model.named_parameters() if not n.startswith("head.")]
    groups = [{"params": list(model.head.parameters()), "lr": lr}, {"params": body, "lr": lr / 10}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.05)
    model.head = nn.Linear(model.head.in_features, len(train.classes))
    return loop(model, optimiser, train, warm, epochs, batch_size)


def loop(model, optimiser, train, warm, epochs, batch_size):
    """Both phases, with the optimiser given."""
    for epoch in range(warm + epochs):
        if epoch < warm:
            freeze(model)
        else:
            model.requires_grad_(True).train()
        for index in torch.randperm(len(train)).split(batch_size):
            loss = F.cross_entropy(model(train.x[index]), train.y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()


@exercise.alternative
def two_optimisers(pretrained, train, *, warm=30, epochs=20, lr=3e-3, batch_size=16, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained)
    model.head = nn.Linear(model.head.in_features, len(train.classes))
    head = torch.optim.AdamW(model.head.parameters(), lr=lr, weight_decay=0.05)
    rest = [p for n, p in model.named_parameters() if n.partition(".")[0] != "head"]
    body = torch.optim.AdamW(rest, lr=0.1 * lr, weight_decay=0.05)
    for phase, count in (("head", warm), ("all", epochs)):
        for _ in range(count):
            model.train()
            for part in rest:
                part.requires_grad_(phase == "all")
            if phase == "head":
                model.eval()
            for index in torch.randperm(len(train)).split(batch_size):
                model.zero_grad()
                F.cross_entropy(model(train.x[index]), train.y[index]).backward()
                head.step()
                if phase == "all":
                    body.step()
    return model.eval()


@exercise.alternative
def features_once(pretrained, train, *, warm=30, epochs=20, lr=3e-3, batch_size=16, seed=0):
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained).eval()
    width, model.head = model.head.in_features, nn.Identity()
    with torch.no_grad():
        features = model(train.x)
    model.head = nn.Linear(width, len(train.classes))
    optimiser = torch.optim.AdamW(model.head.parameters(), lr=lr, weight_decay=0.05)
    for _ in range(warm):
        for index in torch.randperm(len(train)).split(batch_size):
            loss = F.cross_entropy(model.head(features[index]), train.y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    body = [p for n, p in model.named_parameters() if not n.startswith("head.")]
    optimiser.add_param_group({"params": body, "lr": lr / 10})
    return loop(model, optimiser, train, 0, epochs, batch_size)


def measure(solution, labels, seed):
    """Pretrain on seismic_patches, adapt to ``labels`` patches of the new survey; accuracies on 1,000 others of it."""
    known = pretrain(data.load("seismic_patches"), epochs=6, seed=seed)
    few, new = survey(400, seed=1)[0].take(labels, seed=seed), survey(1000, seed=2)[0]
    return {
        "accuracy": evaluate(solution(known, few, seed=seed), new),
        "probe_accuracy": evaluate(solution(known, few, epochs=0, seed=seed), new),
        "scratch_accuracy": evaluate(from_scratch(few, seed=seed), new),
    }


@exercise.ledger("forty_labels", seeds=5)
def forty_labels(solution, seed):
    return measure(solution, 40, seed)


@exercise.ledger("twelve_labels", seeds=5)
def twelve_labels(solution, seed):
    return measure(solution, 12, seed)
