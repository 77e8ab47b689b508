"""A forecaster that follows the truth one step late, is not clipped and has seen the future: three planted bugs."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=35,
    hints=(
        "Take the symptoms in order. What does a model learn if its target is its input? When do gradients exist? Which lines use the last values of the record?",
        "Look at three lines: the one that computes the mean and the standard deviation, the one that cuts x and y, and the one that clips.",
    ),
)


def record(count: int, wave: float = 0.6, trend: float = 0.02) -> torch.Tensor:
    """A wave on a slope, (count,) float64."""
    t = torch.arange(count, dtype=torch.float64)
    return 3 * (wave * t).sin() + trend * t + 5


@exercise.cases
def cases():
    yield Case(record(40), 6, window=8, epochs=3, lr=0.2).named("forty values of a wave on a slope")
    yield Case(record(57, 0.9, -0.1), 9, window=5, epochs=5, lr=0.3, seed=1).named("57 falling values, windows of five")
    yield Case(record(60, 0.4) ** 3, 4, lr=0.1, seed=2).named("a record with high peaks")


exercise.bug(
    "target_not_shifted",
    "z[:, start + 1 : start + window + 1]",
    "z[:, start : start + window]",
    "One bug is left, the first symptom: the target is the input itself. Copying it costs nothing, and as a forecast it is one step late.",
    left="the target is still the input",
)
exercise.bug(
    "clipped_before_backward",
    "            loss.backward()\n            nn.utils.clip_grad_norm_(parameters, 1.0)\n",
    "            nn.utils.clip_grad_norm_(parameters, 1.0)\n            loss.backward()\n",
    "One bug is left, the second symptom: gradients are clipped before backward has made them. At that moment they are empty.",
    left="clipping still comes before backward",
)
exercise.bug(
    "scaled_by_the_future",
    "mean, std = train.mean(), train.std()",
    "mean, std = values.mean(), values.std()",
    "One bug is left, the third symptom: mean and standard deviation are those of the whole record, the test period included.",
    left="the scaling still sees the test period",
)
exercise.edit(
    "state_thrown_away", "            state = state.detach()\n", "            state = None\n",
    "You took the state away from the next window. Carrying it on, detached, was right.",
)  # fmt: skip


exercise.edit(
    "state_not_detached",
    "            state = state.detach()\n",
    "",
    "You took the detach away, so the second window wants to go backward through the graph of the first, which is gone. "
    "The number of the state goes on, its graph ends; retain_graph=True would make each step longer than the last.",
)
exercise.equivalent("first two arguments of mse_loss swapped", "a squared difference has no direction")


@exercise.alternative
def clipped_by_hand(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    train = values[:-test]
    mean, std = train.mean(), train.std()
    z = ((values - mean) / std)[None, :, None]
    torch.manual_seed(seed)
    rnn, head = nn.RNN(1, 8, batch_first=True).to(values.dtype), nn.Linear(8, 1).to(values.dtype)
    parameters = [*rnn.parameters(), *head.parameters()]
    losses = []
    for _ in range(epochs):
        state, total = torch.zeros(1, 1, 8, dtype=values.dtype), []
        for start in range(0, len(train) - window, window):
            h, state = rnn(z[:, start : start + window], state.detach())
            loss = F.mse_loss(head(h), z[:, start + 1 : start + window + 1])
            gradients = torch.autograd.grad(loss, parameters)
            factor = min(1.0, 1.0 / (sum(g.square().sum() for g in gradients).sqrt().item() + 1e-6))
            with torch.no_grad():
                for p, g in zip(parameters, gradients, strict=True):
                    p -= lr * factor * g
            total.append(loss.item())
        losses.append(sum(total) / len(total))
    with torch.no_grad():
        return losses, head(rnn(z[:, :-1])[0])[0, -test:, 0] * std + mean


exercise.variant(
    "detached_at_the_start", "h, state = rnn(x, state)", "h, state = rnn(x, None if state is None else state.detach())"
)
