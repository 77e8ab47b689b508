"""What machine this is, and how a model runs best on it.

``best_device`` and ``describe`` look at the machine. ``Plan`` holds the four decisions that make training faster and
have nothing to do with the model's mathematics, so that the training loop itself stays readable:

    device            the GPU where there is one
    bfloat16          where the processor multiplies it in hardware; elsewhere it would be emulated, and slow
    channels last     for convolutions: their inner loop runs over channels, which then lie side by side in memory
    threads           one for small networks, where handing out work costs more than the work; else as many as torch has

Measured on 2 cores with AVX-512 bf16, one training step on 128 images of 28x28: a network of three convolutions takes
18.7 ms in float32, 13.4 ms in bfloat16, 8.6 ms in bfloat16 with channels last; a 784-64-64-10 perceptron takes 0.5 ms
whichever way it is run, and one of 784-1024-1024-10 10.7 ms in float32 and 4.7 ms in bfloat16.
"""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

Precision = Literal["auto", "float32", "bfloat16"]
MemoryFormat = Literal["auto", "contiguous", "channels_last"]

# Below this many parameters, and without convolutions, a step takes about a millisecond or less: see the figures above.
SMALL = 250_000


def best_device() -> torch.device:
    """The GPU (CUDA, then Apple's MPS) where there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter lies; the processor for a model without parameters."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` multiplies bfloat16 in hardware (AVX-512 bf16 or AMX on a processor; a recent CUDA GPU).

    With ``DLMODULE_BFLOAT16=0`` in the environment the answer is no: how a machine without it would do.
    """
    if os.environ.get("DLMODULE_BFLOAT16") == "0":
        return False
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        # These questions are not yet part of torch's public interface; where one is missing, the answer is no.
        questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, question, bool)() for question in questions)
    return False


@functools.cache
def processor() -> str:
    """The processor's name as its maker gives it, or its architecture where the system does not tell."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if platform.system() == "Linux":
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                if line.startswith("model name"):
                    return " ".join(line.partition(":")[2].split())
        if platform.system() == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, str]:
    """What a measurement needs to say of the machine: hardware (with threads), torch's and Python's version."""
    device = best_device()
    parts = [processor(), f"{cores()} cores", f"{torch.get_num_threads()} threads"]
    if has_fast_bfloat16(torch.device("cpu")):
        parts.append("bf16")
    if device.type == "cuda":
        parts.append(torch.cuda.get_device_name(device))
    elif device.type == "mps":
        parts.append("Apple GPU")
    return {"hardware": ", ".join(parts), "torch": torch.__version__, "python": platform.python_version()}


def _breaks_channels_last(module: nn.Module) -> bool:
    """Whether torch may compute this layer wrongly in that layout.

    Of a 1x1 convolution with a stride, over fewer channels than a vector register holds numbers (8 or 16), oneDNN's gradient for the
    weights is wrong with channels last, and is written past its memory: https://github.com/uxlfoundation/oneDNN/issues/6035.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels // module.groups < 16
    )


@dataclass(frozen=True)
class Plan:
    """How one model is run on one machine."""

    device: torch.device
    bfloat16: bool
    channels_last: bool
    threads: int

    @classmethod
    def of(
        cls,
        model: nn.Module,
        device: torch.device | str | None = None,
        *,
        precision: Precision = "auto",
        memory_format: MemoryFormat = "auto",
    ) -> Plan:
        """The plan for ``model``; ``"auto"`` takes what is faster here. device: default the best one."""
        where = best_device() if device is None else torch.device(device)
        convolutions = any(isinstance(m, nn.modules.conv._ConvNd) for m in model.modules())
        # Models of two dimensions only: the layout "channels last" is defined on 4-D tensors.
        images = any(isinstance(m, nn.Conv2d | nn.ConvTranspose2d) for m in model.modules())
        images = images and not any(_breaks_channels_last(m) for m in model.modules())
        small = not convolutions and sum(p.numel() for p in model.parameters()) < SMALL
        return cls(
            device=where,
            bfloat16=precision == "bfloat16" or (precision == "auto" and not small and has_fast_bfloat16(where)),
            channels_last=memory_format == "channels_last" or (memory_format == "auto" and images),
            threads=1 if small else torch.get_num_threads(),
        )

    def place(self, x: Tensor) -> Tensor:
        """``x`` on the plan's device, images in the plan's memory layout; no copy where it is there already."""
        x = x.to(self.device)
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.dim() == 4 else x

    def autocast(self) -> torch.autocast:
        """The context in which the forward pass runs: matrix products and convolutions in bfloat16 if so planned."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16)

    @contextlib.contextmanager
    def prepared(self, model: nn.Module) -> Iterator[None]:
        """``model`` on the device, in the planned layout and with the planned threads; afterwards all three are as before.

        So a model that was made on the processor can be called there again after training on a GPU.

        Denormal numbers, which a processor handles a hundred times slower, count as zero inside.
        """
        threads, home = torch.get_num_threads(), device_of(model)
        model.to(self.device)
        if self.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        torch.set_num_threads(self.threads)
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(threads)
            if self.channels_last:  # a plain layout is what saving and other code expect
                model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            model.to(home)
