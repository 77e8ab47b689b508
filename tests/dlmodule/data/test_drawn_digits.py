"""Glyphs: repeatable, balanced, never shared between train and test, and learnable but not by a straight
line.
"""

import pytest
import torch

from dlmodule.data import drawn_digits, glyphs
from dlmodule.data.drawn_digits import FONTS, distance_fields
from dlmodule.errors import DLModuleError


def test_shape_and_balance():
    """1,500 glyphs:

    MNIST's shape and range, ink on an empty ground, each class equally often in each thousand.
    """
    data = glyphs("train", 1500)
    assert data.x.shape == (1500, 1, 28, 28) and data.x.dtype == torch.float32
    assert float(data.x.min()) == 0 and float(data.x.max()) <= 1
    assert data.y[:1000].bincount().tolist() == [100] * 10
    assert bool((data.x.amax((1, 2, 3)) > 0.3).all())
    assert 0.05 < float(data.x.mean()) < 0.35


def test_smaller_set_is_prefix_of_larger():
    """Asking for fewer gives the beginning, whether drawn afresh or cut from the cache."""
    fewer, more, again = glyphs("test", 300), glyphs("test", 1200), glyphs("test", 300)
    for data in (fewer, again):
        assert torch.equal(data.x, more.x[:300]) and torch.equal(data.y, more.y[:300])


def test_repeatable_and_remade_when_damaged(own_cache):
    """The cached file is used as it is, made again when damaged, and made the same."""
    first = glyphs("train", 1000)
    (path,) = own_cache.glob("glyphs-*train*")
    kept = path.read_bytes()
    assert torch.equal(glyphs("train", 1000).x, first.x)
    path.write_bytes(kept[:-100])
    assert torch.equal(glyphs("train", 1000).x, first.x)
    assert path.read_bytes() == kept


def test_train_and_test_share_no_image():
    """No image of one split is in the other, nor twice in its own."""
    train, test = glyphs("train", 2000).x.flatten(1), glyphs("test", 2000).x.flatten(1)
    both = torch.cat((train, test))
    assert len(both.unique(dim=0)) == 4000


def test_global_generators_do_not_matter():
    """torch's seed changes nothing and is not moved."""
    torch.manual_seed(1)
    before = torch.get_rng_state()
    x, y = drawn_digits.draw_chunk("train", 3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again = drawn_digits.draw_chunk("train", 3)
    assert torch.equal(x, again[0]) and torch.equal(y, again[1])


def test_fonts_draw_what_they_should():
    """Every font has all ten digits; holes are holes: 0 has one, 8 has two, 1 has none."""
    from scipy.ndimage import label

    fields = distance_fields()
    assert fields.shape == (len(FONTS), 10, 64, 64)
    for font in fields:
        holes = [label((font[digit] < 0).numpy())[1] - 1 for digit in (1, 8)]
        assert holes == [0, 2]
        assert bool((font.amax((1, 2)) > 0.4).all())
    assert len(fields.flatten(1).unique(dim=0)) == len(FONTS)


def test_harder_than_a_line():
    """A nearest-neighbour vote beats a linear model on the same 3,000: the classes are there, but not
    linearly.
    """
    from sklearn.linear_model import RidgeClassifier
    from sklearn.neighbors import KNeighborsClassifier

    train, test = glyphs("train", 3000), glyphs("test", 500)
    x, t = train.x.flatten(1).numpy(), test.x.flatten(1).numpy()
    linear = RidgeClassifier(alpha=30).fit(x, train.y).score(t, test.y)
    near = KNeighborsClassifier(1).fit(x, train.y).score(t, test.y)
    assert 0.5 < linear < 0.88
    assert near > linear - 0.05


@pytest.mark.parametrize("count", [0, -5, 60_001])
def test_impossible_count(count):
    """There are 1 to 60,000."""
    with pytest.raises(DLModuleError, match="60000"):
        glyphs("train", count)
