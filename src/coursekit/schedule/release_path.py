"""Where a part's material stands in a release: at the path that the syllabus gives, else at one made from folder and part."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Version = Literal["student", "solutions", "slides"]
VERSIONS: tuple[Version, ...] = ("student", "solutions", "slides")
_SUFFIX: Mapping[Version, str] = {"student": "exercises.ipynb", "solutions": "solutions.ipynb", "slides": "slides.pdf"}
# Plain names joined by "/": no name begins with a dot, so that no path leads out of the row's folder.
_NAMES = r"^([A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*"
NotebookPath = Annotated[str, Field(pattern=rf"{_NAMES}\.ipynb$")]
SlidesPath = Annotated[str, Field(pattern=rf"{_NAMES}\.pdf$")]

Path = TypeVar("Path", bound=PurePath)


def notes_path(slides: Path) -> Path:
    """Where the page of a deck's notes lies, beside its slides: ``vaes_notes.md`` beside ``vaes.pdf``."""
    return slides.with_name(f"{slides.stem}_notes.md")


class ReleaseFiles(BaseModel):
    """The paths that a run chooses for one part, relative to the folder of its row; None: the usual one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: NotebookPath | None = None
    solutions: NotebookPath | None = None
    slides: SlidesPath | None = None

    def path(self, folder: str, part: str, version: Version) -> str:
        """``version``'s path in a release; usually ``FOLDER/FOLDER_PART/FOLDER_PART_exercises.ipynb`` and the like."""
        chosen = {"student": self.student, "solutions": self.solutions, "slides": self.slides}[version]
        stem = f"{folder}_{part}"
        return f"{folder}/{chosen or f'{stem}/{stem}_{_SUFFIX[version]}'}"
