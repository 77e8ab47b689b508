"""A moving average of a model's weights."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Which of the two models changes? It keeps the share `decay` of itself.",
        "Go through both parameters() together, detached. `lerp_` moves a tensor a fraction of the way to another, in place.",
    ),
)


def network(number: int) -> nn.Module:
    """A linear layer, a batch normalisation whose buffers are not at their start, and another linear layer, float64."""
    torch.manual_seed(number)
    with in_float64():
        model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    model(torch.randn(5, 2, dtype=torch.float64) + number)
    return model


@exercise.probe
def probe(candidate, case):
    decays = case.args[0]
    average, model = network(1), network(2)
    kept = [p.detach().clone() for p in model.parameters()]
    same_tensors = [id(p) for p in average.parameters()]
    for decay in decays:
        candidate(average, model, decay)
    average_before = {name: b.clone() for name, b in average.named_buffers()}
    with torch.no_grad():
        for tensor in (*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())):
            tensor += 1
    kept = [p + 1 for p in kept]
    return {
        "average": {name: p.detach().clone() for name, p in average.named_parameters()},
        "buffers": average_before,
        "buffers do not follow the model later on": all(
            torch.equal(b, average_before[name]) for name, b in average.named_buffers()
        ),
        "the model is left alone": all(torch.equal(a, b) for a, b in zip(kept, model.parameters(), strict=True)),
        "in place": [id(p) for p in average.parameters()] == same_tensors,
        "without a graph": all(p.grad_fn is None for p in average.parameters()),
    }


@exercise.cases
def cases():
    yield Case([0.75]).named("one update, decay 0.75")
    yield Case([0.9, 0.5, 0.99]).named("three updates")
    yield Case([0.0]).named("decay 0: a copy")


exercise.edit(
    "decay_exchanged", "new.detach(), 1 - decay", "new.detach(), decay",
    "The shares are exchanged: a decay of 0.99 keeps 99 % of the average and takes 1 % of the model.",
)  # fmt: skip
exercise.edit(
    "model_changed", "mean.detach().lerp_(new.detach(), 1 - decay)", "new.detach().lerp_(mean.detach(), decay)",
    "You changed the model that is being trained. The average follows the model, and the model knows nothing of it.",
)  # fmt: skip
exercise.edit(
    "buffers_forgotten", "        mean.copy_(new)\n", "        pass\n",
    "The buffers are not copied. A batch normalisation in the average would keep the statistics of the first weights.",
)  # fmt: skip


exercise.edit(
    "buffers_averaged", "        mean.copy_(new)", "        mean.lerp_(new, 1 - decay) if mean.is_floating_point() else mean.copy_(new)",
    "The buffers are averaged too. Statistics of a batch normalisation are averages already: copy them as they are.",
)  # fmt: skip
exercise.edit(
    "model_added", "mean.detach().lerp_(new.detach(), 1 - decay)", "mean.detach().mul_(decay).add_(new.detach())",
    "The model is added in full, so the weights of the average grow. Its share is 1 - decay.",
)  # fmt: skip
exercise.edit(
    "copied", "mean.detach().lerp_(new.detach(), 1 - decay)", "mean.detach().copy_(new.detach())",
    "The parameters are copied, so nothing is averaged. The average keeps the share `decay` of itself.",
)  # fmt: skip


@exercise.mistake(
    "The buffers of the average are the model's own tensors now, and change with it in its next training step. Copy their numbers: copy_."
)
def buffers_shared(average, model, decay):
    for mean, new in zip(average.parameters(), model.parameters(), strict=True):
        mean.data = decay * mean.data + (1 - decay) * new.data
    for mean, new in zip(average.buffers(), model.buffers(), strict=True):
        mean.data = new.data


exercise.equivalent("True -> False", "both models have the same parameters")
exercise.equivalent(".detach(...) dropped", "without the second, a graph hangs on a temporary and on nothing else")


@exercise.mistake(
    "You bound new tensors to a name, and the average's own parameters stayed as they were. Change them in place."
)
def not_in_place(average, model, decay):
    for mean, new in zip(average.parameters(), model.parameters(), strict=True):
        mean = decay * mean + (1 - decay) * new
    for mean, new in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(new)


@exercise.alternative
@torch.no_grad()
def by_state_dict(average, model, decay):
    new = model.state_dict()
    parameters = dict(average.named_parameters())
    for name, value in average.state_dict().items():
        if name in parameters:
            value.mul_(decay).add_((1 - decay) * new[name])
        else:
            value.copy_(new[name])


@exercise.alternative
def through_data(average, model, decay):
    for p, q in zip(average.parameters(), model.parameters(), strict=True):
        p.data = p.data * decay + q.data * (1 - decay)
    average.load_state_dict({**average.state_dict(), **dict(model.named_buffers())})


exercise.edit(
    "average_never_shrinks", "mean.detach().lerp_(new.detach(), 1 - decay)", "mean.detach().add_(new.detach(), alpha=1 - decay)",
    "The average keeps all of itself and grows at every call. It keeps only the share `decay`.",
)  # fmt: skip
exercise.edit(
    "memory_shared", "mean.detach().lerp_(new.detach(), 1 - decay)", "mean.data = new.data",
    "The average now uses the model's own memory: when the model learns on, the average changes with it. Mix the numbers into `average`.",
)  # fmt: skip
