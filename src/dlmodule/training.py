"""The training loop, once and whole. The notebook of PyTorch part II reads this file from top to bottom.

    history = fit(model, train, validation=validation, epochs=8, lr=1e-3, schedule="one_cycle")
    print(evaluate(model, test))

Notable choices:

- The whole data set lies on the device as two tensors (inputs that are to be augmented stay where they are). An epoch is one
  random permutation of its indices, cut into batches by indexing. For data that fits into memory nothing is faster;
  ``DataLoader`` is for data that does not.
- One generator, seeded once, draws the permutations and the augmentation; torch's global generator, which dropout uses, is
  seeded for the duration and put back. The same seed on the same machine gives the same model, bit for bit.
- bfloat16, memory layout and threads are decided in ``dlmodule.device.Plan``, by what the machine gains by.
- Losses are summed on the device and read once an epoch: reading a number from a GPU makes it wait.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule.device import MemoryFormat, Plan, Precision
from dlmodule.errors import DLModuleError
from dlmodule.progress_bar import progress_bar


class HasXY(Protocol):
    """Anything with inputs ``x`` and targets ``y``, as ``dlmodule.data.Labelled`` is."""

    @property
    def x(self) -> Tensor: ...
    @property
    def y(self) -> Tensor: ...


Data: TypeAlias = HasXY | tuple[Tensor, Tensor]
Loss: TypeAlias = Callable[[Any, Tensor], Tensor]
Augment: TypeAlias = Callable[[Tensor, torch.Generator], Tensor]
Schedule: TypeAlias = Literal["constant", "cosine", "one_cycle"] | Callable[[float], float]


class Diverged(DLModuleError):
    """The training loss became NaN or infinite."""


@dataclass
class History:
    """What happened, one entry an epoch. ``val_*`` stay empty without validation data, ``val_accuracy`` without classes."""

    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        """The last epoch in one line."""
        columns = {"loss": self.train_loss, "val_loss": self.val_loss, "val_accuracy": self.val_accuracy}
        return ", ".join(f"{name} {values[-1]:.4f}" for name, values in columns.items() if values)


def fit(
    model: nn.Module,
    train: Data,
    *,
    validation: Data | None = None,
    epochs: int,
    batch_size: int = 128,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    optimiser: Literal["adamw", "sgd"] = "adamw",
    loss_fn: Loss = F.cross_entropy,
    schedule: Schedule = "constant",
    augment: Augment | None = None,
    clip: float | None = None,
    stop_when: Callable[[History], bool] | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    progress: bool = True,
    precision: Precision = "auto",
    memory_format: MemoryFormat = "auto",
) -> History:
    """Train ``model`` in place and return what happened.

    train, validation: a labelled set or ``(x, y)``, examples along the first axis. loss_fn: ``(model output, y) -> scalar``,
    a mean over the batch. schedule: the shape of the learning rate over training, see ``lr_factor``. augment: ``(x, generator)
    -> x`` on a batch. clip: largest norm of the gradient. stop_when: asked after every epoch, see ``patience``.
    The model is trained on ``device`` (default: the best one) and returns to where it was.
    Raises ``Diverged`` when the loss becomes NaN, and ``DLModuleError`` where x and y do not fit together.
    """
    plan = Plan.of(model, device, precision=precision, memory_format=memory_format)
    x, y = _tensors(train)
    # An augmentation is written for batches that lie where the data do; only what it returns goes to the device.
    x, y = plan.place(x) if augment is None else x, y.to(plan.device)
    history = History()
    start = time.perf_counter()
    with plan.prepared(model), torch.random.fork_rng(), progress_bar(epochs, show=progress) as bar:
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)  # the processor's: the same draws on every device
        optimizer = make_optimiser(optimiser, model, lr=lr, weight_decay=weight_decay)
        batches = math.ceil(len(x) / batch_size)
        for epoch in range(epochs):
            model.train()
            total = torch.zeros((), device=plan.device)
            order = torch.randperm(len(x), generator=generator)
            # Batches of nearly equal size: no rest of one example, on which batch normalisation has no variance.
            for batch, index in enumerate(order.tensor_split(batches)):
                set_lr(optimizer, lr * lr_factor(schedule, (epoch + batch / batches) / epochs))
                x_batch = x[index] if augment is None else augment(x[index], generator)
                loss = train_step(model, plan.place(x_batch), y[index], loss_fn, optimizer, plan=plan, clip=clip)
                total += loss * len(index)
            history.train_loss.append(total.item() / len(x))
            history.lr.append(optimizer.param_groups[0]["lr"])
            if not math.isfinite(history.train_loss[-1]):
                raise Diverged(_why_diverged(epoch + 1, lr, clip))
            if validation is not None:
                _validate(model, validation, loss_fn, plan, history)
            history.seconds = time.perf_counter() - start
            bar.set_postfix_str(str(history), refresh=False)
            bar.update()
            if stop_when is not None and stop_when(history):
                break
    model.eval()
    return history


def train_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    loss_fn: Loss,
    optimizer: torch.optim.Optimizer,
    *,
    plan: Plan | None = None,
    clip: float | None = None,
) -> Tensor:
    """One step: forward, loss, backward, update. Returns the loss, a scalar without gradient."""
    with nullcontext() if plan is None else plan.autocast():
        output = model(x)
    loss = loss_fn(_full_precision(output), y)  # losses subtract and exponentiate: bfloat16's three digits are too few
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.detach()


def accuracy(logits: Tensor, y: Tensor) -> float:
    """Fraction of examples whose largest logit is the target's. logits: (N, K, ...); y: (N, ...) of class numbers."""
    return (logits.argmax(1) == y).float().mean().item()


def evaluate(
    model: nn.Module, data: Data, metric: Callable[[Any, Tensor], Any] = accuracy, *, batch_size: int = 1024
) -> float:
    """``metric(model output, y)`` over the whole of ``data``, in evaluation mode."""
    x, y = _tensors(data)
    return float(metric(predict(model, x, batch_size=batch_size), y.to(x.device)))


def predict(model: nn.Module, x: Tensor, *, batch_size: int = 1024, precision: Precision = "auto") -> Any:
    """What ``model`` says of ``x`` (N, ...), in evaluation mode and in batches; float32, where ``x`` lies.

    A model that returns a tuple gives a tuple of such tensors. The model's training mode is put back.
    """
    plan = Plan.of(model, precision=precision)
    was_training = model.training
    with plan.prepared(model):
        output = _outputs(model, x, plan, batch_size)
    model.train(was_training)
    return tuple(part.to(x.device) for part in output) if isinstance(output, tuple) else output.to(x.device)


@torch.no_grad()
def _outputs(model: nn.Module, x: Tensor, plan: Plan, batch_size: int = 1024) -> Any:
    model.eval()
    with plan.autocast():
        outputs = [_full_precision(model(plan.place(batch))) for batch in torch.split(x, batch_size)]
    if isinstance(outputs[0], tuple):
        return tuple(torch.cat(part) for part in zip(*outputs, strict=True))
    return torch.cat(outputs)


def make_optimiser(
    name: Literal["adamw", "sgd"], model: nn.Module, *, lr: float, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter, arXiv:1711.05101) or SGD with Nesterov momentum 0.9; fused into one kernel where torch can."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    fused = all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters)
    if name == "adamw":
        return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=fused)
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay, momentum=0.9, nesterov=True, fused=fused)
    raise DLModuleError(f'no optimiser is called {name!r}: use "adamw" or "sgd"')


def lr_factor(schedule: Schedule, done: float) -> float:
    """The learning rate as a fraction of its peak, when the fraction ``done`` (0 to 1) of training is over.

    constant: 1. cosine: half a cosine from 1 to 0 (arXiv:1608.03983). one_cycle: a rise over the first 20 %, then a
    straight line to 0 (after arXiv:1708.07120). Or any function of ``done``.
    """
    if callable(schedule):
        return schedule(done)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "one_cycle":
        return 0.1 + 0.9 * done / 0.2 if done < 0.2 else (1 - done) / 0.8
    raise DLModuleError(f'no schedule is called {schedule!r}: use "constant", "cosine", "one_cycle" or a function')


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give every parameter group the learning rate ``lr``."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def patience(epochs: int) -> Callable[[History], bool]:
    """Early stopping: stop when the best validation loss is ``epochs`` epochs old."""

    def stop(history: History) -> bool:
        if not history.val_loss:
            raise DLModuleError("early stopping looks at the validation loss: give fit(..., validation=...) as well")
        best = min(range(len(history.val_loss)), key=history.val_loss.__getitem__)
        return len(history.val_loss) - 1 - best >= epochs

    return stop


def _validate(model: nn.Module, validation: Data, loss_fn: Loss, plan: Plan, history: History) -> None:
    """Append this epoch's validation loss, and accuracy where the targets are classes."""
    x, y = _tensors(validation)
    y = y.to(plan.device)
    output = _outputs(model, x, plan)
    with torch.no_grad():
        history.val_loss.append(loss_fn(output, y).item())
    if isinstance(output, Tensor) and not y.is_floating_point() and output.dim() == y.dim() + 1:
        history.val_accuracy.append(accuracy(output, y))


def _tensors(data: Data) -> tuple[Tensor, Tensor]:
    x, y = data if isinstance(data, tuple) else (data.x, data.y)
    if len(x) != len(y):
        raise DLModuleError(f"{len(x)} inputs but {len(y)} targets: x and y need the same first dimension")
    if len(x) == 0:
        raise DLModuleError("the data set is empty")
    return x, y


def _full_precision(output: Any) -> Any:
    """The model's output (a tensor, or a tuple or list of them) in float32 where autocast made it bfloat16."""
    if isinstance(output, Tensor):
        return output.float() if output.dtype == torch.bfloat16 else output
    if isinstance(output, tuple | list):
        return tuple(_full_precision(part) for part in output)
    return output


def _why_diverged(epoch: int, lr: float, clip: float | None) -> str:
    advice = f"try lr={lr / 10:.1g}" + ("" if clip is not None else ", or clip the gradient: fit(..., clip=1.0)")
    return f"the loss became NaN or infinite in epoch {epoch} at lr={lr:g}: {advice}"
