"""Let the learning rate grow until the loss explodes, and leave the model as it was."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    move_on=20,
    hints=(
        "Which object remembers something from step to step, so that it may be made only once? And which must be copied, so that the "
        "caller's is left alone?",
        "The formula's rate goes into optimiser.param_groups[0]['lr'] before the step. Append the loss "
        "before you decide whether to break, so that the one that exploded is in the list.",
    ),
)


class Line(nn.Module):
    """One weight and one bias in float64; notes its mode."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[0.5], [-0.3]], dtype=torch.float64))
        self.bias = nn.Parameter(torch.tensor([0.1], dtype=torch.float64))

    def forward(self, x):
        return (x @ self.weight + self.bias)[:, 0] * (1.0 if self.training else 3.0)


@exercise.probe
def probe(candidate, case):
    count, kind = case.args
    generator = torch.Generator().manual_seed(case.seed)
    batches = []
    for _ in range(count):
        x = torch.randn(8, 2, generator=generator, dtype=torch.float64)
        batches.append((x, x @ torch.tensor([2.0, -1.0], dtype=torch.float64) + 3))
    model = Line().eval()
    before = copy.deepcopy(model.state_dict())
    loss_fn = F.mse_loss
    if kind == "nan":

        def loss_fn(said, y):
            return said.sum() * math.nan if said.detach().sum().abs() > 20 else F.mse_loss(said, y)

    elif kind == "told":
        told = iter([1.0, 3.5, 4.0, 2.0, 3.0, 4.5, 1.0, 1.0])

        def loss_fn(said, y):
            return said.sum() * 0 + next(told)

    rates, losses = candidate(model, loss_fn, batches, **case.kwargs)
    return {
        "rates": [float(rate) for rate in rates],
        "losses": [float(loss) for loss in losses],
        "plain numbers": not any(isinstance(one, torch.Tensor) for one in [*rates, *losses]),
        "model unchanged": all(torch.equal(before[name], one) for name, one in model.state_dict().items()),
        "still in evaluation mode": not model.training,
        "no gradients left": all(one.grad is None for one in model.parameters()),
    }


@exercise.cases
def cases():
    yield Case(3, "line", low=0.01, high=1.0).named("three batches, from 0.01 to 1")
    yield Case(12, "line", low=1e-4, high=1e-1).seeded(1).named("twelve batches")
    yield Case(20, "line", low=1e-2, high=1e3).seeded(2).named("twenty batches, up to a rate that explodes")
    yield Case(6, "line").seeded(3).named("the default rates")
    yield Case(8, "told").named("losses 1, 3.5, 4, 2, 3, 4.5: only the last is more than four times the smallest")
    yield Case(20, "nan", low=1e-2, high=1e3).seeded(4).named("a loss that becomes not a number")


exercise.edit(
    "equal_differences",
    "low * (high / low) ** (step / (len(batches) - 1))",
    "low + (high - low) * (step / (len(batches) - 1))",
    "Your rates grow in equal differences. Between 1e-5 and 1 nearly all of them would then be above 0.01; let them grow in equal ratios.",
)
exercise.edit(
    "never_reaches_high",
    "(len(batches) - 1))",
    "len(batches))",
    "The last rate is not `high`. Counted from 0 the last step is S - 1, so the exponent is step / (S - 1).",
)
exercise.edit(
    "on_the_model_itself",
    "model = copy.deepcopy(model)",
    "model = model",
    "The test has changed the caller's model: after it, the weights are those of an exploded training. Work on a copy.",
)
exercise.edit(
    "a_new_adam_each_step",
    'optimiser.param_groups[0]["lr"] = rate',
    "optimiser = torch.optim.Adam(model.parameters(), lr=rate)",
    "You make a new Adam for each rate. It forgets its running means each time, and Adam's first step is always of the size of the rate, "
    "whatever the gradient. Keep one, and change its rate.",
)
exercise.edit(
    "leaves_out_the_explosion",
    "        rates.append(rate)\n        losses.append(loss.item())\n        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):\n            break",
    "        if not math.isfinite(loss.item()) or (losses and loss.item() > 4 * min(losses)):\n            break\n        rates.append(rate)\n        losses.append(loss.item())",
    "The loss that exploded is missing from the list. Note first, then stop: one wants to see where it happened.",
)
exercise.edit(
    "never_stops",
    "            break",
    "            pass",
    "It goes on after the loss has exploded. What comes then says nothing, and squeezes the rest of the picture flat.",
)
exercise.edit(
    "nan_goes_on",
    "not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses)",
    "losses[-1] > 4 * min(losses)",
    "It does not stop at nan: every comparison with nan is false, so `nan > 4 * min(...)` never is true. Ask math.isfinite as well.",
)
exercise.edit(
    "never_forgets",
    "optimiser.zero_grad()",
    "pass",
    "The gradients are never set back, so each step follows the sum of all gradients so far.",
)


@exercise.mistake(
    "You note the loss after the step. It then belongs to a network that has already moved with this rate, on the very batch that it "
    "moved for; note it before."
)
def loss_after_the_step(model, loss_fn, batches, *, low=1e-5, high=1.0):
    model = copy.deepcopy(model).train()
    optimiser = torch.optim.Adam(model.parameters())
    rates, losses = [], []
    for step, (x, y) in enumerate(batches):
        rate = low * (high / low) ** (step / (len(batches) - 1))
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        loss_fn(model(x), y).backward()
        optimiser.step()
        rates.append(rate)
        losses.append(loss_fn(model(x), y).item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
    return rates, losses


exercise.edit(
    "rates_and_losses_exchanged",
    "return rates, losses",
    "return losses, rates",
    "The two lists are exchanged: the rates come first.",
)
exercise.edit(
    "in_evaluation_mode",
    "model.train()",
    "model.eval()",
    "The copy is in evaluation mode. You want to know how training goes: with dropout, and with the batch's own statistics.",
)
exercise.edit(
    "against_the_first",
    "4 * min(losses)",
    "4 * losses[0]",
    "You compare with the first loss. A loss that has fallen and explodes is found sooner if it is compared with the smallest so far.",
)
exercise.edit(
    "plain_gradient_descent",
    "torch.optim.Adam(model.parameters())",
    "torch.optim.SGD(model.parameters())",
    "You step by plain gradient descent. The test is for Adam, whose rates are of another size.",
)
exercise.edit(
    "twice_the_smallest",
    "> 4 * min(losses)",
    "> 2 * min(losses)",
    "You stop at twice the smallest loss. The text says four times: batches differ, and twice may be chance.",
)


@exercise.alternative
def by_logspace(model, loss_fn, batches, *, low=1e-5, high=1.0):
    rates = torch.logspace(math.log10(low), math.log10(high), len(batches), dtype=torch.float64).tolist()
    trial = copy.deepcopy(model)
    trial.train()
    optimiser = torch.optim.Adam(trial.parameters(), lr=low)
    losses, best = [], math.inf
    for rate, (x, y) in zip(rates, batches, strict=True):
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_fn(trial(x), y)
        losses.append(float(loss.detach()))
        best = min(best, losses[-1])
        if math.isnan(losses[-1]) or math.isinf(losses[-1]) or losses[-1] > 4 * best:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return rates[: len(losses)], losses


@exercise.alternative
def by_a_scheduler(model, loss_fn, batches, *, low=1e-5, high=1.0):
    copied = copy.deepcopy(model).train()
    optimiser = torch.optim.Adam(copied.parameters(), lr=low)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimiser, (high / low) ** (1 / (len(batches) - 1)))
    rates, losses = [], []
    for x, y in batches:
        rates.append(scheduler.get_last_lr()[0])
        loss = loss_fn(copied(x), y)
        losses.append(loss.item())
        if not losses[-1] <= 4 * min(losses) or losses[-1] == math.inf:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        scheduler.step()
    return rates, losses
