"""A value and advantages make action values."""

import torch
from torch import nn

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Which axis of the advantages counts the actions? Over which do you take the mean?",
        "Run the body once, both heads on its result, and keep the axis of the mean so that it broadcasts.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, actions, hidden = case.args
    model = candidate(x.shape[1], actions, hidden).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            start = sum(map(ord, name)) % 7
            parameter.copy_(torch.sin(0.7 * torch.arange(parameter.numel()).double() + start).reshape(parameter.shape))
    q = model(x)
    q.square().sum().backward()
    return {
        "q": q.detach(),
        "gradients": {name: p.grad for name, p in model.named_parameters() if not name.startswith("body")},
    }


@exercise.cases
def cases():
    yield Case(waves(1, 2), 2, 2).named("one observation, two actions")
    yield Case(waves(5, 3), 4, 6).named("five observations, four actions")
    yield Case(2 * waves(3, 3), 3, 8).named("as many actions as observations")


exercise.edit(
    "mean_not_taken_away", " - advantage.mean(1, keepdim=True)", "",
    "The mean of the advantages is not taken away: value and advantage are then not determined.",
)  # fmt: skip
exercise.edit(
    "mean_over_the_batch", "advantage.mean(1, keepdim=True)", "advantage.mean(0, keepdim=True)",
    "Your mean runs over the batch: one observation would change the values of another. Take it over the actions.",
)  # fmt: skip
exercise.edit(
    "mean_over_everything", "advantage.mean(1, keepdim=True)", "advantage.mean()",
    "Your mean is one number for the whole batch. Each observation has its own mean, over its actions.",
)  # fmt: skip
exercise.edit(
    "maximum_taken_away", "advantage.mean(1, keepdim=True)", "advantage.amax(1, keepdim=True)",
    "You took away the maximum. The paper discusses it too; the text asks for the mean, which moves less.",
)  # fmt: skip
exercise.edit(
    "value_missing",
    "self.value(h) + advantage",
    "advantage",
    "The value of the state is missing: without it Q has mean zero.",
)


class Heads(nn.Module):
    def __init__(self, features, actions, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.value, self.advantage = nn.Linear(hidden, 1), nn.Linear(hidden, actions)


exercise.edit(
    "mean_added", "advantage - advantage.mean", "advantage + advantage.mean",
    "You add the mean of the advantages. It is taken away.",
)  # fmt: skip
exercise.edit(
    "sum_taken_away", "advantage.mean(1, keepdim=True)", "advantage.sum(1, keepdim=True)",
    "You take away the sum of the advantages. Their mean divides by the number of actions.",
)  # fmt: skip
exercise.edit(
    "advantages_standardised", "return self.value(h) + advantage - advantage.mean(1, keepdim=True)", "return self.value(h) + (advantage - advantage.mean(1, keepdim=True)) / (advantage.std(1, keepdim=True, correction=0) + 1e-5)",
    "You divide the advantages by their spread. Only their mean is taken away: their size is what tells good from bad.",
)  # fmt: skip
exercise.edit(
    "softmax_of_advantages", "advantage = self.advantage(h)", "advantage = self.advantage(h).softmax(1)",
    "You take a softmax of the advantages. They are numbers of either sign, no probabilities.",
)  # fmt: skip
exercise.edit(
    "relu_at_the_end", "return self.value(h) + advantage - advantage.mean(1, keepdim=True)", "return (self.value(h) + advantage - advantage.mean(1, keepdim=True)).relu()",
    "You put a ReLU at the end: action values could never be negative.",
)  # fmt: skip
exercise.edit(
    "mean_detached", "advantage.mean(1, keepdim=True)", "advantage.mean(1, keepdim=True).detach()",
    "The values are right, but no gradient flows through the mean of the advantages: they could drift together.",
)  # fmt: skip
exercise.edit(
    "mean_of_the_value", "advantage - advantage.mean(1, keepdim=True)", "advantage - self.value(h).mean()",
    "You take away the mean of the value. The mean of the *advantages* is taken away, for each observation.",
)  # fmt: skip
exercise.edit(
    "second_layer_left_out", "self.body(observation)", "self.body[:2](observation)",
    "You use the first layer of `body` only.",
)  # fmt: skip


@exercise.alternative
class ByExpand(Heads):
    def forward(self, observation):
        h = self.body(observation)
        a = self.advantage(h)
        return (self.value(h)[:, 0] - a.sum(1) / a.shape[1]).unsqueeze(1) + a


@exercise.alternative
class ByCentring(Heads):
    def forward(self, observation):
        h = self.body(observation)
        a = self.advantage(h)
        centring = torch.eye(a.shape[1], dtype=a.dtype) - 1 / a.shape[1]
        return self.value(h) + a @ centring
