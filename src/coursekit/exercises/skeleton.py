"""What ``course new`` writes: a session's first source, and an exercise of each kind, ready to be verified as they are.

A template (``templates/KIND.txt``) is what an author would write: a percent file whose last part, below ``# %% [exercise]``, is
the exercise file. Its first cell may hold imports; those that the source already has are left out. NAME and NUMBER are filled in.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.project import Project, find_parts, source_files
from coursekit.sources.source import parse
from dlmodule.files import write_atomically
from dlmodule.names import bound_names

TEMPLATES = Path(__file__).parent / "templates"
KINDS = tuple(sorted(path.stem for path in TEMPLATES.glob("*.txt")))
_SPLIT = "# %% [exercise]\n"

SOURCE = """\
# ---
# title: "TITLE: what it is about, in one line"
# objectives:
#   - say in one sentence what you can do after this part
# prerequisites: []
# minutes: {cpu: 1}
# data: []
# ---

# %%
from dlmodule import plot
from dlmodule.checking import checks

check = checks("SESSION")
plot.use_style()

# %% [markdown]
# ## The question
#
# Begin with a question that this part answers, and with the simplest thing that could work.
"""


@dataclass(frozen=True)
class Template:
    """A kind of exercise: ``imports`` that its cells need, the ``cells`` of the source, and the ``exercise`` file."""

    imports: tuple[str, ...]
    cells: str
    exercise: str


def read_template(kind: str) -> Template:
    """The template called ``kind``."""
    cells, _, exercise = (TEMPLATES / f"{kind}.txt").read_text("utf-8").partition(_SPLIT)
    first, separator, rest = cells.partition("# %% [markdown]\n")
    imports = tuple(line for line in first.split("\n") if line.startswith(("import ", "from ")))
    return Template(imports, separator + rest.rstrip("\n") + "\n", exercise)


def new_session(project: Project, session: str, part: str) -> Path:
    """Write the source of a new part. CourseError where it is there, or where the name is none."""
    if not re.fullmatch(r"\d\d_\w+", session):
        raise CourseError(f"{session!r} names no session; write two digits and a name, as 16_graphs")
    path = project.source(session, part)
    if path.exists():
        raise CourseError("is there already; `course new SESSION.EXERCISE` adds an exercise", file=path)
    title = session[3:].replace("_", " ").capitalize()
    write_atomically(path, SOURCE.replace("SESSION", session).replace("TITLE", title))
    return path


def new_exercise(project: Project, session: str, name: str, kind: str, part: str | None) -> tuple[Path, Path]:
    """Add an exercise to a source: its cells at the end, and its file. Both are written, or neither; nothing is overwritten.

    part: the source (default: the session's only one). Raises CourseError.
    """
    if not name.isidentifier():
        raise CourseError(f"{name!r} cannot name an exercise: it is a Python name, as a function's")
    source, file = _source(project, session, part), project.exercise(session, name)
    if file.exists():
        raise CourseError("is there already", file=file)
    before = source.read_text("utf-8")
    parsed = parse(source)
    bound = {bound for cell in parsed.cells if cell.tree is not None for bound in bound_names(cell.tree.body)}
    if name in bound:
        raise CourseError(f"defines {name!r} already", file=source)
    template = read_template(kind)
    missing = [line for line in template.imports if not bound.issuperset(bound_names(ast.parse(line).body))]
    number = f"{int(session[:2])}.{_exercises(before) + 1}"
    cells = (["# %%\n" + "\n".join(missing) + "\n"] if missing else []) + [template.cells]
    added = "\n".join(cells).replace("NUMBER", number)
    write_atomically(source, before.rstrip("\n") + "\n\n" + _named(added, name))
    write_atomically(file, _named(template.exercise, name))
    try:
        parse(source)
    except CourseError:
        file.unlink()
        write_atomically(source, before)
        raise
    return source, file


def _source(project: Project, session: str, part: str | None) -> Path:
    folder = project.course / session
    found = source_files(folder) if folder.is_dir() else []
    if not found:
        known = ", ".join(dict.fromkeys(each.session for each in find_parts(project)))
        raise CourseError(f"no session {session!r} (there are: {known}); `course new {session}` begins one")
    if part is None and len(found) > 1:
        raise CourseError(f"{session} has {', '.join(path.stem for path in found)}: say which by --part")
    path = found[0] if part is None else project.source(session, part)
    if path not in found:
        raise CourseError(f"{session} has no part {part!r}; it has {', '.join(each.stem for each in found)}")
    return path


def _exercises(text: str) -> int:
    """How many exercises a source has already, by their headings."""
    return len(re.findall(r"^# #+ Exercise\b", text, re.MULTILINE))


def _named(text: str, name: str) -> str:
    return re.sub(r"\bNAME\b", name, text)
