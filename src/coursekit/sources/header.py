"""The header at the top of every source: what the title cell, the home page and the site are made from."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from coursekit.errors import CourseError
from dlmodule.enclosed import WANTED, is_enclosable

Text = Annotated[str, Field(min_length=1)]


def _enclosable(name: str) -> str:
    if not is_enclosable(name):
        raise PydanticCustomError("files", "{name} {wanted}", {"name": name, "wanted": WANTED})
    return name


FileName = Annotated[str, AfterValidator(_enclosable)]


class Minutes(BaseModel):
    """Minutes that a machine computes on a part's core path. (What it asks of a learner is counted: see ``load``.)"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: Annotated[float, Field(ge=0)]  # two CPU cores, bfloat16 where the processor has it
    cpu_fp32: Annotated[float, Field(ge=0)] | None = None  # two CPU cores, float32 throughout
    gpu: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _counted(cls, content: object) -> object:
        if isinstance(content, dict) and "study" in content:
            raise PydanticCustomError("study", "study is counted from the text and its exercises; delete it")
        return content


class Header(BaseModel):
    """Title, objectives, prerequisites (sessions), minutes, data sets and files of one part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    objectives: Annotated[tuple[Text, ...], Field(min_length=1)]
    prerequisites: tuple[Text, ...] = ()
    minutes: Minutes
    data: tuple[Text, ...] = ()
    files: tuple[FileName, ...] = ()  # beside the source; they go with its notebook wherever that goes
    hand_in: tuple[Text, ...] = ()  # of a coursework: the files that are handed in beside the notebook


def parse_header(text: str, *, file: Path, line: int) -> Header:
    """The header written as YAML in ``text``, which begins at ``line`` of ``file``. Raises CourseError at the wrong line."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        at = line + (error.problem_mark.line if error.problem_mark else 0)
        raise CourseError(f"header is not YAML: {error.problem}", file=file, line=at) from None
    except (yaml.YAMLError, ValueError) as error:  # a strange sign, a number of too many digits, a date that is none
        raise CourseError(f"header is not YAML: {' '.join(str(error).split())[:120]}", file=file, line=line) from None
    except RecursionError:
        raise CourseError("header is not YAML: its parts are nested too deeply", file=file, line=line) from None
    if not isinstance(content, dict):
        raise CourseError("header holds no `key: value` lines", file=file, line=line)
    try:
        header = Header.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(key) for key in first["loc"])
        message = f"header: {where}: {first['msg'][0].lower()}{first['msg'][1:]}"
        raise CourseError(message, file=file, line=line + _line_of(tree, first["loc"])) from None
    for index, name in enumerate(header.files):
        path = file.with_name(name)
        if path.is_symlink() or not path.is_file():
            message = f"header: files: no file {name} lies beside this source"
            raise CourseError(message, file=file, line=line + _line_of(tree, ("files", index)))
    return header


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The 0-based line of the deepest written ancestor of ``location`` in a YAML tree."""
    at = 0
    for key in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == key), None)
            if found is None:
                return at
            at, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            at = node.start_mark.line
        else:
            return at
    return at
