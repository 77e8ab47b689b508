"""The squared deviation of a critic's slope from 1, and what the critic can learn from it."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "You need the derivative of the outputs with respect to the inputs, as something that can be differentiated again.",
        "x_hat must require a gradient before the critic sees it. Then torch.autograd.grad of the summed outputs, flatten(1), norm, and the mean of the squares.",
    ),
)


class Linear(nn.Module):
    """A plane of a given slope over inputs of any shape: its gradient has this length everywhere."""

    def __init__(self, inputs, slope):
        super().__init__()
        self.weight = nn.Parameter(slope * torch.ones(inputs).double() / inputs**0.5)

    def forward(self, x):
        return x.flatten(1) @ self.weight


class Curved(nn.Module):
    """A hidden layer of tanh."""

    def __init__(self, inputs):
        super().__init__()
        self.first, self.second = nn.Linear(inputs, 5).double(), nn.Linear(5, 1).double()
        with torch.no_grad():
            for k, parameter in enumerate(self.parameters()):
                parameter.copy_(
                    2 * torch.sin(0.7 * torch.arange(parameter.numel()).double() + k).reshape(parameter.shape)
                )

    def forward(self, x):
        return self.second(self.first(x.flatten(1)).tanh())[:, 0]


@exercise.probe
def probe(candidate, case):
    x, slope = case.args
    inputs = x[0].numel()
    critic = Curved(inputs) if slope is None else Linear(inputs, slope)
    penalty = candidate(critic, x.clone())
    grads = [None] * len(list(critic.parameters()))
    if penalty.requires_grad:
        grads = torch.autograd.grad(penalty, list(critic.parameters()), allow_unused=True)
    return {
        "penalty": penalty.detach(),
        "gradient of the critic": torch.cat(
            [
                torch.zeros_like(p).flatten() if g is None else g.flatten()
                for g, p in zip(grads, critic.parameters(), strict=True)
            ]
        ),
        "the critic can learn from it": any(g is not None for g in grads),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2), 1.0).named("one point, a critic of slope 1")
    yield Case(waves(4, 2), 3.0).named("four points, a critic of slope 3")
    yield Case(waves(3, 1, 4, 5), 1.0).named("three images of 4x5, a critic of slope 1")
    yield Case(waves(3, 2, 3, 4), 0.0).named("three images of two channels, a critic of slope 0")
    yield Case(waves(5, 3), None).named("five points, a curved critic")
    yield Case(waves(4, 2, 3, 2), None).named("four images of two channels, a curved critic")


exercise.edit(
    "length_over_channels", "slope.flatten(1).norm(dim=1)", "slope.norm(dim=1)",
    "Your length runs over axis 1 alone. On images that is the channels: take all axes but the batch.",
)  # fmt: skip
exercise.edit(
    "length_over_everything", "slope.flatten(1).norm(dim=1)", "slope.norm()",
    "Your length runs over the batch as well. Each example has a slope of its own.",
)  # fmt: skip
exercise.edit(
    "graph_not_kept", ", create_graph=True", "",
    "The critic cannot learn from your penalty: it is a plain number. Keep the graph of the derivative with create_graph=True.",
)  # fmt: skip
exercise.edit(
    "mean_of_the_outputs", "critic(x_hat).sum()", "critic(x_hat).mean()",
    "You took the derivative of the mean output: each slope is divided by N. Take the sum.",
)  # fmt: skip
exercise.edit(
    "towards_zero", "(length - 1) ** 2", "length ** 2",
    "You pull the slope towards 0. This penalty pulls it towards 1.",
)  # fmt: skip
exercise.edit(
    "squared_length", "(length - 1) ** 2", "(length ** 2 - 1) ** 2",
    "You compare the squared length with 1. Compare the length.",
)  # fmt: skip
exercise.edit(
    "one_sided", "(length - 1) ** 2", "(length - 1).clamp(min=0) ** 2",
    "Slopes below 1 cost nothing in yours. Petzka and others (2018) argue for that; the text asks for both sides.",
)  # fmt: skip
exercise.edit(
    "not_squared", "(length - 1) ** 2", "(length - 1).abs()",
    "You took the size of the deviation; the penalty is its square.",
)  # fmt: skip
exercise.edit("summed", ").mean()\n", ").sum()\n", "You summed over the examples; take the mean.")


exercise.edit(
    "mean_slope", "((length - 1) ** 2).mean()", "(length.mean() - 1) ** 2",
    "You averaged the slopes first and squared afterwards, so steep and flat places cancel. Square each deviation, then take the mean.",
)  # fmt: skip
exercise.edit(
    "slope_of_each_number", "slope.flatten(1).norm(dim=1)", "slope.abs()",
    "You compare the slope by each number with 1. The slope of an example is the length of its whole gradient.",
)  # fmt: skip
exercise.edit(
    "first_example_only", "critic(x_hat).sum()", "critic(x_hat)[0]",
    "Only the first example's output is differentiated, so all others have slope 0. Take the sum of the outputs.",
)  # fmt: skip


exercise.equivalent("operands of - swapped", "the deviation is squared")
exercise.equivalent(".detach(...)", "the points come without a graph")


@exercise.mistake(
    "Where the slope is 0, the derivative of your square root is infinite, and the critic's weights become NaN. Use norm, or add a tiny number under the root."
)
def bare_root(critic, x_hat):
    x_hat = x_hat.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    return ((slope.flatten(1).square().sum(1).sqrt() - 1) ** 2).mean()


@exercise.alternative
def with_grad_outputs(critic, x_hat):
    x = x_hat.clone().detach()
    x.requires_grad = True
    out = critic(x)
    slope = torch.autograd.grad(out, x, grad_outputs=torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return (torch.linalg.vector_norm(slope, dim=tuple(range(1, slope.dim()))) - 1).pow(2).mean()


@exercise.alternative
def one_at_a_time(critic, x_hat):
    terms = []
    for example in x_hat.detach():
        example = example[None].requires_grad_()
        slope = torch.autograd.grad(critic(example)[0], example, create_graph=True)[0]
        terms.append((slope.norm() - 1) ** 2)
    return torch.stack(terms).mean()
