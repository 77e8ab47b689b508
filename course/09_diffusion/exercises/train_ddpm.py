"""Train an image diffusion model with labels that are dropped now and then, and average its weights."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data, measure
from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=4,
    minutes=20,
    core=True,
    hints=(
        "It is this morning's loop with four changes: v as target, labels of which some are replaced, clipping, and an average at the end of each step.",
        "torch.where(torch.rand(batch_size) < drop, classes, labels) drops labels. copy.deepcopy(model) makes the average, before the first step.",
    ),
    measured=Measured("error", higher=False),
)


def stripes(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Stripes that dip to the left (0) or to the right (1), x (count, 1, 8, 8) of standard deviation 1."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (count,), generator=generator)
    row, column = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    phase = 6.28 * torch.rand(count, 1, 1, generator=generator)
    return (2**0.5 * torch.sin(0.8 * (row + (2 * y - 1)[:, None, None] * column) + phase))[:, None], y


def schedule() -> torch.Tensor:
    """alpha_bar of ten steps."""
    return torch.cat([torch.ones(1), torch.cos(torch.linspace(0.15, 1.5, 10)) ** 2])


@torch.no_grad()
def error_of(model: nn.Module) -> float:
    """Mean squared error of v on new stripes, all steps together, labels given."""
    alpha_bar, (x0, y) = schedule(), stripes(200, 9)
    t = torch.arange(200) % 10 + 1
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(3))
    a = alpha_bar[t].reshape(-1, 1, 1, 1)
    v = a.sqrt() * noise - (1 - a).sqrt() * x0
    return (model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t / 10, y) - v).square().mean().item()


@exercise.probe
def probe(candidate, case):
    x, y = stripes(400, 0)
    size = {"classes": 2, "widths": (8, 8), "batch_size": 32}
    model = candidate(x, y, schedule(), steps=60, lr=1e-2, seed=case.seed, **size)
    if not isinstance(model, nn.Module):
        return {"error": 9.0, "returned": type(model).__name__}
    mode = model.training
    start, end = schedule(), schedule()
    start[0], end[-1] = torch.nan, torch.nan
    few = {"steps": 6, "lr": 1e-2, **size}
    models = [candidate(x, y, schedule(), seed=seed, **few) for seed in (5, 5, 6)]
    models += [candidate(x, y, spoilt, seed=1, **few) for spoilt in (start, end)]
    models += [
        candidate(x, y, schedule(), seed=5, decay=0.0, **few),
        candidate(x, y, schedule(), seed=5, drop=0.0, **few),
    ]
    models += [candidate(x, y, schedule(), seed=5, drop=1.0, **few)]
    time = torch.full((4,), 0.5)

    def answer(model: nn.Module, label: int) -> torch.Tensor:
        with torch.no_grad():
            return model(x[:4], time, torch.full((4,), label))

    first, again, other, without_start, without_end, last, kept, dropped = models
    return {
        "error": error_of(model.eval()),
        "left in training mode": mode,
        "step 0 is drawn": bool(answer(without_start, 0).isnan().any()),
        "step T is drawn": bool(answer(without_end, 0).isnan().any()),
        "the average differs from the last weights": not torch.allclose(answer(first, 0), answer(last, 0), atol=1e-4),
        "drop decides how many labels are dropped": not torch.allclose(answer(kept, 0), answer(dropped, 0), atol=1e-4),
        "with all labels dropped the null label is learned": not torch.equal(
            dropped.label.weight[2], kept.label.weight[2]
        ),
        "same seed, same model": torch.allclose(answer(first, 0), answer(again, 0), atol=1e-4),
        "another seed, another model": not torch.allclose(answer(first, 0), answer(other, 0), atol=1e-4),
    }


@exercise.cases
def cases():
    yield Case().named("400 images of stripes, 60 steps")


exercise.edit(
    "left_in_training_mode", "return average.eval()", "return average.train()",
    "The model comes back in training mode. This one has no dropout, but the next will: return it in evaluation mode.",
)  # fmt: skip
exercise.edit(
    "seed_too_late", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two models: torch.manual_seed(seed) has to come before the network is made.",
)  # fmt: skip
exercise.edit(
    "raw_weights_returned", "return average.eval()", "return model.eval()",
    "You return the last weights. The average was kept for sampling: return that.",
)  # fmt: skip
exercise.edit(
    "last_step_never_drawn", "torch.randint(1, last + 1, (batch_size,))", "torch.randint(1, last, (batch_size,))",
    "Step T is never drawn: the upper end of torch.randint is left out. Sampling starts at T.",
)  # fmt: skip
exercise.edit(
    "label_never_dropped", "torch.where(torch.rand(batch_size) < drop, classes, y[batch])", "y[batch]",
    "`drop` has no effect. Some labels, and not all, are to be replaced by the null label; guidance needs the answers with and without a class.",
)  # fmt: skip
exercise.edit(
    "target_is_the_noise", "loss = F.mse_loss(v, velocity(x[batch], noise, t, alpha_bar))", "loss = F.mse_loss(v, noise)",
    "Is the target v? A network that is trained on the noise answers something else.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr, weight_decay=0.01)\n", "lr=lr, weight_decay=0.01)\n    lr = 1e-7\n",
    "Does lr reach the optimiser in every step? With a far smaller rate the network stays where it was drawn.",
)  # fmt: skip


def trained(x, y, alpha_bar, steps, classes, widths, batch_size, lr, decay, drop, seed, make):
    """The training, with the optimiser that the candidates vary."""
    torch.manual_seed(seed)
    model = TimeUNet(*widths, classes)
    average = copy.deepcopy(model)
    optimiser = make(model.parameters(), lr)
    last = len(alpha_bar) - 1
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = lr * min((step + 1) / 20, 1 - step / steps)
        index = torch.randint(0, len(x), (batch_size,))
        x0, labels = x[index], y[index].clone()
        labels[torch.rand(batch_size) < drop] = classes
        t = 1 + (torch.rand(batch_size) * last).long()
        a = alpha_bar[t][:, None, None, None]
        noise = torch.randn(x0.shape)
        predicted = model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t / last, labels)
        optimiser.zero_grad()
        F.mse_loss(predicted, a.sqrt() * noise - (1 - a).sqrt() * x0).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        ema_update(average, model, min(decay, (step + 1) / (step + 10)))
    average.eval()
    return average


@exercise.alternative
def with_adam(
    x, y, alpha_bar, *, steps, classes, widths=(32, 48), batch_size=32, lr=3e-3, decay=0.99, drop=0.15, seed=0
):
    return trained(x, y, alpha_bar, steps, classes, widths, batch_size, lr, decay, drop, seed, torch.optim.Adam)


@exercise.alternative
def with_nadam(
    x, y, alpha_bar, *, steps, classes, widths=(32, 48), batch_size=32, lr=3e-3, decay=0.99, drop=0.15, seed=0
):
    return trained(x, y, alpha_bar, steps, classes, widths, batch_size, lr, decay, drop, seed, torch.optim.NAdam)


@exercise.ledger("sections", seeds=3)
def sections(solution, seed):
    """500 steps on all sections. 500 samples of 20 steps: classifier-FID beside its controls, and the share of the kind asked for.

    Of the first 150 of them, and of 150 samples drawn with fresh noise in all 200 steps: the FID too.
    """
    train, y = data.load("seismic_sections"), torch.arange(500) % 4
    model = solution(amplitudes(train.x), train.y, cosine_schedule(200), steps=500, classes=4, seed=seed)
    drawn = as_images(sample(model, y, 20, seed=seed))
    scores = measure.report(drawn, "seismic_sections")
    seen = measure.frozen("seismic_sections")(drawn).argmax(1)
    few = measure.report(drawn[:150], "seismic_sections").samples.fid
    ancestral = as_images(sample(model, y[:150], 200, eta=1.0, seed=seed))
    all_steps = measure.report(ancestral, "seismic_sections").samples.fid
    return {
        "fid": scores.samples.fid,
        "floor": scores.real.fid,
        "mean_image": scores.mean_image.fid,
        "noise": scores.noise.fid,
        "percent_of_noise": scores.percent_of_noise,
        "told_apart": scores.samples.told_apart,
        "as_asked": (seen == y).float().mean().item(),
        "fid_20": few,
        "fid_200": all_steps,
        "ratio": few / all_steps,
    }


@exercise.ledger("mnist", seeds=1)
def mnist(solution, seed):
    """All digits, 2,400 steps of 96. 2,000 samples of 20 steps beside their controls; 500 of them beside 500 of all 200 steps with fresh noise."""

    @torch.no_grad()
    def digits(count, steps, eta):
        generator = torch.Generator().manual_seed(seed)
        x, y, times = torch.randn(count, 1, 28, 28, generator=generator), torch.arange(count) % 10, times_of(steps)
        for t, s in zip(times[:-1], times[1:], strict=True):
            noise = torch.randn(x.shape, generator=generator)
            x = ddim_step(x, t, s, predicted_noise(model, x, t, y, 1.0), noise, alpha_bar, eta)
        return ((x + 1) / 2).clamp(0, 1)

    train = data.load("mnist")
    settings = {"classes": 10, "widths": (48, 96), "batch_size": 96, "lr": 2e-3, "decay": 0.995}
    model = solution(2 * train.x - 1, train.y, alpha_bar, steps=2400, seed=seed, **settings)
    scores = measure.report(digits(2000, 20, 0.0), "mnist")
    few, all_steps = (
        measure.report(digits(500, steps, eta), "mnist").samples.fid for steps, eta in ((20, 0.0), (200, 1.0))
    )
    return {
        "fid": scores.samples.fid,
        "floor": scores.real.fid,
        "mean_image": scores.mean_image.fid,
        "noise": scores.noise.fid,
        "percent_of_noise": scores.percent_of_noise,
        "told_apart": scores.samples.told_apart,
        "ratio": few / all_steps,
    }
