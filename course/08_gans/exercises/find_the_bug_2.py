"""A critic's loss with three planted bugs."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Take the symptoms in order. What bounds the values of the critic? What pulls a slope to 1, and what away from it? Over what does the length run?",
        "One bug is in the first line, one in the penalty, one in the length.",
    ),
)


class Critic(nn.Module):
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
    x, fake, x_hat, weight = case.args
    critic = Critic(x[0].numel())
    loss = candidate(critic, x, fake, x_hat, weight)
    grads = torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True)
    return {
        "loss": loss.detach(),
        "gradient of the critic": torch.cat(
            [
                torch.zeros_like(p).flatten() if g is None else g.flatten()
                for g, p in zip(grads, critic.parameters(), strict=True)
            ]
        ),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2), waves(1, 2, start=1), waves(1, 2, start=2), 0.0).named("one pair of points, no penalty")
    yield Case(waves(1, 2), waves(1, 2, start=1), waves(1, 2, start=2), 1.0).named("one pair of points, weight 1")
    yield Case(waves(4, 1, 2, 3), waves(4, 1, 2, 3, start=1), waves(4, 1, 2, 3, start=2), 5.0).named("four images")


exercise.bug(
    "bounded_values", "on_real, on_fake = critic(x), critic(fake)", "on_real, on_fake = critic(x).sigmoid(), critic(fake).sigmoid()",
    "One bug is left, the first symptom: the values go through a sigmoid. A critic is not bounded.",
    left="the values stop at 1",
)  # fmt: skip
exercise.bug(
    "slope_pushed_away", "(length - 1).square().mean()", "(length - 1).mean()",
    "One bug is left, the second symptom: without the square, a slope of 0 is rewarded more than a slope of 1, and the critic becomes flat.",
    left="the slope goes to 0",
)  # fmt: skip
exercise.bug(
    "length_over_the_batch", "slope.flatten(1).norm(dim=1)", "slope.flatten(1).norm(dim=0)",
    "One bug is left, the third symptom: the length runs over the batch and not over the numbers of one example.",
    left="examples disturb one another",
)  # fmt: skip


exercise.edit(
    "sides_exchanged", "on_fake.mean() - on_real.mean()", "on_real.mean() - on_fake.mean()",
    "You exchanged real and generated examples in the last line. It was right: the critic minimises the mean on generated ones minus the mean on real ones.",
)  # fmt: skip
exercise.edit(
    "graph_dropped", ", create_graph=True", "",
    "You took create_graph=True away. It was right: without it the critic cannot learn from the penalty.",
)  # fmt: skip
exercise.edit(
    "length_of_the_batch", "slope.flatten(1).norm(dim=1)", "slope.norm()",
    "The length runs over the whole batch, so one example's slope still depends on the others. Take it over all axes but the first.",
)  # fmt: skip


exercise.equivalent(".detach(...)", "the points come without a graph")
exercise.equivalent("operands of - swapped", "the deviation is squared")


@exercise.alternative
def with_the_function(critic, x, fake, x_hat, weight):
    return critic(fake).mean() - critic(x).mean() + weight * gradient_penalty(critic, x_hat)


@exercise.alternative
def by_hand(critic, x, fake, x_hat, weight):
    inside = x_hat.clone().detach().requires_grad_()
    slope = torch.autograd.grad(critic(inside).sum(), inside, create_graph=True)[0].reshape(len(x_hat), -1)
    penalty = (slope.square().sum(1).sqrt() - 1).pow(2).mean()
    return weight * penalty - (critic(x).mean() - critic(fake).mean())
