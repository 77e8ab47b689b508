"""Data sets in one line: ``load("glyphs")``, ``load("fashion_mnist", "test")``; `names` says what there is.

Built-in sets need no download. The well-known ones are found in the folder that ``DLMODULE_DATA`` names, or
fetched from their official source, checked by sha256, and kept.
"""

from dlmodule.data import seismic
from dlmodule.data.catalogue import load, load_texts, names
from dlmodule.data.cifar import cifar10, cifar10_jpeg
from dlmodule.data.drawn_digits import glyphs
from dlmodule.data.images import digits, fashion_mnist, mnist
from dlmodule.data.labelled import Labelled, Texts
from dlmodule.data.seismic_patches import seismic_patches

__all__ = [
    "Labelled", "Texts", "cifar10", "cifar10_jpeg", "digits", "fashion_mnist", "glyphs", "load", "load_texts", "mnist",
    "names", "seismic", "seismic_patches",
]  # fmt: skip
