"""Marking many submissions at once: one sandbox and one thread for each core; results are written as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from coursekit.marking.assessment import Assessment
from coursekit.marking.inside.lockdown import Limits
from coursekit.marking.marking import Marked, mark
from coursekit.marking.results import Results
from coursekit.marking.sandbox import Sandbox, environment
from coursekit.marking.submission import Submission


def mark_all(
    assessment: Assessment,
    submissions: Sequence[Submission],
    results: Results,
    *,
    jobs: int = 2,
    limits: Limits | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Mark what has no marks yet, and keep them in ``results``. Returns how many were marked; interrupted, run it again.

    tell(done, of) is called after each one. The same content handed in twice is marked once.
    """
    machine = environment()
    results.take_in(assessment.id, submissions)
    known = results.known(assessment.digest, machine)
    waiting = list(
        {submission.digest: submission for submission in submissions if submission.digest not in known}.values()
    )
    tell(0, len(waiting))
    for done, marked in enumerate(_marked(assessment, waiting, min(jobs, len(waiting)), limits), 1):
        results.write(marked, assessment.digest, machine)
        tell(done, len(waiting))
    return len(waiting)


def _marked(
    assessment: Assessment, submissions: Sequence[Submission], jobs: int, limits: Limits | None
) -> Iterator[Marked]:
    """The marks in the order they are ready. The first error of a worker ends all of them and is raised."""
    todo: queue.SimpleQueue[Submission] = queue.SimpleQueue()
    for submission in submissions:
        todo.put(submission)
    ready: queue.SimpleQueue[Marked | BaseException] = queue.SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            with Sandbox(assessment.trials, limits) as sandbox:
                while not stopped.is_set():
                    ready.put(mark(assessment, todo.get_nowait(), sandbox))
        except queue.Empty:
            return
        except BaseException as error:
            ready.put(error)

    workers = [threading.Thread(target=work, name=f"marking-{number}") for number in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        for _ in submissions:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        for worker in workers:
            worker.join()
