"""The sealed file: what comes out is what went in, or it does not open."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmodule.coursework.sealing import CONTENTS, is_sealed, seal, unseal
from dlmodule.errors import DLModuleError

AT = datetime(2022, 12, 16, 16, 30, tzinfo=UTC)
NAMES = st.sampled_from(["predictions.safetensors", "samples.safetensors", "x"])


@given(st.binary(max_size=200), st.dictionaries(NAMES, st.binary(max_size=200)))
def test_what_comes_out_is_what_went_in(notebook: bytes, files: dict[str, bytes]) -> None:
    """Notebook, files, assessment and moment come back; the same content gives the same file."""
    content = seal("coursework_2", notebook, files, AT)
    held = unseal(content)
    assert (held.assessment, held.sealed_at, held.notebook, held.files) == ("coursework_2", AT, notebook, files)
    assert seal("coursework_2", notebook, files, AT) == content
    assert is_sealed(content)


@given(st.data())
def test_a_changed_file_does_not_open_otherwise(data: st.DataObject) -> None:
    """One byte changed anywhere: it opens with the same content, or with one line that says why not."""
    content = bytearray(seal("coursework_2", b"a notebook", {"x": b"a file"}, AT))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        held = unseal(bytes(content))
    except DLModuleError:
        return
    assert (held.notebook, held.files) == (b"a notebook", {"x": b"a file"})


def test_an_exchanged_notebook_is_noticed() -> None:
    """Packed again with another notebook, it does not open."""
    content = seal("coursework_2", b"mine", {}, AT)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        new.writestr(CONTENTS, old.read(CONTENTS))
        new.writestr("notebook.ipynb", b"another's")
    with pytest.raises(DLModuleError, match="changed after it was sealed"):
        unseal(out.getvalue())


def test_a_bomb_does_not_unpack() -> None:
    """What unpacks to more than the limit, or holds too many files, is refused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CONTENTS, b"{}")
        archive.writestr("notebook.ipynb", bytes(65 << 20))
    with pytest.raises(DLModuleError, match="more than"):
        unseal(out.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip at all"])
def test_what_is_no_sealed_file(content: bytes) -> None:
    """It is none, and opening it says so."""
    assert not is_sealed(content)
    with pytest.raises(DLModuleError, match="damaged"):
        unseal(content)
