"""``course verify``: the proof of every exercise's check, and the leak scan of what learners receive."""

import json
import sys
from collections import Counter
from collections.abc import Sequence

import click

from coursekit.exercises.leaks import received, scan
from coursekit.exercises.portability import refused_elsewhere
from coursekit.exercises.proofs import Proof
from coursekit.exercises.source_rules import refused
from coursekit.exercises.verify import SAMPLE, parts_of, prove_all, select
from coursekit.project import find_project
from dlmodule.errors import DLModuleError


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One object per exercise, on stdout.")
@click.option("--fresh", is_flag=True, help="Prove again what is already proved.")
@click.option("--all-mutants", is_flag=True, help=f"Try every mutant, not a fixed sample of {SAMPLE} of each exercise.")
@click.option(
    "--portable", is_flag=True, help="Also judge right answers as a processor without vector instructions does."
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes (default: one a core).")
def command(
    targets: tuple[str, ...], as_json: bool, fresh: bool, all_mutants: bool, portable: bool, jobs: int | None
) -> None:
    """Prove the checks of TARGETS (SESSION, SESSION.PART or SESSION.EXERCISE; everything without one)."""
    project = find_project()
    ids = select(project, targets)
    proofs = prove_all(project, ids, fresh=fresh, jobs=jobs, most=None if all_mutants else SAMPLE)
    sessions = sorted({id_.partition(".")[0] for id_ in ids})
    try:
        leaks = scan(project, sessions)
    except DLModuleError as error:  # what was proved of the others is still shown
        leaks = [str(error)]
    refusals = refused(project, parts_of(project, targets, ids))
    if as_json:
        click.echo(json.dumps([proof.public() for proof in proofs], indent=1, ensure_ascii=False))
    else:
        for proof in proofs:
            click.echo(_line(proof) + (_to_confirm(proof) if targets else ""))
        killed, total = (sum(proof.mutants[what] for proof in proofs) for what in ("killed", "total"))
        share = f", {killed} of {total} mutants killed ({killed / total:.1%})" if total else ""
        click.echo(f"{len(proofs)} exercises, {sum(not proof.problems for proof in proofs)} proved{share}")
        click.echo(f"sentences that meet the mutants: {_sentences(proofs)}")
        files = sum(len(received(project, session)) for session in sessions)
        searched = f"{len(leaks)} leaks in {files} built files" if files else "nothing is built yet; see `course build`"
        click.echo(f"leak scan: {searched}")
    problems = [f"{proof.exercise}: {problem}" for proof in proofs for problem in proof.problems]
    elsewhere = (
        refused_elsewhere(project, [proof.exercise for proof in proofs if not proof.problems]) if portable else []
    )
    for problem in [*problems, *refusals, *leaks, *elsewhere]:
        click.echo(f"course verify: {problem}", err=True)
    if problems or refusals or leaks or elsewhere:
        sys.exit(1)


def _sentences(proofs: Sequence[Proof]) -> str:
    """How many mutants each kind of sentence meets."""
    total: Counter[str] = Counter()
    for proof in proofs:
        total.update(proof.sentences)
    return ", ".join(f"{count} {kind}" for kind, count in total.most_common()) or "none"


def _to_confirm(proof: Proof) -> str:
    """The mutants that a named mistake's sentence meets: to be confirmed with `exercise.confirm`, or answered by a case."""
    return "".join(f"\n    is this true of it? {sibling}" for sibling in proof.siblings)


def _line(proof: Proof) -> str:
    recognised = sum(mistake["met"] for mistake in proof.mistakes)
    shown = "measured" if proof.measured else f"{proof.mutants['killed']}/{proof.mutants['total']} mutants"
    sign = "✗" if proof.problems else "✓"
    return (
        f"{sign} {proof.exercise:38s} {recognised}/{len(proof.mistakes)} mistakes  "
        f"{proof.alternatives['accepted']}/{proof.alternatives['total']} alternatives  {shown}  {proof.seconds:.1f} s"
        + (f"  ({proof.equivalent} equivalent)" if proof.equivalent else "")
        + (f"\n    survive: {'; '.join(proof.survivors)}" if proof.survivors else "")
    )
