"""``course doctor``: looks at this machine and says in plain words what is missing, and what that means for the course.

A look never stops the others: whatever goes wrong in one becomes its finding.
"""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

Status = Literal["ok", "note", "missing"]
_DISK_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """What one look found. "note": the course works without it; "missing": it does not."""

    name: str
    status: Status
    text: str


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036  a run from a source tree is not held to requires-python
        return Finding("python", "missing", f"Python {version}; 3.11 or newer is needed")
    return Finding("python", "ok", f"Python {version}")


def _torch() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("torch", "missing", "PyTorch is not installed: python -m pip install torch")
    import torch

    if torch.cuda.is_available():
        return Finding("torch", "ok", f"PyTorch {torch.__version__} with CUDA: {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Finding("torch", "ok", f"PyTorch {torch.__version__} with Apple's GPU")
    threads = torch.get_num_threads()
    return Finding("torch", "ok", f"PyTorch {torch.__version__} on the CPU, {threads} threads; a GPU is not needed")


def _package(name: str, why: str, status: Status) -> Callable[[], Finding]:
    def look() -> Finding:
        try:
            return Finding(name, "ok", f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            return Finding(name, status, f"{name} is not installed: {why}")

    return look


def _program(name: str, commands: tuple[str, ...], why: str) -> Callable[[], Finding]:
    def look() -> Finding:
        found = next((path for path in map(shutil.which, commands) if path), None)
        return Finding(name, "ok", found) if found else Finding(name, "note", f"{name} is not installed: {why}")

    return look


def _sandbox() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("bubblewrap", "note", "coursework is marked on Linux only; all else works here")
    found = shutil.which("bwrap")
    if found is None:
        return Finding("bubblewrap", "note", "bubblewrap is not installed: coursework cannot be marked here")
    trial = [found, "--unshare-all", "--ro-bind", "/", "/", "--", "/bin/true"]
    done = subprocess.run(trial, capture_output=True, text=True, timeout=10, check=False)
    if done.returncode == 0:
        return Finding("bubblewrap", "ok", f"{found}, and it makes a sandbox")
    reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    return Finding("bubblewrap", "note", f"{found} cannot make a sandbox ({reason}): coursework cannot be marked here")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    text = f"{free:.1f} GB free here"
    return Finding(
        "disk",
        "ok" if free >= _DISK_GB else "missing",
        text if free >= _DISK_GB else f"{text}; the course needs about {_DISK_GB:g} GB",
    )


def _data() -> Finding:
    folder = os.environ.get("DLMODULE_DATA")
    if not folder:
        return Finding(
            "DLMODULE_DATA",
            "note",
            "DLMODULE_DATA is not set: built-in sets work offline, others are downloaded when first used",
        )
    if not Path(folder).is_dir():
        return Finding("DLMODULE_DATA", "missing", f"DLMODULE_DATA is {folder}, which is not a folder")
    sets = sum(1 for entry in Path(folder).iterdir() if not entry.name.startswith("."))
    return Finding("DLMODULE_DATA", "ok", f"{folder}, {sets} entries")


LOOKS: tuple[tuple[str, Callable[[], Finding]], ...] = (
    ("python", _python),
    ("torch", _torch),
    ("jupyterlab", _package("jupyterlab", "the course opens in it: python -m pip install dlmodule", "missing")),
    ("pydantic", _package("pydantic", "the team's tools need it: python -m pip install 'dlmodule[staff]'", "note")),
    ("chromium", _program("chromium", ("chromium", "chromium-browser", "google-chrome"), "the browser tests need it")),
    ("bubblewrap", _sandbox),
    ("disk", _disk),
    ("DLMODULE_DATA", _data),
)


def examine() -> list[Finding]:
    """Every finding. Never raises."""
    findings = []
    for name, look in LOOKS:
        try:
            findings.append(look())
        except Exception as error:  # a broken installation is what this command is there to report
            reason = " ".join(str(error).split()) or type(error).__name__
            findings.append(Finding(name, "missing", f"{name} does not work: {reason}"))
    return findings


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, one object a finding.")
def command(as_json: bool) -> None:
    """Look at this machine and say what is missing. Exit code 1 where the course cannot be taken here."""
    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            click.echo(f"{finding.status:8}{finding.text}")
        lacking = [finding.name for finding in findings if finding.status == "missing"]
        click.echo(f"Mend first: {', '.join(lacking)}." if lacking else "You can take the course on this machine.")
    sys.exit(1 if any(finding.status == "missing" for finding in findings) else 0)
