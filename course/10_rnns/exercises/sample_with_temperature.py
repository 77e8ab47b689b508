"""Draw the next character, colder or warmer."""

import torch

from dlmodule.checking import Case, Exercise, probes

ROWS, DRAWS = 400, 50  # each row is a draw of its own; few enough for a loop over the rows

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "The temperature acts on logits, before the softmax. What happens if you divide probabilities by it?",
        "Zero needs a line of its own. Otherwise torch.multinomial draws one column number a row, of shape (N, 1), and takes the generator.",
    ),
    probe=probes.sample(
        {
            "share of each class": "torch.stack([(x[:, : 3 * x.shape[1] // 4] == k).double().mean() for k in range(4)])",
            "share of each class in the other rows": "torch.stack([(x[:, 3 * x.shape[1] // 4 :] == k).double().mean() for k in range(4)])",
            "share of rows that draw what the row above draws": "(x[:, 1:] == x[:, :-1]).double().mean()",
            "shape": "torch.tensor(x.shape[1:])",
        },
        draws=DRAWS,
    ),
)  # fmt: skip


def case(logits: list[float], temperature: float, rows: int = ROWS) -> Case:
    """Three quarters of the rows have ``logits``, the others the same backwards; the closed form, judged at the binomial standard error."""
    row = torch.tensor([logits], dtype=torch.float64)
    p = (row / temperature).softmax(1)[0] if temperature else (row == row.max()).double()[0]
    most, others = 3 * rows // 4, rows - 3 * rows // 4
    agree = ((rows - 2) * (p * p).sum() + (p * p.flip(0)).sum()) / (rows - 1)

    def padded(share: torch.Tensor) -> torch.Tensor:
        return torch.cat([share, share.new_zeros(4 - len(share))])

    def error(share: torch.Tensor, count: int) -> torch.Tensor:
        return (share * (1 - share) / (count * DRAWS)).sqrt().clamp(min=1e-9)

    first, second = padded(p), padded(p.flip(0))
    return Case(torch.cat([row.repeat(most, 1), row.flip(1).repeat(others, 1)]), temperature).expecting(
        {
            "share of each class": first,
            "share of each class in the other rows": second,
            "share of rows that draw what the row above draws": agree,
            "shape": torch.tensor([rows]),
        },
        within={
            "share of each class": error(first, most),
            "share of each class in the other rows": error(second, others),
            # Neighbouring pairs share a row: their errors add up to at most twice those of pairs that share none.
            "share of rows that draw what the row above draws": (2 * agree * (1 - agree) / (rows * DRAWS))
            .sqrt()
            .clamp(min=1e-9),
            "shape": torch.tensor([1e-9]),
        },
    )


@exercise.cases
def cases():
    yield case([0.5, -1.0, 3.5, 1.0], 0, rows=4).named("temperature 0: the largest logit")
    yield case([0.0, 2.0], 1.0).named("two classes, temperature 1")
    yield case([0.0, 2.0], 0.5).named("the same, colder")
    yield case([0.0, 1.0, -1.0, 0.5], 3.0).named("four classes, warmer")


exercise.edit(
    "multiplied", "logits / temperature", "logits * temperature",
    "You multiplied by the temperature: your warm is cold. A high temperature makes logits small, and the distribution flat.",
)  # fmt: skip
exercise.edit(
    "temperature_ignored", "(logits / temperature).softmax(1)", "logits.softmax(1)",
    "The temperature has no effect. Divide the logits by it, before the softmax; probabilities that are divided are only normalised again.",
)  # fmt: skip
exercise.edit(
    "zero_divides", "    if temperature == 0:\n        return logits.argmax(1)\n", "",
    "A temperature of 0 divides by zero, and the probabilities are NaN. It stands for the largest logit, and needs a line of its own.",
)  # fmt: skip


@exercise.mistake("You take the largest logit at every temperature. That is right at 0 only; otherwise draw.")
def always_the_largest(logits, temperature, *, generator=None):
    torch.rand(1, generator=generator)
    return logits.argmax(1)


@exercise.mistake(
    "Your result has a second axis of length 1, as torch.multinomial returns it. One number a row is asked, (N,)."
)
def second_axis(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1, keepdim=True)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)


@exercise.mistake("Every row draws from the first row's probabilities. Each row has logits of its own.")
def first_row_for_all(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1)
    p = (logits[0] / temperature).softmax(0)
    return torch.multinomial(p, len(logits), replacement=True, generator=generator)


@exercise.mistake("The generator is used for one number, and all rows share it. Each row is a draw of its own.")
def one_number_for_all(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1)
    u = torch.rand(1, generator=generator, dtype=torch.float64)
    return ((logits / temperature).softmax(1).cumsum(1) < u).sum(1).clamp(max=logits.shape[1] - 1)


@exercise.mistake("At temperature 0 you return the largest logit itself. Its class number is asked.")
def largest_value_at_zero(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.amax(1)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)[:, 0]


@exercise.mistake("You return the probabilities. One class number a row is asked: draw it.")
def probabilities(logits, temperature, *, generator=None):
    torch.rand(1, generator=generator)
    return (logits / temperature).softmax(1) if temperature else (logits == logits.amax(1, keepdim=True)).double()


@exercise.mistake(
    "What you draw has a second axis of length 1, as torch.multinomial returns it. Take that axis away: one number a row is asked, (N,)."
)
def second_axis_of_draws(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)


@exercise.mistake(
    "At temperature 0 your result has a second axis of length 1, by `keepdim`. One number a row is asked, (N,)."
)
def second_axis_at_zero(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1, keepdim=True)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)[:, 0]


@exercise.alternative
def row_by_row(logits, temperature, *, generator=None):
    if temperature == 0:
        return torch.stack([row.argmax() for row in logits])
    return torch.cat([torch.multinomial((row / temperature).softmax(0), 1, generator=generator) for row in logits])


@exercise.alternative
def by_gumbel(logits, temperature, *, generator=None):
    if temperature == 0:
        return logits.argmax(1)
    u = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    return (logits / temperature - (-u.log()).log()).argmax(1)


@exercise.alternative
def from_log_probabilities(logits, temperature, *, generator=None):
    if not temperature:
        return logits.max(dim=1).indices
    p = (logits.log_softmax(1) / temperature).exp()
    return torch.multinomial(p, num_samples=1, generator=generator).squeeze(1)


exercise.equivalent("1 -> 2", "of two draws without replacement the first is distributed as a single one")
