"""From the home to an exercise, from a notebook to the next and home again, in the colours of the system."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.dlmodule.open.running import Running

pytestmark = pytest.mark.browser
Contexts = Callable[..., BrowserContext]


def test_from_an_exercise_on_the_home_to_its_cell_to_the_next_part_and_home(
    course: Running, new_context: Contexts, stopped: Any
) -> None:
    """A click on an exercise lands on its cell; the bar above the notebook leads on and back."""
    page = new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark").new_page()
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)  # JupyterLab on a busy machine
    page.goto(course.address)
    expect(page).to_have_url(re.compile(r"/course/$"))  # the token has left the address bar
    page.get_by_label("Find a part or an exercise").fill("kernels that SEE")
    expect(page.locator(".lectures tbody:visible")).to_have_count(1)
    page.get_by_role("button", name="Kernels that see edges").click()
    page.wait_for_url("**/lab/tree/05_CNNs_part_I/05_cnns_1_morning.ipynb*")
    answer = page.locator(".jp-Cell", has_text="edge_kernels = ...").first
    expect(answer).to_be_in_viewport()
    expect(page.locator(".jp-Notebook-cell.jp-mod-active")).to_contain_text("Kernels that see edges")
    expect(page.locator(".jp-Notebook-cell.jp-mod-selected:not(.jp-mod-active)")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")

    expect(page.locator(".jp-TableOfContents")).to_be_visible()

    bar = page.get_by_role("navigation", name="Course")
    expect(bar.get_by_role("link", name="Course home")).to_be_visible()
    bar.get_by_role("link", name="Next: Convolutional networks that read seismic sections").click()
    expect(page.get_by_role("tab", name="05_cnns_1_afternoon.ipynb")).to_be_visible()
    assert (course.workspace / "05_CNNs_part_I/05_cnns_1_afternoon.ipynb").is_file()
    bar.get_by_role("link", name="Course home").click()
    page.wait_for_url("**/course/")
    assert stopped.requests == []


def test_starting_over_keeps_the_old_notebook(course: Running, new_context: Contexts) -> None:
    """It stays beside the fresh one, as a notebook that opens; the notice goes when it is dismissed."""
    page = new_context().new_page()
    page.goto(course.address)
    page.get_by_role("button", name="Open 01_intro.morning").click()
    page.wait_for_url("**/lab/tree/**")
    path: Path = course.workspace / "01_DL_module_intro/01_intro_morning.ipynb"
    path.write_text(path.read_text().replace("edge_kernels = ...", "edge_kernels = 15"))
    page.goto(course.home)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.get_by_role("button", name="Start over with 01_intro.morning").click()
    notice = page.get_by_role("status").filter(has_text="is fresh")
    expect(notice).to_contain_text("Your notebook is beside it as 01_intro_morning.before-")
    assert "edge_kernels = ..." in path.read_text()
    (kept,) = path.parent.glob("01_intro_morning.before-*.ipynb")
    assert "edge_kernels = 15" in kept.read_text()
    page.get_by_role("button", name="Dismiss this notice").click()
    expect(notice).to_have_count(0)
