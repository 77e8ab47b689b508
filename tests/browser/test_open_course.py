"""The course home in a real browser: the whole way to progress, every size and scheme, keyboard and screen reader, offline."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.dlmodule.open.running import Running

pytestmark = pytest.mark.browser
Contexts = Callable[..., BrowserContext]


def clean(page: Page) -> str:
    """What axe-core finds wrong, in words; empty where nothing is."""
    results = Axe().run(page)
    return "" if results.violations_count == 0 else str(results.generate_report())


def test_from_the_home_to_an_answer_and_back_to_progress(course: Running, new_context: Contexts, stopped: Any) -> None:
    """Open a notebook from the home, answer its exercise in JupyterLab, and find it counted: nothing leaves the machine."""
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(90_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(course.address)
    row = page.locator("tr", has_text="what a 3x3 kernel sees")
    expect(row.get_by_text("0 of 4 right")).to_be_visible()
    row.get_by_role("button", name="Open here").click()

    page.wait_for_url("**/lab/tree/05_CNNs_part_I/05_cnns_1_morning.ipynb*")
    expect(page.get_by_text("official Jupyter news")).to_have_count(0)
    answer = page.locator(".jp-CodeCell .cm-content", has_text="edge_kernels = ...")
    answer.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("edge_kernels = 15")
    # JupyterLab drops "run all" while the kernel is still being connected, so wait as a person does.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".jp-OutputArea-output", has_text="right").first).to_be_visible(timeout=90_000)
    page.keyboard.press("Control+S")
    saved = course.workspace / "05_CNNs_part_I/05_cnns_1_morning.ipynb"
    page.wait_for_timeout(500)
    assert "edge_kernels = 15" in saved.read_text(encoding="utf-8")

    page.goto(course.home)
    expect(page.locator("tr", has_text="what a 3x3 kernel sees").get_by_text("1 of 4 right")).to_be_visible()
    expect(page.get_by_text("Continue where you left off")).to_be_visible()
    expect(page.get_by_role("img", name="the well has reached day 5")).to_be_visible()
    assert stopped.requests == [] and complaints == []
    assert course.asked_for == ""
    assert len(course.log.read_text().strip().splitlines()) == 1


def test_what_leaves_the_machine_would_be_noticed(course: Running, new_context: Contexts, stopped: Any) -> None:
    """The two watchers work: the browser's on a page without a policy, the processes' on a look-up."""
    page = new_context().new_page()
    page.goto("data:text/html,<img src='https://elsewhere.example/x.png'>")
    assert stopped.requests == ["https://elsewhere.example/x.png"]
    code = "import socket; socket.socket().connect_ex(('192.0.2.1', 9))"
    watching = {"PYTHONPATH": str(course.asked.with_suffix(".watcher")), "ASKED_FOR": str(course.asked)}
    subprocess.run(
        [sys.executable, "-c", f"import socket; socket.setdefaulttimeout(0.1); {code}"], env=watching, check=True
    )
    assert course.asked_for == "socket.connect 192.0.2.1\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390, 360])
def test_the_home_is_axe_clean_and_fits(
    course: Running, new_context: Contexts, stopped: Any, width: int, scheme: str
) -> None:
    """No violation, no sideways scrolling, with everything unfolded; nothing asked of another host, nothing refused by the policy."""
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" else None)
    page.goto(course.address)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert messages == [] and stopped.requests == [] and stopped.errors == []
    assert clean(page) == ""


def test_everything_can_be_reached_and_opened_by_keyboard(course: Running, new_context: Contexts) -> None:
    """Tab visits the skip link first and then every control, each with a visible focus; Enter opens the notebook."""
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(course.address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the lectures")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the lectures")).to_be_in_viewport()
    controls = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden])')]
        .filter(each => each.checkVisibility()).length"""
    )
    seen = 1
    for _ in range(controls - 1):
        page.keyboard.press("Tab")
        seen += page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")
    assert seen == controls
    page.get_by_role("button", name="Open 01_intro.morning").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/lab/tree/01_DL_module_intro/01_intro_morning.ipynb*")


def test_a_screen_reader_finds_a_table_on_a_telephone_too(course: Running, new_context: Contexts) -> None:
    """The narrow layout keeps the table, its column headers and its rows."""
    page = new_context(viewport={"width": 390, "height": 800}).new_page()
    page.goto(course.address)
    table = page.get_by_role("table", name="Lectures")
    expect(table.get_by_role("columnheader")).to_have_count(4)
    expect(table.get_by_role("rowheader")).to_have_count(16)
    for landmark in ("banner", "main", "contentinfo", "navigation"):
        expect(page.get_by_role(landmark)).to_have_count(1)


def test_the_open_page_shows_progress_made_meanwhile(course: Running, new_context: Contexts) -> None:
    """Coming back to the page is enough; no reloading by hand."""
    page = new_context().new_page()
    page.goto(course.address)
    expect(page.get_by_text("0 of 7 exercises right")).to_be_visible()
    line = '{"exercise": "05_cnns_1.conv_block", "status": "right", "at": "2022-12-02T10:00:00+00:00"}\n'
    (course.workspace / ".course" / "progress.jsonl").write_text(line)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("1 of 7 exercises right")).to_be_visible()


def test_progress_is_carried_to_another_machine(course: Running, new_context: Contexts, tmp_path: Path) -> None:
    """Export on one, import on the other, by the buttons of the page."""
    record = course.workspace / ".course" / "progress.jsonl"
    record.write_text('{"exercise": "05_cnns_1.conv_block", "status": "right", "at": "2022-12-02T10:00:00+00:00"}\n')
    page = new_context(accept_downloads=True).new_page()
    page.goto(course.address)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export progress").click()
    download.value.save_as(tmp_path / "progress.json")
    record.unlink()
    page.reload()
    expect(page.get_by_text("0 of 7 exercises right")).to_be_visible()
    page.get_by_text("Import progress").click()
    page.get_by_label("A file exported from another machine").set_input_files(tmp_path / "progress.json")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_have_text("1 attempt imported.")
    expect(page.get_by_text("1 of 7 exercises right")).to_be_visible()


def test_motion_is_left_out_where_it_is_not_wanted(course: Running, new_context: Contexts) -> None:
    """prefers-reduced-motion: no smooth scrolling, no transition."""
    page = new_context(reduced_motion="reduce").new_page()
    page.goto(course.address)
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    duration = (
        "Math.max(...[...document.querySelectorAll('*')].map(e => parseFloat(getComputedStyle(e).transitionDuration)))"
    )
    assert page.evaluate(duration) == 0
