"""The static site in a real browser: from a disk and from a sub-path of a plain server, with no other host in reach."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from coursekit.publish.site import build_site
from dlmodule.checking.diagnosis import Diagnosis
from dlmodule.checking.show.card import as_html
from tests.browser.conftest import Stopped
from tests.coursekit.publish.test_site import executed, write_site_project

pytestmark = pytest.mark.browser
PAGES = (
    "index.html",
    "parts/05_cnns_1/morning.html",
    "parts/05_cnns_1/morning_solutions.html",
    "ledger.html",
    "glossary.html",
    "docs/take_the_course.html",
    "search.html?q=edge",
)


class Quiet(SimpleHTTPRequestHandler):
    """A plain file server that writes no log."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the reference run, everything open, below a folder of its own."""
    root = tmp_path_factory.mktemp("site")
    project = write_site_project(root)
    card = Diagnosis(
        "05_cnns_1.edge_kernels",
        "wrong",
        "On `x` it gives 2, not 1.",
        "values",
        lines=("x = 1",),
        hints=("Look.",),
        move_on=5,
    )
    html = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": as_html(card), "text/plain": str(card)},
    }
    executed(project, "05_cnns_1_morning", [html])
    build_site(project, at=None, to=root / "served/some/where")
    return root / "served"


@pytest.fixture(params=["disk", "server"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The address of the site's folder: on the disk, and below a path of a server."""
    if request.param == "disk":
        yield (site / "some/where").as_uri()
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/some/where"
    server.shutdown()
    thread.join()
    server.server_close()


def test_home_to_part_to_search(address: str, new_context: Any, stopped: Stopped) -> None:
    """A reader goes from the home to a part, its solutions and back, and finds it by a word; mathematics is set, nothing is fetched."""
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="Read of 05_cnns_1.morning").click()
    page.locator("mjx-container svg").first.wait_for()
    page.locator(".part-header").get_by_role("link", name="Solutions").click()
    page.locator(".part-header").get_by_role("link", name="Exercises").wait_for()
    page.locator(".course-mark").click()
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").first.fill("canary05cnns1morningx")
    page.keyboard.press("Enter")
    page.locator("ul.search a").first.wait_for()
    if address.startswith("http"):  # a page on a disk may not read another
        expect(page.locator("ul.search p.context").first).to_contain_text("canary05cnns1morningx")
    page.locator("ul.search a").first.click()
    assert page.url.split("?")[0].endswith("/parts/05_cnns_1/morning.html")
    assert (stopped.requests, stopped.errors) == ([], [])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_page_is_accessible(
    site: Path, new_context: Any, stopped: Stopped, width: int, scheme: str
) -> None:
    """At both widths and in both schemes no page breaks a rule of axe, scrolls sideways, or wants another host."""
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    for name in PAGES:
        page.goto(f"{(site / 'some/where').as_uri()}/{name}")
        if name.startswith("parts/"):
            page.locator("mjx-container[display][tabindex]").wait_for()
        violations = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in violations] == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert (stopped.requests, stopped.errors) == ([], [])
