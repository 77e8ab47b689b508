"""Draw the next character, colder or warmer."""

import torch

from dlmodule.checking import Case, Exercise, probes

ROWS, DRAWS = 100_000, 20  # each row is a draw of its own

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "The temperature acts on logits, before the softmax. What happens if you divide probabilities by it?",
        "Zero needs a line of its own. Otherwise torch.multinomial draws one column number a row, of shape (N, 1), and takes the generator.",
    ),
    probe=probes.sample({"share of each class": "torch.stack([(x == k).double().mean() for k in range(4)])", "shape": "torch.tensor(x.shape[1:])"}, draws=DRAWS),
)  # fmt: skip


def case(logits: list[float], temperature: float, rows: int = ROWS) -> Case:
    """The same logits in every row; the closed form: each class with its probability, judged at the binomial standard error."""
    row = torch.tensor([logits], dtype=torch.float64)
    p = (row / temperature).softmax(1)[0] if temperature else (row == row.max()).double()[0]
    share = torch.cat([p, p.new_zeros(4 - len(p))])
    error = (share * (1 - share) / (rows * DRAWS)).sqrt().clamp(min=1e-9)
    return Case(row.repeat(rows, 1), temperature).expecting(
        {"share of each class": share, "shape": torch.tensor([rows])},
        within={"share of each class": error, "shape": torch.tensor([1e-9])},
    )


@exercise.cases
def cases():
    yield case([0.5, -1.0, 2.0, 1.0], 0, rows=2).named("temperature 0: the largest logit")
    yield case([0.0, 2.0], 1.0, rows=1000).named("two classes, temperature 1")
    yield case([0.0, 2.0], 0.5).named("the same, colder")
    yield case([0.0, 1.0, -1.0, 0.5], 3.0, rows=5000).named("four classes, warmer")


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
