"""Sample from a language model, its tail cut off."""

import math

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=14,
    core=True,
    hints=(
        "Work the nucleus out on paper for 0.5, 0.3, 0.15, 0.05 and p = 0.7. Which sum decides whether a token stays: with it, or before it?",
        "cumsum(1) - p is the sum before each token. After a sort, gather finds the tokens' own numbers again.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Which tokens were ever drawn at each step, how often in tenths, and how many tokens the model was given."""
    table, prompt, count = case.args
    lengths = []

    def model(ids):
        lengths.append(ids.shape[1])
        return table[ids]

    ids = torch.tensor(prompt).expand(16_000, -1)  # so many, that each token that can be drawn is drawn
    first, again = (
        candidate(model, ids, count, generator=torch.Generator().manual_seed(1), **case.kwargs) for _ in range(2)
    )
    if not isinstance(first, torch.Tensor) or first.ndim != 2:
        return {"returned": type(first).__name__}
    new = first[:, len(prompt) :]
    share = torch.stack([(new[:, 0] == token).double().mean() for token in range(len(table))])
    return {
        "shape": list(first.shape),
        "the prompt is kept": torch.equal(first[:, : len(prompt)], ids),
        "tokens that were drawn, step by step": [sorted(set(column.tolist())) for column in new.T],
        "their shares at the first step, in tenths": (10 * share).round().int().tolist(),
        "tokens the model was given": lengths[: len(lengths) // 2],
        "the generator decides": torch.equal(first, again),
    }


def one_after_all(*probabilities: float, temperature: float = 1.0) -> torch.Tensor:
    """Logits (V, V) whose softmax, divided by ``temperature``, is the same after each token."""
    return (temperature * torch.tensor(probabilities, dtype=torch.float64).log()).expand(len(probabilities), -1)


def each_its_own() -> torch.Tensor:
    """Logits (4, 4): what may follow depends on the last token."""
    p = torch.tensor([[0.7, 0.2, 0.06, 0.04], [0.04, 0.06, 0.7, 0.2], [0.2, 0.06, 0.04, 0.7], [0.06, 0.7, 0.2, 0.04]])
    return p.double().log()


@exercise.cases
def cases():
    p = (0.1, 0.5, 0.1, 0.3)  # shares that lie far from where tenths are rounded
    yield Case(one_after_all(*p), [0], 1, context=8, top_p=0.7).named(
        "probabilities 0.1, 0.5, 0.1, 0.3 and a nucleus of 0.7"
    )
    yield Case(one_after_all(*p), [2, 1], 2, context=8, top_k=2).named("the same, top-k 2")
    yield Case(one_after_all(*p), [0], 2, context=8).named("the whole distribution")
    yield Case(one_after_all(0.56, 0.2, 0.18, 0.06, temperature=2), [1], 1, context=8, temperature=2.0, top_p=0.9).named("a temperature of 2 and a nucleus")  # fmt: skip
    yield Case(one_after_all(0.5, 0.3, 0.15, 0.05), [1], 1, context=8, top_k=3, top_p=0.83).named(
        "top-k 3, then a nucleus of 0.83"
    )
    yield Case(each_its_own(), [0, 1, 2, 3, 0], 3, context=3, top_k=1).named("a prompt longer than the context")
    yield Case(each_its_own(), [3], 4, context=3, top_p=0.85).named("four steps of a text")
    yield Case(one_after_all(0.25, 0.45, 0.3), [0], 1, context=8, top_p=0.1).named("a nucleus of one token")


exercise.edit(
    "crossing_token_dropped", "p.cumsum(1) - p >= top_p", "p.cumsum(1) > top_p",
    "Your nucleus lacks the token that crosses p. The smallest set whose sum *reaches* p includes it; without it a sure model would have no token left.",
)  # fmt: skip
exercise.edit(
    "threshold_of_one_minus_p", "p.cumsum(1) - p >= top_p", "p.cumsum(1) - p >= 1 - top_p",
    "Your nucleus has the mass 1 - p. It keeps the most probable tokens until their sum reaches p.",
)  # fmt: skip
exercise.edit(
    "one_more_than_k", "logits.topk(top_k)", "logits.topk(min(top_k + 1, logits.shape[1]))",
    "top-k keeps one token too many.",
)  # fmt: skip
exercise.edit(
    "number_in_the_sorted_row", "order.gather(1, drawn)", "drawn",
    "You append the place in the sorted row, not the token. After a sort, `order` knows which token stands there.",
)  # fmt: skip
exercise.edit(
    "context_not_cropped", "ids[:, -context:]", "ids",
    "The model is given more than `context` tokens: past that it has no positions, and fails with an index error. Give it the last ones.",
)  # fmt: skip
exercise.edit(
    "first_tokens_kept", "ids[:, -context:]", "ids[:, :context]",
    "You give the model the *first* tokens of the text. It has to see the last ones.",
)  # fmt: skip
exercise.edit(
    "temperature_ignored", " / temperature", "",
    "The temperature is not used. Divide the logits by it, before anything else.",
)  # fmt: skip
exercise.edit(
    "temperature_multiplied", " / temperature", " * temperature",
    "You multiply by the temperature. Dividing by a large one makes the distribution flat.",
)  # fmt: skip
exercise.edit(
    "first_position_read", "[:, -1] / temperature", "[:, 0] / temperature",
    "You read the logits of the first position. The next token is said at the last one.",
)  # fmt: skip


@exercise.mistake(
    "The nucleus is taken from the whole distribution, and top-k after it. The order is top-k first; then the probabilities of what is left sum to one again."
)
def nucleus_first(model, ids, count, *, context, temperature=1.0, top_k=None, top_p=1.0, generator=None):
    for _ in range(count):
        p, order = (model(ids[:, -context:])[:, -1] / temperature).softmax(1).sort(1, descending=True)
        p = p * (p.cumsum(1) - p < top_p)
        p[:, top_k:] = 0 if top_k is not None else p[:, top_k:]
        ids = torch.cat([ids, order.gather(1, torch.multinomial(p, 1, generator=generator))], 1)
    return ids


@exercise.mistake(
    "Always the most probable token is taken: that is greedy, and no sampling. Draw with torch.multinomial."
)
def greedy(model, ids, count, *, context, temperature=1.0, top_k=None, top_p=1.0, generator=None):
    for _ in range(count):
        ids = torch.cat([ids, model(ids[:, -context:])[:, -1:].argmax(2)], 1)
    return ids


@exercise.mistake(
    "Among the tokens that are left each is drawn equally often. The tail is cut off, and what is left keeps its proportions."
)
def evenly(model, ids, count, *, context, temperature=1.0, top_k=None, top_p=1.0, generator=None):
    for _ in range(count):
        logits = model(ids[:, -context:])[:, -1] / temperature
        if top_k is not None:
            logits = logits.masked_fill(logits < logits.topk(top_k).values[:, -1:], -math.inf)
        p, order = logits.softmax(1).sort(1, descending=True)
        p = ((p.cumsum(1) - p < top_p) & (p > 0)).double()
        ids = torch.cat([ids, order.gather(1, torch.multinomial(p, 1, generator=generator))], 1)
    return ids


@exercise.alternative
def by_inverse_sampling(model, ids, count, *, context, temperature=1.0, top_k=None, top_p=1.0, generator=None):
    for _ in range(count):
        p, order = (model(ids[:, -context:])[:, -1] / temperature).softmax(1).sort(1, descending=True)
        if top_k is not None:
            p = p[:, :top_k] / p[:, :top_k].sum(1, keepdim=True)
        p = torch.where(p.cumsum(1) - p < top_p, p, torch.zeros_like(p))
        u = torch.rand(len(p), 1, generator=generator, dtype=p.dtype) * p.sum(1, keepdim=True)
        drawn = (p.cumsum(1) <= u).sum(1, keepdim=True).clamp(max=p.shape[1] - 1)
        ids = torch.cat([ids, order.gather(1, drawn)], 1)
    return ids


@exercise.alternative
def scattered_back(model, ids, count, *, context, temperature=1.0, top_k=None, top_p=1.0, generator=None):
    for _ in range(count):
        logits = model(ids[:, -context:])[:, -1, :] / temperature
        if top_k is not None:
            kept = logits.topk(top_k, dim=-1)
            logits = torch.full_like(logits, -math.inf).scatter(1, kept.indices, kept.values)
        p, order = logits.softmax(-1).sort(descending=True, dim=-1)
        p[p.cumsum(-1) - p >= top_p] = 0.0
        weights = torch.zeros_like(p).scatter(1, order, p)
        ids = torch.cat((ids, torch.multinomial(weights, num_samples=1, generator=generator)), dim=1)
    return ids
