"""How fast submissions are marked: beside stock nbgrader and Otter-Grader, and beside the least that it could cost.

    python benchmarks/marking.py [--rounds N] [--submissions N] [--class N] [--json]

Five light PyTorch exercises; every notebook is different, a third of the answers wrong, a third missing. All sides get the same notebooks,
and have to give the same marks. Everything runs on one machine and takes turns:

- `course mark`'s engine, one sandbox for each core, results in SQLite;
- `nbgrader autograde` as one process, and as two side by side with a course each;
- `otter run`, a submission at a time, as it is made to be used;
- the limit: a bare fork of a warm process that runs the same code, without sandbox, key and results, beside one sandbox of ours.

The start of our sandboxes, once a run, is not in the seconds of a round; it is in those of a class. The graders are installed into a
temporary folder (`benchmarks/peers/graders.py`); `--rounds 0` leaves them out. `--class N` marks N submissions in one go.

Claims: throughput 100 times that of each grader, 40 times that of two nbgraders side by side, 0.7 of the bare fork's; memory of the
marker flat. Exit code 1 where one does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch._dynamo

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.peers.graders import NOTEBOOK, Peers, nbgrader_notebook  # noqa: E402
from tests.coursekit.marking.assessment import PREAMBLE, SESSION, SOLUTIONS, STUBS, WRONG, keys  # noqa: E402

from coursekit.marking.assessment import Assessment, from_keys  # noqa: E402
from coursekit.marking.inside import trying  # noqa: E402
from coursekit.marking.marking import mark  # noqa: E402
from coursekit.marking.results import Results  # noqa: E402
from coursekit.marking.sandbox import Sandbox, environment  # noqa: E402
from coursekit.marking.scheduling import Sandboxes, mark_all, mark_with  # noqa: E402
from coursekit.marking.submission import Submission, code_cells  # noqa: E402

BLOCK = 20  # submissions between two turns of the bare fork
OURS, NBGRADER, OTTER = 60, 4, 2  # submissions that each side marks in its turn of a round
LEAST = {"nbgrader": 100.0, "otter": 100.0, "two nbgraders": 40.0}
LEAST_SHARE = 0.7
GROWTH = 64 << 20  # bytes that the marker may grow from the first tenth of the submissions to the last

X = "x = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)"
TESTS = {
    "softmax": (
        X,
        "assert torch.allclose(softmax(x), torch.softmax(x, -1))",
        "assert torch.allclose(softmax(100 * x), torch.softmax(100 * x, -1))",
    ),
    "mse": (
        X,
        "y = x.clone().requires_grad_()",
        "assert mse(x, x * 0).item() == (x ** 2).mean().item()",
        "mse(y, x.flip(1)).backward()",
        "assert torch.allclose(y.grad, (x - x.flip(1)) / 3)",
    ),
    "Block": (
        X,
        "block = Block(3).double()",
        "assert torch.allclose(block(x), x + F.relu(block.inner(x)))",
    ),
    "descend": (X, "assert torch.allclose(descend(lambda x: (x ** 2).sum(), x, 0.1, 5), x * 0.8 ** 5)"),
    "windows": (
        "assert windows(torch.arange(8), 3).tolist() == torch.arange(8).unfold(0, 3, 1).tolist()",
        "assert windows(torch.arange(5), 1).tolist() == [[0], [1], [2], [3], [4]]",
    ),
}


@dataclass(frozen=True)
class LearnersFrom:
    """``count`` submissions from learner number ``first`` on, made one at a time."""

    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Submission]:
        for number in range(self.first, self.first + self.count):
            answers = {name: _texts(number, place)[name] for place, name in enumerate(SOLUTIONS)}
            content = nbgrader_notebook({"": f"# {number}\n{PREAMBLE}", **answers}, {})
            yield Submission(f"learner_{number:05}", NOTEBOOK, content)

    def deserved(self) -> dict[str, float]:
        """The marks of each learner."""
        numbers = range(self.first, self.first + self.count)
        return {f"learner_{n:05}": float(sum(_texts(n, place) is SOLUTIONS for place in range(5))) for n in numbers}


def _texts(number: int, place: int) -> dict[str, str]:
    """Right, wrong or missing: the digits of ``number`` in base 3."""
    return (SOLUTIONS, WRONG, STUBS)[number // 3**place % 3]


def seconds(run: Callable[[], object]) -> float:
    """Wall clock of ``run()``."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def bare_fork(trials: Sequence[trying.Trial], submissions: Sequence[Submission]) -> None:
    """Run the same code in a fork of this warm process, one submission after the other."""
    for submission in submissions:
        child = os.fork()
        if child == 0:
            try:
                cells = code_cells(submission.content)
                trying.try_all(cells, range(len(trials)), trials, lambda number, data: None, {})
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, "the bare fork failed"


def beside_the_limit(assessment: Assessment, count: int, results: Results) -> dict[str, object]:
    """Seconds a submission with one sandbox and as a bare fork; the two take turns, block by block."""
    trials = [trying.Trial(t.key.name, t.key.kind, t.key.probe, t.key.cases, t.key.limit) for t in assessment.tasks]
    ours, fork, memory = [], [], []
    with Sandbox(assessment.trials) as sandbox:

        def marked(block: Sequence[Submission]) -> None:
            for submission in block:
                results.take_in(SESSION, submission)
                results.write(mark(assessment, submission, sandbox), assessment.digest, environment())

        marked(list(LearnersFrom(0, 1)))
        for first in range(1, count + 1, BLOCK):
            block = list(LearnersFrom(first, BLOCK))
            ours.append(seconds(lambda block=block: marked(block)) / len(block))
            fork.append(seconds(lambda block=block: bare_fork(trials, block)) / len(block))
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)
    return {
        "submissions": len(ours) * BLOCK,
        "one sandbox, seconds a submission": _rounded(ours),
        "bare fork, seconds a submission": _rounded(fork),
        "share of the bare fork's throughput": round(statistics.median(fork) / statistics.median(ours), 3),
        "marker's growth, bytes": memory[-1] - memory[len(memory) // 10],
    }


def beside_graders(assessment: Assessment, rounds: int, results: Results, jobs: int) -> dict[str, object]:
    """Seconds a submission of each side, round by round, and how many times the graders' throughput ours is."""
    took: dict[str, list[float]] = {"ours": [], "nbgrader": [], "two nbgraders": [], "otter": []}
    cells = {"": PREAMBLE, **STUBS}
    with Peers(TESTS, cells) as peers, Sandboxes(assessment, jobs) as crew:
        for number in range(rounds + 1):  # the first warms everybody up and does not count
            found = _round(assessment, peers, crew, results, 100_000 + 1_000 * number)
            for side, value in found.items() if number else ():
                took[side].append(value)
        versions = peers.versions()
    ours = statistics.median(took["ours"])
    return {
        "versions": versions,
        "sandboxes": jobs,
        "rounds": rounds,
        "seconds a submission": {side: _rounded(values) for side, values in took.items()},
        "times their throughput": {
            side: round(statistics.median(values) / ours, 1) for side, values in took.items() if side != "ours"
        },
    }


def _round(assessment: Assessment, peers: Peers, crew: Sandboxes, results: Results, first: int) -> dict[str, float]:
    """Each side marks its share of the learners from ``first`` on, once; all have to give the marks that are deserved."""
    names = [f"course_{first + part}" for part in range(3)]
    shares = [LearnersFrom(first + part * NBGRADER, NBGRADER) for part in range(3)]
    commands = [
        peers.nbgrader_course(name, {submission.learner: submission.content for submission in share})
        for name, share in zip(names, shares, strict=True)
    ]
    otter = LearnersFrom(first, OTTER)
    runs = [peers.otter(f"otter_{first}", submission.learner, submission.content) for submission in otter]
    ours = LearnersFrom(first, OURS)

    def side_by_side() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda part: peers.run(commands[part], peers.folder(names[part])), (1, 2)))

    found = {
        "ours": seconds(lambda: mark_with(crew, assessment, ours, results)) / OURS,
        "nbgrader": seconds(lambda: peers.run(commands[0], peers.folder(names[0]))) / NBGRADER,
        "otter": seconds(lambda: [peers.run(run, peers.folder(f"otter_{first}")) for run in runs]) / OTTER,
        "two nbgraders": seconds(side_by_side) / (2 * NBGRADER),
    }
    marks = {learner: marked.marks for learner, (marked, _) in results.latest(SESSION).items()}
    assert {learner: marks[learner] for learner in ours.deserved()} == ours.deserved(), "our marks"
    for name, share in zip(names, shares, strict=True):
        assert peers.nbgrader_marks(name) == share.deserved(), "nbgrader's marks"
    given = {learner: peers.otter_marks(f"otter_{first}", learner) for learner in otter.deserved()}
    assert given == otter.deserved(), f"Otter's marks: {given}"
    return found


def whole_class(assessment: Assessment, count: int, results: Results, jobs: int) -> dict[str, object]:
    """``count`` submissions in one go, the start of the sandboxes included."""
    memory: list[int] = []
    learners = LearnersFrom(1_000_000, count)

    def tell(done: int, of: int) -> None:
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)

    took = seconds(lambda: mark_all(assessment, learners, results, jobs=jobs, tell=tell))
    marks = {learner: marked.marks for learner, (marked, _) in results.latest(SESSION).items()}
    assert {learner: marks[learner] for learner in learners.deserved()} == learners.deserved(), "our marks"
    return {
        "submissions": count,
        "sandboxes": jobs,
        "seconds": round(took, 2),
        "marker's peak memory, bytes": memory[-1],
        "marker's growth, bytes": memory[-1] - memory[len(memory) // 10],
        "largest sandbox process, bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10,
    }


def _rounded(values: Sequence[float]) -> dict[str, object]:
    return {"median": round(statistics.median(values), 4), "all": [round(value, 4) for value in values]}


def broken_claims(measured: dict[str, dict[str, object]]) -> list[str]:
    """What does not hold, in words."""
    broken = []
    limit = measured["limit"]
    if limit["share of the bare fork's throughput"] < LEAST_SHARE:  # type: ignore[operator]
        broken.append(f"less than {LEAST_SHARE} of the bare fork's throughput")
    for side, times in measured.get("graders", {}).get("times their throughput", {}).items():  # type: ignore[union-attr, attr-defined]
        if times < LEAST[side]:
            broken.append(f"less than {LEAST[side]:g} times the throughput of {side}")
    for name in ("limit", "class"):
        if measured.get(name, {}).get("marker's growth, bytes", 0) > GROWTH:  # type: ignore[operator]
            broken.append(f"the marker grew by more than {GROWTH >> 20} MB ({name})")
    return broken


def main() -> None:
    """Measure, print, and say which claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds with the graders; 0 leaves them out")
    parser.add_argument("--submissions", type=int, default=200, help="submissions beside the bare fork")
    parser.add_argument("--class", dest="count", type=int, default=0, metavar="N", help="mark N submissions in one go")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="sandboxes side by side (default: cores)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    assessment = from_keys(SESSION, keys())
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}"
    )
    measured: dict[str, dict[str, object]] = {
        "machine": {"is": machine, "load before": [round(load, 1) for load in os.getloadavg()]}
    }
    with tempfile.TemporaryDirectory() as folder:
        results = Results.at(Path(folder) / "marks.sqlite")
        measured["limit"] = beside_the_limit(assessment, options.submissions, results)
        if options.rounds:
            measured["graders"] = beside_graders(assessment, options.rounds, results, options.jobs)
        if options.count:
            measured["class"] = whole_class(assessment, options.count, results, options.jobs)
        results.close()
    broken = broken_claims(measured)
    print(json.dumps({**measured, "broken claims": broken}, indent=1) if options.json else _text(measured, broken))
    sys.exit(1 if broken else 0)


def _text(measured: dict[str, dict[str, object]], broken: Sequence[str]) -> str:
    lines = [f"{part}: {name}: {value}" for part, found in measured.items() for name, value in found.items()]
    return "\n".join([*lines, *(f"does not hold: {claim}" for claim in broken)])


if __name__ == "__main__":
    main()
