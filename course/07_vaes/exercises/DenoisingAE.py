"""Noise on the input, but only while training."""

import torch
from torch import nn

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "When should there be noise? A module knows whether it is training; model.train() and model.eval() set it.",
        "torch.randn_like gives standard normal noise of the input's shape. Scale it, add it to the input, and hand the sum to the autoencoder.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, noise, dropped = case.args
    # Doubles, so that damage done after it would have half of the size.
    doubling = nn.Linear(x.shape[1], x.shape[1], bias=False).double()
    with torch.no_grad():
        doubling.weight.copy_(2 * torch.eye(x.shape[1]))
    model = candidate(doubling, noise, dropped)
    quiet = model.eval()(x)
    model.train()
    many = x[:1].expand(20_000, -1).clone()
    before = many.clone()
    first, second = model(many).detach(), model(many).detach()
    kept = first != 0
    added = torch.where(kept, first - 2 * before, 0.0)
    share = kept.double().mean()
    pairs = torch.stack([model(many[:2]).detach() == 0 for _ in range(40)])
    return {
        "evaluation mode": quiet.detach(),
        "input left as it was": torch.equal(many, before),
        "noise centred": bool((added.mean() / noise).abs() < 0.05),
        "spread of the noise": round((added.square().sum() / kept.sum()).sqrt().item() / noise, 1),
        "share of pixels dropped": round(1 - share.item(), 1),
        "some pixels are dropped": bool(pairs.any()),
        "two images lose pixels of their own": bool((pairs[:, 0] != pairs[:, 1]).any()),
        "damage differs from call to call": not torch.equal(first, second),
        "noise differs from image to image": not torch.allclose(first[0], first[1])
        or not torch.allclose(first[0], first[2]),
        "drops differ from image to image": dropped == 0 or not bool((kept == kept[:1]).all()),
        "damage differs from pixel to pixel": not torch.allclose(added[:, 0], added[:, 1]),
        "drops differ from pixel to pixel": dropped == 0 or not torch.equal(kept[:, 0], kept[:, 1]),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


@exercise.cases
def cases():
    x = torch.arange(6, dtype=torch.float64).reshape(2, 3)
    yield Case(x, 0.5, 0.0).named("two images of three pixels, noise of 0.5, nothing dropped")
    yield Case(x - 2, 2.0, 0.3).named("noise of 2, three pixels in ten dropped")


exercise.edit(
    "never_quiet", "if self.training:", "if True:",
    "The input is damaged in evaluation mode too, so the same image gives another answer each time. Ask self.training.",
)  # fmt: skip
exercise.edit(
    "never_noisy", "if self.training:", "if not self.training:",
    "The input is damaged in evaluation mode, and not while training: the other way round.",
)  # fmt: skip
exercise.edit(
    "uniform_noise", "torch.randn_like(x)", "torch.rand_like(x)",
    "This noise is uniform between 0 and 1: it makes every image brighter. torch.randn_like draws from the normal distribution, whose mean is 0.",
)  # fmt: skip
exercise.edit(
    "size_ignored", "self.noise * torch.randn_like(x)", "torch.randn_like(x)",
    "The noise has standard deviation 1, whatever `noise` says.",
)  # fmt: skip
exercise.edit(
    "kept_instead_of_dropped", ">= self.dropped", "< self.dropped",
    "`dropped` is the probability that a pixel is set to zero; yours is the probability that it is kept.",
)  # fmt: skip
exercise.edit(
    "nothing_dropped", "x = x * (torch.rand_like(x) >= self.dropped)", "pass",
    "No pixel is set to zero: the second kind of damage is missing.",
)  # fmt: skip


@exercise.mistake("Noise comes after the zeros, so the dropped pixels are not zero but noise. First add, then drop.")
class ZerosFirst(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.autoencoder, self.noise, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        if self.training:
            x = x * (torch.rand_like(x) >= self.dropped)
            x = x + self.noise * torch.randn_like(x)
        return self.autoencoder(x)


@exercise.mistake(
    "You damaged the reconstruction. The input has to be damaged: only then does the network learn to repair."
)
class DamageAtTheEnd(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.autoencoder, self.noise, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        x = self.autoencoder(x)
        if self.training:
            x = (x + self.noise * torch.randn_like(x)) * (torch.rand_like(x) >= self.dropped)
        return x


@exercise.mistake("You scaled by the square root of `noise`, as if it were a variance. It is a standard deviation.")
class NoiseAsVariance(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.autoencoder, self.noise, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        if self.training:
            x = (x + self.noise**0.5 * torch.randn_like(x)) * (torch.rand_like(x) >= self.dropped)
        return self.autoencoder(x)


@exercise.mistake("Every image is damaged in the same way: draw noise of the whole batch's shape, torch.randn_like(x).")
class OneNoiseForAll(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.autoencoder, self.noise, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        if self.training:
            x = (x + self.noise * torch.randn_like(x[:1])) * (torch.rand_like(x[:1]) >= self.dropped)
        return self.autoencoder(x)


exercise.edit(
    "dropout", "x = x * (torch.rand_like(x) >= self.dropped)", "x = nn.functional.dropout(x, self.dropped)",
    "Dropout also divides what it keeps by 1 - dropped, so the rest of the image becomes brighter. Here pixels are set to zero and nothing else.",
)  # fmt: skip
exercise.edit(
    "noise_of_one_image", "torch.randn_like(x)", "torch.randn_like(x[0])",
    "The noise has the shape of one image, so every image of the batch gets the same noise. Draw it for the whole batch: torch.randn_like(x).",
)  # fmt: skip
exercise.edit(
    "mask_of_one_image", "torch.rand_like(x)", "torch.rand_like(x[:1])",
    "The same pixels are dropped in every image. Draw a number for every pixel of every image: torch.rand_like(x).",
)  # fmt: skip
exercise.edit(
    "whole_images", "torch.rand_like(x)", "torch.rand(len(x), 1)",
    "You draw one number for each image, so an image is dropped whole or not at all. Each pixel is dropped by itself.",
)  # fmt: skip
exercise.edit(
    "multiplied", "x = x + self.noise", "x = x + x * self.noise",
    "The noise is multiplied by the image, so dark pixels get none. It is added, whatever the pixel holds.",
)  # fmt: skip
exercise.edit(
    "input_changed", "x = x + self.noise", "x += self.noise",
    "The noise is written into the images that came in, so the data themselves are damaged, more in every epoch. Make a new tensor: x = x + ...",
)  # fmt: skip


@exercise.alternative
class ByMasking(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.inner, self.spread, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        if not self.training:
            return self.inner(x)
        return self.inner(torch.normal(x, self.spread).masked_fill(torch.rand(x.shape) < self.dropped, 0.0))


@exercise.alternative
class ByBernoulli(nn.Module):
    def __init__(self, autoencoder, noise, dropped=0.0):
        super().__init__()
        self.autoencoder, self.noise, self.dropped = autoencoder, noise, dropped

    def forward(self, x):
        if self.training:
            noisy = torch.randn(x.shape, dtype=x.dtype) * self.noise + x
            x = torch.where(torch.bernoulli(torch.full_like(x, self.dropped)).bool(), torch.zeros_like(x), noisy)
        return self.autoencoder(x)


exercise.equivalent("+ -> -", "minus the noise is distributed as the noise")
exercise.equivalent("GtE -> Gt", "a uniform draw is never exactly the threshold")
exercise.edit(
    "one_mask_for_all", "torch.rand_like(x) >= self.dropped", "torch.rand(x.shape[1]) >= self.dropped",
    "One mask serves the whole batch, so the same pixels are missing in every image. Draw it for the whole batch: torch.rand_like(x).",
)  # fmt: skip
