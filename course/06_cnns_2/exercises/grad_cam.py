"""Where are the channels active that speak for a class?"""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64, waves

exercise = Exercise(
    difficulty=4,
    minutes=15,
    move_on=25,
    hints=(
        "A forward hook on `layer` lets you keep its output, with its graph, while the model computes the logits. Then you want the gradient of one logit per image with "
        "respect to what you kept.",
        "torch.autograd.grad(sum of the chosen logits, kept output) gives (N, C, h, w). Its mean over h and w is alpha; weigh the kept channels by it, sum over them, "
        "rectify.",
    ),
)


def network(name):
    """A network with the head of the text, or one with two linear layers and a normalisation on top; float64, evaluation mode."""
    torch.manual_seed(3)
    with in_float64():
        body = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, stride=2), nn.Tanh()]
        heads = {
            "average and linear": [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)],
            "two linear layers": [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(20, 6), nn.Tanh(), nn.Linear(6, 3)],
        }
        return nn.Sequential(nn.Sequential(*body), *heads[name]).eval()


@exercise.probe
def probe(candidate, case):
    name, layer, x, target, frozen = case.args
    model = network(name).requires_grad_(not frozen)
    pixels = x.clone()
    maps = candidate(model, model.get_submodule(layer), pixels, target)
    return {
        "maps": maps,
        "hooks left": sum(len(m._forward_hooks) + len(m._backward_hooks) for m in model.modules()),
        "carries a graph": bool(getattr(maps, "requires_grad", False)),
        "x unchanged": bool(torch.equal(pixels, x)) and pixels.grad is None and not pixels.requires_grad,
    }


@exercise.cases
def cases():
    one = torch.tensor([1])
    yield Case("average and linear", "0", waves(1, 2, 5, 5, step=1.3), one, False).named(
        "one image, average and a linear head"
    )
    yield Case("two linear layers", "0", waves(2, 2, 7, 9, step=1.3), torch.tensor([2, 0]), False).named(
        "two images, another head"
    )
    yield Case("two linear layers", "0.1", waves(3, 2, 6, 5, step=1.3), torch.tensor([0, 1, 2]), False).named(
        "an early layer"
    )
    yield Case("average and linear", "0.2", waves(2, 2, 8, 6, step=1.3), torch.tensor([1, 1]), True).named(
        "a frozen model, and a layer without ReLU"
    )


def cam(model, layer, x, target, *, choose=None, weigh=None, combine=None, keep_hook=False):
    """Grad-CAM, with what a mistake does otherwise."""
    kept = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
    logits = model(x.detach().clone().requires_grad_())
    if not keep_hook:
        handle.remove()
    chosen = logits.gather(1, target[:, None]).sum() if choose is None else choose(logits, target)
    (gradient,) = torch.autograd.grad(chosen, kept[0])
    alpha = gradient.mean((2, 3), keepdim=True) if weigh is None else weigh(gradient)
    maps = (alpha * kept[0]).sum(1).clamp_min(0) if combine is None else combine(alpha * kept[0])
    return maps.detach()


@exercise.mistake(
    "The ReLU at the end is missing. Negative values are places that speak against the class, most often for another one; Grad-CAM leaves them out."
)
def not_rectified(model, layer, x, target):
    return cam(model, layer, x, target, combine=lambda weighed: weighed.sum(1))


@exercise.mistake(
    "You rectify each channel before the sum. Channels that speak against the class then have no say, and a place that has as much against as for it lights up."
)
def rectified_too_early(model, layer, x, target):
    return cam(model, layer, x, target, combine=lambda weighed: weighed.relu().sum(1))


@exercise.mistake(
    "Your alpha is a sum over places, not a mean: maps of a large layer come out larger than those of a small one, by the number of places."
)
def alpha_summed(model, layer, x, target):
    return cam(model, layer, x, target, weigh=lambda gradient: gradient.sum((2, 3), keepdim=True))


@exercise.mistake(
    "You multiply by the gradient at each place, without averaging it first. That is a method of its own; in Grad-CAM a channel has one weight for all places."
)
def weighed_place_by_place(model, layer, x, target):
    return cam(model, layer, x, target, weigh=lambda gradient: gradient)


@exercise.mistake("You averaged over the channels. The map is their weighted sum.")
def averaged_over_channels(model, layer, x, target):
    return cam(model, layer, x, target, combine=lambda weighed: weighed.mean(1).relu())


@exercise.mistake(
    "You explained the predicted class, whatever target was asked for. 'Why not faulted?' needs the map of a class that was not predicted."
)
def of_the_prediction(model, layer, x, target):
    return cam(model, layer, x, target, choose=lambda logits, t: logits.amax(1).sum())


@exercise.mistake(
    "You differentiated the probability. Where the network is sure the softmax is flat and the map fades; and it mixes in all other classes. Take the logit."
)
def of_the_probability(model, layer, x, target):
    return cam(model, layer, x, target, choose=lambda logits, t: logits.softmax(1).gather(1, t[:, None]).sum())


@exercise.mistake(
    "Your hook is still on the layer. Each later call runs it again and keeps every output with its graph in memory: handle.remove()."
)
def hook_left(model, layer, x, target):
    return cam(model, layer, x, target, keep_hook=True)


@exercise.mistake(
    "You averaged alpha over the batch too. Each image has its own weights: where one image's evidence lies is nothing to another."
)
def alpha_of_the_batch(model, layer, x, target):
    return cam(model, layer, x, target, weigh=lambda gradient: gradient.mean((0, 2, 3), keepdim=True))


@exercise.alternative
def with_retained_grad(model, layer, x, target):
    kept = {}

    def hook(module, inputs, output):
        output.retain_grad()
        kept["output"] = output

    handle = layer.register_forward_hook(hook)
    logits = model(x.clone().requires_grad_())
    handle.remove()
    logits[torch.arange(len(x)), target].sum().backward()
    output = kept["output"]
    alpha = output.grad.flatten(2).mean(2)
    return torch.relu(torch.einsum("nc,nchw->nhw", alpha, output)).detach()


@exercise.alternative
def one_image_at_a_time(model, layer, x, target):
    maps = []
    for image, k in zip(x, target.tolist(), strict=True):
        kept = []
        handle = layer.register_forward_hook(lambda m, i, output, kept=kept: kept.append(output))
        try:
            logit = model(image[None].clone().requires_grad_())[0, k]
        finally:
            handle.remove()
        gradient = torch.autograd.grad(logit, kept)[0][0]
        features = kept[0].detach()[0]
        maps.append(sum(g.mean() * f for g, f in zip(gradient, features, strict=True)).clamp(min=0))
    return torch.stack(maps)
