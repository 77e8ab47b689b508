"""What a learner runs: ``python -m dlmodule open``, and ``course open`` where only this package is installed."""

import sys

import click

from dlmodule.coursework.command import command as submit
from dlmodule.errors import DLModuleError
from dlmodule.open.server import command as open_course


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dlmodule")
def course() -> None:
    """DL_module: take the course."""


course.add_command(open_course, "open")
course.add_command(submit, "submit")


def main() -> None:
    """Entry point; an error that the reader can mend is one line on stderr, and exit code 2."""
    try:
        course.main(prog_name="course", standalone_mode=True)
    except DLModuleError as error:
        click.echo(f"course: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that cannot be read: the system says which, and why
        click.echo(f"course: {error.filename or 'this could not be done'}: {error.strerror or error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
