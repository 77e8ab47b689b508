"""The training loop that learners write on day 03, against the course's own: its time, and a run that was interrupted.

    python benchmarks/learners_loop.py

Claims: the learner's loop takes at most 1.3 times as long as ``dlmodule.training.fit`` on the same model, with the same batches,
precision (float32), memory format (contiguous) and threads (one); and a run that is interrupted and resumed from its checkpoint equals the
uninterrupted one bit for bit. Two models: the rock network of the notebook, and a small convolutional one. The loop is taken from the
notebook's source as it stands. Times are of pairs run in turn, the claim is held against the median of the pairs' ratios. Exit code 1
where a claim does not hold.
"""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.sources.slicing import slice_of
from coursekit.sources.source import parse
from dlmodule import data, training

ROOT = Path(__file__).parents[1]
PAIRS, EPOCHS = 7, 10
LIMIT = 1.3


def learners() -> dict[str, Any]:
    """What the notebook's solutions define: the loop and all that it calls."""
    source = parse(ROOT / "course" / "03_pytorch_2" / "morning.py")
    scope: dict[str, Any] = {"__name__": "learners_loop"}
    exec(compile(slice_of(source, ["train", "rock_network", "neighbourhoods"]), "<morning>", "exec"), scope)
    return scope


def convolutional() -> nn.Module:
    """Two convolutions and a dropout for images (N, 1, 28, 28)."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1), nn.Linear(576, 10)
    )  # fmt: skip


def paired(
    train: Callable[..., Any], make: Callable[[], nn.Module], xy: tuple[Tensor, Tensor]
) -> list[tuple[float, float]]:
    """Seconds of the learner's loop and of ``fit``, in pairs; a first pair warms up and is not counted."""
    pairs = []
    for _ in range(PAIRS + 1):
        taken = []
        for run in (
            lambda model: train(model, xy, epochs=EPOCHS),
            lambda model: training.fit(
                model, xy, epochs=EPOCHS, lr=3e-3, weight_decay=1e-2, schedule="cosine",
                precision="float32", memory_format="contiguous", progress=False,
            ),
        ):  # fmt: skip
            model = make()
            begin = time.perf_counter()
            run(model)
            taken.append(time.perf_counter() - begin)
        pairs.append((taken[0], taken[1]))
    return pairs[1:]


def resumed_equals_whole(train: Callable[..., Any], make: Callable[[], nn.Module], xy: tuple[Tensor, Tensor]) -> bool:
    """Whether a run that dies after a third of its epochs and is resumed equals the one that goes through, bit for bit."""
    whole, resumed = make(), make()
    history = train(whole, xy, epochs=6)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.pt"
        train(make(), xy, epochs=6, checkpoint=path, dies_after=2)
        again = train(resumed, xy, epochs=6, checkpoint=path)
    pairs = zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    return history == again and all(torch.equal(one, two) for one, two in pairs)


def main() -> None:
    """Measure, print, and hold the claims."""
    scope = learners()
    wells = data.wells().of(*range(6))
    rocks = (scope["neighbourhoods"](wells), wells.rock)
    generator = torch.Generator().manual_seed(0)
    images = (torch.randn(2048, 1, 28, 28, generator=generator), torch.randint(0, 10, (2048,), generator=generator))
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores; {PAIRS} pairs of {EPOCHS} epochs"
    )
    torch.set_num_threads(1)  # one for both loops: what is compared is the loop, not how many cores happen to be free
    failed = False
    for name, make, xy in (
        ("rock network, 3,600 windows", lambda: scope["rock_network"](rocks[0]), rocks),
        ("convolutional, 2,048 images", convolutional, images),
    ):
        pairs = paired(scope["train"], make, xy)
        ratios = sorted(a / b for a, b in pairs)
        middle = statistics.median(ratios)
        same = resumed_equals_whole(scope["train"], make, xy)
        failed |= middle > LIMIT or not same
        print(
            f"{name}: learner's loop {statistics.median(a for a, _ in pairs):.2f} s, "
            f"fit {statistics.median(b for _, b in pairs):.2f} s; ratio {middle:.2f} (of {ratios[0]:.2f} to {ratios[-1]:.2f}), "
            f"claim <= {LIMIT:g}; resumed equals uninterrupted: {same}"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
