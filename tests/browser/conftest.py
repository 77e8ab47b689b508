"""A real browser for the course's pages. Every request that leaves this machine is stopped and written down."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright

from tests.dlmodule.open import reference_run
from tests.dlmodule.open.running import Running, opened

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass
class Stopped:
    """The requests that wanted to leave this machine, and what went wrong on the pages."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> BrowserContext:
        """Stop and note them in ``context``."""
        context.route("**/*", self._decide)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        return context

    def _decide(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob", "about", "file") or address.hostname in LOOPBACK:
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()


@pytest.fixture(scope="package")  # not the session: its event loop must be gone before kernels are run
def browser() -> Iterator[Browser]:
    """Chromium, headless."""
    if not CHROMIUM.is_file():
        pytest.fail(f"{CHROMIUM} is missing: install it (Debian and Ubuntu: apt-get install chromium)", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def stopped() -> Stopped:
    """What wanted to leave this machine during the test."""
    return Stopped()


@pytest.fixture
def new_context(browser: Browser, stopped: Stopped) -> Iterator[Any]:
    """A function that makes browser contexts (sizes, colour scheme, ...) in which nothing leaves this machine."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        contexts.append(stopped.watch(browser.new_context(**options)))
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference run as a built course."""
    return reference_run.write(tmp_path_factory.mktemp("course") / "build").parent


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Iterator[Running]:
    """`course open` on the reference run, self-paced, with an empty workspace."""
    with opened(built, tmp_path / "work") as running:
        yield running
