"""What a coursework gives to learners, and the tensors that they hand in.

The file ``ASSESSMENT_given.safetensors`` lies where keys lie. It holds the tensors that are given, and what is asked for:
the files with their shapes, and the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlmodule.errors import DLModuleError
from dlmodule.files import write_atomically

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Asked:
    """A tensor that is to be handed in. dtype: as ``float32``; least, most: of its values."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    least: float
    most: float

    def complaint(self, tensor: object) -> str:
        """What is wrong with ``tensor`` as what is asked for, in a sentence; "" where nothing is."""
        import torch

        if not isinstance(tensor, torch.Tensor):
            return f"`{self.name}` is no tensor but of type `{type(tensor).__name__}`."
        if tuple(tensor.shape) != self.shape:
            return f"`{self.name}` has the shape {tuple(tensor.shape)}; {self.shape} is asked for."
        if str(tensor.dtype) != f"torch.{self.dtype}":
            return f"`{self.name}` has the dtype {str(tensor.dtype)[6:]}; {self.dtype} is asked for."
        if not bool(torch.isfinite(tensor).all()):
            return f"`{self.name}` holds numbers that are not finite."
        low, high = tensor.min().item(), tensor.max().item()
        if low < self.least or high > self.most:
            return (
                f"`{self.name}` holds numbers from {low:g} to {high:g}; {self.least:g} to {self.most:g} is asked for."
            )
        return ""


@dataclass(frozen=True)
class Given:
    """The content of the file: ``tensors``, what is ``asked`` for beside the notebook, and the ids of the ``questions``."""

    tensors: dict[str, Tensor]
    asked: tuple[Asked, ...]
    questions: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The file; the same content always gives the same bytes."""
        from dlmodule.checking import serialise

        asked = [{**vars(each), "shape": list(each.shape)} for each in self.asked]
        return serialise.to_bytes({"tensors": self.tensors, "asked": asked, "questions": list(self.questions)})


def file_name(assessment: str) -> str:
    """``coursework_2_given.safetensors``."""
    return f"{assessment}_given.safetensors"


def read_given(assessment: str) -> Given:
    """What the coursework gives and asks for. DLModuleError where its file is missing or damaged."""
    from dlmodule.checking import serialise
    from dlmodule.place import key_folders

    found = [folder / file_name(assessment) for folder in key_folders() if (folder / file_name(assessment)).is_file()]
    if not found:
        raise DLModuleError(
            f"{file_name(assessment)} is not on this computer: it comes with the coursework, in the folder `keys`"
        )
    data: dict[str, Any] = serialise.from_file(found[0])
    try:
        asked = tuple(Asked(**{**each, "shape": tuple(each["shape"])}) for each in data["asked"])
        return Given(data["tensors"], asked, tuple(data["questions"]))
    except (KeyError, TypeError) as error:
        raise DLModuleError(f"{found[0]} is damaged: get it again") from error


def given(assessment: str) -> dict[str, Tensor]:
    """The tensors that a coursework gives, by name."""
    return read_given(assessment).tensors


def hand_in(assessment: str, **tensors: Tensor) -> None:
    """Write what is handed in beside the notebook, ``ASSESSMENT_NAME.safetensors``, into this folder; and say so.

    DLModuleError, with nothing written, where a tensor is not of the kind that is asked for.
    """
    from safetensors.torch import save

    asked = {each.name: each for each in read_given(assessment).asked}
    for name, tensor in tensors.items():
        if name not in asked:
            raise DLModuleError(f"{assessment} asks for {', '.join(asked) or 'no tensor'}, not for {name!r}")
        if complaint := asked[name].complaint(tensor):
            raise DLModuleError(f"Nothing was written. {complaint}")
    for name, tensor in tensors.items():
        path = hand_in_path(Path.cwd(), assessment, name)
        write_atomically(path, save({name: tensor.detach().cpu().contiguous().clone()}))
        print(f"{path.name} is written; it is handed in with the notebook.")


def hand_in_path(folder: Path, assessment: str, name: str) -> Path:
    """Where ``hand_in`` writes in ``folder``."""
    return folder / f"{assessment}_{name}.safetensors"


def tensor_in(content: bytes, name: str) -> Tensor:
    """The tensor in a file that ``hand_in`` wrote. DLModuleError where it is no such file. Nothing in it is ever run."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)[name]
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise DLModuleError(f"the file of `{name}` cannot be read ({type(error).__name__})") from None
