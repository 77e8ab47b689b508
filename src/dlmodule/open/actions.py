"""What the home can do: each a POST that carries Jupyter's XSRF token, and says on the home what came of it."""

import asyncio
import contextlib
from pathlib import Path, PurePosixPath
from typing import Any, cast
from urllib.parse import quote

import nbformat
from jupyter_core.utils import ensure_async
from tornado import web

from dlmodule.course import workspace_name
from dlmodule.errors import DLModuleError
from dlmodule.open.attempts import import_attempts
from dlmodule.open.handlers import CourseHandler

OPEN = "It is open in JupyterLab: choose File, Reload Notebook from Disk there. What you write before that is merged here when you save it."
LARGEST_IMPORT = 20_000_000  # bytes; a learner who answers for a year makes less than one


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
            self.redirect(f"{self.base_url}lab/tree/{quote(str(self.wanted()[0]))}{self.fragment}", status=303)
        else:
            self.redirect_home(message, failed=failed)

    fragment = ""  # where in the notebook that is shown: "#cell-id=..."

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
        day, part, version = self.served.active(self.get_body_argument("part"), self.get_body_argument("version"))
        return workspace_name(day, part, version), self.served.course.file(cast(str, part.path(version)))


class Open(Action):
    """POST /course/open: copy the notebook into the workspace if it is not there, and show it in JupyterLab, at an exercise if asked to."""

    def act(self) -> None:
        """The record of when it was opened is a convenience: a disk without room for it opens the notebook all the same."""
        name, source = self.wanted()
        self.served.workspace.open(name, source)
        if exercise := self.get_body_argument("exercise", ""):
            cell = self.served.workspace.cell_of(name, exercise)
            self.fragment = f"#cell-id={quote(cell)}" if cell else ""
        if self.get_body_argument("version") == "student":
            with contextlib.suppress(OSError, DLModuleError):
                self.served.workspace.note_opened(self.get_body_argument("part"), at=self.served.now())


class OpenCoursework(Action):
    """POST /course/open-coursework: the same for the notebook of a coursework that is out."""

    def act(self) -> None:
        """Copies it once; what the learner wrote in it stays."""
        name, source = self.wanted()
        self.served.workspace.open(name, source)

    def wanted(self) -> tuple[PurePosixPath, Path]:
        """The learner's name and the course's file of the coursework's notebook. Raises DLModuleError where it is not out."""
        wanted = self.get_body_argument("assessment")
        item = next((item for item in self.served.known().assessments if item.id == wanted), None)
        if item is None or item.notebook is None:
            raise DLModuleError(f"the course has no notebook of {wanted!r}")
        if not item.is_out:
            raise DLModuleError(f"{item.title} is not out yet")
        source = self.served.course.file(item.notebook)
        return PurePosixPath(item.id, source.name), source


class Update(Action):
    """POST /course/update: merge the course's newer version into the learner's copy."""

    def act(self) -> str:
        """Says how many cells were renewed, added and kept."""
        name, source = self.wanted()
        done = self.served.workspace.update(name, source, at=self.served.now())
        kept = (
            f" {done.conflicts} of your cells also changed in the course: yours stand, its version beneath."
            if done.conflicts
            else ""
        )
        unsure = (
            " Little of the course was found in your copy, so look it through. Start over (in the list of what the part holds) gives a fresh copy and keeps this one beside it."
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
        path = self.served.workspace.path(self.wanted()[0])
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


class Restore(Action):
    """POST /course/afresh: bring a damaged notebook back from what is left of it; where nothing is, give a fresh copy."""

    def act(self) -> str:
        """Says from what it was brought back, and where the damaged file is."""
        name, source = self.wanted()
        if self.served.workspace.state(name, source)[0] != "damaged":
            raise DLModuleError(f"{name} is not damaged; it was left as it is")
        restored = self.served.workspace.restore(name, at=self.served.now())
        if restored is not None:
            return f"{name} was brought back from {restored}. The damaged file is in .course/backups."
        aside = self.served.workspace.start_afresh(name, source, at=self.served.now())
        return f"{name} is fresh; the damaged file is beside it as {aside.name}."


class StartOver(Action):
    """POST /course/start-over: a fresh copy; the learner's notebook stays beside it, under another name."""

    def act(self) -> str:
        """Says under which name."""
        name, source = self.wanted()
        aside = self.served.workspace.start_over(name, source, at=self.served.now())
        return f"{name} is fresh. Your notebook is beside it as {aside.name}. If it is open in JupyterLab, choose File, Reload Notebook from Disk there."


class Import(Action):
    """POST /course/import: add the attempts of an exported file."""

    def act(self) -> str:
        """Says how many attempts were new."""
        files = self.request.files.get("progress", [])
        if not files:
            raise DLModuleError("no file was chosen")
        if len(files[0]["body"]) > LARGEST_IMPORT:
            raise DLModuleError("this file is too large to be an export of progress")
        count = import_attempts(self.served.progress_file, files[0]["body"])
        return f"{count} attempts imported." if count != 1 else "1 attempt imported."


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
