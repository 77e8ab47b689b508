"""How fast submissions are marked, beside the least it could cost: a fork of a warm process that runs the same code.

    python benchmarks/marking.py [--submissions N] [--json]

Five light PyTorch exercises; every notebook is different, a third of the answers wrong, a third missing. Interleaved in blocks on one
machine: `course mark`'s engine with one sandbox (sandbox, evidence, decision, results in SQLite), and the bare fork, which has no
sandbox, no key and no results. Claims: throughput at least 0.7 of the bare fork's; memory of the marker flat. Exit code 1 where one does
not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
import torch._dynamo

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.coursekit.marking.assessment import SESSION, keys  # noqa: E402
from tests.coursekit.marking.test_scheduling import class_of  # noqa: E402

from coursekit.marking.assessment import Assessment, from_keys  # noqa: E402
from coursekit.marking.inside import trying  # noqa: E402
from coursekit.marking.marking import mark  # noqa: E402
from coursekit.marking.results import Results  # noqa: E402
from coursekit.marking.sandbox import Sandbox, environment  # noqa: E402
from coursekit.marking.submission import Submission, code_cells  # noqa: E402

BLOCK = 20
CLAIM = 0.7
GROWTH = 64 << 20  # bytes that the marker may grow from the first tenth of the submissions to the last


def bare_fork(trials: Sequence[trying.Trial], submissions: Sequence[Submission]) -> None:
    """Run the same code in a fork of this warm process, one submission after the other."""
    for submission in submissions:
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                trying.try_all(code_cells(submission.content), range(len(trials)), trials, lambda number, data: None)
            os._exit(0)
        os.waitpid(child, 0)


def blocks(submissions: Sequence[Submission]) -> Iterator[Sequence[Submission]]:
    """The submissions in blocks."""
    for start in range(0, len(submissions), BLOCK):
        yield submissions[start : start + BLOCK]


def seconds(run: Callable[[], object]) -> float:
    """Wall clock of ``run()``."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def measure(assessment: Assessment, submissions: Sequence[Submission], results: Results) -> dict[str, object]:
    """Seconds a submission, block by block; the two sides take turns."""
    trials = [trying.Trial(t.key.name, t.key.kind, t.key.probe, t.key.cases, t.key.limit) for t in assessment.tasks]
    engine, fork, memory = [], [], []
    with Sandbox(assessment.trials) as sandbox:
        mark(assessment, submissions[0], sandbox)  # the start of a sandbox, once a run, is told apart

        def marked(block: Sequence[Submission]) -> None:
            for submission in block:
                results.write(mark(assessment, submission, sandbox), assessment.digest, environment())

        for block in blocks(submissions):
            engine.append(seconds(lambda block=block: marked(block)) / len(block))
            fork.append(seconds(lambda block=block: bare_fork(trials, block)) / len(block))
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)
    return {
        "submissions": len(submissions),
        "seconds a submission, marked": statistics.median(engine),
        "seconds a submission, bare fork": statistics.median(fork),
        "share of the bare fork's throughput": statistics.median(fork) / statistics.median(engine),
        "bytes the marker grew": memory[-1] - memory[len(memory) // 10],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}",
    }


def main() -> None:
    """Measure, print, and say which claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        results = Results.at(Path(folder) / "marks.sqlite")
        told = measure(from_keys(SESSION, keys()), class_of(options.submissions), results)
        results.close()
    print(json.dumps(told, indent=1) if options.json else "\n".join(f"{name}: {value}" for name, value in told.items()))
    holds = told["share of the bare fork's throughput"] >= CLAIM and told["bytes the marker grew"] <= GROWTH  # type: ignore[operator]
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
