"""Whatever the system refuses, a command says in one line."""

import errno
import os
import sys
from collections.abc import Callable

import click
import pytest

from coursekit import cli
from dlmodule import __main__ as learner


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize(("group", "main"), [(cli.course, cli.main), (learner.course, learner.main)])
def test_an_error_of_the_system_is_one_line_and_exit_code_2(
    group: click.Group,
    main: Callable[[], None],
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full disk, a read-only one, a file that may not be read: which, and why."""

    def refused() -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    monkeypatch.setattr(type(group), "get_command", lambda *_: click.Command("x", callback=refused))
    monkeypatch.setattr(sys, "argv", ["course", "x"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"course: /some/file: {os.strerror(number)}\n"
