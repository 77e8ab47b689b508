"""What a learner begins from: code with a stub or a starter in the place of each solution."""

import ast
import textwrap

from coursekit.errors import CourseError
from coursekit.sources.names import bound_names, first_line
from coursekit.sources.regions import student_text
from coursekit.sources.source import Cell, Source


def student_code(source: Source, cell: Cell) -> str:
    """The code of ``cell`` with stubs and starters in the place of solutions."""
    assert cell.tree is not None
    here = set(cell.exercises("defines"))
    starters = {
        meta.name: textwrap.dedent(meta.starter).strip("\n")
        for meta in source.exercises
        if meta.name in here and meta.starter is not None
    }
    text = student_text(cell.text, cell.tree, cell.regions, {meta.name for meta in source.exercises}, starters)
    try:
        ast.parse(text)
    except SyntaxError as error:
        message = f"the student version of this cell is not Python: {error.msg} in {(error.text or '').strip()!r}"
        raise CourseError(message, file=source.path, line=cell.line) from None
    return text


def student_definition(source: Source, name: str) -> str:
    """What the student version has for the exercise ``name``: its stub or starter, without the rest of the cell."""
    cell = next(c for c in source.cells if name in c.exercises("defines"))
    text = student_code(source, cell)
    binding = [node for node in ast.parse(text).body if name in bound_names([node])]
    if not binding:
        return ""
    node = binding[-1]
    return "\n".join(text.split("\n")[first_line(node) - 1 : node.end_lineno])
