"""A selective recurrence, in any order of computing."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row, waves

exercise = Exercise(
    difficulty=4,
    minutes=15,
    hints=(
        "Write a and b of every step first, both (T, D, S): which of the five inputs does each need, and along which axes?",
        "Start with the loop over T. For the rounds: the new b of a pair is the later a times the earlier b plus the later b, and b needs the old a, so change it first.",
    ),
    probe=probes.call(),
)


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case(row(1, 0, 2)[:, None], row(1, 1, 1)[:, None], -0.5 * one, one.expand(3, 1), one.expand(3, 1)).named(
        "three steps, one channel, one state"
    )
    yield Case(noise(5, 2), noise(5, 2, seed=1).exp(), -noise(2, 3, seed=2).exp(), noise(5, 3, seed=3), noise(5, 3, seed=4)).named("five steps, two channels, three states")  # fmt: skip
    yield Case(noise(1, 3), noise(1, 3, seed=1).exp(), -noise(3, 2, seed=2).exp(), noise(1, 2, seed=3), noise(1, 2, seed=4)).named("a single step")  # fmt: skip
    yield Case(waves(8, 4), waves(8, 4, start=1).exp(), -waves(4, 4).exp(), waves(8, 4, start=2), waves(8, 4, start=3)).named("eight steps, as many states as channels")  # fmt: skip
    yield Case(noise(19, 2), 0.1 * noise(19, 2, seed=1).exp(), -noise(2, 2, seed=2).exp(), noise(19, 2, seed=3), noise(19, 2, seed=4)).named("nineteen steps")  # fmt: skip


exercise.edit(
    "decay_without_the_step", "torch.exp(delta[:, :, None] * rate)", "torch.exp(rate).expand(*delta.shape, -1)",
    "Your decay does not depend on the step delta, so the model cannot choose what to forget.",
)  # fmt: skip
exercise.edit(
    "exponential_missing", "torch.exp(delta[:, :, None] * rate)", "delta[:, :, None] * rate",
    "The exponential is missing: the factor of the old state is exp(delta * rate), between 0 and 1.",
)  # fmt: skip
exercise.edit(
    "input_without_the_step", "(delta * x)[:, :, None]", "x[:, :, None]",
    "The input is not multiplied by delta. With a small step little is written as well.",
)  # fmt: skip
exercise.edit(
    "read_and_write_exchanged", ("[:, :, None] * write[:, None, :]", "(b * read[:, None, :])"), ("[:, :, None] * read[:, None, :]", "(b * write[:, None, :])"),
    "write and read are exchanged: one goes into the state, the other reads it.",
)  # fmt: skip


@exercise.mistake("Your state does not pass from one step to the next.")
def no_memory(x, delta, rate, write, read):
    return delta * x * (write * read).sum(1, keepdim=True)


@exercise.mistake("You read before you write: y of a step contains the input of that step.")
def reads_too_early(x, delta, rate, write, read):
    h, rows = torch.zeros_like(rate), []
    for t in range(len(x)):
        rows.append(h @ read[t])
        h = torch.exp(delta[t, :, None] * rate) * h + (delta[t] * x[t])[:, None] * write[t]
    return torch.stack(rows)


@exercise.mistake(
    "The new input is damped by the factor of its own step. Only the old state is: h = a * h + delta * x * w."
)
def input_damped(x, delta, rate, write, read):
    h, out = torch.zeros_like(rate), []
    for t in range(len(x)):
        h = torch.exp(delta[t][:, None] * rate) * (h + (delta[t] * x[t])[:, None] * write[t])
        out.append((h * read[t]).sum(1))
    return torch.stack(out)


@exercise.mistake(
    "The input is integrated exactly over the step, (exp(delta rate) - 1) / rate. That is the paper's equation; here, as in its code, it is multiplied by delta alone."
)
def exact_integral(x, delta, rate, write, read):
    h, out = torch.zeros_like(rate), []
    for t in range(len(x)):
        a = torch.exp(delta[t][:, None] * rate)
        h = a * h + (a - 1) / rate * x[t][:, None] * write[t]
        out.append((h * read[t]).sum(1))
    return torch.stack(out)


@exercise.mistake(
    "Nothing is forgotten: the old state is kept in full. It is multiplied by exp(delta * rate) at each step."
)
def nothing_forgotten(x, delta, rate, write, read):
    return ((delta * x)[:, :, None] * write[:, None, :]).cumsum(0).mul(read[:, None, :]).sum(2)


exercise.edit(
    "one_round", "while k < len(x):", "if k < len(x):",
    "Only one round is done, so each position knows the step before it and no more. Go on with k = 1, 2, 4, ...",
)  # fmt: skip


@exercise.alternative
def by_a_loop(x, delta, rate, write, read):
    h, rows = torch.zeros_like(rate), []
    for t in range(len(x)):
        h = torch.exp(delta[t, :, None] * rate) * h + (delta[t] * x[t])[:, None] * write[t]
        rows.append(h @ read[t])
    return torch.stack(rows)


@exercise.alternative
def by_the_sum(x, delta, rate, write, read):
    age = delta.cumsum(0)
    since = age[:, None] - age[None]
    weight = torch.exp(since[..., None] * rate) * torch.ones(len(x), len(x), dtype=x.dtype).tril()[:, :, None, None]
    return torch.einsum("tsdn,sd,sn,tn->td", weight, delta * x, write, read)


exercise.equivalent("Lt -> LtE", "a round with k = T combines nothing")
