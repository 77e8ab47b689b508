"""Train a one-dimensional U-Net to pick first arrivals, in windows that move."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts
from dlmodule.device import Plan
from dlmodule.training import lr_factor, predict, set_lr, train_step

exercise = Exercise(
    difficulty=4,
    minutes=30,
    move_on=45,
    hints=(
        "Draw it for one trace: P stands at p, the window begins at start. If P is to stand at `first` within the window, where does the window begin? And once the start has been clamped, where does P really stand?",
        "All draws are for a whole batch: torch.randint(len(x), (batch_size,)) chooses traces, torch.randint(window // 5, 4 * window // 5, (batch_size,)) places. The pick that goes with a window is p[index] - start, after the clamp.",
    ),
    measured=Measured("median_error", higher=False),
)

WINDOW = 1024


def windows_of(x: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """Windows of WINDOW samples from ``start``, standardised. x: (N, 3, T); returns (N, 3, 1, WINDOW)."""
    index = (start[:, None] + torch.arange(WINDOW))[:, None].expand(-1, 3, -1)
    cut = x.gather(2, index)
    return ((cut - cut.mean(2, keepdim=True)) / (cut.std(2, keepdim=True) + 1e-6))[:, :, None]


class Windows(TorchFunctionMode):
    """Looks at the windows that the network learns from: what enters a convolution of three channels with gradients on."""

    def __init__(self):
        super().__init__()
        self.standard, self.height, self.widths = True, set(), set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.conv2d and torch.is_grad_enabled() and args[0].shape[1] == 3:
            x = args[0].detach().float()
            self.height.add(x.shape[2])
            self.widths.add(x.shape[3])
            self.standard = self.standard and bool(x.mean(3).abs().max() < 0.1 and (x.std(3) - 1).abs().max() < 0.1)
        return func(*args, **(kwargs or {}))


@exercise.probe
def probe(candidate, case):
    # As in the real set, P stands at the same sample of every file: here at 700 of 2,000.
    known, new = data.seismograms(32, samples=5000, seed=0), data.seismograms(32, samples=5000, seed=1)
    index = torch.arange(2000)
    x, unseen = (part.x.gather(2, (part.p[:, None] - 700 + index)[:, None].expand(-1, 3, -1)) for part in (known, new))
    p = torch.full((32,), 700)
    with Windows() as seen:
        model = candidate(x, p, steps=80, window=WINDOW, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"median_error": 20.0, "returned": type(model).__name__}
    mode = model.training
    truth = 210 + 18 * torch.arange(32) % 480  # where P stands in the windows that are asked about
    asked = windows_of(unseen, 700 - truth)
    logits = predict(model, asked)
    picks = logits.flatten(1).argmax(1)
    stuck = bool((picks - picks.median()).abs().float().quantile(0.75) < 8)
    return {
        "median_error": ((picks - truth).abs().float().median() / 100).item(),
        "shape of the answer to 32 windows": list(logits.shape),
        "it says, whatever it is shown": f"near sample {int((picks.median() / 100).round() * 100)}"
        if stuck
        else "nothing fixed",
        "left in training mode": mode,
        "learned from windows of mean 0 and deviation 1": seen.standard,
        "height of what it learned from": sorted(seen.height),
        "width of what it learned from": sorted(seen.widths),
        **seed_facts(
            lambda seed: predict(candidate(x, p, steps=2, window=WINDOW, width=2, seed=seed), asked), atol=1e-3
        ),
    }


@exercise.cases
def cases():
    yield Case().named("32 made seismograms, 80 steps")


exercise.edit(
    "the_window_never_moves",
    "first = torch.randint(window // 5, 4 * window // 5, (batch_size,))",
    "first = torch.full((batch_size,), window // 2)",
    "Whatever it is shown, your network says the middle of the window: P stood there in every window it learned from. Draw the place of P anew for every window.",
)
exercise.edit(
    "the_pick_stays_behind",
    "p[index] - start, pick_loss",
    "p[index], pick_loss",
    "Whatever it is shown, your network says the sample at which P stood in the whole trace. The window has been moved and its pick has not: within the window P stands at p - start.",
)
exercise.edit(
    "not_standardised",
    "sign * standardise(cut(x[index], start, window))",
    "sign * cut(x[index], start, window)",
    "The windows are not standardised. A trace as a whole has mean 0 and deviation 1, but a window of it has not: standardise after cutting, as it will be done to every window that the network is asked about.",
)
exercise.edit(
    "left_in_training_mode",
    "return model.eval()",
    "return model.train()",
    "The model comes back in training mode: its answer for one window then depends on the others in the batch. Return model.eval().",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 gave the same model: the argument `seed` never reaches torch.manual_seed.",
)
exercise.edit(
    "seed_too_late",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models. The weights are drawn when UNet is made and the windows in the loop: torch.manual_seed(seed) has to stand before both.",
)
exercise.edit(
    "whole_traces",
    "start = (p[index] - first).clamp(0, x.shape[2] - window)",
    "start, window = torch.zeros_like(first), x.shape[2]",
    "You train on whole traces. P then stands at one sample for ever, and that sample is what is learned: cut a window of `window` samples, at another place each time.",
)


def train_on(x, p, steps, window, seed, batch_size=16, width=8, lr=1e-2, loss=None, schedule="one_cycle"):
    """The training with the parts that the candidates below vary."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = UNet(3, 1, width, 4, (1, 7), (1, 4))
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    plan = Plan.of(model)
    with plan.prepared(model):
        model.train()
        for step in range(steps):
            set_lr(optimiser, lr * lr_factor(schedule, step / steps))
            index = torch.randperm(len(x), generator=generator)[:batch_size]
            first = (window * (0.2 + 0.6 * torch.rand(len(index), generator=generator))).long()
            start = torch.minimum((p[index] - first).clamp(min=0), torch.tensor(x.shape[2] - window))
            windows = torch.stack([one[:, s : s + window] for one, s in zip(x[index], start.tolist(), strict=True)])
            windows = standardise(windows) * (torch.randint(2, (len(index), 1, 1), generator=generator) * 2 - 1)
            train_step(
                model, plan.place(windows.unsqueeze(2)), p[index] - start, loss or pick_loss, optimiser, plan=plan
            )
    return model.eval()


@exercise.mistake(
    "It has hardly learned anything. Is the learning rate what you were given, and does it rise and fall once over all the steps? set_lr(optimizer, lr * lr_factor('one_cycle', step / steps))."
)
def timid(x, p, *, steps, window=2048, batch_size=16, width=8, lr=1e-2, seed=0):
    return train_on(x, p, steps, window, seed, batch_size, width, lr / 1000)


@exercise.mistake(
    "Every sample is asked yes or no on its own: with one true sample in a thousand, the network learns to say no. There is one arrival in each window, so let the samples compete: pick_loss takes a softmax over time."
)
def yes_or_no_at_every_sample(x, p, *, steps, window=2048, batch_size=16, width=8, lr=1e-2, seed=0):
    def loss(logits, p):
        z = logits.flatten(1)
        return F.binary_cross_entropy_with_logits(z, F.one_hot(p, z.shape[1]).float())

    return train_on(x, p, steps, window, seed, batch_size, width, lr / 10, loss)


@exercise.alternative
def sliced_one_by_one(x, p, *, steps, window=2048, batch_size=16, width=8, lr=1e-2, seed=0):
    return train_on(x, p, steps, window, seed, batch_size, width, lr)


@exercise.alternative
def cosine(x, p, *, steps, window=2048, batch_size=16, width=8, lr=1e-2, seed=0):
    return train_on(x, p, steps, window, seed, batch_size, width, lr / 2, schedule="cosine")


def measure(solution, known, new, seed):
    """Train on ``known`` and pick in five windows of each of ``new``; with the two rivals on the same windows. Pairs (x, p)."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def some_windows(x, p):
        first = torch.randint(2048 // 5, 4 * 2048 // 5, (len(p),), generator=generator)
        start = (p - first).clamp(0, x.shape[2] - 2048)
        return standardise(cut(x, start, 2048)), p - start

    known_x, known_p = some_windows(*known)
    asked, truth = (torch.cat(part) for part in zip(*(some_windows(*new) for _ in range(5)), strict=True))
    _, short, trigger = max(
        (((first_above(sta_lta(known_x, s), t) - known_p).abs() <= 50).float().mean().item(), s, t)
        for s in (10, 20, 40)
        for t in (2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
    )
    model = solution(*known, steps=400, seed=seed)
    picks = {
        "": read_picks(model, asked),
        "constant_": known_p.median().expand(len(truth)),
        "sta_lta_": first_above(sta_lta(asked, short), trigger),
    }
    figures = {}
    for name, pick in picks.items():
        error = (pick - truth).abs().float() / 100
        figures[f"{name}median_error"] = error.median().item()
        figures[f"{name}mean_error"] = error.mean().item()
        figures[f"{name}share_within_half_second"] = (error <= 0.5).float().mean().item()
    return figures


@exercise.ledger("phasenet", seeds=5)
def phasenet(solution, seed):
    """The real seismograms in five folds: fold number ``seed`` is picked by a network that learned from the other four."""
    whole = data.phasenet()
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0))
    held_out = torch.arange(len(whole)) % 5 == seed
    known, new = order[~held_out], order[held_out]
    return measure(solution, (whole.x[known], whole.p[known]), (whole.x[new], whole.p[new]), seed)


@exercise.ledger("seismograms", seeds=3)
def seismograms(solution, seed):
    """The built-in seismograms: 400 to learn from, 150 others to pick."""
    known, new = data.seismograms(400, seed=0), data.seismograms(150, seed=1)
    return measure(solution, (known.x, known.p), (new.x, new.p), seed)
