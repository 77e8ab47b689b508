"""What is shown under ``/course/``: the home and its files. Every address needs Jupyter's authentication.

The page may load things from this server only, and a Content-Security-Policy holds it to that.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from dlmodule.course import BuiltCourse, Course, Day, Part, Version, workspace_name
from dlmodule.errors import DLModuleError
from dlmodule.home import glossary, outcome, page
from dlmodule.open.attempts import export_attempts, read_attempts
from dlmodule.open.workspace import Workspace
from dlmodule.recording import is_recording

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
STATIC = Path(page.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
NOTEBOOKS: tuple[Literal["student", "solutions"], ...] = ("student", "solutions")


@dataclass(frozen=True)
class ServedCourse:
    """What the handlers serve: a built course, a workspace, and how links become active."""

    course: BuiltCourse
    workspace: Workspace
    progress_file: Path
    self_paced: bool
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        """This moment in the course's time zone."""
        return self.clock().astimezone(self.course.facts.zone)

    def known(self) -> Course:
        """The course as it may be shown at this moment."""
        return self.course.facts.as_of(None if self.self_paced else self.now())

    def active(self, wanted: str, version: str) -> tuple[Day, Part, Version]:
        """The notebook of a part, if that version may be opened now. Raises DLModuleError where not."""
        day, part = self.known().find(wanted)
        notebook = next((each for each in NOTEBOOKS if each == version), None)
        if notebook is None or part.path(notebook) is None:
            raise DLModuleError(f"{wanted} has no {version} version")
        if notebook not in part.due:
            raise DLModuleError(f"the {version} version of {wanted} is not open yet")
        return day, part, notebook


class CourseHandler(JupyterHandler):
    """The common ground: the policy, no caching of pages, errors a person can mend shown on the home."""

    def initialize(self, served: ServedCourse) -> None:
        """Take what is served."""
        self.served = served

    @property
    def content_security_policy(self) -> str:
        """Nothing from any other host."""
        return POLICY

    def set_cors_headers(self) -> None:
        """None: what a person's own Jupyter configuration may open to other origins stays shut here."""

    def prepare_page(self) -> None:
        """A page shows the present state, so it is never kept."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    def redirect_home(self, message: str, *, failed: bool) -> None:
        """Back to the home, which says ``message``; failed: as something that could not be done."""
        self.set_secure_cookie(
            "course-message",
            json.dumps([message, failed]),
            expires_days=None,
            path=f"{self.base_url}course/",
            httponly=True,
            samesite="Strict",
        )
        self.redirect(f"{self.base_url}course/", status=303)


class Home(CourseHandler):
    """GET /course/"""

    @web.authenticated
    def get(self) -> None:
        """The home as it stands now."""
        served = self.served
        record = read_attempts(served.progress_file)
        states: dict[tuple[str, str], str] = {}
        notices = list(record.problems)
        known = served.known()
        for day, part in known.parts():
            for version in NOTEBOOKS:
                path = part.path(version)
                if path is None:
                    continue
                try:
                    source = served.course.file(path)
                    state, problem = served.workspace.state(workspace_name(day, part, version), source)
                except (DLModuleError, OSError) as error:
                    state, problem = "absent", str(error)
                states[day.part_id(part), version] = state
                if problem:
                    notices.append(problem)
        self.prepare_page()
        message, failed = self.message()
        local = page.Local(
            xsrf=self.xsrf_token.decode(),
            workspace=str(served.workspace.root),
            states=states,
            opened=served.workspace.opened(),
            notices=notices,
            message=message,
            failed=failed,
            recording=is_recording(served.course.keys),
            lab=f"{self.base_url}lab",
        )
        calendar = "calendar.ics" if (served.course.folder / "calendar.ics").is_file() else None
        self.finish(
            page.render(
                known, at=served.now(), progress=record.attempts, mode="local",
                href=lambda _day, part, version: self.deck(part) if version == "slides" else None,
                local=local, calendar=calendar, glossary="glossary",
            ).encode("utf-8", "replace")  # a folder's name need not be text
        )  # fmt: skip

    def deck(self, part: Part) -> str | None:
        """The address of a part's slides; None while they have not been made."""
        made = part.slides is not None and (self.served.course.folder / part.slides).is_file()
        return f"slides/{quote(part.slides or '')}" if made else None

    def message(self) -> tuple[str, bool]:
        """What the last action left to be said, once, and whether it failed."""
        cookie = self.get_secure_cookie("course-message")
        if not cookie:
            return "", False
        self.clear_cookie("course-message", path=f"{self.base_url}course/")
        message, failed = json.loads(cookie)
        return message, failed


class Outcome(CourseHandler):
    """GET /course/outcome"""

    @web.authenticated
    def get(self) -> None:
        """What the learner built and has to revise, as it stands now."""
        served = self.served
        record = read_attempts(served.progress_file)
        local = page.Local(self.xsrf_token.decode(), str(served.workspace.root), notices=record.problems)
        self.prepare_page()
        self.finish(outcome.render(served.known(), at=served.now(), progress=record.attempts, local=local))


class Glossary(CourseHandler):
    """GET /course/glossary"""

    @web.authenticated
    def get(self) -> None:
        """The terms and letters of what is open now."""
        self.prepare_page()
        self.finish(glossary.render(self.served.known()))


class Export(CourseHandler):
    """GET /course/progress.json"""

    @web.authenticated
    def get(self) -> None:
        """All attempts as one JSON file."""
        self.prepare_page()
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Disposition", 'attachment; filename="dlmodule-progress.json"')
        self.finish(export_attempts(self.served.progress_file))


class State(CourseHandler):
    """GET /course/state: the name of the present state of progress, which the open page compares with its own."""

    _track_activity = False

    @web.authenticated
    def get(self) -> None:
        """A short text."""
        self.prepare_page()
        self.set_header("Content-Type", "text/plain")
        self.finish(page.digest(read_attempts(self.served.progress_file).attempts))


class Document(CourseHandler):
    """GET /course/slides/..., /course/calendar.ics: files of the built course, slides only while they are open."""

    @web.authenticated
    def get(self, path: str) -> None:
        """The file, or 404 where the course does not show it at this moment."""
        served = self.served
        allowed = {"calendar.ics": "text/calendar; charset=utf-8"}
        for _, part in served.known().parts():
            if "slides" in part.due and part.slides is not None:
                allowed[part.slides] = "application/pdf"
        if path not in allowed:
            raise web.HTTPError(404, "not open at this moment")
        try:
            content = served.course.file(str(PurePosixPath(path))).read_bytes()
        except DLModuleError as error:
            raise web.HTTPError(404, str(error)) from None
        self.prepare_page()
        self.set_header("Content-Type", allowed[path])
        self.finish(content)


class Static(CourseHandler):
    """GET /course/static/...: the page's own style, script and icon."""

    @web.authenticated
    def get(self, name: str) -> None:
        """One file of the static folder, which is small and flat."""
        path = STATIC / name
        if path.parent != STATIC or path.suffix not in TYPES or not path.is_file():
            raise web.HTTPError(404)
        self.set_header("Content-Type", TYPES[path.suffix])
        self.set_header("Cache-Control", "no-cache")
        self.finish(path.read_bytes())
