"""A small assessment of five light exercises, its keys recorded from solutions here, and answers of every quality."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from dlmodule.checking import probes
from dlmodule.checking.case import Case, Code
from dlmodule.checking.collect.run import reference
from dlmodule.checking.key import ExerciseKey
from dlmodule.checking.probes import Probe

SESSION = "90_marking"

PREAMBLE = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n"
SOLUTIONS = {
    "softmax": "def softmax(x):\n    e = torch.exp(x - x.max(-1, keepdim=True).values)\n    return e / e.sum(-1, keepdim=True)\n",
    "mse": "def mse(y, target):\n    return ((y - target) ** 2).mean()\n",
    "Block": (
        "class Block(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.inner = nn.Linear(width, width)\n\n    def forward(self, x):\n        return x + F.relu(self.inner(x))\n"
    ),
    "descend": (
        "def descend(f, x, lr, steps):\n    for _ in range(steps):\n        x = x.detach().requires_grad_()\n"
        "        f(x).backward()\n        x = x - lr * x.grad\n    return x.detach()\n"
    ),
    "windows": "def windows(x, size):\n    return x.unfold(0, size, 1).clone()\n",
}
WRONG = {
    "softmax": "def softmax(x):\n    return torch.exp(x)\n",
    "mse": "def mse(y, target):\n    return ((y - target) ** 2).sum()\n",
    "Block": SOLUTIONS["Block"].replace("x + F.relu", "F.relu"),
    "descend": SOLUTIONS["descend"].replace("x - lr", "x + lr"),
    "windows": "def windows(x, size):\n    return x.unfold(0, size, size).clone()\n",
}
STUBS = {name: text.split("\n")[0] + "\n    raise NotImplementedError\n" for name, text in SOLUTIONS.items()}


def keys() -> list[ExerciseKey]:
    """The keys of the five exercises."""
    x = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    cases: dict[str, tuple[Probe, list[Case]]] = {
        "softmax": (probes.call(), [Case(x), Case(100 * x)]),
        "mse": (probes.call(grad=True), [Case(x, x * 0), Case(x, x.flip(1))]),
        "Block": (probes.module(), [Case(x).built(3), Case(x.T.contiguous()).built(2)]),
        "descend": (probes.call(), [Case(Code("lambda x: (x ** 2).sum()"), x, 0.1, 5)]),
        "windows": (probes.call(), [Case(torch.arange(8), 3), Case(torch.arange(5), 1)]),
    }
    scope: dict[str, Any] = {}
    exec(PREAMBLE + "\n".join(SOLUTIONS.values()), scope)
    return [_key(name, scope[name], *cases[name]) for name in SOLUTIONS]


def _key(name: str, solution: Any, probe: Probe, cases: list[Case]) -> ExerciseKey:
    kind = "class" if isinstance(solution, type) else "function"
    return ExerciseKey(
        SESSION, name, f"Exercise: {name}", "morning", kind, 5, 10, ("hint",), probe, cases, reference(solution, cases, probe),
        limit=1.0,
    )  # fmt: skip


def cells(**instead: str) -> list[str]:
    """The code cells of a notebook with the solutions, but for those given ``instead``."""
    return [PREAMBLE, *({**SOLUTIONS, **instead}.values())]


def notebook(texts: list[str], **changes: Any) -> bytes:
    """A notebook file with these code cells."""
    content = {
        "cells": [
            {
                "cell_type": "code",
                "source": text,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "id": f"c{number}",
            }
            for number, text in enumerate(texts)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content | changes).encode()


Answer = Callable[..., Tensor | nn.Module]
