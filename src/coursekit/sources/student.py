"""What a learner begins from: code with a stub or a starter in the place of each solution."""

import ast
import textwrap

from coursekit.errors import CourseError
from coursekit.sources.exercise_file import ExerciseMeta
from coursekit.sources.regions import solution_text, student_text
from coursekit.sources.source import Cell, Source
from dlmodule.names import bound_names, first_line


def student_code(source: Source, cell: Cell) -> str:
    """The code of ``cell`` with stubs and starters in the place of solutions."""
    assert cell.tree is not None
    here = set(cell.exercises("defines"))
    starters = {
        meta.name: textwrap.dedent(meta.starter).strip("\n")
        if meta.starter is not None
        else _planted(source, cell, meta)
        for meta in source.exercises
        if meta.name in here and meta.begins_from_code
    }
    text = student_text(cell.text, cell.tree, cell.regions, {meta.name for meta in source.exercises}, starters)
    try:
        ast.parse(text)
    except SyntaxError as error:
        message = f"the student version of this cell is not Python: {error.msg} in {(error.text or '').strip()!r}"
        raise CourseError(message, file=source.path, line=cell.line) from None
    return text


def _planted(source: Source, cell: Cell, meta: ExerciseMeta) -> str:
    """The solution of the exercise with all its bugs in it. CourseError for one that does not fit into it once."""
    text = solution = _definition(solution_text(cell.text), meta.name)
    for bug in meta.bugs:
        if solution.count(bug.right) != 1 or text.count(bug.right) != 1:
            message = (
                f"bug {bug.name!r}: {bug.right!r} occurs {solution.count(bug.right)} times in the solution, not once"
            )
            if solution.count(bug.right) == 1:
                message = f"bug {bug.name!r}: {bug.right!r} is changed by a bug before it"
            raise CourseError(message, file=source.path.parent / "exercises" / f"{meta.name}.py", line=1)
        text = text.replace(bug.right, bug.wrong)
    return text


def student_definition(source: Source, name: str) -> str:
    """What the student version has for the exercise ``name``: its stub or starter, without the rest of the cell."""
    cell = next(c for c in source.cells if name in c.exercises("defines"))
    text = student_code(source, cell)
    return _definition(text, name)


def _definition(text: str, name: str) -> str:
    """The last top-level statement of ``text`` that binds ``name``; empty where none does."""
    binding = [node for node in ast.parse(text).body if name in bound_names([node])]
    if not binding:
        return ""
    node = binding[-1]
    return "\n".join(text.split("\n")[first_line(node) - 1 : node.end_lineno])
