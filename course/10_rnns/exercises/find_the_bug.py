"""A forecaster that follows the truth one step late, is not clipped and has seen the future: three planted bugs."""

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    title="find the bug",
    difficulty=3,
    minutes=20,
    move_on=35,
    hints=(
        "Take the symptoms in order. What does a model learn if its target is its input? When do gradients exist? Which lines use the last values of the record?",
        "Look at three lines: the one that computes the mean and the standard deviation, the one that cuts x and y, and the one that clips.",
    ),
    part="morning",
    starter='''def find_the_bug(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    """Train an RNN to predict the next value. values: (T,). Returns the loss of each epoch, and one-step forecasts (test,).

    Three lines are wrong: repair them and change nothing else.
    """
    train = values[: len(values) - test]
    mean, std = values.mean(), values.std()
    z = ((values - mean) / std)[None, :, None]
    torch.manual_seed(seed)
    rnn, head = nn.RNN(1, 8, batch_first=True).to(values.dtype), nn.Linear(8, 1).to(values.dtype)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for _ in range(epochs):
        state, total, count = None, 0.0, 0
        for start in range(0, len(train) - window, window):
            x, y = z[:, start : start + window], z[:, start : start + window]
            h, state = rnn(x, state)
            loss = F.mse_loss(head(h), y)
            optimiser.zero_grad()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            loss.backward()
            optimiser.step()
            state = state.detach()
            total, count = total + loss.item(), count + 1
        losses.append(total / count)
    with torch.no_grad():
        forecast = head(rnn(z[:, :-1])[0])[0, :, 0]
    return losses, forecast[-test:] * std + mean
''',
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


SHIFT = ("z[:, start + 1 : start + window + 1]", "z[:, start : start + window]")
SCALE = ("mean, std = train.mean(), train.std()", "mean, std = values.mean(), values.std()")
CLIP = (
    "            loss.backward()\n            nn.utils.clip_grad_norm_(parameters, 1.0)\n",
    "            nn.utils.clip_grad_norm_(parameters, 1.0)\n            loss.backward()\n",
)

exercise.edit(
    "target_not_shifted", *SHIFT,
    "One bug is left, the first symptom: the target is the input itself. Copying it costs nothing, and as a forecast it is one step late.",
)  # fmt: skip
exercise.edit(
    "clipped_before_backward", *CLIP,
    "One bug is left, the second symptom: gradients are clipped before backward has made them. At that moment they are empty.",
)  # fmt: skip
exercise.edit(
    "scaled_by_the_future", *SCALE,
    "One bug is left, the third symptom: mean and standard deviation are those of the whole record, the test period included.",
)  # fmt: skip
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


def program(values, test, window, epochs, lr, seed, *, shift=1, clean=True, clip=True, read=None):
    """The program with each of its three faults repaired or not."""
    train = values[: len(values) - test]
    source = train if clean else values
    z = ((values - source.mean()) / source.std())[None, :, None]
    torch.manual_seed(seed)
    rnn, head = nn.RNN(1, 8, batch_first=True).to(values.dtype), nn.Linear(8, 1).to(values.dtype)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for _ in range(epochs):
        state, found = None, []
        for start in range(0, len(train) - window, window):
            h, state = rnn(z[:, start : start + window], None if state is None else state.detach())
            loss = (head(h) - z[:, start + shift : start + shift + window]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            found.append(loss.item())
        losses.append(sum(found) / len(found))
    with torch.no_grad():
        forecast = head(rnn(z[:, :-1])[0]).flatten()
    return losses, forecast[len(forecast) - test :] * source.std() + source.mean()


@exercise.mistake(
    "The target is shifted now. Clipping still comes before backward, and the scaling still sees the test period: two bugs are left."
)
def only_the_target_repaired(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    return program(values, test, window, epochs, lr, seed, clean=False, clip=False)


@exercise.mistake(
    "Clipping comes after backward now. The target is still the input, and the scaling still sees the test period: two bugs are left."
)
def only_the_clipping_repaired(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    return program(values, test, window, epochs, lr, seed, clean=False, shift=0)


@exercise.mistake(
    "The scaling is clean now. The target is still the input, and clipping still comes before backward: two bugs are left."
)
def only_the_scaling_repaired(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    return program(values, test, window, epochs, lr, seed, clip=False, shift=0)


@exercise.alternative
def detached_at_the_start(values, test, *, window=8, epochs=6, lr=0.05, seed=0):
    return program(values, test, window, epochs, lr, seed)


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
