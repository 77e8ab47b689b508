"""A newcomer's first quarter of an hour on the real course: home, day 05's morning, a wrong answer, its sentence, a right one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import BrowserContext, Page, expect

from tests.dlmodule.open.running import Running, opened

pytestmark = [pytest.mark.browser, pytest.mark.kernel]
ROOT = Path(__file__).parents[2]

FLIPPED = """from torch.nn import functional
def cross_correlate(image, kernel):
return functional.conv2d(image[None, None], kernel.flip(0, 1)[None, None])[0, 0]"""
RIGHT = FLIPPED.replace("kernel.flip(0, 1)", "kernel")


@pytest.fixture
def real_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """This repository's own course, built as `make course` builds it, opened on an empty workspace."""
    from coursekit.commands.build import command as build

    monkeypatch.setenv("DLMODULE_COURSE", str(ROOT))
    assert CliRunner().invoke(build, []).exit_code == 0
    with opened(ROOT / "build", tmp_path / "work") as running:
        yield running


def write(page: Page, cell: Any, text: str) -> None:
    """Replace a cell's code by typing, as a person does; JupyterLab indents the body of a function itself."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def run(page: Page, cell: Any) -> None:
    """Run one cell with Control+Enter."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def test_a_newcomer_meets_the_flipped_kernel(
    real_course: Running, new_context: Callable[..., BrowserContext], stopped: Any
) -> None:
    """Opened from the home, with the real kernel: a flipped kernel is met by its own sentence, the right one by the card."""
    page = new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    expect.set_options(timeout=90_000)  # a kernel that loads torch on a busy machine
    page.goto(real_course.address)
    row = page.locator("tr", has_text="what a 3x3 kernel sees").first
    row.get_by_role("button", name="Open here").click()
    page.wait_for_url("**/lab/tree/**morning.ipynb*")

    cells = page.locator(".jp-CodeCell")
    first = cells.filter(has_text='check = checks("05_cnns_1")').first
    # JupyterLab drops what is run while the kernel is still being connected, so wait as a person does.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
    run(page, first)
    exercise = cells.filter(has_text="def cross_correlate").first
    check = cells.filter(has_text="check(cross_correlate)").first

    run(page, check)  # before anything is written
    card = check.locator("[data-status]")
    expect(check.locator(".jp-OutputArea-output").first).to_be_visible()

    write(page, exercise, FLIPPED)
    run(page, exercise)
    run(page, check)
    expect(card).to_have_attribute("data-status", "wrong")
    expect(card).to_contain_text("You turned the kernel round by 180 degrees")
    card.get_by_text("Hint 1").click()
    expect(card.get_by_text("How many places can the kernel stand")).to_be_visible()
    results = Axe().run(page, context=".dlm-card")
    assert results.violations_count == 0, results.generate_report()

    write(page, exercise, RIGHT)
    run(page, exercise)
    run(page, check)
    expect(card).to_have_attribute("data-status", "right")
    expect(card).to_contain_text("Right on all 5 cases.")

    page.goto(real_course.home)
    expect(page.locator("tr", has_text="what a 3x3 kernel sees").first.get_by_text("1 of 12 right")).to_be_visible()
    assert stopped.requests == []
    assert real_course.asked_for == ""
