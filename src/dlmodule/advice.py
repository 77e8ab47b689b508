"""What a reader can do where a file of the built course is missing or damaged: it depends on who they are."""

from importlib.util import find_spec


def get_it_again() -> str:
    """The team's command where the team's package is installed; else how a class gets its course, of which it builds nothing itself."""
    if find_spec("coursekit") is not None:
        return "run `course build`"
    return "fetch the class's repository again (`git pull`), and install from it"
