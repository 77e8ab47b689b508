"""The best action, and now and then any action."""

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise

ROWS, DRAWS = 60_000, 20  # each row is a draw of its own

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Two random things are needed for each row: whether it explores, and where to.",
        "torch.rand gives one number a row to compare with epsilon, torch.randint one action a row; torch.where joins them with the argmax.",
    ),
    probe=probes.sample({"share of each action": "torch.stack([(x == k).double().mean() for k in range(4)])", "all rows alike": "(x == x[:, :1]).all(1).double().mean()", "shape": "torch.tensor(x.shape[1:])"}, draws=DRAWS),
)  # fmt: skip


def case(values: list[float], epsilon: float, rows: int = ROWS) -> Case:
    """The same values in every row, turned round in the second half; the closed form, judged at the binomial standard error."""
    p = torch.full((len(values),), epsilon / len(values), dtype=torch.float64)
    p[torch.tensor(values).argmax()] += 1 - epsilon
    q = torch.tensor([values], dtype=torch.float64).repeat(rows, 1)
    q[rows // 2 :] = q[rows // 2 :].flip(1)
    share = torch.cat([(p + p.flip(0)) / 2, p.new_zeros(4 - len(p))])
    error = (share * (1 - share) / (rows * DRAWS)).sqrt().clamp(min=1e-9)
    return Case(q, epsilon).expecting(
        {
            "share of each action": share,
            "all rows alike": torch.zeros((), dtype=torch.float64),
            "shape": torch.tensor([rows]),
        },
        within={
            "share of each action": error,
            "all rows alike": torch.tensor(1e-9, dtype=torch.float64),
            "shape": torch.tensor([1e-9]),
        },
    )


@exercise.cases
def cases():
    yield case([1.0, 5.0], 0.0, rows=2).named("epsilon 0: always the best of two actions")
    yield case([1.0, 5.0, 2.0], 1.0).named("epsilon 1: any of three actions")
    yield case([0.0, -1.0, 3.0, 2.0], 0.4).named("four actions, epsilon 0.4")
    yield case([-2.0, -1.0, -3.0], 0.1).named("negative values, epsilon 0.1")


exercise.edit(
    "epsilon_inverted", "< epsilon", "> epsilon",
    "You explore with probability 1 - epsilon. Epsilon is the probability of a random action.",
)  # fmt: skip


@exercise.mistake(
    "The random action never is the best one. It is drawn from all actions, the best included: the best is taken with probability 1 - epsilon + epsilon / A."
)
def only_the_others(q, epsilon, *, generator=None):
    best, actions = q.argmax(1), q.shape[1]
    explore = torch.rand(len(q), generator=generator) < epsilon
    other = (best + torch.randint(1, max(actions, 2), (len(q),), generator=generator)) % actions
    return torch.where(explore, other, best)


@exercise.mistake("One number decides for the whole batch: either all rows explore, or none. Draw one for each row.")
def one_draw_for_all(q, epsilon, *, generator=None):
    random = torch.randint(q.shape[1], (len(q),), generator=generator)
    return random if torch.rand(1, generator=generator).item() < epsilon else q.argmax(1)


@exercise.mistake("The last action is never drawn: the upper end of torch.randint is exclusive.")
def last_action_missing(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.randint(max(q.shape[1] - 1, 1), (len(q),), generator=generator), q.argmax(1))


@exercise.alternative
def by_multinomial(q, epsilon, *, generator=None):
    p = torch.full_like(q, epsilon / q.shape[1])
    p[torch.arange(len(q)), q.argmax(1)] += 1 - epsilon
    return torch.multinomial(p, 1, generator=generator)[:, 0]


@exercise.alternative
def by_random_values(q, epsilon, *, generator=None):
    noise = torch.rand(q.shape, generator=generator, dtype=q.dtype)
    explore = torch.rand((len(q), 1), generator=generator) < epsilon
    return torch.where(explore, noise, q).argmax(1)


exercise.equivalent("Lt -> LtE", "a random number equals epsilon with a probability of about one in ten million")
