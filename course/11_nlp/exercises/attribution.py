"""Leave each word out and see what changes."""

import torch

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "For T tokens there are T shortened texts, all of the same length: they make one batch.",
        "torch.cat([ids[:k], ids[k + 1 :]]) leaves token k out. Stack all T, and score them at once; ids[None] is the whole text as a batch of one.",
    ),
)

SUM = Code("lambda ids: (ids.double() * 0.7).sin().sum(1)")
ORDER = Code("lambda ids: (ids.double() * torch.arange(1, ids.shape[1] + 1)).sum(1) / ids.shape[1]")


@exercise.cases
def cases():
    yield Case(Code("lambda ids: ids.double().sum(1)"), torch.tensor([3, 5])).named("a score that adds the numbers")
    yield Case(ORDER, torch.tensor([4, 1, 6])).named("a score that looks at places")
    yield Case(SUM, torch.tensor([9, 2, 2, 7, 1])).named("five tokens, one repeated")
    yield Case(ORDER, torch.tensor([5, 5, 8, 2])).named("places again")


exercise.edit(
    "sign_turned", "score(ids[None]) - score(without)", "score(without) - score(ids[None])",
    "The sign is turned: a token that speaks for praise lowers the score when it is left out, so whole minus shortened is positive.",
)  # fmt: skip
exercise.edit(
    "whole_not_compared", "score(ids[None]) - score(without)", "score(without)",
    "These are the scores of the shortened texts. The contribution is what changes: whole minus shortened.",
)  # fmt: skip
exercise.edit(
    "two_left_out", "ids[k + 1 :]", "ids[k + 2 :]",
    "You leave out two tokens at once.",
)  # fmt: skip


@exercise.mistake(
    "You put the unknown word in the token's place. Here the token is left out, and the text is one shorter."
)
def replaced(score, ids):
    changed = ids.repeat(len(ids), 1).fill_diagonal_(1)
    return score(ids[None]) - score(changed)


@exercise.mistake(
    "You scored each token alone. Its contribution depends on the others: leave it out of the whole text."
)
def alone(score, ids):
    return score(ids[:, None])


@exercise.mistake(
    "You replaced the word by padding, so the text keeps its length and something unknown stands there. Leave the word out."
)
def replaced_by_padding(score, ids):
    kept = []
    for place in range(len(ids)):
        changed = ids.clone()
        changed[place] = 0
        kept.append(score(ids[None]) - score(changed[None]))
    return torch.cat(kept)


@exercise.mistake(
    "You compare the whole with the text up to each token. Leave out that one token and keep those after it."
)
def beginnings(score, ids):
    return torch.cat([score(ids[None]) - score(ids[None, :end]) for end in range(1, len(ids) + 1)])


@exercise.mistake("You leave out the token before: each number belongs to its neighbour.")
def neighbour_left_out(score, ids):
    without = torch.stack([torch.cat([ids[:k], ids[k + 1 :]]) for k in [0, *range(len(ids) - 1)]])
    return score(ids[None]) - score(without)


@exercise.mistake("You divide by the number of tokens. The contribution is the difference of the two scores itself.")
def divided(score, ids):
    without = torch.stack([torch.cat([ids[:k], ids[k + 1 :]]) for k in range(len(ids))])
    return (score(ids[None]) - score(without)) / len(ids)


@exercise.alternative
def by_a_mask(score, ids):
    kept = ~torch.eye(len(ids), dtype=torch.bool)
    return score(ids.unsqueeze(0)) - score(ids.expand(len(ids), -1)[kept].reshape(len(ids), -1))


@exercise.alternative
def one_by_one(score, ids):
    row = ids.tolist()
    shorter = [torch.tensor([row[:k] + row[k + 1 :]]) for k in range(len(row))]
    return torch.cat([score(ids[None]) - score(text) for text in shorter])
