"""Marking on a Dask cluster: the crew are its workers, each with a sandbox for every thread, which stays warm.

Theory of operation. A plugin takes the assessment to every worker once, to those too that join later; a task is one submission. The
worker tries it in a sandbox of its own and decides outside it, as on one machine; this process alone writes the results. A task whose
worker dies is done again by another. Scheduler and workers trust one another, as Dask does: they are the team's own, in a network of its
own. Nothing of a learner's is ever unpickled: what the sandbox sends stays on the worker.
"""

from __future__ import annotations

import contextlib
import queue
import warnings
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Self

from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, as_completed, get_worker

from coursekit.errors import CourseError
from coursekit.marking.assessment import Assessment
from coursekit.marking.inside.lockdown import Limits
from coursekit.marking.marking import TRIES, Marked, mark
from coursekit.marking.sandbox import Sandbox, environment
from coursekit.marking.submission import Submission

ANSWERING = 10.0  # seconds for the scheduler to answer, and for a worker to be there


class Cluster:
    """The workers of the Dask scheduler at ``address`` (tcp://HOST:PORT) as a crew; use as a context manager.

    CourseError where none answers, it has no workers, or a worker's versions would give marks of another environment.
    """

    def __init__(self, address: str, assessment: Assessment, limits: Limits | None = None) -> None:
        try:
            self._client = Client(address, timeout=ANSWERING, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {address} ({type(error).__name__})") from None
        self._address, self._name = address, f"marking-{assessment.digest}"
        try:
            self._client.wait_for_workers(1, timeout=ANSWERING)
            threads = sum(self._client.nthreads().values())
            self._client.register_plugin(WarmSandboxes(assessment, limits, environment()), name=self._name)
        except TimeoutError:
            self._leave()
            raise CourseError(
                f"the Dask scheduler at {address} has no workers; start them with `dask worker {address}`"
            ) from None
        except BaseException:
            self._leave()
            raise
        self.room = 2 * threads  # one that is tried and one that waits
        self._ready = as_completed([], loop=self._client.loop)
        self._waiting: dict[str, tuple[Submission, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def begin(self, submission: Submission) -> None:
        """Hand ``submission`` to the scheduler."""
        self._submit(submission, 1)

    def ready(self) -> Marked:
        """The marks of the next submission that is ready."""
        while True:
            future: Future[Marked] = next(self._ready)
            submission, tries = self._waiting.pop(str(future.key))
            try:
                return future.result()
            except KilledWorker:  # several workers in turn died while they had it; that need not be its fault
                if tries == TRIES["lost"]:
                    raise CourseError(
                        f"workers die whenever they mark {submission.file} of {submission.learner}"
                    ) from None
                self._submit(submission, tries + 1)
            except CancelledError:
                raise CourseError(f"the Dask scheduler at {self._address} is gone; run again to go on") from None

    def _leave(self) -> None:
        """End the sandboxes on the workers, where there are any, and let go of the scheduler."""
        with contextlib.suppress(OSError, ValueError):  # the scheduler is gone, or never had the plugin
            self._client.unregister_worker_plugin(self._name)
        self._client.close()

    def _submit(self, submission: Submission, tries: int) -> None:
        key = f"{self._name}-{submission.digest}-{tries}"
        self._waiting[key] = (submission, tries)
        with warnings.catch_warnings():
            # A notebook full of pictures is a large task; scattered beforehand, it would die with the worker that holds it.
            warnings.filterwarnings("ignore", message="Sending large graph")
            self._ready.add(self._client.submit(_mark_there, self._name, submission, key=key, pure=False))


class WarmSandboxes(WorkerPlugin):
    """What a worker holds: the assessment, and the sandboxes that no thread uses at the moment."""

    def __init__(self, assessment: Assessment, limits: Limits | None, environment: str) -> None:
        self._assessment, self._limits, self._environment = assessment, limits, environment

    def setup(self, worker: Worker) -> None:
        """CourseError where this worker's marks would be those of another environment."""
        self._idle: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        if environment() != self._environment:
            raise CourseError(f"a worker has {environment()}; marks are made with {self._environment}")

    def teardown(self, worker: Worker) -> None:
        """End the sandboxes."""
        while not self._idle.empty():
            self._idle.get().close()

    def mark(self, submission: Submission) -> Marked:
        """Mark it here, in a sandbox that is idle, else in a new one."""
        try:
            sandbox = self._idle.get_nowait()
        except queue.Empty:
            sandbox = Sandbox(self._assessment.trials, self._limits)
        try:
            return mark(self._assessment, submission, sandbox)
        finally:
            self._idle.put(sandbox)


def _mark_there(name: str, submission: Submission) -> Marked:
    """Runs on the worker."""
    plugin: Any = get_worker().plugins[name]
    marked: Marked = plugin.mark(submission)
    return marked
