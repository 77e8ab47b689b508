"""``course open``: one Jupyter server with the course home at ``/course/`` and JupyterLab beside it.

Only the extensions the course needs are loaded, whatever else is installed, and none of them asks anything of the network:
no news, no check for updates, no list of extensions. Kernels inherit where the keys are and where attempts are recorded.
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import click
import zmq
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets.config import Config

from dlmodule.course import find_course
from dlmodule.errors import DLModuleError
from dlmodule.open.handlers import ServedCourse
from dlmodule.open.routes import lab_facts, routes, with_token
from dlmodule.open.workspace import Workspace
from dlmodule.place import note_place

# JupyterLab's plugins that would ask about news or list extensions, and those whose server side is not loaded here.
LEFT_OUT = frozenset(
    {
        "@jupyter-notebook/lab-extension",
        "@jupyter/nbgrader",
        "@jupyterlab/apputils-extension:announcements",
        "@jupyterlab/extensionmanager-extension",
        "@jupyterlab/fileeditor-extension:language-server",
        "@jupyterlab/lsp-extension",
        "@jupyterlab/notebook-extension:language-server",
        "jupyterlab-jupytext",
    }
)
HERE = Path(__file__).parent
DEFAULT_WORKSPACE = Path("~/DL_module_workspace")


def configuration(workspace: Workspace, *, port: int | None, browser: bool) -> Config:
    """Jupyter's settings for the course."""
    config = Config()
    config.ServerApp.jpserver_extensions = {"jupyterlab": True, "jupyter_server_terminals": True}
    config.ServerApp.root_dir = str(workspace.root)
    config.ServerApp.contents_manager_class = saving_under_lock(workspace)
    config.ServerApp.ip = "127.0.0.1"
    config.ServerApp.default_url = "/course/"
    config.ServerApp.open_browser = browser
    config.ServerApp.allow_root = True  # Containers run as root, and the server listens on this machine only.
    config.ServerApp.answer_yes = True  # Ctrl-C stops it without asking; notebooks are saved as they are edited.
    config.Application.log_level = "ERROR"
    if port is not None:
        config.ServerApp.port = port
        config.ServerApp.port_retries = 0
    if not os.environ.get("JUPYTER_TOKEN"):
        config.IdentityProvider.token = secrets.token_hex(24)
    config.IdentityProvider.cookie_options = {"samesite": "Strict"}
    if zmq.has("curve"):
        config.KernelManager.transport_encryption = "auto"  # Others on a shared machine cannot listen to a kernel.
    config.LabApp.news_url = None
    config.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
    config.LabApp.extension_manager = "readonly"
    config.LabApp.extra_labextensions_path = [str(HERE / "labextensions")]  # the way home
    config.LabApp.app_settings_dir = str(HERE / "lab_settings")  # light or dark as the system is
    config.LabApp.workspaces_dir = str(workspace.private / "lab")
    return config


def saving_under_lock(workspace: Workspace) -> type[AsyncLargeFileManager]:
    """Jupyter's own contents manager, which holds the workspace's lock of a notebook while it writes it."""

    class LockedFileManager(AsyncLargeFileManager):
        """Saves of an open notebook and updates from the home take turns."""

        saving: ClassVar[set[Path]] = set()  # two saves of one file meet in one thread, which must not wait for itself

        @contextlib.contextmanager
        def atomic_writing(self, os_path: str, *args: Any, **kwargs: Any) -> Iterator[Any]:
            """As in Jupyter, under the lock of the file."""
            path = Path(os_path).resolve()
            with contextlib.ExitStack() as held:
                if path.is_relative_to(workspace.root) and path not in self.saving:
                    held.enter_context(workspace.locked(PurePosixPath(path.relative_to(workspace.root).as_posix())))
                    self.saving.add(path)
                    held.callback(self.saving.discard, path)
                yield held.enter_context(super().atomic_writing(os_path, *args, **kwargs))

    return LockedFileManager


def prepare(served: ServedCourse, *, port: int | None = None, browser: bool = False) -> Any:
    """A Jupyter server that listens, with the course in it; ``start()`` runs it. Raises DLModuleError if the port is taken."""
    try:
        served.workspace.private.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DLModuleError(f"the workspace {served.workspace.root} cannot be made: {error.strerror}") from None
    with contextlib.suppress(OSError, DLModuleError):  # a disk without room: notebooks opened elsewhere find less
        note_place(served.workspace.root, keys=served.course.keys, progress=served.progress_file)
    os.environ["DLMODULE_KEYS"] = str(served.course.keys)
    os.environ["DLMODULE_SELF_PACED"] = "1" if served.self_paced else "0"
    os.environ["DLMODULE_PROGRESS"] = str(served.progress_file)
    app: Any = ServerApp.instance(config=configuration(served.workspace, port=port, browser=browser))
    if port is not None:
        try:
            socket.create_server(("127.0.0.1", port)).close()  # Jupyter would say it in two lines of log.
        except OSError:
            raise DLModuleError(f"port {port} is taken; leave --port out and a free one is found") from None
    app.initialize(argv=[], find_extensions=False)
    app.web_app.add_handlers(".*$", routes(app.base_url, served))
    app.web_app.settings["page_config_hook"] = lambda _handler, page: {
        **quieter(page),
        **lab_facts(app.base_url, served),
    }
    return app


def quieter(page: dict[str, Any]) -> dict[str, Any]:
    """JupyterLab's page settings without the plugins that are left out."""
    return {**page, "disabledExtensions": sorted({*page.get("disabledExtensions", ()), *LEFT_OUT})}


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """``2027-01-11T08:00`` as a moment of ``zone``; an offset in the text is kept. Raises DLModuleError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DLModuleError(f"{text!r} is not a time; write 2027-01-11T08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here (default: the first free port from 8888).")
@click.option("--browser/--no-browser", default=True, help="Open the home in a browser.")
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="DLMODULE_WORKSPACE",
    default=DEFAULT_WORKSPACE,
    show_default=True,
    help="The folder of your own notebooks.",
)
@click.option("--self-paced/--released", "self_paced", default=None,
              help="Everything open, or as the release rules say (default: the course's setting).")  # fmt: skip
@click.option(
    "--at", "when", metavar="T", help="Preview: as learners of a class see it at T, such as 2027-01-11T08:00."
)
def command(port: int | None, browser: bool, workspace: Path, self_paced: bool | None, when: str | None) -> None:
    """Open the course: its home and JupyterLab, on this machine only."""
    course = find_course()
    clock: Callable[[], datetime] = partial(datetime.now, UTC)
    if when is not None:
        moment = read_moment(when, course.facts.zone)
        clock, self_paced = (lambda: moment), False
    own = Workspace(workspace.expanduser())
    recorded = os.environ.get("DLMODULE_PROGRESS")
    served = ServedCourse(
        course=course,
        workspace=own,
        progress_file=Path(recorded).expanduser() if recorded else own.progress_file,
        self_paced=course.facts.self_paced if self_paced is None else self_paced,
        clock=clock,
    )
    app = prepare(served, port=port, browser=browser)
    address = with_token(f"http://127.0.0.1:{app.port}{app.base_url}course/", app.identity_provider.token)
    # Jupyter listens from the loop's first turn on, so the address is told in the next.
    app.io_loop.add_callback(click.echo, f"The course is open at {address}  (Ctrl-C closes it)")
    app.start()
