"""Two figures over a whole set, in the right mode, without a graph, and weighed by examples, not by batches."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "loss_fn gives a batch's mean. What must you multiply it by before you add up, so that dividing by N gives the mean over all? "
        "And can you know a recall before you have seen all examples?",
        "Remember model.training first. Inside torch.no_grad() collect the sum of losses and the predicted classes; put the mode back with "
        "model.train(was_training); then one recall for each class in y.unique().",
    ),
)


class Network(nn.Module):
    """A linear layer in float64 that notes its mode, whether a graph was recorded, and the sizes of batches; doubles in training mode."""

    def __init__(self, classes):
        super().__init__()
        self.layer = nn.Linear(2, classes, dtype=torch.float64)
        with torch.no_grad():
            self.layer.weight.copy_(
                torch.linspace(-1, 1.3, 2 * classes, dtype=torch.float64).reshape(classes, 2).sin() * 2
            )
            self.layer.bias.copy_(torch.linspace(0.3, -0.2, classes, dtype=torch.float64))
        self.graph, self.sizes = False, []

    def forward(self, x):
        self.graph = self.graph or torch.is_grad_enabled()
        self.sizes.append(len(x))
        logits = self.layer(x)
        return 2 * logits.flip(1) if self.training else logits


@exercise.probe
def probe(candidate, case):
    x, y, classes, training = case.args
    model = Network(classes).train(training)
    loss, balanced = candidate(model, x, y, **case.kwargs)
    return {
        "two plain numbers": type(loss) is float and type(balanced) is float,
        "loss": float(loss),
        "balanced accuracy": float(balanced),
        "training mode afterwards": model.training,
        "a graph was recorded": model.graph,
        "largest batch": max(model.sizes),
        "examples seen": sum(model.sizes),
    }


def points(count: int, classes: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """x (count, 2) float64, y (count,): classes of unequal size."""
    generator = torch.Generator().manual_seed(seed)
    y = (torch.rand(count, generator=generator) ** 2 * classes).long()
    return torch.randn(count, 2, generator=generator, dtype=torch.float64) + y[:, None], y


@exercise.cases
def cases():
    x = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], dtype=torch.float64)
    yield Case(x, torch.tensor([0, 1, 1]), 2, False).named("three examples, two classes, one batch")
    yield Case(*points(5, 2, 1), 2, True, batch_size=2).named(
        "five examples in batches of two; the model came in training mode"
    )
    yield Case(*points(23, 4, 2), 4, False, batch_size=8).named("23 examples of four classes, batches of eight")
    x, y = points(30, 5, 3)
    yield Case(x[y != 3], y[y != 3], 5, True, batch_size=7).named("a class that does not occur")
    smoothed = Code("lambda logits, y: F.cross_entropy(logits, y, label_smoothing=0.3)")
    yield Case(*points(12, 3, 4), 3, False, loss_fn=smoothed, batch_size=5).named("another loss")
    yield Case(*points(1500, 3, 5), 3, False).named("1,500 examples and the default batch size")


exercise.equivalent("True -> False", "strict only guards: both are split alike")
exercise.equivalent(".tolist(...) dropped", "comparing with a tensor of one number is comparing with the number")


def by_parts(
    model,
    x,
    y,
    loss_fn=F.cross_entropy,
    *,
    batch_size=1024,
    mode="eval",
    graph=False,
    put_back=True,
    weigh=True,
    score=None,
):
    """The right answer, but for what a mistake says it does otherwise."""
    before, losses, sizes, said = model.training, [], [], []
    if mode == "eval":
        model.eval()
    with torch.set_grad_enabled(graph):
        for start in range(0, len(y), batch_size):
            logits = model(x[start : start + batch_size])
            losses.append(float(loss_fn(logits, y[start : start + batch_size]).detach()))
            sizes.append(len(logits) if weigh else 1)
            said.append(logits.detach().argmax(1))
    if put_back:
        model.train(before)
    said = torch.cat(said)
    loss = sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)
    return loss, (score or balanced)(said, y, batch_size)


def balanced(said, y, batch_size):
    """The mean recall of the classes that occur."""
    return sum((said[y == k] == k).double().mean().item() for k in y.unique()) / len(y.unique())


@exercise.mistake(
    "You average the batches' means. The last batch is smaller, so each of its examples weighs more: multiply each mean by the size of its "
    "batch, and divide the sum by N."
)
def mean_of_means(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(model, x, y, loss_fn, batch_size=batch_size, weigh=False)


@exercise.mistake(
    "The model was evaluated in training mode, with dropout on: the figures are noisy and too low. Call model.eval() first."
)
def in_training_mode(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(model, x, y, loss_fn, batch_size=batch_size, mode="as it came")


@exercise.mistake(
    "A graph was recorded in every forward pass. The figures are right, but nobody will call backward() on them, and the intermediate "
    "results fill the memory: with torch.no_grad()."
)
def records_a_graph(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(model, x, y, loss_fn, batch_size=batch_size, graph=True)


@exercise.mistake(
    "You leave the model in evaluation mode, though it came in training mode. Whoever trains on would train without dropout: put the mode "
    "back."
)
def leaves_it_in_eval_mode(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(model, x, y, loss_fn, batch_size=batch_size, put_back=False)


@exercise.mistake(
    "You switch to training mode at the end, whatever the mode was before. A model that came in evaluation mode should be returned in it."
)
def always_back_to_training(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    pair = by_parts(model, x, y, loss_fn, batch_size=batch_size)
    model.train()
    return pair


@exercise.mistake(
    "The second figure is the plain accuracy, the fraction of all examples that are right. The balanced one is the mean of the classes' "
    "recalls, in which a rare rock counts as much as a common one."
)
def plain_accuracy(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(
        model, x, y, loss_fn, batch_size=batch_size, score=lambda said, y, _: (said == y).double().mean().item()
    )


@exercise.mistake(
    "You averaged the batches' balanced accuracies. A batch may hold two dolomites or none, so its recalls are coarse, and their mean is not "
    "the recall of the whole: collect all answers first."
)
def balanced_by_batch(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    def score(said, y, batch_size):
        parts = list(zip(said.split(batch_size), y.split(batch_size), strict=True))
        return sum(balanced(a, b, batch_size) * len(b) for a, b in parts) / len(y)

    return by_parts(model, x, y, loss_fn, batch_size=batch_size, score=score)


@exercise.mistake(
    "You divide by the number of classes that the model knows, also of those that do not occur in y. A class without examples has no "
    "recall; it is not 0."
)
def missing_class_counts(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    K = model(x[:1]).shape[1]
    model.sizes, model.graph = [], False
    return by_parts(
        model, x, y, loss_fn, batch_size=batch_size, score=lambda said, y, _: balanced(said, y, _) * len(y.unique()) / K
    )


@exercise.mistake(
    "For each class you divide by how often the model *says* it: that is its precision. The recall divides by how many examples are of the "
    "class."
)
def precision_for_recall(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    def score(said, y, _):
        right = [((said == k) & (y == k)).sum().item() / max((said == k).sum().item(), 1) for k in y.unique()]
        return sum(right) / len(right)

    return by_parts(model, x, y, loss_fn, batch_size=batch_size, score=score)


@exercise.mistake(
    "You divide by N, but weigh each batch's mean by batch_size, the smaller last one too: multiply by the number of examples that the batch has."
)
def weighed_by_the_batch_size(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    loss, score = by_parts(model, x, y, loss_fn, batch_size=batch_size)
    model.sizes, before = [], model.training
    model.eval()
    with torch.no_grad():
        parts = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
        loss = sum(float(loss_fn(model(a), b)) * batch_size for a, b in parts) / len(y)
    model.train(before)
    return loss, score


@exercise.mistake("The two figures are exchanged: the loss comes first, then the balanced accuracy.")
def figures_exchanged(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    return by_parts(model, x, y, loss_fn, batch_size=batch_size)[::-1]


@exercise.alternative
def by_counts(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    mode = model.training
    model.eval()
    total, right = 0.0, torch.zeros(int(y.max()) + 1, dtype=torch.float64)
    with torch.inference_mode():
        for index in torch.arange(len(y)).split(batch_size):
            logits = model(x[index])
            total += float(loss_fn(logits, y[index])) * len(index)
            right += torch.bincount(y[index][logits.argmax(1) == y[index]], minlength=len(right))
    model.train(mode)
    number = torch.bincount(y, minlength=len(right))
    return total / len(x), (right / number)[number > 0].mean().item()


@exercise.alternative
@torch.no_grad()
def decorated(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
    before = model.training
    try:
        model.eval()
        outputs = [model(part) for part in x.split(batch_size)]
    finally:
        model.train(before)
    losses = [loss_fn(out, part) * len(part) for out, part in zip(outputs, y.split(batch_size), strict=True)]
    right = torch.cat(outputs).argmax(1) == y
    recall = torch.stack([right[y == k].double().mean() for k in torch.unique(y)])
    return (torch.stack(losses).sum() / len(y)).item(), recall.mean().item()
