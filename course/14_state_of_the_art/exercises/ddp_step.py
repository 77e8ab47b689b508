"""A data-parallel step on two processes, which two threads play here."""

import copy
import threading

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64, noise

exercise = Exercise(
    difficulty=4,
    minutes=14,
    core=True,
    hints=(
        "Which three numbers or tensors must be summed over the processes: which one says by what to divide?",
        "Sum of losses, backward, then all_reduce the count and every gradient, divide in place, step. The count has to be a tensor.",
    ),
)


@exercise.probe
def probe(candidate, case):
    x, y, cut, momentum = case.args
    torch.manual_seed(case.seed)
    with in_float64():
        first = nn.Sequential(nn.Linear(x.shape[1], 4), nn.Tanh(), nn.Linear(4, 3))
    for parameter in first.parameters():
        parameter.grad = torch.ones_like(parameter)  # what an earlier batch left
    models = [first, copy.deepcopy(first)]
    for parameter in models[1].parameters():
        parameter.grad = torch.ones_like(parameter)
    meeting, boxes, calls, faults = threading.Barrier(2), [None, None], [0, 0], []

    def work(rank):
        def all_reduce(tensor):
            calls[rank] += 1
            boxes[rank] = tensor.detach().clone()
            meeting.wait(3)
            total = boxes[0] + boxes[1]
            meeting.wait(3)
            with torch.no_grad():
                tensor.copy_(total)

        part = slice(0, cut) if rank == 0 else slice(cut, None)
        optimiser = torch.optim.SGD(models[rank].parameters(), lr=0.5, momentum=momentum)
        try:
            with torch.enable_grad():
                for _ in range(2):
                    candidate(models[rank], x[part], y[part], optimiser, all_reduce)
        except threading.BrokenBarrierError:
            faults.append(RuntimeError("the processes did not call all_reduce equally often"))
        except Exception as error:
            faults.insert(0, error)
            meeting.abort()

    workers = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(8)
    if faults:
        raise faults[0]
    numbers = [torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models]
    return {
        "parameters of process 0": numbers[0],
        "parameters of process 1": numbers[1],
        "the copies stay equal": torch.allclose(*numbers),
        "processes met": calls[0] > 0,
    }


@exercise.cases
def cases():
    yield Case(noise(4, 2), torch.tensor([0, 1, 2, 1]), 2, 0.0).named("two and two examples")
    yield Case(noise(7, 3, seed=1), torch.tensor([0, 1, 2, 1, 0, 0, 2]), 2, 0.0).named("two and five examples")
    yield Case(noise(6, 4, seed=2), torch.tensor([2, 2, 0, 1, 0, 1]), 5, 0.9).named("five and one, with momentum")


exercise.edit(
    "mean_of_means", ('reduction="sum"', "parameter.grad /= count"), ('reduction="mean"', "parameter.grad /= 2"),
    "You average the processes' means. Where the parts are unequal, that is not the mean of all examples.",
)  # fmt: skip
exercise.edit(
    "sum_of_means", ('reduction="sum"', "parameter.grad /= count"), ('reduction="mean"', "pass"),
    "You add up the means of the processes: your step is as many times too long as there are processes.",
)  # fmt: skip
exercise.edit(
    "never_divided", "parameter.grad /= count", "pass",
    "The gradients are sums over all examples. Divide them by the number of examples of all processes.",
)  # fmt: skip
exercise.edit(
    "divided_by_its_own_count", "all_reduce(count)\n", "pass\n",
    "Each process divides by its own count: then the copies take different steps. The count has to be summed as well.",
)  # fmt: skip
exercise.edit(
    "gradients_kept_to_itself", ("all_reduce(parameter.grad)", "all_reduce(count)\n"), ("pass", "pass\n"),
    "The processes never exchange gradients: each trains its own model.",
)  # fmt: skip
exercise.edit(
    "old_gradients_kept", "optimiser.zero_grad()\n", "pass\n",
    "The old gradients were not cleared: they are summed again over all processes.",
)  # fmt: skip
exercise.edit(
    "too_late", ("    optimiser.step()\n", 'reduction="sum").backward()\n'), ("    pass\n", 'reduction="sum").backward()\n    optimiser.step()\n'),
    "You take the step before the gradients have been exchanged.",
)  # fmt: skip


exercise.edit(
    "parameters_summed", "all_reduce(parameter.grad)", "all_reduce(parameter.data)",
    "You summed the parameters over the processes. The gradients are summed; the copies are equal already.",
)  # fmt: skip
exercise.edit(
    "copy_summed", "all_reduce(parameter.grad)", "all_reduce(parameter.grad.clone())",
    "The sum goes into a copy, and the gradient stays this process's own. all_reduce works in place: hand it parameter.grad itself.",
)  # fmt: skip
exercise.edit(
    "guessed_count", "parameter.grad /= count", "parameter.grad /= 2 * len(x)",
    "You assumed that all parts are equally large, and that there are two. The sum of the counts is known: divide by it.",
)  # fmt: skip


@exercise.alternative
def all_in_one_tensor(model, x, y, optimiser, all_reduce):
    model.zero_grad()
    F.cross_entropy(model(x), y, reduction="sum").backward()
    parts = [p.grad.flatten() for p in model.parameters()]
    flat = torch.cat([*parts, parts[0].new_tensor([len(x)])])
    all_reduce(flat)
    flat = flat / flat[-1]
    start = 0
    for p in model.parameters():
        p.grad = flat[start : start + p.numel()].view_as(p).clone()
        start += p.numel()
    optimiser.step()


@exercise.alternative
def weighted_means(model, x, y, optimiser, all_reduce):
    count = torch.tensor([len(x)], dtype=torch.float64)
    all_reduce(count)
    loss = F.cross_entropy(model(x), y) * (len(x) / count.item())
    grads = torch.autograd.grad(loss, list(model.parameters()))
    for parameter, grad in zip(model.parameters(), grads, strict=True):
        grad = grad.clone()
        all_reduce(grad)
        parameter.grad = grad
    optimiser.step()


exercise.equivalent("float(...) dropped", "a whole number divides the gradients as well")
