"""What answers under ``/course/``: the home, and the few things it can do. Every address needs Jupyter's authentication;
whatever changes something is a POST that carries Jupyter's XSRF token.

The page may load things from this server only, and a Content-Security-Policy holds it to that.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast
from urllib.parse import quote, urlencode

import nbformat
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from dlmodule.course import BuiltCourse, Course, Day, Part, Version, workspace_name
from dlmodule.errors import DLModuleError
from dlmodule.home import outcome, page
from dlmodule.open.attempts import export_attempts, import_attempts, read_attempts
from dlmodule.open.workspace import Workspace
from dlmodule.recording import is_recording

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
STATIC = Path(page.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
NOTEBOOKS: tuple[Literal["student", "solutions"], ...] = ("student", "solutions")
OPEN = "It is open in JupyterLab: choose File, Reload Notebook from Disk there. What you write before that is merged here when you save it."
LARGEST_IMPORT = 20_000_000  # bytes; a learner who answers for a year makes less than one


@dataclass(frozen=True)
class Shown:
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

    def initialize(self, shown: Shown) -> None:
        """Take what is served."""
        self.shown = shown

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

    def home_with(self, message: str, *, failed: bool) -> None:
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
        shown = self.shown
        record = read_attempts(shown.progress_file)
        states: dict[tuple[str, str], str] = {}
        notices = list(record.problems)
        known = shown.known()
        for day, part in known.parts():
            for version in NOTEBOOKS:
                path = part.path(version)
                if path is None:
                    continue
                try:
                    source = shown.course.file(path)
                    state, problem = shown.workspace.state(workspace_name(day, part, version), source)
                except (DLModuleError, OSError) as error:
                    state, problem = "absent", str(error)
                states[day.part_id(part), version] = state
                if problem:
                    notices.append(problem)
        self.prepare_page()
        message, failed = self.message()
        local = page.Local(
            xsrf=self.xsrf_token.decode(),
            workspace=str(shown.workspace.root),
            states=states,
            opened=shown.workspace.opened(),
            notices=notices,
            message=message,
            failed=failed,
            recording=is_recording(shown.course.keys),
            lab=f"{self.base_url}lab",
        )
        calendar = "calendar.ics" if (shown.course.folder / "calendar.ics").is_file() else None
        self.finish(
            page.render(
                known, at=shown.now(), progress=record.attempts, mode="local",
                href=lambda _day, part, version: f"slides/{quote(part.slides or '')}" if version == "slides" else None,
                local=local, calendar=calendar,
            ).encode("utf-8", "replace")  # a folder's name need not be text
        )  # fmt: skip

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
        shown = self.shown
        record = read_attempts(shown.progress_file)
        local = page.Local(self.xsrf_token.decode(), str(shown.workspace.root), notices=record.problems)
        self.prepare_page()
        self.finish(outcome.render(shown.known(), at=shown.now(), progress=record.attempts, local=local))


class Action(CourseHandler):
    """A POST that does one thing, in a thread, and says on the home what came of it: also where it could not be done."""

    @web.authenticated
    async def post(self) -> None:
        """Answers with a redirect. Raises HTTPError 403 without Jupyter's XSRF token."""
        if not self.token_authenticated:
            web.RequestHandler.check_xsrf_cookie(self)  # also where a person's own configuration asks for none
        failed = True
        try:
            before = await self.before()
            message = await asyncio.to_thread(self.act)
            message = self.after(before, message)
            failed = False
        except DLModuleError as error:
            message = f"{str(error)[:1].upper()}{str(error)[1:]}."
        except OSError as error:
            where = error.filename or "the workspace"
            message = f"This could not be done: {where}: {error.strerror or error}. Nothing was changed."
        if message is None:
            self.redirect(f"{self.base_url}lab/tree/{quote(str(self.wanted()[0]))}", status=303)
        else:
            self.home_with(message, failed=failed)

    async def before(self) -> Any:
        """What is looked up before it is done, in the server's own thread; ``after`` gets it."""

    def after(self, before: Any, message: str | None) -> str | None:
        """What is left to do in the server's own thread (Jupyter's record of signatures belongs to it), and what is then said."""
        return message

    def act(self) -> str | None:
        """Do it. Returns what the home says, or None to show the notebook. Raises DLModuleError or OSError."""
        raise NotImplementedError

    def wanted(self) -> tuple[PurePosixPath, Path]:
        """The learner's name and the course's file of the notebook that the form names. Raises DLModuleError if it is not open."""
        day, part, version = self.shown.active(self.get_body_argument("part"), self.get_body_argument("version"))
        return workspace_name(day, part, version), self.shown.course.file(cast(str, part.path(version)))


class Open(Action):
    """POST /course/open: copy the notebook into the workspace if it is not there, and show it in JupyterLab."""

    def act(self) -> None:
        """The record of when it was opened is a convenience: a disk without room for it opens the notebook all the same."""
        name, source = self.wanted()
        self.shown.workspace.open(name, source)
        if self.get_body_argument("version") == "student":
            with contextlib.suppress(OSError, DLModuleError):
                self.shown.workspace.note_opened(self.get_body_argument("part"), at=self.shown.now())


class Update(Action):
    """POST /course/update: merge the course's newer version into the learner's copy."""

    def act(self) -> str:
        """Says how many cells were renewed, added and kept."""
        name, source = self.wanted()
        done = self.shown.workspace.update(name, source, at=self.shown.now())
        kept = (
            f" {done.conflicts} of your cells also changed in the course: yours stand, its version beneath."
            if done.conflicts
            else ""
        )
        unsure = (
            f" Little of the course was found in your copy, so look it through; to get a fresh copy beside it, rename {name.name} and open it again."
            if done.unsure
            else ""
        )
        removed = f", {done.removed} removed" if done.removed else ""
        return (
            f"{name} is up to date: {_cells(done.updated)} renewed, {done.added} added{removed}.{kept}{unsure} "
            "The copy before is in .course/backups."
        )

    @property
    def notary(self) -> Any:
        """What signs and knows trusted notebooks."""
        return self.contents_manager.notary

    async def before(self) -> tuple[bool, bool]:
        """Whether Jupyter trusts the notebook, and whether it is open in JupyterLab."""
        manager: Any = self.session_manager
        sessions: Any = await ensure_async(manager.list_sessions())
        name = str(self.wanted()[0])
        is_open = any(session.get("path") == name for session in sessions)
        try:
            return bool(self.notary.check_signature(self.notebook())), is_open
        except Exception:  # whatever nbformat makes of a damaged notebook: nobody signed that
            return False, is_open

    def after(self, before: tuple[bool, bool], message: str | None) -> str | None:
        """Outputs that were trusted stay so; the course's cells bring none."""
        trusted, is_open = before
        if trusted:
            self.notary.sign(self.notebook())
        return f"{message} {OPEN}" if is_open else message

    def notebook(self) -> Any:
        """The notebook as nbformat's object, which is what a signature is made of."""
        path = self.shown.workspace.path(self.wanted()[0])
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


class Afresh(Action):
    """POST /course/afresh: bring a damaged notebook back from what is left of it; where nothing is, give a fresh copy."""

    def act(self) -> str:
        """Says from what it was brought back, and where the damaged file is."""
        name, source = self.wanted()
        if self.shown.workspace.state(name, source)[0] != "damaged":
            raise DLModuleError(f"{name} is not damaged; it was left as it is")
        restored = self.shown.workspace.restore(name, at=self.shown.now())
        if restored is not None:
            return f"{name} was brought back from {restored}. The damaged file is in .course/backups."
        aside = self.shown.workspace.start_afresh(name, source, at=self.shown.now())
        return f"{name} is fresh; the damaged file is beside it as {aside.name}."


class Export(CourseHandler):
    """GET /course/progress.json"""

    @web.authenticated
    def get(self) -> None:
        """All attempts as one JSON file."""
        self.prepare_page()
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Disposition", 'attachment; filename="dlmodule-progress.json"')
        self.finish(export_attempts(self.shown.progress_file))


class Import(Action):
    """POST /course/import: add the attempts of an exported file."""

    def act(self) -> str:
        """Says how many attempts were new."""
        files = self.request.files.get("progress", [])
        if not files:
            raise DLModuleError("no file was chosen")
        if len(files[0]["body"]) > LARGEST_IMPORT:
            raise DLModuleError("this file is too large to be an export of progress")
        count = import_attempts(self.shown.progress_file, files[0]["body"])
        return f"{count} attempts imported." if count != 1 else "1 attempt imported."


class State(CourseHandler):
    """GET /course/state: the name of the present state of progress, which the open page compares with its own."""

    _track_activity = False

    @web.authenticated
    def get(self) -> None:
        """A short text."""
        self.prepare_page()
        self.set_header("Content-Type", "text/plain")
        self.finish(page.digest(read_attempts(self.shown.progress_file).attempts))


class Document(CourseHandler):
    """GET /course/slides/..., /course/calendar.ics: files of the built course, slides only while they are open."""

    @web.authenticated
    def get(self, path: str) -> None:
        """The file, or 404 where the course does not show it at this moment."""
        shown = self.shown
        allowed = {"calendar.ics": "text/calendar; charset=utf-8"}
        for _, part in shown.known().parts():
            if "slides" in part.due and part.slides is not None:
                allowed[part.slides] = "application/pdf"
        if path not in allowed:
            raise web.HTTPError(404, "not open at this moment")
        try:
            content = shown.course.file(str(PurePosixPath(path))).read_bytes()
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


def routes(base_url: str, shown: Shown) -> list[tuple[Any, ...]]:
    """The addresses under ``base_url`` + course/."""
    given = {"shown": shown}
    root = f"{base_url}course"
    return [
        (root, web.RedirectHandler, {"url": f"{root}/", "permanent": False}),
        (f"{root}/", Home, given),
        (f"{root}/outcome", Outcome, given),
        (f"{root}/open", Open, given),
        (f"{root}/update", Update, given),
        (f"{root}/afresh", Afresh, given),
        (f"{root}/progress\\.json", Export, given),
        (f"{root}/import", Import, given),
        (f"{root}/state", State, given),
        (f"{root}/slides/(.+)", Document, given),
        (f"{root}/(calendar\\.ics)", Document, given),
        (f"{root}/static/([a-z.]+)", Static, given),
    ]


def with_token(address: str, token: str) -> str:
    """The address a browser opens."""
    return f"{address}?{urlencode({'token': token})}" if token else address


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
