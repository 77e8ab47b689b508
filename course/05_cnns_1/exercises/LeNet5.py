"""LeCun's network of 1998, as one writes it today."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    difficulty=2,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "Go down the table with output_size in hand: 28 stays 28, is halved, loses 4, is halved. Where does the 400 come from?",
        "nn.Sequential may hold the whole network. Between the last pooling and the first linear layer the axes C, H, W must "
        "become one: flatten from axis 1, so that the batch stays.",
    ),
    probe=probes.module(train=True),
)


@exercise.cases
def cases():
    def images(count: int) -> Tensor:
        return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(count), dtype=torch.float64)

    yield Case(images(1)).built().named("one image")
    yield Case(images(3)).built(4).named("three images and four classes")


class Base(nn.Module):
    """The layers, so that a mistake only says what it does otherwise."""

    padding = 2
    features = 400

    def __init__(self, classes=10):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=self.padding), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2 = nn.Linear(self.features, 120), nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def head(self, h):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(h.flatten(1))))))

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return self.head(F.max_pool2d(F.relu(self.conv2(h)), 2))


@exercise.mistake(
    "The first convolution has no padding: 28 becomes 24, and 256 features reach the first linear layer, not 400. LeNet-5 saw "
    "32x32 images; padding 2 gives our 28x28 ones the same margin."
)
class NoPadding(Base):
    padding, features = 0, 256


@exercise.mistake(
    "A softmax stands at the end. F.cross_entropy applies log-softmax itself and wants logits; a second softmax squeezes "
    "the differences between classes and slows training to a crawl."
)
class SoftmaxAtTheEnd(Base):
    def forward(self, x):
        return super().forward(x).softmax(1)


@exercise.mistake(
    "There is a ReLU after the last layer. Logits are free numbers: with negative ones cut to zero, the network cannot say "
    "that a class is unlikely, and a class whose logit is cut for every image stops learning."
)
class ReluOnLogits(Base):
    def forward(self, x):
        return super().forward(x).relu()


@exercise.mistake(
    "You pool by averaging, with nothing else after it. That is close to the paper of 1998 (which added a weight and a bias "
    "to each map); the version in the table takes the maximum."
)
class AveragePooling(Base):
    def forward(self, x):
        h = F.avg_pool2d(F.relu(self.conv1(x)), 2)
        return self.head(F.avg_pool2d(F.relu(self.conv2(h)), 2))


@exercise.mistake(
    "The activation is tanh. The paper of 1998 had a scaled tanh; the version in the table has ReLU, which does not saturate "
    "and became the default with AlexNet in 2012."
)
class TanhInside(Base):
    def forward(self, x):
        h = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        h = F.max_pool2d(torch.tanh(self.conv2(h)), 2).flatten(1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(h)))))


@exercise.mistake(
    "There is no ReLU after the convolutions, only between the linear layers. The maximum of a pooling is not linear either, so "
    "this network trains, but it gives away the cheapest non-linearity it has."
)
class NoReluAfterConvolutions(Base):
    def forward(self, x):
        h = F.max_pool2d(self.conv1(x), 2)
        return self.head(F.max_pool2d(self.conv2(h), 2))


@exercise.mistake(
    "There is no ReLU between the linear layers. Three linear layers in a row are one linear layer with more parameters: the "
    "product of their matrices."
)
class LinearHead(Base):
    def head(self, h):
        return self.fc3(self.fc2(self.fc1(h.flatten(1))))


@exercise.mistake(
    "Your network always has ten outputs: `classes` is never used. The last layer has as many outputs as there are classes."
)
class TenClasses(Base):
    def __init__(self, classes=10):
        super().__init__(10)


@exercise.mistake(
    "You return logarithms of probabilities. F.cross_entropy takes the logits and has the log-softmax inside; the table ends with the linear layer."
)
class LogProbabilities(Base):
    def forward(self, x):
        return super().forward(x).log_softmax(1)


exercise.edit(
    "one_relu_missing_after_120",
    "nn.Linear(16 * 5 * 5, 120), nn.ReLU(),",
    "nn.Linear(16 * 5 * 5, 120),",
    "The ReLU between the linear layers of 120 and 84 is missing. Two linear layers in a row are one: the product of their matrices.",
)
exercise.edit(
    "one_relu_missing_after_84",
    "nn.Linear(120, 84), nn.ReLU(),",
    "nn.Linear(120, 84),",
    "The ReLU between the last two linear layers is missing. Two linear layers in a row are one: the product of their matrices.",
)
exercise.edit(
    "one_relu_missing_after_convolution_1",
    "padding=2), nn.ReLU(),",
    "padding=2),",
    "The ReLU after the first convolution is missing.",
)
exercise.edit(
    "one_relu_missing_after_convolution_2",
    "nn.Conv2d(6, 16, 5), nn.ReLU(),",
    "nn.Conv2d(6, 16, 5),",
    "The ReLU after the second convolution is missing.",
)
exercise.edit(
    "averaged_before_the_relu",
    "nn.ReLU(), nn.MaxPool2d(2)",
    "nn.AvgPool2d(2), nn.ReLU()",
    "You pool by averaging, before the ReLU. The table takes the maximum, after it (for the maximum the order does not matter, for a mean it does).",
    count=2,
)
exercise.edit(
    "sigmoid_inside",
    "nn.ReLU()",
    "nn.Sigmoid()",
    "The activation is the sigmoid. The version in the table has ReLU, whose gradient does not fade with depth.",
    count=4,
)
exercise.edit(
    "convolution_without_bias",
    "nn.Conv2d(1, 6, 5, padding=2)",
    "nn.Conv2d(1, 6, 5, padding=2, bias=False)",
    "The first convolution has no bias: it has 150 parameters, and the table says 156. (A bias is spared where batch normalisation follows; none does "
    "here.)",
)


@exercise.alternative
def one_sequential(classes=10):
    return nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(6, 16, kernel_size=5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes),
    )  # fmt: skip


@exercise.alternative
class DeclaredBackwards(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.output = nn.Linear(84, classes)
        self.hidden = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84)])
        self.second, self.first = nn.Conv2d(6, 16, 5), nn.Conv2d(1, 6, 5, padding=2)

    def forward(self, x):
        for layer in (self.first, self.second):
            x = F.max_pool2d(layer(x).clamp_min(0), kernel_size=2, stride=2)
        x = x.reshape(len(x), -1)
        for layer in self.hidden:
            x = layer(x).clamp_min(0)
        return self.output(x)
