"""Marking many submissions at once: each is read, noted, marked and forgotten, so that memory does not grow with the class.

Who marks is a crew: here threads with a sandbox each, one for each core. Results are written as they come, by one process.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from coursekit.marking.assessment import Assessment
from coursekit.marking.inside.lockdown import Limits
from coursekit.marking.marking import Marked, mark
from coursekit.marking.results import Results
from coursekit.marking.sandbox import Sandbox, environment
from coursekit.marking.submission import Submission

Tell = Callable[[int, int], None]


class Submissions(Protocol):
    """Submissions that are read one after the other: a list of them, or an ``Intake``."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Submission]: ...


class Crew(Protocol):
    """Who marks. room: how many submissions it may hold at once, those that wait included."""

    room: int

    def begin(self, submission: Submission) -> None:
        """Take ``submission``; its marks come from ``ready``."""

    def ready(self) -> Marked:
        """Wait for the marks of any submission that was begun. Raises what stops a marker from going on."""


def mark_all(
    assessment: Assessment,
    submissions: Submissions,
    results: Results,
    *,
    jobs: int = 2,
    limits: Limits | None = None,
    tell: Tell = lambda done, of: None,
) -> int:
    """Mark with ``jobs`` sandboxes on this machine what has no marks yet; as ``mark_with``."""
    with Sandboxes(assessment, jobs, limits) as crew:
        return mark_with(crew, assessment, submissions, results, tell)


def mark_with(
    crew: Crew, assessment: Assessment, submissions: Submissions, results: Results, tell: Tell = lambda done, of: None
) -> int:
    """Have ``crew`` mark what has no marks yet, and keep them in ``results``. Returns how many; interrupted, run it again.

    tell(done, of) is called for each submission that has its marks. The same content handed in twice is marked once.
    """
    machine = environment()
    known = results.known(assessment.digest, machine)
    done = new = waiting = 0
    tell(0, len(submissions))

    def keep() -> None:
        nonlocal done, new, waiting
        results.write(crew.ready(), assessment.digest, machine)
        done, new, waiting = done + 1, new + 1, waiting - 1
        tell(done, len(submissions))

    for submission in submissions:
        digest = submission.digest
        results.take_in(assessment.id, submission)
        if digest in known:
            done += 1
            tell(done, len(submissions))
            continue
        known.add(digest)
        if waiting == crew.room:
            keep()
        crew.begin(submission)
        waiting += 1
    while waiting:
        keep()
    return new


class Sandboxes:
    """A crew of threads on this machine, each with a sandbox that stays warm; use as a context manager, so that they are ended."""

    def __init__(self, assessment: Assessment, jobs: int, limits: Limits | None = None) -> None:
        self.room = 2 * jobs  # one that is tried and one that waits, so that no sandbox ever does
        self._assessment, self._jobs, self._limits = assessment, jobs, limits
        self._todo: queue.SimpleQueue[Submission | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[Marked | BaseException] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def begin(self, submission: Submission) -> None:
        """Take ``submission``; a sandbox is started where there are fewer than ``jobs``."""
        self._todo.put(submission)
        if len(self._threads) < self._jobs:
            thread = threading.Thread(target=self._work, name=f"marking-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def ready(self) -> Marked:
        """The marks of the next submission that is ready. An error of any thread is raised here."""
        item = self._ready.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def _work(self) -> None:
        try:
            with Sandbox(self._assessment.trials, self._limits) as sandbox:
                while (submission := self._todo.get()) is not None and not self._stopped.is_set():
                    self._ready.put(mark(self._assessment, submission, sandbox))
        except BaseException as error:
            self._ready.put(error)
