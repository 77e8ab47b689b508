"""The first cell and a check as on Google Colab, as near as can be had without it.

A Python of its own in which the libraries are there and the course is not; a kernel whose shell is called `Shell`, in another folder; a
notebook saved as format 4.0 without ids; the course in a local git repository, under the day's tag.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from coursekit.notebooks.title import day_tag, install_cell
from coursekit.publish.release_pages import pyproject
from dlmodule.checking.key import save
from dlmodule.course import Repository
from tests.dlmodule.open import reference_run

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
REPOSITORY = Repository("someone", "course", "main", "v1.2")
KERNEL = """
import sys, types

sys.modules["google.colab"] = types.ModuleType("google.colab")
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell

class Shell(ZMQInteractiveShell):
    pass

class Kernel(IPythonKernel):
    shell_class = Shell

IPKernelApp.launch_instance(kernel_class=Kernel)
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository that holds what a release installs, tagged for day 05."""
    folder = tmp_path_factory.mktemp("published") / "course"
    shutil.copytree(
        ROOT / "src" / "dlmodule", folder / "src" / "dlmodule", ignore=shutil.ignore_patterns("__pycache__")
    )
    save(folder / "keys" / "05_cnns_1.safetensors", [reference_run.key()])
    enclosed = {"05_CNNs_part_I/wells.csv": "05_cnns_1/wells.csv"}
    made = pyproject(ROOT / "pyproject.toml", keys=True, enclosed=enclosed)
    (folder / "pyproject.toml").write_text(made, encoding="utf-8")
    for place in enclosed:
        (folder / place).parent.mkdir()
        (folder / place).write_text("1.5", encoding="utf-8")
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["tag", day_tag(REPOSITORY, 5)]):
        subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def colab(tmp_path: Path) -> Path:
    """A folder with an environment in which the libraries are there and the course is not, and the program of its kernel."""
    (folder := tmp_path / "colab").mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (folder / "kernel.py").write_text(KERNEL, encoding="utf-8")
    return folder


def first_cell(address: str, day: int) -> str:
    """The first cell of a notebook of ``day``, which installs from ``address`` and brings the file that goes with the notebook."""
    cell = install_cell(REPOSITORY, day, "05_cnns_1", ["wells.csv"])
    return cell.replace("https://github.com/someone/course", address)


def located(repository: Path) -> str:
    """The address of a repository on this machine; without a host pip takes it for a path."""
    return f"file://localhost{repository}"


def environment() -> dict[str, str]:
    """Library folders on the path are searched, but what is installed there in editable form is not; no index is asked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DLMODULE", "PYTHON", "PIP"))}
    return {**kept, "PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}


def run(colab: Path, cells: list[str], progress: Path) -> list[list[Any]]:
    """The outputs of ``cells``, of a notebook saved as Colab does."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    held = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [{**code, "source": text} for text in cells]}
    notebook = nbformat.reads(json.dumps(held), as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    manager = KernelManager()
    manager.kernel_spec.argv = [str(colab / "venv/bin/python"), str(colab / "kernel.py"), "-f", "{connection_file}"]  # type: ignore[union-attr]
    (elsewhere := colab / "content").mkdir()
    client = NotebookClient(
        notebook, km=manager, timeout=240, allow_errors=True, resources={"metadata": {"path": str(elsewhere)}}
    )
    try:
        client.execute(env={**environment(), "DLMODULE_PROGRESS": str(progress)})
    finally:
        manager.shutdown_kernel(now=True)
        if client.kc is not None:
            client.kc.stop_channels()
    return [cell["outputs"] for cell in notebook["cells"]]


def test_the_first_cell_installs_and_a_check_shows_once(published: Path, colab: Path, tmp_path: Path) -> None:
    """One line, the day's key, one card, the attempt in the Drive folder, the notebook's file, and no library replaced."""
    cells = [
        first_cell(located(published), 5),
        'from dlmodule.checking import checks\ncheck = checks("05_cnns_1")',
        'assert open("wells.csv").read() == "1.5"\ncheck("edge_kernels", 15)',
        "import dlmodule, torch\nprint(dlmodule.__file__)\nprint(torch.__file__)\nprint(type(get_ipython()).__name__)",
    ]
    progress = tmp_path / "drive/MyDrive/dlmodule.jsonl"
    first, bound, checked, said = run(colab, cells, progress)
    (line,) = "".join(output["text"] for output in first).splitlines()
    assert line.startswith("Installed. To keep your progress") and bound == []
    cards = [output for output in checked if "Right" in output.get("data", {}).get("text/plain", "")]
    assert len(cards) == 1 == len(checked), checked
    package, torch, shell = "".join(output["text"] for output in said).splitlines()
    assert package.startswith(str(colab)) and torch.startswith(sysconfig.get_path("purelib")) and shell == "Shell"
    (attempt,) = progress.read_text(encoding="utf-8").splitlines()
    assert json.loads(attempt)["status"] == "right"


@pytest.mark.parametrize("which", ["tag", "repository"])
def test_what_cannot_be_reached_is_one_line(published: Path, colab: Path, which: str) -> None:
    """A day that is not released, a repository that is not there: what to do, and no traceback."""
    address = located(published if which == "tag" else published / "nowhere")
    cell = first_cell(address, 6 if which == "tag" else 5)
    program = f"import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n{cell}"
    command = [str(colab / "venv/bin/python"), "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=colab)
    (line,) = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert line.startswith("The course could not be installed from git+file:") and "again later" in line
