"""How strongly each pixel moves one logit: the size of its gradient."""

import torch

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "You want the derivative of a number with respect to the image, so the image is what must require a gradient.",
        "Images of a batch do not influence each other's logits in eval mode: sum the N chosen logits, differentiate once, "
        "and every image finds its own gradient in its own slot.",
    ),
)

# Drawn in float64: float32 weights differ in the last digit from processor to processor.
F64 = "dtype=torch.float64"
LINEAR = Code(f"nn.Sequential(nn.Flatten(), nn.Linear(6, 3, {F64}))", seed=1)
CURVED = Code(f"nn.Sequential(nn.Flatten(), nn.Linear(18, 8, {F64}), nn.Tanh(), nn.Linear(8, 3, {F64}))", seed=2)
CONVOLUTIONAL = Code(
    f"nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, {F64}), nn.BatchNorm2d(4, {F64}), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), "
    f"nn.Linear(4, 5, {F64})).eval()",
    seed=3,
)


@exercise.cases
def cases():
    yield Case(LINEAR, waves(1, 1, 2, 3, step=1.3), torch.tensor([2])).named(
        "a linear model, whose saliency is |weight|"
    )
    yield Case(LINEAR, waves(2, 1, 2, 3, step=1.3), torch.tensor([0, 1])).named("two images with different targets")
    yield Case(CURVED, waves(2, 2, 3, 3, step=1.3), torch.tensor([1, 0])).named("two channels and a curved model")
    yield Case(CONVOLUTIONAL, waves(3, 2, 5, 4, step=1.3), torch.tensor([4, 0, 2])).named(
        "a small convolutional network"
    )


exercise.equivalent(
    ".detach(...) dropped", "the values are the same; only the caller's own tensor would come to require a gradient"
)

exercise.edit(
    "signed",
    "gradient.abs().amax(1)",
    "gradient.amax(1)",
    "Your map has negative values: you left out the absolute value. A pixel whose increase lowers the logit matters as much as one "
    "whose increase raises it.",
)
exercise.edit(
    "averaged_over_the_batch",
    ".sum(), pixels",
    ".mean(), pixels",
    "Everything is N times too small: you differentiated the mean of the logits. Each image's map must not depend on how many "
    "others share its batch.",
)
exercise.edit(
    "summed_over_channels",
    ".amax(1)",
    ".sum(1)",
    "You summed over the channels. Simonyan et al. take the largest: one channel that matters is enough.",
)


@exercise.mistake(
    "You differentiated the probability, not the logit. Where the network is sure the softmax is flat, so the map fades exactly on "
    "the images it knows best; and it mixes in every other class."
)
def of_the_probability(model, x, target):
    x = x.detach().clone().requires_grad_()
    p = model(x).softmax(1)
    (gradient,) = torch.autograd.grad(p.gather(1, target[:, None]).sum(), x)
    return gradient.abs().amax(1)


@exercise.mistake(
    "You explained the predicted class, whatever target was asked for. The question 'why not a fault?' needs the map of a class that "
    "was not predicted."
)
def of_the_prediction(model, x, target):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).amax(1).sum(), x)
    return gradient.abs().amax(1)


@exercise.mistake(
    "You differentiated the sum of all logits. Take one logit per image, that of its target: model(x)[torch.arange(N), target]."
)
def of_all_logits(model, x, target):
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    return gradient.abs().amax(1)


exercise.edit(
    "mean_over_channels",
    ".amax(1)",
    ".mean(1)",
    "You averaged over the channels. Simonyan et al. take the largest: one channel that matters is enough.",
)
exercise.edit(
    "absolute_value_too_late",
    "gradient.abs().amax(1)",
    "gradient.amax(1).abs()",
    "You took the largest gradient of the channels first and its absolute value after. A strong negative channel loses that way: absolute value first, then "
    "the largest.",
)
exercise.edit(
    "first_channel",
    ".amax(1)",
    "[:, 0]",
    "Your map shows the first channel alone. Take the largest over all channels.",
)
exercise.edit(
    "norm_over_channels",
    "gradient.abs().amax(1)",
    "gradient.norm(dim=1)",
    "You took the length of each pixel's gradient over the channels. Simonyan et al. take the largest absolute value.",
)
exercise.edit(
    "every_target_for_every_image",
    "[torch.arange(len(x)), target]",
    "[:, target]",
    "Every image was differentiated for the targets of all images: logits[:, target] is (N, N), each image's row with all targets. Take one logit per image: "
    "logits[torch.arange(N), target].",
)
exercise.edit(
    "of_the_log_probability",
    "model(pixels)",
    "model(pixels).log_softmax(1)",
    "You differentiated the log-probability (or the cross-entropy), not the logit. It mixes in every other class: its gradient is that of the logit minus the "
    "mean of all, weighted by their probabilities.",
)
exercise.edit(
    "of_the_mean_loss",
    "model(pixels)[torch.arange(len(x)), target]\n",
    "model(pixels).log_softmax(1)[torch.arange(len(x)), target] / len(x)\n",
    "You differentiated the cross-entropy averaged over the batch. Saliency asks for the target's logit itself: the loss mixes in every other class, and its mean "
    "shrinks with the size of the batch.",
)
exercise.edit(
    "in_training_mode",
    "    pixels =",
    "    model.train()\n    pixels =",
    "You put the model into training mode: batch normalisation then computes with this batch's statistics, and each image's map depends on the others. The model "
    "comes in eval mode; leave it there.",
)
exercise.edit(
    "gradient_times_input",
    "gradient.abs()",
    "(gradient * x).detach().abs()",
    "You multiplied the gradient with the image. That is another map (gradient times input), dark wherever the image is zero; saliency is the gradient alone.",
)
exercise.edit(
    "scaled_to_one",
    "gradient.abs().amax(1)",
    "gradient.abs().amax(1) / gradient.abs().max()",
    "You scaled the maps so that the largest value is 1. Return the gradients as they are: their size says how strongly a pixel acts.",
)


@exercise.alternative
def by_backward(model, x, target):
    x = x.detach().clone()
    x.requires_grad = True
    model(x).gather(1, target.unsqueeze(1)).sum().backward()
    return x.grad.abs().max(dim=1).values


@exercise.alternative
def one_image_at_a_time(model, x, target):
    maps = []
    for image, k in zip(x, target.tolist(), strict=True):
        gradient = torch.func.grad(lambda pixels, k=k: model(pixels[None])[0, k])(image)
        maps.append(gradient.abs().amax(0))
    return torch.stack(maps)
