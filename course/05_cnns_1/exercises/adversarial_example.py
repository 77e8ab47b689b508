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
SHARP = Code("nn.Sequential(nn.Flatten(), nn.Linear(24, 6), nn.LayerNorm(6)).double()", seed=4)
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
    yield Case(LINEAR, waves(2, 1, 2, 3), torch.tensor([0, 2]), eps=1.6).named("a budget larger than the whole range")
    yield Case(SHARP, waves(3, 1, 4, 6), torch.tensor([0, 3, 5]), eps=0.1).named("a model that is sure of itself")
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


exercise.edit(
    "largest_moves_by_eps",
    "gradient.sign()",
    "gradient / gradient.abs().max()",
    "You divided the gradient by its largest entry, so one pixel moves by eps and the others by less. To first order the loss rises most if every pixel spends its whole "
    "budget: take the sign.",
)
exercise.edit(
    "length_of_the_whole_batch",
    "gradient.sign()",
    "gradient / gradient.norm()",
    "You scaled the gradient of the whole batch to length eps. That is the best step when the whole change may have length eps (the l2 ball); here each pixel has a budget of its own, so "
    "each moves by the full eps, up or down.",
)
exercise.edit(
    "clamped_below_only",
    ".clamp(0, 1)",
    ".clamp(min=0)",
    "Some of your pixels are above 1: brighter than white is no image. Clamp on both sides.",
)
exercise.edit(
    "clamped_above_only",
    ".clamp(0, 1)",
    ".clamp(max=1)",
    "Some of your pixels are below 0: blacker than black is no image. Clamp on both sides.",
)
exercise.edit(
    "clamped_to_minus_one",
    ".clamp(0, 1)",
    ".clamp(-1, 1)",
    "You clamped to [-1, 1]. The pixels of these images lie in [0, 1].",
)
exercise.edit(
    "change_clamped",
    "(x + eps * gradient.sign()).clamp(0, 1)",
    "x + (eps * gradient.sign()).clamp(0, 1)",
    "You clamped the change, not the image: a pixel can then only grow brighter. Add first, then bring the sum back into [0, 1].",
)
exercise.edit(
    "budget_shared",
    "eps * gradient",
    "eps / x[0].numel() * gradient",
    "You divided eps among the pixels. It is the budget of each pixel: every one may change by eps.",
)
exercise.edit(
    "first_image_only",
    "F.cross_entropy(model(pixels), y)",
    "F.cross_entropy(model(pixels)[:1], y[:1])",
    "Only the first image of the batch moves. The loss must hold all of them.",
)
exercise.edit(
    "softmax_twice",
    "model(pixels), y)",
    "model(pixels).softmax(1), y)",
    "F.cross_entropy takes logits and gets probabilities. The gradient of this second softmax points elsewhere, and at some pixels the other way.",
)
exercise.edit(
    "lower_the_true_logit",
    "F.cross_entropy(model(pixels), y)",
    "-model(pixels).gather(1, y[:, None]).sum()",
    "You lowered the logit of the true class (F.nll_loss on logits does that, too). The loss has the other classes in it as well, and at some pixels its gradient has another "
    "sign: use F.cross_entropy.",
)


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
