"""The effective number of choices."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Three steps: log probabilities along the last axis, their mean over all real positions, one exponential at the end.",
        "F.cross_entropy takes (positions, V) and (positions,), and leaves out targets of -100. flatten(0, 1) joins the first two axes.",
    ),
)


def ramp(*shape: int, scale: float = 1.0) -> torch.Tensor:
    return scale * (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 0.7).sin().reshape(shape)


@exercise.cases
def cases():
    yield Case(torch.zeros(1, 2, 4, dtype=torch.float64), torch.tensor([[1, 3]])).named("an even choice among four")
    yield Case(ramp(1, 3, 2), torch.tensor([[0, 1, 1]])).named("one row of three tokens")
    yield Case(ramp(2, 4, 5, scale=3), torch.tensor([[0, 4, -100, -100], [2, 2, 1, 3]])).named(
        "two rows, one with padding"
    )
    yield Case(900 + ramp(2, 2, 3), torch.tensor([[2, 0], [1, -100]])).named("logits whose exponentials overflow")
    yield Case(ramp(3, 3, 3, scale=60), torch.tensor([[0, -100, -100], [1, 2, -100], [2, 0, 1]])).named(
        "large logits, and as many rows as tokens and kinds"
    )


exercise.edit(
    "base_two", ".exp()", ".exp2()",
    "You raise 2 to a number of nats. The logarithms are natural, so the base is e.",
)  # fmt: skip
exercise.edit(
    "nats", ".exp()", "",
    "This is the mean in nats. Its exponential is the perplexity.",
)  # fmt: skip
exercise.edit(
    "padding_counted", "y.flatten()", "y.flatten().clamp(min=0)",
    "Padding counts in your mean. Positions with target -100 belong to neither the sum nor the number of tokens.",
)  # fmt: skip


@exercise.mistake(
    "You averaged the perplexities of the rows. Average the logarithms over all tokens, and take the exponential once: the mean of exponentials is too large."
)
def mean_of_perplexities(logits, y):
    nats = F.cross_entropy(logits.movedim(2, 1), y, reduction="none")
    return (nats.sum(1) / (y >= 0).sum(1)).exp().mean()


@exercise.mistake(
    "The softmax runs over the positions. Each position has a distribution over the vocabulary, the last axis."
)
def softmax_over_positions(logits, y):
    log_p = logits.log_softmax(1).gather(2, y.clamp(min=0)[..., None])[..., 0]
    return (-log_p[y >= 0].mean()).exp()


@exercise.mistake(
    "Padding is left out of the sum and still counted in the number of tokens: your perplexity is too small. Divide by the real tokens."
)
def divided_by_all(logits, y):
    return F.cross_entropy(logits.movedim(2, 1), y, reduction="none").mean().exp()


@exercise.mistake(
    "You averaged over each row first, and then over the rows: a short row counts as much as a long one. Take one mean over all real tokens."
)
def mean_of_the_rows(logits, y):
    return torch.stack([F.cross_entropy(row, right) for row, right in zip(logits, y, strict=True)]).mean().exp()


@exercise.mistake(
    "The exponentials of large logits overflow, and infinity over infinity is NaN. `log_softmax`, or F.cross_entropy, never forms them."
)
def exponentials_overflow(logits, y):
    p = logits.exp() / logits.exp().sum(-1, keepdim=True)
    right = p.gather(2, y.clamp(min=0)[..., None])[..., 0]
    return (-right[y >= 0].log().mean()).exp()


@exercise.mistake("You shift the targets by one. They are given as they are: target t belongs to the logits at t.")
def shifted_again(logits, y):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), y[:, 1:].flatten()).exp()


@exercise.mistake("You add a small number inside the logarithm. It changes every perplexity; `log_softmax` needs none.")
def something_inside_the_logarithm(logits, y):
    right = logits.softmax(-1).gather(2, y.clamp(min=0)[..., None])[..., 0]
    return (-(right[y >= 0] + 1e-4).log().mean()).exp()


@exercise.mistake("You take the softmax twice: F.cross_entropy takes logits, and applies it itself.")
def softmax_twice(logits, y):
    return F.cross_entropy(logits.softmax(-1).flatten(0, 1), y.flatten()).exp()


@exercise.alternative
def by_gather(logits, y):
    log_p = logits.log_softmax(-1).gather(2, y.clamp(min=0).unsqueeze(2)).squeeze(2)
    real = y != -100
    return torch.exp(-(log_p * real).sum() / real.sum())


@exercise.alternative
def vocabulary_second(logits, y):
    return torch.exp(F.cross_entropy(logits.transpose(1, 2), y))
