"""The team's side of ``dlmodule.errors``: one line, naming the file and the line to mend."""

from pathlib import Path

from dlmodule.errors import DLModuleError


class CourseError(DLModuleError):
    """Bad input to a ``course`` command. The command prints it to stderr and exits with 2."""

    def __init__(self, message: str, *, file: Path | None = None, line: int | None = None) -> None:
        where = "" if file is None else f"{file}: " if line is None else f"{file}:{line}: "
        super().__init__(" ".join(f"{where}{message}".split()))
        self.file, self.line = file, line
