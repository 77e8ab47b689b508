"""The losses of a DCGAN and its pictures, with three planted bugs."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Take the symptoms in order. In what range do generated images lie, and in what range the real ones? What label has a generated image?",
        "The last symptom needs one word in front of the pictures: what does batch normalisation do in which mode?",
    ),
)


class Generator(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.linear, self.norm = nn.Linear(latent, 16), nn.BatchNorm1d(16, momentum=0.0)

    def forward(self, z):
        return self.norm(self.linear(z)).tanh().reshape(-1, 1, 4, 4)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        return self.linear(x.flatten(1).to(self.linear.weight.dtype))[:, 0]


@exercise.probe
def probe(candidate, case):
    pixels, z = case.args
    generator, discriminator = Generator(z.shape[1]).double(), Discriminator().double()
    with torch.no_grad():
        for k, parameter in enumerate([*generator.parameters(), *discriminator.parameters()]):
            parameter.copy_(torch.sin(0.7 * torch.arange(parameter.numel()).double() + k).reshape(parameter.shape))
    generator.train()
    loss_d, loss_g, pictures = candidate(generator, discriminator, pixels, z)
    grads_d = torch.autograd.grad(loss_d, list(discriminator.parameters()), retain_graph=True)
    through = torch.autograd.grad(loss_d, list(generator.parameters()), retain_graph=True, allow_unused=True)
    grads_g = torch.autograd.grad(loss_g, list(generator.parameters()), allow_unused=True)
    return {
        "the discriminator's loss": loss_d.detach(),
        "the generator's loss": loss_g.detach(),
        "the discriminator's gradient": torch.cat([g.flatten() for g in grads_d]),
        "the generator's gradient": torch.cat([torch.zeros(1) if g is None else g.flatten() for g in grads_g]),
        "pictures": pictures.detach(),
        "the discriminator's loss reaches the generator": any(g is not None for g in through),
        "the generator is left in training mode": generator.training,
    }


@exercise.cases
def cases():
    dark = (100 * waves(3, 1, 4, 4).abs()).to(torch.uint8)
    yield Case(dark, waves(3, 2)).named("three dark images")
    yield Case((255 * waves(6, 1, 4, 4, start=2).abs()).to(torch.uint8), 2 * waves(5, 3, start=1)).named(
        "six images, five latents"
    )


exercise.bug(
    "range_of_real_images", "pixels / 127.5 - 1", "pixels / 255",
    "One bug is left, the first symptom: real images lie in [0, 1] and generated ones in [-1, 1]. Brightness alone tells them apart.",
    left="brightness gives the samples away",
)  # fmt: skip
exercise.bug(
    "smoothed_on_both_sides", "torch.zeros_like(on_fake)", "torch.full_like(on_fake, 0.1)",
    "One bug is left, the second symptom: the label of a generated image is smoothed too. Only real labels are; a sample that is certainly generated must get 0.",
    left="the best discriminator never says 0",
)  # fmt: skip
exercise.bug(
    "pictures_in_training_mode", "    generator.eval()\n", "",
    "One bug is left, the third symptom: the pictures are drawn in training mode, where batch normalisation mixes the examples of a batch.",
    left="a picture depends on its neighbours",
)  # fmt: skip

exercise.edit(
    "real_labels_unsmoothed", "torch.full_like(on_real, 0.9)", "torch.ones_like(on_real)",
    "You changed the label of the real images. It was right: 0.9 is the one-sided smoothing.",
)  # fmt: skip
exercise.edit(
    "left_in_evaluation_mode", "    generator.train()\n", "",
    "The generator stays in evaluation mode after the pictures, and the training goes on with it. Put it back.",
)  # fmt: skip


exercise.edit(
    "another_scale", "pixels / 127.5 - 1", "pixels / 128 - 1",
    "Your pixels do not quite reach 1: the largest, 255, must become 1. Divide by 127.5, then subtract 1.",
)  # fmt: skip


@exercise.alternative
def by_softplus(generator, discriminator, pixels, z):
    x = 2 * pixels.double() / 255 - 1
    fake = generator(z)
    real, detached = discriminator(x), discriminator(fake.detach())
    loss_d = (0.9 * F.softplus(-real) + 0.1 * F.softplus(real)).mean() + F.softplus(detached).mean()
    loss_g = F.softplus(-discriminator(fake)).mean()
    generator.eval()
    with torch.no_grad():
        pictures = generator(z) / 2 + 0.5
    generator.train()
    return loss_d, loss_g, pictures


@exercise.alternative
def by_a_loss_object(generator, discriminator, pixels, z):
    loss = nn.BCEWithLogitsLoss()
    fake, x = generator(z), (pixels - 127.5) / 127.5
    on_real, on_fake, again = discriminator(x), discriminator(fake.detach()), discriminator(fake)
    loss_d = loss(on_real, 0.9 * torch.ones_like(on_real)) + loss(on_fake, 0 * on_fake.detach())
    loss_g = loss(again, torch.ones_like(again))
    with torch.no_grad():
        pictures = (1 + generator.eval()(z)) / 2
    generator.train()
    return loss_d, loss_g, pictures
