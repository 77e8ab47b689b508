"""Train two encoders on pairs, rehearsed on four digits."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts, training_facts, watch_training

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Three things learn: two encoders and one number. One optimiser can hold the parameters of all.",
        "For each piece of torch.randperm: images[row] and CAPTIONS[captions[row]] belong together; their encodings and log_scale go into clip_loss.",
    ),
    measured=Measured("zero_shot"),
)

HELD = torch.tensor([1, 22, 43, 60])  # captions of the rehearsal that no training image has


def boxes(split: str, count: int, digits: int, noisy: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 28, 28), framed, dark and noisy by chance, and the number of each one's caption (N,)."""
    drawn = data.glyphs(split, count)
    few = drawn.y < digits
    x, y = drawn.x[few], drawn.y[few]
    generator = torch.Generator().manual_seed(0 if split == "train" else 1)
    framed, dark, noise = torch.randint(2, (3, len(x)), generator=generator)
    noise = noise * int(noisy)
    edge = F.pad(torch.zeros(24, 24), (2, 2, 2, 2), value=1.0)
    x = torch.where(framed[:, None, None, None] == 1, torch.maximum(x, edge), x)
    x = torch.where(dark[:, None, None, None] == 1, 1 - x, x)
    x = x + 0.2 * noise[:, None, None, None] * torch.randn(x.shape, generator=generator)
    return x - 0.5, 40 * framed + 20 * dark + 10 * noise + y


def all_captions() -> torch.Tensor:
    """The numbers of the words of all 80 captions, (80, 4)."""
    n = torch.arange(80)
    return torch.stack([n // 40, 2 + n // 20 % 2, 4 + n // 10 % 2, 6 + n % 10], 1)


@torch.no_grad()
def share_right(see, read, x, y, candidates) -> float:
    """Share of the images whose nearest caption among ``candidates`` is their own."""
    cosine = F.normalize(see(x), dim=1) @ F.normalize(read(all_captions()[candidates]), dim=1).T
    return (candidates[cosine.argmax(1)] == y).float().mean().item()


@exercise.probe
def probe(candidate, case):
    x, y = boxes("train", 3000, 4, noisy=False)
    seen = ~torch.isin(y, HELD)
    x, y = x[seen], y[seen]
    new_x, new_y = boxes("test", 1000, 4, noisy=False)
    with watch_training(1) as watched:
        result = candidate(x, y, epochs=6, seed=case.seed)
    if not (isinstance(result, tuple) and len(result) == 2 and all(isinstance(part, nn.Module) for part in result)):
        return {"zero_shot": 0.0, "returned": type(result).__name__}
    see, read = result
    start = candidate(x, y, epochs=0, seed=case.seed)
    candidates = torch.tensor([number for number in range(80) if number % 10 < 4 and number // 10 % 2 == 0])
    new = all_captions()[:5]
    return {
        "zero_shot": share_right(see, read, new_x, new_y, candidates),
        "the image encoder moved": not torch.allclose(see(new_x[:5]), start[0](new_x[:5])),
        "the text encoder moved": not torch.allclose(read(new), start[1](new)),
        **training_facts(watched, x, new_x),
        **seed_facts(lambda seed: candidate(x[:100], y[:100], epochs=1, seed=seed)[0](new_x[:5]), what="encoder"),
    }


@exercise.cases
def cases():
    yield Case().named("four digits, framed or not, dark or not, six epochs")


exercise.edit(
    "pairs_torn_apart", "CAPTIONS[captions[row]]", "CAPTIONS[captions[row.flip(0)]]",
    "Images and captions of a batch do not belong together: pick both with the same rows.",
)  # fmt: skip
exercise.edit(
    "text_encoder_left_out", "*see.parameters(), *read.parameters(), log_scale", "*see.parameters(), log_scale",
    "The text encoder never moves: its parameters belong to the optimiser as well.",
)  # fmt: skip
exercise.edit(
    "image_encoder_left_out", "*see.parameters(), *read.parameters(), log_scale", "*read.parameters(), log_scale",
    "The image encoder never moves: its parameters belong to the optimiser as well.",
)  # fmt: skip
exercise.edit(
    "never_forgets", "optimiser.zero_grad()", "pass",
    "The gradients are never set back to zero: each step follows the sum of all batches so far.",
)  # fmt: skip
exercise.edit(
    "never_shuffled", "torch.randperm(len(images))", "torch.arange(len(images))",
    "Every epoch has the same batches. Then the same captions are always compared with each other.",
)  # fmt: skip
exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two results: torch.manual_seed(seed) comes before the encoders are made.",
)  # fmt: skip


def start(seed):
    torch.manual_seed(seed)
    return ImageEncoder(), TextEncoder(), nn.Parameter(torch.tensor(1 / 0.07).log())


@exercise.alternative
def with_groups(images, captions, *, epochs, lr=3e-3, batch=128, seed=0):
    see, read, log_scale = start(seed)
    groups = [{"params": [*see.parameters()]}, {"params": [*read.parameters(), log_scale]}]
    optimiser = torch.optim.AdamW(groups, lr=lr, weight_decay=0.01)
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for first in range(0, len(images), batch):
            row = order[first : first + batch]
            optimiser.zero_grad()
            clip_loss(see(images[row]), read(CAPTIONS[captions[row]]), log_scale).backward()
            optimiser.step()
    return see, read


@exercise.alternative
def two_optimisers(images, captions, *, epochs, lr=3e-3, batch=128, seed=0):
    see, read, log_scale = start(seed)
    words = CAPTIONS[captions]
    optimisers = [
        torch.optim.AdamW(p, lr=lr, weight_decay=0.01) for p in (see.parameters(), [*read.parameters(), log_scale])
    ]
    for _ in range(epochs):
        for row in torch.randperm(len(images)).split(batch):
            loss = clip_loss(see(images[row]), read(words[row]), log_scale)
            for optimiser in optimisers:
                optimiser.zero_grad()
            loss.backward()
            for optimiser in optimisers:
                optimiser.step()
    return see.eval(), read.eval()


@exercise.ledger("glyphs", seeds=3)
def glyphs(solution, seed):
    """All ten digits, 16 of 80 captions held out: nearest caption among the held-out ones, and among all."""
    x, y = boxes("train", 12_000, 10, noisy=True)
    held = torch.randperm(80, generator=torch.Generator().manual_seed(seed))[:16]
    seen = ~torch.isin(y, held)
    see, read = solution(x[seen], y[seen], epochs=8, seed=seed)
    new_x, new_y = boxes("test", 2_000, 10, noisy=True)
    new = torch.isin(new_y, held)
    every = torch.arange(80)
    return {
        "zero_shot": share_right(see, read, new_x[new], new_y[new], held),
        "zero_shot_of_all": share_right(see, read, new_x[new], new_y[new], every),
        "seen": share_right(see, read, new_x[~new], new_y[~new], every),
    }
