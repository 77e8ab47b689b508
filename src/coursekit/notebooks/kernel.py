"""Run one notebook in a real kernel of this very interpreter, and keep what it shows and how long it took."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default

from coursekit.errors import CourseError


class Interrupted(Exception):
    """A signal asked this process to end."""


class OwnKernel(KernelSpecManager):
    """Knows one kernel, the interpreter that runs this, whatever kernels are installed for the user."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The running interpreter's IPython kernel, under any name."""
        # The kernel's own warnings (that loopback TCP is not encrypted, say) are not about the notebook.
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(
            argv=argv, display_name="Python 3 (ipykernel)", language="python", metadata={"debugger": False}
        )


class OwnManager(AsyncKernelManager):
    """Starts ``OwnKernel``, over TCP on the loopback interface with signed messages."""

    @default("kernel_spec_manager")
    def _own_kernel(self) -> KernelSpecManager:
        return OwnKernel()


async def run_notebook(
    notebook: Any, *, env: Mapping[str, str], cell_timeout: float, past_errors: bool, files: Sequence[Path] = ()
) -> float:
    """Execute ``notebook`` (an nbformat node) in place, in a folder that holds copies of ``files`` alone; returns its seconds.

    ``env`` is added to this process's environment. A cell's error stays in its outputs and ends the run, or not
    (``past_errors``). Raises CourseError where a cell runs longer than ``cell_timeout`` seconds or the kernel dies; the
    outputs so far stay.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="dlmodule-run-") as folder, tempfile.TemporaryFile() as words:
        for path in files:
            shutil.copy(path, folder)
        client = NotebookClient(
            notebook,
            kernel_manager_class=OwnManager,
            allow_errors=past_errors,
            timeout=int(cell_timeout),
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        # What the kernel's process itself says (a crash inside a library, say) is no part of the notebook.
        try:
            await client.async_execute(env={**os.environ, **env}, stderr=words)
        except CellExecutionError:
            pass  # it stands in the cell's outputs, where the caller looks
        except CellTimeoutError:
            raise CourseError(f"a cell ran longer than {cell_timeout:g} seconds") from None
        except DeadKernelError:
            words.seek(0)
            last = words.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise CourseError(f"the kernel died{f', saying: {last}' if last else ''}") from None
        except AssertionError:
            # nbclient answers SIGINT and SIGTERM by ending the kernel, and then trips over its absence.
            raise Interrupted from None
    return time.perf_counter() - begin


def run_all(tasks: Sequence[Callable[[], Awaitable[None]]], jobs: int) -> None:
    """Carry out ``tasks``, at most ``jobs`` at a time; KeyboardInterrupt where a signal ends them."""

    async def gather() -> None:
        gate = asyncio.Semaphore(jobs)

        async def guarded(task: Callable[[], Awaitable[None]]) -> None:
            async with gate:
                await task()

        try:
            await asyncio.gather(*map(guarded, tasks))
        except Interrupted:
            # What nbclient left waiting for the kernel trips too, and would say so after us.
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
            raise

    try:
        asyncio.run(gather())
    except Interrupted:
        raise KeyboardInterrupt from None
