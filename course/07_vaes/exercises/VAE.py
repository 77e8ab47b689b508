"""An encoder that gives a distribution, a draw from it, and a decoder."""

import torch
from torch import nn

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=10,
    core=True,
    hints=(
        "What does the encoder's last layer have to give, and how many numbers is that? In which order are they cut apart?",
        "mean, log_variance = self.encoder(x).chunk(2, dim=1). Then reparameterise, then decode. Return three tensors.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield (Case(noise(1, 3), noise(1, 1, seed=1)).built(3, 4, 1).named("one image of three pixels, one latent number"))
    yield Case(noise(4, 6, seed=2), noise(4, 2, seed=3)).built(6, 5, 2).named("four images, two latent numbers")
    yield Case(noise(2, 7, seed=4), noise(2, 3, seed=5)).built(7, 9, 3).named("a hidden layer wider than the image")
    # Without eps the noise is drawn by torch; the seed is the case's.
    yield Case(noise(3, 5, seed=6)).built(5, 4, 2).seeded(3).named("noise not given")


class Base(nn.Module):
    """The network, so that a mistake only says what it does otherwise."""

    def __init__(self, features, hidden, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, features))

    def halves(self, x):
        return self.encoder(x).chunk(2, dim=1)

    def draw(self, mean, log_variance, eps):
        return mean + (log_variance / 2).exp() * (torch.randn_like(mean) if eps is None else eps)

    def forward(self, x, eps=None):
        mean, log_variance = self.halves(x)
        return self.decoder(self.draw(mean, log_variance, eps)), mean, log_variance


@exercise.mistake(
    "Mean and log-variance changed places: the first K outputs of the encoder are the mean, the last K the log-variance."
)
class HalvesExchanged(Base):
    def halves(self, x):
        log_variance, mean = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance


@exercise.mistake(
    "The decoder gets the mean, not the draw. Without noise the encoder may make q as narrow as it likes, and the space between the codes is never trained."
)
class MeanDecoded(Base):
    def draw(self, mean, log_variance, eps):
        return mean


@exercise.mistake(
    "The decoder's output passed a sigmoid. The ELBO takes logits and applies the sigmoid itself; twice makes everything grey."
)
class ProbabilitiesReturned(Base):
    def forward(self, x, eps=None):
        logits, mean, log_variance = super().forward(x, eps)
        return logits.sigmoid(), mean, log_variance


@exercise.mistake(
    "The draw is cut off from the graph, so the reconstruction cannot teach the encoder: only the KL reaches it. Reparameterise without detach or no_grad."
)
class DrawDetached(Base):
    def draw(self, mean, log_variance, eps):
        return super().draw(mean, log_variance, eps).detach()


@exercise.mistake(
    "eps is ignored: you always draw new noise. Draw only where eps is None, so that a caller can fix it."
)
class EpsIgnored(Base):
    def draw(self, mean, log_variance, eps):
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)


@exercise.mistake(
    "Even and odd outputs are separated. The first K are the mean and the last K the log-variance: chunk, not steps of two."
)
class Interleaved(Base):
    def halves(self, x):
        output = self.encoder(x)
        return output[:, ::2], output[:, 1::2]


@exercise.mistake(
    "You return the standard deviation (or the variance) as third. The KL and the draw expect the log-variance, as the encoder gives it."
)
class SpreadReturned(Base):
    def forward(self, x, eps=None):
        logits, mean, log_variance = super().forward(x, eps)
        return logits, mean, (log_variance / 2).exp()


@exercise.mistake(
    "The noise is uniform between 0 and 1: rand draws from the unit interval. It must be standard normal, torch.randn_like."
)
class UniformNoise(Base):
    def draw(self, mean, log_variance, eps):
        return mean + (log_variance / 2).exp() * (torch.rand_like(mean) if eps is None else eps)


@exercise.mistake("Where eps is not given you decode without noise. Then it must be drawn: torch.randn_like(mean).")
class NoNoiseByDefault(Base):
    def draw(self, mean, log_variance, eps):
        return mean if eps is None else mean + (log_variance / 2).exp() * eps


@exercise.mistake("One draw of noise serves the whole batch. Every image needs its own: torch.randn_like(mean).")
class OneNoiseForTheBatch(Base):
    def draw(self, mean, log_variance, eps):
        return mean + (log_variance / 2).exp() * (torch.randn_like(mean[:1]) if eps is None else eps)


@exercise.mistake(
    "The noise is stretched by the variance. The standard deviation is exp(log_variance / 2), as in reparameterise."
)
class StretchedByTheVariance(Base):
    def draw(self, mean, log_variance, eps):
        return mean + log_variance.exp() * (torch.randn_like(mean) if eps is None else eps)


@exercise.mistake(
    "The encoder ends in a ReLU, so neither a mean nor a log-variance can be negative. Its last layer has no activation."
)
class RectifiedEncoder(Base):
    def halves(self, x):
        return self.encoder(x).relu().chunk(2, dim=1)


@exercise.alternative
class ByIndexing(nn.Module):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.latent = latent
        self.into, self.code = nn.Linear(features, hidden), nn.Linear(hidden, 2 * latent)
        self.out_of, self.pixels = nn.Linear(latent, hidden), nn.Linear(hidden, features)

    def forward(self, x, eps=None):
        both = self.code(self.into(x).relu())
        mean, log_variance = both[:, : self.latent], both[:, self.latent :]
        noise = torch.randn_like(mean) if eps is None else eps
        return self.pixels(self.out_of(reparameterise(mean, log_variance, noise)).relu()), mean, log_variance


@exercise.alternative
class BySplit(Base):
    def halves(self, x):
        output = self.encoder(x)
        return output.split(output.shape[1] // 2, dim=1)


exercise.edit(
    "LogVarianceAsSpread", "reparameterise(mean, log_variance, eps)", "mean + log_variance * eps",
    "The noise is multiplied by the log-variance. Its factor is the standard deviation, exp(log_variance / 2): use reparameterise.",
)  # fmt: skip
