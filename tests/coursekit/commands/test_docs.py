"""What the documents tell a reader to type exists: every `course` command in them, with every option."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from coursekit.cli import COMMANDS, course

ROOT = Path(__file__).parents[3]
SAID = re.compile(r"`(course [^`\n]+)`")


@pytest.mark.parametrize("document", ["mark_coursework", "take_the_course", "teach_the_course"])
def test_commands_in_the_documents_exist(document: str) -> None:
    """The command is one of `course`, and each of its options is its own."""
    said = SAID.findall((ROOT / "docs" / f"{document}.md").read_text("utf-8"))
    assert said
    context = click.Context(course)
    for line in said:
        name, *words = line.split()[1:]
        if name.startswith("-"):
            continue
        assert name in COMMANDS, line
        command = course.get_command(context, name)
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= known, line
