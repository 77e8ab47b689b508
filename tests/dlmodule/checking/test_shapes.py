"""The ten shapes of exercise: a right answer written in another way passes, wrong ones are met by a true sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlmodule.checking import Case, Code, TempFile, probes
from dlmodule.checking.judge import judge_with
from tests.dlmodule.checking.conftest import MakeKey

GENERATOR = torch.Generator().manual_seed(0)


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def test_pure_function(make_key: MakeKey) -> None:
    """1. A pure function: other code with the same values passes, a named mistake is met by its own sentence."""
    key = make_key(lambda x: x.mean(1), [Case(random(2, 3)), Case(random(4, 4))], mistakes={"sum": lambda x: x.sum(1)})
    assert judge_with(key, lambda x: torch.stack([row.mean() for row in x])).right
    wrong = judge_with(key, lambda x: x @ torch.ones(x.shape[1], dtype=x.dtype))
    assert (wrong.mistake, wrong.message) == ("sum", "This is sum.")


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x).relu())


class BlockDeclaredBackwards(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, width)
        self.into = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.into(x).relu()) + x


class NoSkip(Block):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x).relu())


class NoBias(Block):
    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.first = nn.Linear(width, width, bias=False)


def test_module(make_key: MakeKey) -> None:
    """2. A module: the order in which layers are declared does not matter; a parameter too few is counted."""
    key = make_key(Block, [Case(random(2, 3)).built(3)], probes.module(grad=True), {"no_skip": NoSkip}, kind="class")
    assert judge_with(key, BlockDeclaredBackwards).right
    assert judge_with(key, NoSkip).mistake == "no_skip"
    counted = judge_with(key, NoBias)
    assert counted.rung == "counts"
    assert "21 parameters" in counted.message and "(3,)" in counted.message


def test_module_built_from_another(make_key: MakeKey) -> None:
    """3. A module built from another exercise's: where that one is wrong, the message sends the learner there."""
    scope: dict[str, Any] = {"nn": nn, "Block": NoSkip}
    source = "class Tower(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.b = Block(3)\n    def forward(self, x):\n        return self.b(x)\n"
    exec(source, scope)
    wrong_below = scope["Tower"]
    scope = {"nn": nn, "Block": Block}
    exec(source, scope)
    block = make_key(Block, [Case(random(2, 3)).built(3)], probes.module(), kind="class", name="Block")
    tower = make_key(scope["Tower"], [Case(random(2, 3))], probes.module(), kind="class", name="Tower")
    keys = {"Block": block, "Tower": tower}
    assert judge_with(tower, scope["Tower"], keys).right
    blamed = judge_with(tower, wrong_below, keys)
    assert blamed.blocked_by == "Block"
    assert "`Block`, which is not right yet" in blamed.message


def test_random_function(make_key: MakeKey) -> None:
    """4. A random function is judged by its moments in closed form, and must use the generator it is given."""

    def noisy(x: Tensor, *, generator: torch.Generator) -> Tensor:
        return x + torch.randn(x.shape, generator=generator, dtype=x.dtype)

    draws = 2000
    case = Case(torch.zeros(3, dtype=torch.float64)).expecting(
        {"mean": torch.zeros(3, dtype=torch.float64), "var": torch.ones(3, dtype=torch.float64)},
        within={"mean": draws**-0.5, "var": (2 / draws) ** 0.5},
    )
    probe = probes.sample({"mean": "x.mean(0)", "var": "x.var(0)"}, draws=draws)
    key = make_key(noisy, [case], probe)
    assert judge_with(key, noisy).right
    assert judge_with(key, lambda x, generator: x + torch.empty_like(x).normal_(generator=generator)).right
    ignored = judge_with(key, lambda x, generator: x + torch.randn_like(x))
    assert "does not draw from the `generator`" in ignored.message
    too_wide = judge_with(key, lambda x, generator: x + 2 * torch.randn(x.shape, generator=generator, dtype=x.dtype))
    assert too_wide.status == "wrong" and "“var”" in too_wide.message


def test_iterator(make_key: MakeKey) -> None:
    """5. An iterator: items and end are compared; a list in place of a generator passes, one that never ends does not."""

    def batches(count: int, size: int) -> Any:
        for start in range(0, count, size):
            yield list(range(start, min(start + size, count)))

    key = make_key(batches, [Case(7, 3), Case(4, 2)], probes.iterate(limit=20))
    assert judge_with(key, lambda n, s: [list(range(i, min(i + s, n))) for i in range(0, n, s)]).right
    dropped = judge_with(key, lambda n, s: (list(range(i, i + s)) for i in range(0, n - s + 1, s)))
    assert dropped.status == "wrong" and "2 items, expected are 3" in dropped.message


def test_function_of_a_callable(make_key: MakeKey) -> None:
    """6. A function of a callable or a module: the argument is code, evaluated beside the answer."""
    cases = [Case(Code("lambda x: x.sin()"), random(3)), Case(Code("nn.Linear(3, 3).double()", seed=1), random(3))]
    key = make_key(lambda f, x: f(f(x)), cases, mistakes={"once": lambda f, x: f(x)})
    assert judge_with(key, lambda f, x: [x := f(x) for _ in range(2)][-1]).right
    assert judge_with(key, lambda g, y: g(y)).mistake == "once"


class Buffer:
    def __init__(self, capacity: int) -> None:
        self.items: list[int] = []
        self.capacity = capacity

    def push(self, item: int) -> int:
        self.items = [*self.items, item][-self.capacity :]
        return len(self.items)


def test_stateful_object(make_key: MakeKey) -> None:
    """7. A stateful object is taken through a script of calls; the step that first differs is named."""
    case = Case(2).then("push", 1).then("push", 2).then("push", 3).then_get("items")
    key = make_key(Buffer, [case], probes.script(), kind="class")

    class Growing(Buffer):
        def push(self, item: int) -> int:
            self.items.append(item)
            return len(self.items)

    class Trimming(Buffer):
        def push(self, item: int) -> int:
            self.items.append(item)
            del self.items[: -self.capacity]
            return len(self.items)

    assert judge_with(key, Trimming).right
    assert "`items`" in judge_with(key, Growing).message


def test_file_writer_and_reader(make_key: MakeKey) -> None:
    """8. A file writer and a reader: what stands in the file counts, not how it got there."""

    def save(state: dict[str, Tensor], path: Path) -> None:
        torch.save(state, path)

    writer = make_key(save, [Case({"w": random(2, 2)}, TempFile("model.pt"))], probes.file())
    assert judge_with(writer, lambda state, path: torch.save(dict(state.items()), str(path))).right
    assert "missing model.pt" in judge_with(writer, lambda state, path: None).message
    reader = make_key(
        lambda path: [float(line) for line in Path(path).read_text().split()],
        [Case(TempFile("a.txt")).with_file("a.txt", "1\n2.5\n")],
        probes.file(),
    )
    assert judge_with(reader, lambda path: list(map(float, Path(path).read_bytes().splitlines()))).status == "right"


def test_value(make_key: MakeKey) -> None:
    """9. A value: the placeholder is "not started"; a list where a tensor is asked is met by advice."""
    key = make_key(torch.eye(2, dtype=torch.float64), [Case()], probes.value(), kind="value")
    assert judge_with(key, torch.diag(torch.ones(2, dtype=torch.float64))).right
    assert judge_with(key, ...).status == "not started"
    assert "`torch.tensor` makes one" in judge_with(key, [[1.0, 0.0], [0.0, 1.0]]).message


PROBE = """
def probe(candidate, case):
    import torch
    torch.manual_seed(0)
    weight = torch.zeros(1, requires_grad=True)
    candidate(weight)
    return {"accuracy": 1 - abs(weight.item() - 1), "moved": bool(weight.item() != 0)}
"""


def test_measured_training(make_key: MakeKey) -> None:
    """10. A measured training: judged against its bar; a fact beside the figure tells which mistake it was."""

    def train(weight: Tensor, steps: int = 50, rate: float = 0.1) -> None:
        optimiser = torch.optim.SGD([weight], lr=rate)
        for _ in range(steps):
            optimiser.zero_grad()
            ((weight - 1) ** 2).sum().backward()
            optimiser.step()

    from dlmodule.checking.key import Bar

    mistakes = {"never_steps": lambda weight: None, "one_step": lambda weight: train(weight, 1)}
    probe = probes.Probe("custom", source=PROBE)
    key = make_key(train, [Case()], probe, mistakes, bar=Bar("accuracy", True, 0.9))
    assert judge_with(key, lambda weight: train(weight, 60, 0.2)).right
    assert judge_with(key, lambda weight: None).mistake == "never_steps"
    slow = judge_with(key, lambda weight: train(weight, 2))
    assert slow.mistake == "one_step" and "below the bar of 0.9" in slow.message
    assert slow.figure is not None and 0 < slow.figure < 0.9


@pytest.mark.parametrize("probe", [probes.call(), probes.iterate(), probes.script(), probes.file(), probes.value()])
def test_probes_are_data(probe: probes.Probe) -> None:
    """A probe survives the trip through a key as its name and options."""
    assert probes.Probe(probe.name, probe.options, probe.source) == probe


def double(a: Any) -> Any:
    return 2 * a, lambda grad: (2 * grad,)


def test_operation_of_an_autograd_engine(make_key: MakeKey) -> None:
    """11. A result and a pull: gradients are compared, in tuple or list; the inputs must be left as they were."""
    cases = [Case(np.array([1.0, 10.0]), np.array([2.0, 3.0])).named("two numbers")]
    key = make_key(double, cases, probes.vjp(), mistakes={"slope": lambda a: (2 * a, lambda grad: (2 * np.ones(2),))})
    assert judge_with(key, lambda a: (a + a, lambda grad: [grad + grad])).right
    assert judge_with(key, lambda a: (2 * a, lambda grad: (2 * np.ones(2),))).mistake == "slope"

    def in_place(a: Any) -> Any:
        a *= 2
        return a, lambda grad: (2 * grad,)

    for wrong in (in_place, lambda a: 2 * a, lambda a: (2 * a, lambda grad: 2 * grad)):
        assert judge_with(key, wrong).status == "wrong"


def test_what_float32_leaves_is_right_and_another_small_error_is_not(make_key: MakeKey) -> None:
    """An answer that rounds on its way is right; one that adds a little is not, though float32 would not notice."""
    z = torch.tensor([[1.0, 2.0, 3.0], [0.5, -0.5, 2.5]], dtype=torch.float64)
    key = make_key(lambda z: z.softmax(1), [Case(z), Case(2 * z)])
    assert judge_with(key, lambda z: (1 + 2.5e-7) * z.softmax(1)).rung == "right in float32"
    assert judge_with(key, lambda z: z.float().softmax(1)).rung == "right in float32"
    for wrong in (
        lambda z: z.softmax(1) + 1e-6,
        lambda z: z.exp() / (z.exp().sum(1, keepdim=True) + 1e-4),
        lambda z: z.softmax(1).round(decimals=4),
    ):
        assert judge_with(key, wrong).status == "wrong"
    # Two points that float32 tells apart badly: the answer is right for what it was given, its result is float32.
    near = make_key(lambda z: z.diff(dim=0).abs(), [Case(torch.tensor([[1e4], [1e4 + 0.01]], dtype=torch.float64))])
    assert judge_with(near, lambda z: z.diff(dim=0).abs().float()).rung == "right in float32"
    assert judge_with(near, lambda z: z.float().diff(dim=0).abs()).status == "wrong"
    listed = make_key(lambda z: {"mean": z.mean().item(), "rows": [z[0], z[1]]}, [Case(z)])
    single = judge_with(listed, lambda z: {"mean": z.float().mean().item(), "rows": [z[0], z[1].float().double()]})
    assert single.right
    assert judge_with(listed, lambda z: {"mean": z.mean().item() + 1e-5, "rows": [z[0], z[1]]}).status == "wrong"


def test_a_last_digit_of_weights_that_were_drawn_is_no_fault(make_key: MakeKey) -> None:
    """Weights that a probe draws in float32 differ by that much from processor to processor; nothing float64 is given to round."""

    def sums(count: int) -> Any:
        return torch.linspace(0.3, 0.7, count).double() ** 2

    key = make_key(sums, [Case(3), Case(5)])
    assert judge_with(key, lambda count: sums(count) * (1 + 1.2e-7)).rung == "right in float32"
    assert judge_with(key, lambda count: sums(count) * (1 + 1e-5)).status == "wrong"
    exact = make_key(sums, [Case(3).within(atol=1e-12)])
    assert judge_with(exact, lambda count: sums(count) * (1 + 1.2e-7)).status == "wrong"
