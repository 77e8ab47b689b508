"""The rules that keep the project simple (docs/decisions/0001-architecture.md), each held by a test."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The site's theme is Sphinx's to read, beside facts that a build writes; it is no module of the package.
SOURCES = [path for path in sorted((ROOT / "src").rglob("*.py")) if "site_theme" not in path.parts]


def tracked() -> list[Path]:
    """The files git tracks (in an unpacked release: every file)."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0 and listing.stdout:
        return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def imports(path: Path, *, module_level: bool = False) -> set[str]:
    """Top-level names of the packages that a file imports (only where it is loaded: outside functions)."""
    tree = ast.parse(path.read_text("utf-8"))
    names: set[str] = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if module_level and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                names.update(alias.name.split(".")[0] for alias in child.names)
            if isinstance(child, ast.ImportFrom) and child.module and not child.level:
                names.add(child.module.split(".")[0])
            walk(child)

    walk(tree)
    return names


@pytest.mark.parametrize("path", [p for p in SOURCES if "dlmodule" in p.parts], ids=lambda p: str(p.relative_to(ROOT)))
def test_the_learners_package_never_imports_the_teams(path: Path) -> None:
    """dlmodule stands alone: a learner installs nothing of the team's."""
    assert "coursekit" not in imports(path)


def test_the_teams_package_loads_without_torch() -> None:
    """Importing every coursekit module leaves torch unloaded, so its commands start in a moment."""
    modules = [
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in SOURCES
        if "coursekit" in path.parts
        and path.name != "__init__.py"
        and "inside" not in path.parts  # a program of its own
    ]
    program = (
        f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nassert 'torch' not in sys.modules"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "course").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_course_imports_only_dlmodule_and_public_libraries(path: Path) -> None:
    """What a learner reads never leans on the team's tools."""
    assert "coursekit" not in imports(path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_one_concept(path: Path) -> None:
    """No dumping grounds: no such names, a docstring that says what it is, and a length that can be read."""
    assert path.stem not in {"utils", "helpers", "common", "core", "misc"}
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)) or path.name == "__init__.py"
    assert text.count("\n") <= 400


def test_nothing_generated_is_committed() -> None:
    """Notebooks, pages, slides and archives are made, never stored."""
    generated = {".ipynb", ".pdf", ".html", ".whl", ".npz", ".zip", ".gz", ".safetensors"}
    wrong = [
        path.relative_to(ROOT)
        for path in tracked()
        if path.suffix in generated and "assets" not in path.parts and path.parent.name != "templates"
    ]
    assert wrong == []


def test_the_version_of_the_package_is_that_of_the_tags() -> None:
    """A day's notebooks install the tag that the syllabus names, so the package's version says the same."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    syllabus = tomllib.loads((ROOT / "course" / "syllabus.toml").read_text("utf-8"))
    assert syllabus["repository"]["tag"] == f"v{version}"
