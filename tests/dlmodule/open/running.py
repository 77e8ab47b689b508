"""`course open` in a process of its own, as a learner starts it, and a plain HTTP client to talk to it."""

import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urljoin

COMMAND = [sys.executable, "-c", "from coursekit.cli import main; main()", "open", "--no-browser"]

# Loaded by every Python process of the course, kernels included: writes down whoever is asked for outside this machine.
WATCHER = """
import os, socket, sys

def watch(event, arguments):
    if event == "socket.connect":
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host not in (None, "", "127.0.0.1", "::1", "localhost", os.uname().nodename):
        with open(os.environ["ASKED_FOR"], "a") as record:
            record.write(f"{event} {host}\\n")

sys.addaudithook(watch)

# While the file $FAULT is there, nothing can be written below the folder that stands in it; the other line is the error's number.
def fault(event, arguments):
    writing = event in ("os.mkdir", "os.rename", "os.link") or (
        event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )
    if writing and os.path.exists(os.environ.get("FAULT", "")) and not str(arguments[0]).endswith("FAULT"):
        with open(os.environ["FAULT"]) as said:
            number, folder = said.read().split("\\n")
        if os.path.abspath(os.fspath(arguments[0]) if not isinstance(arguments[0], int) else "/").startswith(folder):
            raise OSError(int(number), os.strerror(int(number)), arguments[0])

sys.addaudithook(fault)
"""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Redirects are answers to look at."""


@dataclass
class Running:
    """A course that is open: its address with the token, its workspace, and how long it took to say so."""

    address: str
    workspace: Path
    build: Path
    seconds: float
    log: Path
    asked: Path
    process: subprocess.Popen[bytes]
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    @property
    def asked_for(self) -> str:
        """Hosts that the server or a kernel asked for, one a line."""
        return self.asked.read_text() if self.asked.exists() else ""

    @property
    def home(self) -> str:
        """The address without the token."""
        return self.address.split("?")[0]

    def ask(
        self,
        path: str,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str | None = None,
    ) -> tuple[int, Mapping[str, str], str]:
        """(status, headers, text) of GET, or POST where there is data, for a path below the home (or the server's root: "/...")."""
        body = data if isinstance(data, bytes) or data is None else urlencode(data).encode()
        request = urllib.request.Request(urljoin(self.home, path), body, dict(headers or {}), method=method)
        opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(self.cookies))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()
        except OSError as error:
            raise AssertionError(
                f"the course does not answer ({error}); it ended with {self.process.poll()}: {self.log.read_text()}"
            ) from None

    def log_in(self) -> str:
        """Visit the home with the token, as the printed address does; returns the XSRF token of its forms."""
        text = self.ask("?" + self.address.split("?")[1])[2]
        found = re.search(r'name="_xsrf" value="([^"]+)"', text)
        assert found, text[:500]
        return found[1]


def fault_of(workspace: Path) -> Path:
    """The file that makes the disk of ``workspace`` fail while it is there (see ``WATCHER``)."""
    return workspace.parent / f"{workspace.name}.FAULT"


@contextmanager
def failing(workspace: Path, number: int) -> Iterator[None]:
    """Nothing can be written into ``workspace`` by a course that is open: every try ends with the error ``number``."""
    fault_of(workspace).write_text(f"{number}\n{workspace.resolve()}")
    try:
        yield
    finally:
        fault_of(workspace).unlink()


@contextmanager
def opened(build: Path, workspace: Path, *options: str, command: Sequence[str] = COMMAND) -> Iterator[Running]:
    """Start `course open` in the folder above ``build`` and stop it afterwards. command: another `course` than this checkout's."""
    log = workspace.parent / f"{workspace.name}.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DLMODULE_", "JUPYTER_"))}
    # The learner's own Jupyter settings are not part of the test.
    environment.update(
        JUPYTER_CONFIG_DIR=str(log.with_suffix(".config")), JUPYTER_RUNTIME_DIR=str(log.with_suffix(".run"))
    )
    environment.update(JUPYTER_DATA_DIR=str(log.with_suffix(".data")), OMP_NUM_THREADS="1", PYTHONUNBUFFERED="1")
    watcher, asked = log.with_suffix(".watcher"), log.with_suffix(".asked")
    watcher.mkdir(exist_ok=True)
    (watcher / "sitecustomize.py").write_text(WATCHER)
    paths = [str(watcher), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment.update(PYTHONPATH=os.pathsep.join(paths), ASKED_FOR=str(asked), FAULT=str(fault_of(workspace)))
    begun = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--workspace", str(workspace), *options],
            cwd=build.parent, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        while not (found := re.search(r"http://127\.0\.0\.1:\d+\S+", log.read_text())):
            assert process.poll() is None and time.monotonic() - begun < 180, log.read_text()
            time.sleep(0.05)
        yield Running(found[0], workspace, build, time.monotonic() - begun, log, asked, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
