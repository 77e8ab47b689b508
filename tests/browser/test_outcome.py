"""The outcome page in a real browser: reached from the home, clean in every size and scheme, and good to print."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.dlmodule.open.running import Running

pytestmark = pytest.mark.browser
Contexts = Callable[..., BrowserContext]
DAMAGE = '{"exercise": "05_cnns_1.outp'


def record(course: Running) -> None:
    """A learner's history, with half a line at its end."""
    tries = [
        ("edge_kernels", "right", 9, {}),
        ("output_size", "wrong", 2, {}),
        ("train_lenet", "right", 1, {"figure": 0.871}),
    ]
    lines = [
        json.dumps({"exercise": f"05_cnns_1.{name}", "status": status, "at": (datetime.now(UTC) - timedelta(days=days)).isoformat(), **more})
        for name, status, days, more in tries
    ]  # fmt: skip
    (course.workspace / ".course" / "progress.jsonl").write_text("\n".join([*lines, DAMAGE]))


def outcome(course: Running, page: Page) -> Page:
    """The page, reached as a learner reaches it."""
    page.goto(course.address)
    page.get_by_role("link", name="What you can do").click()
    expect(page.get_by_role("heading", level=1, name="What you can do")).to_be_visible()
    return page


def clean(page: Page) -> str:
    """What axe-core finds wrong, in words; empty where nothing is."""
    results = Axe().run(page)
    return "" if results.violations_count == 0 else str(results.generate_report())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_axe_clean_and_fits(
    course: Running, new_context: Contexts, stopped: Any, width: int, scheme: str
) -> None:
    """With an empty record and with a damaged one: no violation, no sideways scrolling, nothing asked of another host."""
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" else None)
    outcome(course, page)
    expect(page.get_by_text("Nothing is on record yet")).to_be_visible()
    assert clean(page) == ""
    record(course)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("damaged (line 4)")
    row = page.get_by_role("row", name="Train LeNet accuracy")
    expect(row).to_contain_text("87.1 %")
    expect(row).to_contain_text("84.4 % ± 3.5 (10 seeds)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert clean(page) == ""
    assert messages == [] and stopped.requests == [] and stopped.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_the_glossary_is_reached_from_the_home(
    course: Running, new_context: Contexts, stopped: Any, width: int, scheme: str
) -> None:
    """Terms and letters with their mathematics drawn; no violation, no sideways scrolling, nothing asked of another host."""
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" else None)
    page.goto(course.address)
    page.get_by_role("link", name="Glossary").click()
    expect(page.get_by_role("term")).to_have_text(["Feature map"])
    assert page.locator("dd math msub").bounding_box() is not None
    expect(page.get_by_role("row", name="image and output").first).to_contain_text("(N, C, H, W)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert clean(page) == ""
    assert messages == [] and stopped.requests == [] and stopped.errors == []


def test_what_to_revise_is_opened_from_the_page(course: Running, new_context: Contexts) -> None:
    """The first entry is what went wrong; its button opens the notebook."""
    page = new_context().new_page()
    page.goto(course.address)
    record(course)
    outcome(course, page)
    first = page.locator(".revise li").first
    expect(first).to_contain_text("The size of what comes out")
    expect(first).to_contain_text("not right yet, last tried 2 days ago")
    first.get_by_role("button").click()
    page.wait_for_url("**/lab/tree/05_CNNs_part_I/05_cnns_1_morning.ipynb*")


def test_it_prints_black_on_white_whatever_the_scheme(course: Running, new_context: Contexts) -> None:
    """Paper has no buttons and no navigation; addresses are written out."""
    page = new_context(color_scheme="dark").new_page()
    outcome(course, page)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert (
        page.locator("nav, .revise button, footer").evaluate_all(
            "all => all.filter(each => each.checkVisibility()).length"
        )
        == 0
    )
    expect(page.get_by_text("https://d2l.ai")).to_be_visible()
    assert page.pdf().startswith(b"%PDF")
