"""The cache: what is kept comes back, what is damaged is as if it were not there."""

import pytest
import torch

from dlmodule.data.cache import keep, recall


def test_round_trip(own_cache):
    """Tensors come back as they were kept."""
    keep("some", {"x": torch.arange(6, dtype=torch.uint8).reshape(2, 3)})
    assert torch.equal(recall("some")["x"], torch.tensor([[0, 1, 2], [3, 4, 5]], dtype=torch.uint8))


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:40], lambda b: b"", lambda b: b[:-1] + b"!", lambda b: b"0" + b[1:]]
)
def test_damage_is_noticed(own_cache, damage):
    """Cut short, emptied, or with one byte changed in payload or digest: nothing is recalled."""
    keep("some", {"x": torch.arange(6)})
    (own_cache / "some").write_bytes(damage((own_cache / "some").read_bytes()))
    assert recall("some") is None


def test_folder_that_cannot_be_written(own_cache):
    """A cache that cannot be made costs nothing but time."""
    own_cache.write_text("a file where the folder should be")
    keep("some", {"x": torch.arange(6)})
    assert recall("some") is None
