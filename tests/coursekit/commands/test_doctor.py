"""``course doctor`` says what is missing and never crashes."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from coursekit.commands import doctor


def test_it_looks_at_everything() -> None:
    """One finding for each look, each one line."""
    findings = doctor.examine()
    assert [finding.name for finding in findings] == [name for name, _ in doctor.LOOKS]
    assert all(finding.text and "\n" not in finding.text for finding in findings)


def test_a_look_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that cannot be imported is reported, the others are looked at all the same; exit code 1."""

    def broken() -> doctor.Finding:
        raise OSError("libtorch.so:\ncannot open")

    monkeypatch.setattr(doctor, "LOOKS", (("torch", broken), *(look for look in doctor.LOOKS if look[0] == "disk")))
    done = CliRunner().invoke(doctor.command, ["--json"])
    first, second = json.loads(done.stdout)
    assert first == {"name": "torch", "status": "missing", "text": "torch does not work: libtorch.so: cannot open"}
    assert second["name"] == "disk" and done.exit_code == 1


def test_a_bare_machine_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No browser, no sandbox, a data folder that is not there."""
    monkeypatch.setattr(shutil, "which", lambda command: None)
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path / "gone"))
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["chromium"].status == "note" and "browser tests" in found["chromium"].text
    assert found["bubblewrap"].status == "note" and "marked" in found["bubblewrap"].text
    assert found["DLMODULE_DATA"].status == "missing" and "not a folder" in found["DLMODULE_DATA"].text
