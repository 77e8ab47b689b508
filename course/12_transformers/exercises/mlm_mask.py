"""Hide tokens for BERT, judged by its shares."""

import torch

from dlmodule.checking import Case, Exercise, probes

DRAWS = 400

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Draw two random numbers for each token: one says whether it is chosen, the other what becomes of it.",
        "masked_fill where the second number is below 0.8, a random token where it is 0.9 or more. The targets come from the untouched ids.",
    ),
    # x: (DRAWS, 2, N, T); args: ids, vocab, mask_id, special.
    probe=probes.sample(
        {
            "share of ordinary tokens that are chosen": "(x[:, 1] != -100)[:, args[0] >= args[3]].double().mean()",
            "share that becomes the mask": "(x[:, 0] == args[2])[:, args[0] >= args[3]].double().mean()",
            "share that becomes another token": "((x[:, 0] != args[0]) & (x[:, 0] != args[2]))[:, args[0] >= args[3]].double().mean()",
            "share that is chosen and stays": "((x[:, 0] == args[0]) & (x[:, 1] != -100))[:, args[0] >= args[3]].double().mean()",
            "special tokens that were chosen": "(x[:, 1] != -100)[:, args[0] < args[3]].double().sum()",
            "tokens that changed without being chosen": "((x[:, 0] != args[0]) & (x[:, 1] == -100)).double().sum()",
            "targets that are not the true token": "((x[:, 1] != args[0]) & (x[:, 1] != -100)).double().sum()",
            "special tokens among the random ones": "((x[:, 0] != args[0]) & (x[:, 0] != args[2]) & (x[:, 0] < args[3])).double().sum()",
            "share of pairs, one below the other, that are both chosen": "((x[:, 1, 1:] != -100) & (x[:, 1, :-1] != -100))[:, (args[0][1:] >= args[3]) & (args[0][:-1] >= args[3])].double().mean()",
            "random tokens differ within a draw": "torch.tensor(float(any(d[0][(d[0] != args[0]) & (d[0] != args[2])].unique().numel() > 1 for d in x))).double()",
            "largest random token": "x[:, 0][(x[:, 0] != args[0]) & (x[:, 0] != args[2])].double().amax() if bool(((x[:, 0] != args[0]) & (x[:, 0] != args[2])).any()) else torch.tensor(-1.0).double()",
            "chosen places that differ from draw to draw": "(x[0, 1] != x[1, 1]).any().double()",
        },
        draws=DRAWS,
    ),
)


def case(ids, vocab, mask_id, special):
    """Shares in closed form, each with its standard error over all ordinary tokens of all draws."""
    n = DRAWS * int((ids >= special).sum())
    other = 0.015 * (1 - 1 / (vocab - special))
    shares = {
        "share of ordinary tokens that are chosen": 0.15,
        "share that becomes the mask": 0.12,
        "share that becomes another token": other,
        "share that is chosen and stays": 0.03 - other,
        "share of pairs, one below the other, that are both chosen": 0.15**2,
    }
    exactly = {
        "special tokens that were chosen": 0.0,
        "tokens that changed without being chosen": 0.0,
        "targets that are not the true token": 0.0,
        "special tokens among the random ones": 0.0,
        "random tokens differ within a draw": 1.0,
        "largest random token": vocab - 1.0,
        "chosen places that differ from draw to draw": 1.0,
    }
    within = {name: (p * (1 - p) / n) ** 0.5 for name, p in shares.items()}
    within["share of pairs, one below the other, that are both chosen"] *= 2  # neighbouring pairs share a token
    within |= dict.fromkeys(exactly, 1e-3)
    expected = {name: torch.tensor(value, dtype=torch.float64) for name, value in (shares | exactly).items()}
    return Case(ids, vocab, mask_id, special).expecting(
        expected, within={name: torch.tensor(value, dtype=torch.float64) for name, value in within.items()}
    )


@exercise.cases
def cases():
    yield case(3 + torch.arange(240).reshape(8, 30) % 17, 20, 1, 3).named("240 ordinary tokens, a vocabulary of 20")
    yield case(torch.arange(240).reshape(12, 20) % 40 % 29, 32, 2, 5).named("special tokens among the others")


exercise.edit(
    "special_tokens_chosen", " & (ids >= special)", "",
    "Special tokens were chosen as well. Padding has nothing to be guessed.",
)  # fmt: skip
exercise.edit(
    "loss_on_all_tokens", "ids.masked_fill(~chosen, -100)", "ids",
    "Every token has a target. Most are in plain sight, so the model learns to copy: only the chosen ones count, the others get -100.",
)  # fmt: skip
exercise.edit(
    "targets_from_the_inputs", "ids.masked_fill(~chosen, -100)", "inputs.masked_fill(~chosen, -100)",
    "Your targets are the changed tokens. The model shall find the *true* ones.",
)  # fmt: skip
exercise.edit(
    "always_the_mask", ("chosen & (how < 0.8)", "chosen & (how >= 0.9)"), ("chosen", "chosen & (how >= 2)"),
    "Every chosen token becomes the mask. Of the chosen, 80 % do; later, in real texts, there is no mask at all.",
)  # fmt: skip
exercise.edit(
    "twenty_percent_random", "how >= 0.9", "how >= 0.8",
    "Every chosen token that is not masked becomes a random one. Half of these stay as they are.",
)  # fmt: skip
exercise.edit(
    "random_special_tokens", "torch.randint(special, vocab", "torch.randint(0, vocab",
    "Your random tokens include special ones. Draw from `special` on.",
)  # fmt: skip
exercise.edit(
    "whole_columns", "(torch.rand(ids.shape, generator=generator) < 0.15)", "(torch.rand(ids.shape, generator=generator) < 0.8)",
    "The share of chosen tokens is not 15 %. The 80 % come later: they are of the chosen ones.",
)  # fmt: skip


exercise.edit(
    "other_order", "torch.stack([inputs, ids.masked_fill(~chosen, -100)])", "torch.stack([ids.masked_fill(~chosen, -100), inputs])",
    "Inputs and targets changed places: the inputs come first.",
)  # fmt: skip
exercise.edit(
    "targets_inverted", "ids.masked_fill(~chosen, -100)", "ids.masked_fill(chosen, -100)",
    "The targets are the other way round: -100 stands where a token was chosen. It stands where none was.",
)  # fmt: skip
exercise.edit(
    "zero_for_ignored", "-100", "0",
    "Where no token was chosen the target is 0, which is a token. F.cross_entropy ignores -100.",
)  # fmt: skip
exercise.edit(
    "only_masked_ones_count", "ids.masked_fill(~chosen, -100)", "ids.masked_fill(~(chosen & (how < 0.8)), -100)",
    "Only the tokens that became the mask have a target. All chosen ones do, those that were replaced or stayed too.",
)  # fmt: skip
exercise.edit(
    "never_left_alone", "chosen & (how < 0.8)", "chosen",
    "No chosen token stays as it is: those that do not become another token all become the mask. Of the chosen, 80 % become the mask, and 10 % stay.",
)  # fmt: skip
exercise.edit(
    "one_random_token", "torch.randint(special, vocab, ids.shape, generator=generator)", "torch.randint(special, vocab, (1,), generator=generator)",
    "One random token serves all places. Draw one for each.",
)  # fmt: skip
exercise.edit(
    "columns_chosen", "torch.rand(ids.shape, generator=generator) < 0.15", "torch.rand(ids.shape[1], generator=generator) < 0.15",
    "The same places are chosen in every text. Draw a number for each token: ids.shape.",
)  # fmt: skip
exercise.edit(
    "last_token_never", "torch.randint(special, vocab", "torch.randint(special, vocab - 1",
    "The last token of the vocabulary is never drawn. randint leaves its upper end out already.",
)  # fmt: skip


exercise.equivalent("Lt -> LtE", "a random number is hardly ever exactly 0.15 or 0.8")
exercise.equivalent("GtE -> Gt", "a random number is hardly ever exactly 0.9")


@exercise.alternative
def by_one_number(ids, vocab, mask_id, special, *, generator):
    u = torch.rand(ids.shape, generator=generator).masked_fill(ids < special, 1)
    inputs, targets = ids.clone(), ids.clone()
    inputs[u < 0.12] = mask_id
    swapped = (u >= 0.12) & (u < 0.135)
    inputs[swapped] = torch.randint(special, vocab, (int(swapped.sum()),), generator=generator)
    targets[u >= 0.15] = -100
    return torch.stack((inputs, targets))


@exercise.alternative
def by_bernoulli(ids, vocab, mask_id, special, *, generator):
    chosen = torch.bernoulli(torch.full(ids.shape, 0.15), generator=generator).bool() & ~(ids < special)
    masked = torch.bernoulli(torch.full(ids.shape, 0.8), generator=generator).bool() & chosen
    swapped = torch.bernoulli(torch.full(ids.shape, 0.5), generator=generator).bool() & chosen & ~masked
    others = special + (torch.rand(ids.shape, generator=generator) * (vocab - special)).long().clamp(
        max=vocab - special - 1
    )
    inputs = torch.where(masked, mask_id, torch.where(swapped, others, ids))
    return torch.stack([inputs, torch.where(chosen, ids, -100)])
