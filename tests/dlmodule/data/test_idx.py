"""The idx reader: whatever is written comes back, whatever is not whole is refused by name."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlmodule.data.idx import read_idx
from dlmodule.errors import DLModuleError


@given(values=arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)), zipped=st.booleans())
def test_round_trip(values, zipped, idx_bytes):
    """Any array of bytes, gzipped or plain, is read back with its shape."""
    content = idx_bytes(values) if zipped else gzip.decompress(idx_bytes(values))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some-idx"
        path.write_bytes(content)
        read = read_idx(path)
    assert read.shape == values.shape
    assert np.array_equal(read.numpy(), values)


@given(cut=st.integers(1, 60), zipped=st.booleans())
def test_cut_short(cut, zipped, idx_bytes):
    """A file that lost its end, gzipped or plain, is refused in one line that names it."""
    whole = idx_bytes(np.arange(60, dtype=np.uint8).reshape(5, 3, 4))
    content = whole if zipped else gzip.decompress(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some-idx"
        path.write_bytes(content[:-cut])
        with pytest.raises(DLModuleError, match="some-idx") as caught:
            read_idx(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"<html>not found</html>", b"\0\0\x0d\1\0\0\0\1\0\0\0\0", b"\0\0\x08\3\0\0"]
)
def test_not_idx(content, tmp_path):
    """Another kind of file, another element type and a header without its sizes are refused."""
    (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(DLModuleError, match="wrong"):
        read_idx(tmp_path / "wrong")


def test_missing(tmp_path):
    """A file that is not there is said to be so."""
    with pytest.raises(DLModuleError, match="no such file"):
        read_idx(tmp_path / "nowhere")
