"""The best action, and now and then any action."""

import torch

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise

ROWS, DRAWS = 400, 100  # each row is a draw of its own; few enough for a loop over the rows

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Two random things are needed for each row: whether it explores, and where to.",
        "torch.rand gives one number a row to compare with epsilon, torch.randint one action a row; torch.where joins them with the argmax.",
    ),
    probe=probes.sample(
        {
            "share of each action": "torch.stack([(x[:, : x.shape[1] // 2] == k).double().mean() for k in range(4)])",
            "share of each action in the other rows": "torch.stack([(x[:, x.shape[1] // 2 :] == k).double().mean() for k in range(4)])",
            "share of rows that act as the row above": "(x[:, 1:] == x[:, :-1]).double().mean()",
            "shape": "torch.tensor(x.shape[1:])",
        },
        draws=DRAWS,
    ),
)


def case(values: list[float], epsilon: float, rows: int = ROWS) -> Case:
    """The same values in every row, turned round in the second half; the closed form, judged at the binomial standard error."""
    p = torch.full((len(values),), epsilon / len(values), dtype=torch.float64)
    p[torch.tensor(values).argmax()] += 1 - epsilon
    half = rows // 2
    q = torch.tensor([values], dtype=torch.float64).repeat(rows, 1)
    q[half:] = q[half:].flip(1)
    agree = ((2 * half - 2) * (p * p).sum() + (p * p.flip(0)).sum()) / (rows - 1)

    def padded(share: torch.Tensor) -> torch.Tensor:
        return torch.cat([share, share.new_zeros(4 - len(share))])

    def error(share: torch.Tensor) -> torch.Tensor:
        return (share * (1 - share) / (half * DRAWS)).sqrt().clamp(min=1e-9)

    first, second = padded(p), padded(p.flip(0))
    return Case(q, epsilon).expecting(
        {
            "share of each action": first,
            "share of each action in the other rows": second,
            "share of rows that act as the row above": agree,
            "shape": torch.tensor([rows]),
        },
        within={
            "share of each action": error(first),
            "share of each action in the other rows": error(second),
            # Neighbouring pairs share a row: their errors add up to at most twice those of pairs that share none.
            "share of rows that act as the row above": (2 * agree * (1 - agree) / (rows * DRAWS))
            .sqrt()
            .clamp(min=1e-9),
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


@exercise.mistake(
    "All rows that explore take the same random action: you draw one for the whole batch. Draw one for each row."
)
def one_random_action(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.randint(q.shape[1], (1,), generator=generator), q.argmax(1))


@exercise.mistake(
    "One number decides both whether a row explores and what it does: where it is below epsilon, only the first actions are left. Draw twice."
)
def one_number_for_both(q, epsilon, *, generator=None):
    u = torch.rand(len(q), generator=generator)
    return torch.where(u < epsilon, (u * q.shape[1]).long(), q.argmax(1))


@exercise.mistake("Where you do not explore you take the worst action. The largest value is the best.")
def worst_action(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.randint(q.shape[1], (len(q),), generator=generator), q.argmin(1))


@exercise.mistake("Your random action prefers large values. It is drawn evenly from all actions.")
def random_by_value(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.multinomial(q.softmax(1), 1, generator=generator)[:, 0], q.argmax(1))


@exercise.mistake(
    "You compare epsilon with a normal random number, which is below it more than half of the time. `torch.rand` is even between 0 and 1."
)
def normal_number(q, epsilon, *, generator=None):
    explore = torch.randn(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.randint(q.shape[1], (len(q),), generator=generator), q.argmax(1))


@exercise.mistake(
    "You draw one number for each entry of q, so a row has several chances to explore. Draw one for each row."
)
def several_chances(q, epsilon, *, generator=None):
    explore = (torch.rand(q.shape, generator=generator) < epsilon).any(1)
    return torch.where(explore, torch.randint(q.shape[1], (len(q),), generator=generator), q.argmax(1))


@exercise.mistake("The first action is never drawn at random: they are numbered from 0.")
def first_action_missing(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon
    return torch.where(explore, torch.randint(1, q.shape[1], (len(q),), generator=generator), q.argmax(1))


@exercise.mistake(
    "You explore with probability epsilon / A. Epsilon is the probability of a random action, whichever it is."
)
def epsilon_shared(q, epsilon, *, generator=None):
    explore = torch.rand(len(q), generator=generator) < epsilon / q.shape[1]
    return torch.where(explore, torch.randint(q.shape[1], (len(q),), generator=generator), q.argmax(1))


@exercise.alternative
def row_by_row(q, epsilon, *, generator=None):
    actions = []
    for row in q:
        explore = torch.rand(1, generator=generator).item() < epsilon
        actions.append(torch.randint(len(row), (), generator=generator) if explore else row.argmax())
    return torch.stack(actions)


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
