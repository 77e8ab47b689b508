"""The ``course`` command. Each subcommand lives with its concept and is imported only when it is called.

Errors a person can mend are one line on stderr: exit code 2 for bad input, 1 where a verification failed.
"""

import importlib
import sys

import click

from dlmodule.errors import DLModuleError

# name -> (where its click command stands, one line for `course --help`)
COMMANDS: dict[str, tuple[str, str]] = {
    "brief": ("coursekit.commands.brief:command", "Write what a coursework asks for, as a page and a PDF."),
    "build": ("coursekit.commands.build:command", "Make the notebooks and the keys from the sources."),
    "calendar": ("coursekit.commands.calendar:command", "Write the iCalendar of sessions, releases and deadlines."),
    "check": ("coursekit.commands.check:command", "Judge one exercise from a file: SESSION.EXERCISE FILE.py."),
    "doctor": ("coursekit.commands.doctor:command", "Look at this machine and say what is missing."),
    "execute": ("coursekit.commands.execute:command", "Run notebooks in real kernels and keep their outputs."),
    "feedback": ("coursekit.commands.feedback:command", "Write a page of feedback for each learner."),
    "import": ("coursekit.commands.import_notebook:command", "Write a source from an ordinary notebook."),
    "insights": ("coursekit.commands.insights:command", "Say what cost the class most; write the review agenda."),
    "ledger": ("coursekit.commands.ledger:command", "Measure the models the course trains, or show the measurements."),
    "list": ("coursekit.commands.listing:command", "List the parts of the course."),
    "mark": ("coursekit.commands.mark:command", "Mark submitted notebooks in a sandbox."),
    "marks": ("coursekit.commands.marks:command", "Work out the marks, and export them."),
    "mock": ("coursekit.commands.mock:command", "Mark your mock coursework, and see the marking."),
    "move": ("coursekit.commands.move:command", "Move the whole run to another term."),
    "new": ("coursekit.commands.new:command", "Begin a session or an exercise: a skeleton that verifies."),
    "open": ("dlmodule.open.server:command", "Open the course: its home and JupyterLab."),
    "release": ("coursekit.commands.release:command", "Write exactly what is due at a moment."),
    "similarity": ("coursekit.commands.similarity:command", "List notebooks that a person should lay side by side."),
    "site": ("coursekit.commands.site:command", "Build the static web site."),
    "slides": ("coursekit.commands.slides:command", "Make the slide decks."),
    "submit": ("dlmodule.coursework.command:command", "Seal a coursework to hand it in, and say what is forgotten."),
    "verify": ("coursekit.commands.verify:command", "Prove that every exercise's check does what it claims."),
}


class LazyGroup(click.Group):
    """A click group that knows its commands by name and imports one when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command called ``name``; None where there is none."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a command, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dlmodule")
def course() -> None:
    """DL_module: build, take, teach and mark the course."""


def main() -> None:
    """Entry point: run the command; a mendable error becomes one line on stderr and exit code 2."""
    try:
        course.main(prog_name="course", standalone_mode=True)
    except DLModuleError as error:
        click.echo(f"course: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that cannot be read: the system says which, and why
        click.echo(f"course: {error.filename or 'this could not be done'}: {error.strerror or error}", err=True)
        sys.exit(2)
