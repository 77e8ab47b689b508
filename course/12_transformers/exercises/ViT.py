"""Classify an image as a sequence of patches."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Follow the diagram. Write the shape after each box; where do patches and features have to change places?",
        "self.cls.expand(N, -1, -1) gives each image its [CLS], and torch.cat puts it in front along axis 1. Positions come after that.",
    ),
    probe=probes.module(grad=True),
)


@exercise.cases
def cases():
    yield (
        Case(noise(1, 1, 2, 2))
        .built(2, 1, dim=4, heads=1, layers=1, hidden=4, classes=2)
        .named("four patches of one pixel")
    )
    yield Case(noise(2, 1, 6, 6)).built(6, 3, dim=4, heads=2, layers=1, hidden=6, classes=3).named("two images, four patches of nine pixels")  # fmt: skip
    yield Case(noise(3, 2, 6, 6)).built(6, 2, channels=2, dim=6, heads=3, layers=2, hidden=8, classes=4).named("two channels, nine patches")  # fmt: skip
    yield Case(waves(2, 3, 4, 4)).built(4, 4, channels=3, dim=4, heads=1, layers=1, hidden=4, classes=2).named("one patch is the image")  # fmt: skip


class Base(nn.Module):
    """The model, so that a mistake only says what it does otherwise."""

    def __init__(self, size, patch, *, channels=1, dim=64, heads=4, layers=4, hidden=128, classes=10):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(channels * patch**2, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.randn(1, 1 + (size // patch) ** 2, dim))
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, hidden) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def patches(self, images):
        return F.unfold(images, self.patch, stride=self.patch).transpose(1, 2)

    def tokens(self, patches):
        return torch.cat([self.cls.expand(len(patches), -1, -1), self.embed(patches)], 1) + self.positions

    def read(self, x):
        return self.head(self.norm(x[:, 0]))

    def forward(self, images):
        x = self.tokens(self.patches(images))
        for block in self.blocks:
            x = block(x)
        return self.read(x)


@exercise.mistake(
    "The patches were cut by a reshape alone: each holds a piece of some rows, not a square of the image. Use F.unfold, or split both axes and bring them together."
)
class CutByReshape(Base):
    def patches(self, images):
        return images.reshape(len(images), -1, self.embed.in_features)


@exercise.mistake(
    "Patches and features were read in the wrong order: F.unfold gives the features first, and a reshape does not transpose."
)
class NotTransposed(Base):
    def patches(self, images):
        return F.unfold(images, self.patch, stride=self.patch).reshape(len(images), -1, self.embed.in_features)


@exercise.mistake(
    "Your patches overlap or leave gaps: the stride is the patch's size, as each pixel belongs to one patch."
)
class ColumnsFirst(Base):
    def patches(self, images):
        return F.unfold(images.roll(1, -1), self.patch, stride=self.patch).transpose(1, 2)


@exercise.mistake(
    "[CLS] has no position, and the patches have those of their left neighbours. Put [CLS] in front first, then add all 1 + P positions."
)
class ClsWithoutPosition(Base):
    def tokens(self, patches):
        return torch.cat([self.cls.expand(len(patches), -1, -1), self.embed(patches) + self.positions[:, :-1]], 1)


@exercise.mistake(
    "[CLS] stands behind the patches. Its position is row 0, and the head reads token 0: put it in front."
)
class ClsBehind(Base):
    def tokens(self, patches):
        return torch.cat([self.embed(patches), self.cls.expand(len(patches), -1, -1)], 1) + self.positions


@exercise.mistake(
    "The head reads the mean of all tokens. That is a good choice too, but here it reads [CLS], whose row a rollout can show."
)
class MeanOfAll(Base):
    def read(self, x):
        return self.head(self.norm(x).mean(1))


@exercise.mistake("The head reads the last patch. [CLS] is token 0.")
class LastToken(Base):
    def read(self, x):
        return self.head(self.norm(x[:, -1]))


@exercise.mistake("The last norm is missing: in pre-norm the stream comes out with any scale.")
class NoLastNorm(Base):
    def read(self, x):
        return self.head(x[:, 0])


@exercise.mistake("The positions are not added: your model sees a bag of patches, and shuffling them changes nothing.")
class NoPositions(Base):
    def tokens(self, patches):
        return torch.cat([self.cls.expand(len(patches), -1, -1), self.embed(patches)], 1) + 0 * self.positions


@exercise.mistake("[CLS] is added without its position: row 0 of `positions` belongs to it.")
class PatchesHavePositions(Base):
    def tokens(self, patches):
        return torch.cat([self.cls.expand(len(patches), -1, -1), self.embed(patches) + self.positions[:, 1:]], 1)


@exercise.mistake(
    "[CLS] stands behind the patches, and the head reads it there. Then the patches have the positions of their left neighbours, and [CLS] the last: row 0 belongs to it, so put it in front."
)
class ClsBehindAndRead(Base):
    def tokens(self, patches):
        return torch.cat([self.embed(patches), self.cls.expand(len(patches), -1, -1)], 1) + self.positions

    def read(self, x):
        return self.head(self.norm(x[:, -1]))


@exercise.alternative
class ByUnfoldOfATensor(Base):
    def patches(self, images):
        p = self.patch
        cut = images.unfold(2, p, p).unfold(3, p, p)
        return cut.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


@exercise.alternative
class ByConvolution(Base):
    def forward(self, images):
        weight = self.embed.weight.view(self.embed.out_features, images.shape[1], self.patch, self.patch)
        tokens = F.conv2d(images, weight, self.embed.bias, stride=self.patch).flatten(2).movedim(1, 2)
        x = torch.cat([self.cls.repeat(len(images), 1, 1), tokens], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x[:, 0]), self.head.weight, self.head.bias)
