"""Measure what the exercises declare, seed after seed in this process, and write each value into the ledger at once.

One after another, because a measurement of seconds means nothing beside another one. A row of another source is begun anew; a
row of this source is continued where it stopped.

The bar of a measured exercise lies midway between the worst right answer (the solution over all seeds, and each alternative)
and the best mistake. A mistake that is known by other evidence than the metric (its weights never moved, say) does not take
part: its value stands as NaN. Where every mistake is of that kind the bar lies three standard deviations below the worst right
answer (above, where lower is better).
"""

from __future__ import annotations

import copy
import datetime
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.exercises.loading import load_whole
from coursekit.exercises.measurements import Measurement
from coursekit.project import Project
from dlmodule.errors import DLModuleError

if TYPE_CHECKING:
    from dlmodule.checking.exercise import Exercise

OTHER_SEEDS = 3  # seeds of each mistake and each alternative in a rehearsal
LIMIT = 300.0  # seconds after which a rehearsal is given up


def measure_all(
    project: Project, measurements: Sequence[Measurement], seeds: int | None = None, *, report: Callable[[str], None]
) -> list[str]:
    """Measure every one of ``measurements``, with a line to ``report`` for each seed; returns a line for each that failed."""
    # A measurement at full size is one at full size, whatever the calling shell rehearses.
    os.environ.pop("DLMODULE_REHEARSAL", None)
    failures = []
    for measurement in measurements:
        try:
            (rehearse if measurement.kind == "rehearsal" else measure)(
                project, measurement, seeds or measurement.seeds, report
            )
        except DLModuleError as error:
            failures.append(f"{measurement.name}: {error}")
            report(failures[-1])
    return failures


def measure(project: Project, measurement: Measurement, seeds: int, report: Callable[[str], None]) -> None:
    """The full-size measurement ``measurement``, for seeds 0, 1, ... that its row does not hold yet."""
    row = _resume_or_new_row(project, measurement, seeds, {"values": {}, "mean": {}, "std": {}})
    if len(row["seeds"]) >= seeds:
        return
    exercise, candidates = load(project, measurement)
    function, _ = exercise.ledger_functions[measurement.data]
    for seed in range(len(row["seeds"]), seeds):
        start = time.perf_counter()
        measured = _numbers(function(candidates["solution"], seed), measurement)
        measured["seconds"] = time.perf_counter() - start
        if row["values"] and set(row["values"]) != set(measured):
            raise CourseError(f"seed {seed} returned {sorted(measured)}, the seeds before it {sorted(row['values'])}")
        for name, value in measured.items():
            row["values"].setdefault(name, []).append(value)
        row["seeds"].append(seed)
        row["mean"] = {name: statistics.fmean(values) for name, values in row["values"].items()}
        row["std"] = {name: _std(values) for name, values in row["values"].items()}
        ledger.put(project, "full", row)
        report(f"{measurement.name}, seed {seed}: {', '.join(f'{k} {v:.4g}' for k, v in measured.items())}")


def rehearse(project: Project, measurement: Measurement, seeds: int, report: Callable[[str], None]) -> None:
    """The rehearsal ``measurement``: right answers, mistakes, and the bar between them. Raises CourseError where they overlap."""
    row = _resume_or_new_row(
        project, measurement, seeds, {"metric": "", "higher": True, "seconds": [], "right": {}, "mistakes": {}}
    )
    if len(row["seeds"]) >= seeds and "bar" in row:
        return
    exercise, candidates = load(project, measurement)
    if exercise.measured is None or len(exercise.all_cases()) != 1:
        raise CourseError("a measured exercise has measured=Measured(...) and exactly one case", file=measurement.path)
    row["metric"], row["higher"] = exercise.measured.metric, exercise.measured.higher
    row.pop("bar", None)
    right = {"solution", *(alternative.name for alternative in exercise.alternatives)}
    expected: dict[str, Any] | None = None
    for name, candidate in candidates.items():
        values = row["right" if name in right else "mistakes"].setdefault(name, [])
        for seed in range(len(values), seeds if name == "solution" else min(seeds, OTHER_SEEDS)):
            if expected is None:
                _, expected = _trial(exercise, candidates["solution"], 0)
            start = time.perf_counter()
            value, others = _trial(exercise, candidate, seed)
            seconds = time.perf_counter() - start
            alike = _same(others, expected)
            if name in right and (math.isnan(value) or not alike):
                raise CourseError(
                    f"the right answer {name!r} at seed {seed} shows {row['metric']} {value} and {others}"
                )
            values.append(value if alike else math.nan)
            if name == "solution":
                row["seeds"].append(seed)
                row["seconds"].append(seconds)
            ledger.put(project, "rehearsal", row)
            how = f"{row['metric']} {value:.4g}" if alike else "known by other evidence"
            report(f"{measurement.name}, {name}, seed {seed}: {how} in {seconds:.1f} s")
    row["bar"] = bar_between(row["right"], row["mistakes"], higher=row["higher"])
    ledger.put(project, "rehearsal", row)


def bar_between(right: dict[str, list[float]], mistakes: dict[str, list[float]], *, higher: bool = True) -> float:
    """The bar; see the module's docstring. Raises CourseError where a mistake does as well as a right answer."""
    sign = 1 if higher else -1
    worst, worst_name = min((sign * value, name) for name, values in right.items() for value in values)
    judged = [(sign * v, name) for name, values in mistakes.items() for v in values if not math.isnan(v)]
    if not judged:
        return sign * (worst - 3 * _std(right["solution"]))
    best, best_name = max(judged)
    if best >= worst:
        raise CourseError(
            f"no bar: the mistake {best_name!r} reaches {sign * best:.4g}, the right answer {worst_name!r} only {sign * worst:.4g}"
        )
    return sign * (worst + best) / 2


def load(project: Project, measurement: Measurement) -> tuple[Exercise, dict[str, Any]]:
    """The exercise and every candidate by name: ``solution``, then alternatives and mistakes."""

    loaded = load_whole(project, measurement.session, measurement.exercise)
    alternatives = {answer.name: answer.candidate for answer in loaded.alternatives}
    mistakes = {answer.name: answer.candidate for answer in loaded.mistakes}
    return loaded.exercise, {"solution": loaded.solution, **alternatives, **mistakes}


def _trial(exercise: Exercise, candidate: Any, seed: int) -> tuple[float, dict[str, Any]]:
    """The metric (NaN where there is none) and the other evidence that the check's probe sees of ``candidate``."""
    from dlmodule.checking.collect.run import gather

    case = exercise.all_cases()[0]
    evidence = gather(candidate, [case.seeded(case.seed + seed)], exercise.chosen_probe, limit=LIMIT)[0]
    if evidence.timed_out:
        return math.nan, {"raised": f"nothing within {LIMIT:.0f} s"}
    if evidence.raised is not None:
        return math.nan, {"raised": f"{evidence.raised.type}: {evidence.raised.message}"}
    others = dict(evidence.value) if isinstance(evidence.value, dict) else {"returned": type(evidence.value).__name__}
    assert exercise.measured is not None
    return float(others.pop(exercise.measured.metric, math.nan)), others


def _resume_or_new_row(project: Project, measurement: Measurement, seeds: int, fields: dict[str, Any]) -> ledger.Row:
    """The row to go on with: the one in the ledger, if it is of this source and complete or of this machine; else a new one."""
    from dlmodule.device import describe

    source_hash, machine = measurement.source_hash(project), describe()
    row = ledger.find(ledger.read(project), measurement.kind, *measurement.key)
    if row is not None and row["source_hash"] == source_hash:
        here = all(row.get(name) == value for name, value in machine.items())
        complete = len(row["seeds"]) >= seeds
        if here or complete:
            return copy.deepcopy(row)  # what is read of the ledger is shared
    key = dict(zip(ledger.KEYS[measurement.kind], measurement.key, strict=True))
    today = datetime.date.today().isoformat()
    return {**key, "source_hash": source_hash, "date": today, **machine, "seeds": [], **fields}


def _numbers(measured: Any, measurement: Measurement) -> dict[str, float]:
    if not isinstance(measured, dict) or not measured or "seconds" in measured:
        raise CourseError(
            f"the ledger function {measurement.data!r} must return a dict of figures (without seconds)",
            file=measurement.path,
        )
    return {name: float(value) for name, value in measured.items()}


def _same(values: dict[str, Any], earlier: dict[str, Any]) -> bool:
    from dlmodule.checking.compare import distance

    return values.keys() == earlier.keys() and all(distance(values[key], earlier[key]) <= 1 for key in values)


def _std(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
