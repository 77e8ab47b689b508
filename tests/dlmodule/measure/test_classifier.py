"""The frozen classifiers: small, whole, as good as stated, and left alone."""

from importlib import resources

import pytest
import torch
import torch.nn.functional as F

from dlmodule import data
from dlmodule.errors import DLModuleError
from dlmodule.measure import classifier, frozen, names


@pytest.mark.parametrize("name", names())
def test_file_is_small_and_frozen(name):
    """At most 200 kB, in evaluation mode, without gradients."""
    assert resources.files("dlmodule.measure").joinpath("assets", f"{name}.safetensors").stat().st_size <= 200_000
    model = frozen(name)
    assert not model.training and not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("name", ["glyphs", "seismic_sections"])
def test_it_knows_its_set(name):
    """At least 97 % right on the first thousand test images of a built-in set: the features know the classes."""
    test = data.load(name, "test")
    _, predicted = classifier.judge(frozen(name), test.x[:1000])
    assert (predicted == test.y[:1000]).double().mean() >= 0.97


def test_mnist_knows_the_digits_of_other_hands():
    """MNIST is downloaded, so other scans stand in: 8x8, enlarged as MNIST's are drawn. Chance is 10 %; 98.9 % on MNIST itself."""
    scans = data.load("digits", "test")
    enlarged = F.interpolate(scans.x, size=(20, 20), mode="bicubic")
    _, predicted = classifier.judge(frozen("mnist"), F.pad((1.5 * enlarged).clamp(0, 1), (4, 4, 4, 4)))
    assert (predicted == scans.y).double().mean() >= 0.6


def test_features_are_what_the_head_reads():
    """Logits are the head applied to the features, in whatever batches they are computed."""
    model, x = frozen("glyphs"), torch.rand(7, 1, 28, 28)
    features, predicted = classifier.judge(model, x, batch_size=3)
    assert features.shape == (7, classifier.FEATURES) and torch.equal(predicted, model(x).argmax(1))
    assert torch.allclose(model.head(features.float()), model(x), atol=1e-5)


def test_unknown_and_damaged(monkeypatch):
    """A set without a classifier, and a file that is not this version's, are refused in one line."""
    with pytest.raises(DLModuleError, match="there are glyphs"):
        frozen("cifar10")
    monkeypatch.setitem(classifier.DIGESTS, "glyphs", "0" * 64)
    frozen.cache_clear()
    with pytest.raises(DLModuleError, match="damaged"):
        frozen("glyphs")
    frozen.cache_clear()
