"""Whether a key serves another processor: right answers judged by sums that are taken in another order, and drawn by other instructions.

A key is recorded on one machine and judges on all. Torch and oneDNN choose their instructions by the processor; told to use the plainest,
they compute as an older one does, and a number that differs by its last digit must still be right. It is tried in a process of its own,
since torch chooses once, as it is imported.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from coursekit.errors import CourseError
from coursekit.exercises.loading import load_whole
from coursekit.exercises.record import recorded
from coursekit.exercises.workers import run_forked
from coursekit.project import Project, find_project

PLAINEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def refused_elsewhere(project: Project, ids: Sequence[str]) -> list[str]:
    """The right answers to the exercises ``ids`` that the keys recorded here refuse on a plainer processor, a line each."""
    ran = subprocess.run(
        [sys.executable, "-m", "coursekit.exercises.portability", *ids],
        cwd=project.root,
        env=os.environ | PLAINEST,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise CourseError(f"could not judge as another processor does: {ran.stderr.strip().rpartition(chr(10))[2]}")
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _refused(project: Project, exercise: str) -> list[str]:
    session, _, name = exercise.partition(".")
    with contextlib.chdir(project.course / session):  # where the files lie that its notebooks read
        return _refused_there(project, session, name)


def _refused_there(project: Project, session: str, name: str) -> list[str]:
    from dlmodule.checking.judge import judge_with

    loaded = load_whole(project, session, name)
    if loaded.exercise.measured is not None:  # a bar lies far from any rounding
        return []
    key = recorded(project, loaded)
    right = [("the solution", loaded.solution), *((each.name, each.candidate) for each in loaded.alternatives)]
    judged = ((which, judge_with(key, candidate)) for which, candidate in right)
    return [
        f"{loaded.id}: on a plainer processor {which} is {each.status}: {each.message}"
        for which, each in judged
        if not each.right
    ]


def _all_refused(project: Project, ids: Sequence[str]) -> Iterator[str]:
    for exercise, found in run_forked(functools.partial(_refused, project), ids):
        if isinstance(found, BaseException):
            yield f"{exercise}: {type(found).__name__}: {found}"
        else:
            yield from found


if __name__ == "__main__":
    print(json.dumps(list(_all_refused(find_project(), sys.argv[1:]))))
