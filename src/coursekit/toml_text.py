"""TOML of the team's files, with one line for what Python's own reader answers by another exception than that of wrong TOML."""

import tomllib
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError


def tables_of(text: str, path: Path) -> dict[str, Any]:
    """The tables in ``text``, which is that of ``path``. Raises TOMLDecodeError, or CourseError for what no reader can hold."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        raise CourseError("a number in it has too many digits", file=path) from None
    except RecursionError:
        raise CourseError("its parts are nested too deeply", file=path) from None
