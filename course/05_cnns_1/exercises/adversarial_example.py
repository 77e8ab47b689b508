"""The fast gradient sign method: the small change that raises the loss most, to first order."""

import torch
import torch.nn.functional as F

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "You need the gradient of the loss with respect to the image, and of that only one thing: its sign.",
        "x + eps * sign(gradient), brought back into [0, 1]. If you add it to the tensor that required the gradient, detach the result.",
    ),
)

LINEAR = Code("nn.Sequential(nn.Flatten(), nn.Linear(6, 3)).double()", seed=1)
CONVOLUTIONAL = Code(
    "nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).double()",
    seed=3,
)


def waves(*shape: int) -> torch.Tensor:
    """Numbers in [0.2, 0.8] of the given shape, the same on every machine."""
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 1.3).sin().reshape(shape) * 0.3 + 0.5


@exercise.cases
def cases():
    yield Case(LINEAR, waves(1, 1, 2, 3), torch.tensor([2]), eps=0.1).named("a linear model, far from black and white")
    yield Case(LINEAR, waves(3, 1, 2, 3), torch.tensor([0, 1, 2]), eps=0.1).named("three images, all three labels")
    edge = torch.tensor(
        [[[[0.0, 1.0, 0.02], [0.98, 0.5, 0.0]]], [[[1.0, 0.0, 0.99], [0.01, 1.0, 0.5]]]], dtype=torch.float64
    )
    yield Case(LINEAR, edge, torch.tensor([1, 0]), eps=0.05).named("pixels that are already black or white")
    yield Case(CONVOLUTIONAL, waves(2, 2, 4, 5), torch.tensor([4, 1]), eps=0.03).named("a small convolutional network")


exercise.equivalent(
    ".detach(...) dropped", "the values are the same; only the caller's own tensor would come to require a gradient"
)

exercise.edit(
    "downhill",
    "x + eps *",
    "x - eps *",
    "You went downhill: the loss falls and the network grows surer. An adversary adds eps times the sign of the gradient.",
)
exercise.edit(
    "gradient_not_sign",
    "gradient.sign()",
    "gradient",
    "You added the gradient itself, which is tiny and spends the budget on a few pixels. When no pixel may change by more than eps, the "
    "loss rises fastest, to first order, if every pixel changes by exactly eps: take the sign.",
)
exercise.edit(
    "not_clamped",
    ".clamp(0, 1)",
    "",
    "Some of your pixels leave [0, 1]: blacker than black is no image, and a detector that checks the range would catch you. Clamp.",
)


@exercise.mistake(
    "You used the model's own prediction as the label. Where the model is already wrong, that pushes it towards the truth; raise the loss "
    "of the label you are given."
)
def against_the_prediction(model, x, y, *, eps):
    x = x.detach().clone().requires_grad_()
    logits = model(x)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, logits.argmax(1)), x)
    return (x + eps * gradient.sign()).clamp(0, 1).detach()


@exercise.mistake(
    "You followed the logit of the true class uphill, which makes the model surer. It is the loss that has to rise."
)
def up_the_true_logit(model, x, y, *, eps):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).gather(1, y[:, None]).sum(), x)
    return (x + eps * gradient.sign()).clamp(0, 1).detach()


@exercise.mistake(
    "You scaled the gradient to length eps. That is the best step when the whole change may have length eps (the l2 ball); here each "
    "pixel has a budget of its own, so each moves by the full eps, up or down."
)
def unit_length(model, x, y, *, eps):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(model(x), y), x)
    length = gradient.flatten(1).norm(dim=1)[:, None, None, None]
    return (x + eps * gradient / length).clamp(0, 1).detach()


@exercise.alternative
def by_backward(model, x, y, *, eps):
    x = x.clone().detach()
    x.requires_grad_(True)
    F.cross_entropy(model(x), y, reduction="sum").backward()
    step = torch.where(x.grad > 0, eps, -eps) * (x.grad != 0)
    return torch.clip(x.detach() + step, 0.0, 1.0)


@exercise.alternative
def from_the_log_probability(model, x, y, *, eps):
    def loss(pixels):
        return -model(pixels).log_softmax(1)[torch.arange(len(y)), y].sum()

    gradient = torch.func.grad(loss)(x)
    return torch.minimum(torch.maximum(x + eps * torch.sign(gradient), torch.zeros_like(x)), torch.ones_like(x))
