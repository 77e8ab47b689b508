"""Train a language model on windows of a text."""

import time

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Write the usual training loop first, for one optimiser and a fixed rate. Then the windows: where may one begin at most?",
        "start[:, None] + torch.arange(context + 1) is a table of places, (batch_size, context + 1); ids[table] are the windows. Keep the first rates before the loop: each factor applies to them.",
    ),
    measured=Measured("nats", higher=False),
)

STEPS, CONTEXT = 60, 12


def rhyme(count: int, seed: int) -> torch.Tensor:
    """Tokens (count,) of 0 to 7: each follows from the two before it, seven times of eight."""
    generator = torch.Generator().manual_seed(seed)
    dice = torch.randint(64, (count,), generator=generator).tolist()
    ids = [0, 1]
    for die in dice:
        ids.append(die % 8 if die < 8 else (3 * ids[-1] + ids[-2] + 1) % 8)
    return torch.tensor(ids[2:])


class Reader(nn.Module):
    """A small causal model with dropout: tokens (N, T) to logits (N, T, 8). It notes what it is fed."""

    def __init__(self):
        super().__init__()
        self.embedding, self.gru, self.dropout, self.head = nn.Embedding(8, 16), nn.GRU(16, 24, batch_first=True), nn.Dropout(0.1), nn.Linear(24, 8)  # fmt: skip
        self.fed = []

    def forward(self, ids):
        if self.training:
            self.fed.append(ids.clone())
        return 5 * self.head(self.dropout(self.gru(self.embedding(ids))[0]))  # large logits, so that clipping acts


class Watched(torch.optim.AdamW):
    """AdamW that notes its rate and the norm of the gradients at each step."""

    def __init__(self, parameters, everything, **settings):
        super().__init__(parameters, **settings)
        self.everything, self.rates, self.norms = everything, [], []

    def step(self, closure=None):
        self.rates.append(self.param_groups[0]["lr"])
        norms = [p.grad.norm() for p in self.everything if p.grad is not None]
        self.norms.append(torch.stack(norms).norm().item() if norms else 0.0)
        return super().step(closure)


@exercise.probe
def probe(candidate, case):
    made = []

    def two(model):
        everything = list(model.parameters())
        made[:] = [
            Watched(everything[:1], everything, lr=0.02),
            Watched(everything[1:], everything, lr=0.01, weight_decay=0.0),
        ]
        return list(made)

    ids = rhyme(4000, 0)
    model = candidate(Reader, ids, steps=STEPS, batch_size=16, context=CONTEXT, optimisers=two, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"nats": 9.0, "returned": type(model).__name__}
    mode, fed = model.training, list(getattr(model, "fed", []))
    model.eval()
    held = rhyme(1201, 1)
    x, y = held[:-1].view(-1, CONTEXT), held[1:].view(-1, CONTEXT)
    with torch.no_grad():
        nats = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    first, again, other = (
        candidate(Reader, ids[:200], steps=2, batch_size=4, context=5, seed=seed).eval()(x[:4]).detach()
        for seed in (5, 5, 6)
    )
    expected = [min((step + 1) / (STEPS // 20), 1 - step / STEPS) for step in range(STEPS)]
    rates = [
        [round(rate / top, 4) for rate in optimiser.rates] for optimiser, top in zip(made, (0.02, 0.01), strict=True)
    ]
    return {
        "nats": nats,
        "left in training mode": mode,
        "shape of a batch": list(fed[0].shape) if fed else [],
        "batches are different": len(fed) > 1 and not torch.equal(fed[0], fed[1]),
        "steps of each optimiser": [len(optimiser.rates) for optimiser in made],
        "the rate halfway, in tenths of the first": [
            round(10 * part[len(part) // 2]) if part else None for part in rates
        ],
        "the rate follows rate(step, steps)": rates == [[round(rate, 4) for rate in expected]] * 2,
        "no gradient is longer than 1": all(norm < 1.001 for optimiser in made for norm in optimiser.norms),
        "same seed, same model": torch.allclose(first, again, atol=1e-5),
        "another seed, another model": not torch.allclose(first, other, atol=1e-5),
    }


@exercise.cases
def cases():
    yield Case().named(f"4,000 tokens, {STEPS} steps")


exercise.edit(
    "left_in_training_mode", "return model.eval()", "return model.train()",
    "The model comes back in training mode: its dropout changes every probability, and each evaluation gives another number.",
)  # fmt: skip
exercise.edit(
    "seed_too_late", "    torch.manual_seed(seed)\n    model = build()\n", "    model = build()\n    torch.manual_seed(seed)\n",
    "The same seed gave two models. build() draws the first weights, so torch.manual_seed(seed) has to come before.",
)  # fmt: skip
exercise.edit(
    "not_clipped", "        nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n", "",
    "Gradients are longer than 1 when the optimiser steps. Clip them after backward, as before it there are none, and before the step.",
)  # fmt: skip
exercise.edit(
    "rate_multiplied_again", 'group["lr"] = lr * rate(step, steps)', 'group["lr"] = group["lr"] * rate(step, steps)',
    "You multiply the rate of the step before, so the factors pile up and the rate is soon zero. Each factor applies to the first rate.",
)  # fmt: skip
exercise.edit(
    "rate_constant", 'group["lr"] = lr * rate(step, steps)', 'group["lr"] = lr',
    "The rate stays constant. Multiply the first rate by rate(step, steps): large steps find the valley, small ones its bottom.",
)  # fmt: skip
exercise.edit(
    "one_optimiser_steps", "        for optimiser in chosen:\n            optimiser.step()\n", "        chosen[-1].step()\n",
    "Only one of the optimisers steps. A recipe may have several, each for some of the parameters.",
)  # fmt: skip
exercise.edit(
    "window_too_short", "torch.arange(context + 1)", "torch.arange(context)",
    "The model reads context - 1 tokens. A window has context + 1: the input, and one more for the last target.",
)  # fmt: skip
exercise.edit(
    "not_shifted", "windows[:, 1:].flatten()", "windows[:, :-1].flatten()",
    "The target is the input itself: the model learns to copy what it reads, its loss is near zero, and it predicts nothing. Shift by one.",
)  # fmt: skip
exercise.edit(
    "shifted_back", ("model(windows[:, :-1])", "windows[:, 1:].flatten()"), ("model(windows[:, 1:])", "windows[:, :-1].flatten()"),
    "You predict the token *before*. The input is the window without its last token, the target without its first.",
)  # fmt: skip
exercise.edit(
    "always_the_same_windows", "start = torch.randint(len(ids) - context, (batch_size,))", "start = torch.arange(batch_size)",
    "Every step sees the same windows. Draw new places each time.",
)  # fmt: skip


@exercise.alternative
def by_stacked_slices(build, ids, *, steps, batch_size=24, context=128, optimisers=None, seed=0):
    torch.manual_seed(seed)
    model = build().train()
    chosen = (optimisers or adamw)(model)
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda step: rate(step, steps)) for o in chosen]
    for _ in range(steps):
        places = torch.randint(0, len(ids) - context, (batch_size,)).tolist()
        x = torch.stack([ids[i : i + context] for i in places])
        y = torch.stack([ids[i + 1 : i + 1 + context] for i in places])
        loss = F.cross_entropy(model(x).transpose(1, 2), y)
        for optimiser in chosen:
            optimiser.zero_grad()
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=1)
        for optimiser in chosen:
            optimiser.step()
        for schedule in schedules:
            schedule.step()
    model.eval()
    return model


@exercise.alternative
def by_unfold(build, ids, *, steps, batch_size=24, context=128, optimisers=None, seed=0):
    torch.manual_seed(seed)
    model, windows = build(), ids.unfold(0, context + 1, 1)
    chosen = (adamw if optimisers is None else optimisers)(model)
    groups = [(group, group["lr"]) for optimiser in chosen for group in optimiser.param_groups]
    for step in range(steps):
        for group, lr in groups:
            group["lr"] = lr * rate(step, steps)
        batch = windows[torch.randint(len(windows), (batch_size,))]
        logits = model(batch[:, :-1])
        loss = -logits.log_softmax(-1).gather(2, batch[:, 1:, None]).mean()
        for parameter, gradient in zip(
            model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
        ):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        [optimiser.step() for optimiser in chosen]
    return model.eval()


class InBFloat16(nn.Module):
    """A language model whose layers compute in bfloat16; its logits are float32, as a loss needs more than three digits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.model(ids)
        return logits.float()


def shakespeare(solution, seed, build, optimisers, steps):
    """Train on the first nine tenths of Tiny Shakespeare, nanoGPT's split; nats a character of the last tenth, in float32."""
    text = data.tiny_shakespeare()
    letters = {letter: k for k, letter in enumerate(sorted(set(text)))}
    ids = torch.tensor([letters[letter] for letter in text])
    cut = len(ids) * 9 // 10
    start = time.perf_counter()
    model = solution(
        lambda: InBFloat16(build()),
        ids[:cut],
        steps=steps,
        batch_size=16,
        optimisers=lambda model: optimisers(model.model),
        seed=seed,
    )
    took = time.perf_counter() - start
    return {"nats": nats_a_character(model.model, ids[cut:]), "training_seconds": took}


@exercise.ledger("plain", seeds=1)
def plain(solution, seed):
    """The recipe of 2017 to 2019."""
    return shakespeare(solution, seed, lambda: GPT(65, 128), adamw, 2900)


@exercise.ledger("plain_larger_start", seeds=1)
def plain_larger_start(solution, seed):
    """The same recipe from first weights whose size fits the width, in fewer steps.

    GPT-2 draws them with standard deviation 0.02 for 768 features. A sum over 128 has the same size with the root of 6 times that.
    """

    def build():
        model = GPT(65, 128)
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02 * 6**0.5)
        return model

    return shakespeare(solution, seed, build, adamw, 2100)


@exercise.ledger("modern", seeds=1)
def modern(solution, seed):
    """What later work changed, all of it."""
    return shakespeare(solution, seed, lambda: ModernGPT(65, 128), muon, 2000)


@exercise.ledger("ablations", seeds=1)
def ablations(solution, seed):
    """250 steps each: both recipes, and the modern one with one change undone at a time."""
    parts = ("rms", "rotary", "qk_norm", "relu2", "zeros")
    rows = {f"no_{part}": (lambda part=part: ModernGPT(65, 128, **{part: False}), muon) for part in parts}
    rows |= {
        "no_muon": (lambda: ModernGPT(65, 128), adamw),
        "modern": (lambda: ModernGPT(65, 128), muon),
        "plain": (lambda: GPT(65, 128), adamw),
    }
    return {name: shakespeare(solution, seed, *row, 250)["nats"] for name, row in rows.items()}
