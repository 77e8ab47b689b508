"""``course ledger``: measure the models the course trains, or show the measurements."""

import json
import math
from typing import Any

import click

from coursekit.errors import CourseError
from coursekit.exercises.measurements import select, stale
from coursekit.exercises.measuring import measure_all
from coursekit.ledger import read, words
from coursekit.project import Project, find_project


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--rehearsal", is_flag=True, help="Only the rehearsals, which set the bars of the checks.")
@click.option("--full", is_flag=True, help="Only the full-size measurements.")
@click.option("--seeds", type=click.IntRange(min=1), help="Another number of seeds than the exercise declares.")
@click.option("--json", "as_json", is_flag=True, help="Print the ledger as JSON.")
def command(targets: tuple[str, ...], rehearsal: bool, full: bool, seeds: int | None, as_json: bool) -> None:
    """Measure the models of TARGET (SESSION, SESSION.PART, SESSION.EXERCISE or SESSION.EXERCISE.SET), or show the ledger.

    Each seed is written when it is done, and what is measured and current is not measured again: an interrupted run goes on where
    it was. Without TARGET, --rehearsal or --full measures everything of that kind.
    """
    project = find_project()
    failures: list[str] = []
    if targets or rehearsal or full:
        kinds = ["rehearsal"] * (rehearsal or not full) + ["full"] * (full or not rehearsal)
        failures = measure_all(project, select(project, targets, kinds), seeds, report=_progress)
    if as_json:
        shown = {**read(project), "stale": stale(project), "failures": failures}
        click.echo(json.dumps(_without_nan(shown), default=str, ensure_ascii=False, indent=1))
    elif not failures:
        click.echo(report(project))
    if failures:
        raise CourseError("; ".join(failures))


def _without_nan(value: Any) -> Any:
    """``value`` with null for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _progress(line: str) -> None:
    click.echo(line, err=True)


def report(project: Project) -> str:
    """The ledger as a table for people, and what in it is stale."""
    ledger = read(project)
    lines = []
    for row in ledger["full"]:
        metrics = [f"{name} {words(name, values)}" for name, values in row["values"].items() if name != "seconds"]
        lines.append((f"{row['id']}.{row['set']}", *metrics[:1], words("seconds", row["values"]["seconds"])))
        lines += [("", metric, "") for metric in metrics[1:]]
    for row in ledger["rehearsal"]:
        limit = f", bar {row['bar']:.4g}" if "bar" in row else ", no bar"
        right = words(row["metric"], row["right"]["solution"])
        lines.append((f"{row['id']}.rehearsal", f"{row['metric']} {right}{limit}", words("seconds", row["seconds"])))
    widths = [max((len(line[i]) for line in lines), default=0) for i in range(3)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    late = stale(project)
    if late:
        table += ["", f"To be measured ({len(late)}):", *(f"  {line}" for line in late)]
    return "\n".join(table or ["Nothing is measured in this course."])
