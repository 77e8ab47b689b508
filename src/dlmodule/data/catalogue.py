"""The data sets by name, so that a notebook names its set in one line and switches by changing that line."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from dlmodule.data.cifar import cifar10, cifar10_jpeg
from dlmodule.data.drawn_digits import glyphs
from dlmodule.data.images import digits, fashion_mnist, mnist
from dlmodule.data.labelled import Labelled, Texts
from dlmodule.data.patches import seismic_patches, seismic_sections
from dlmodule.data.report_grammar import field_reports
from dlmodule.data.texts import rt_polarity, sst2
from dlmodule.data.well_logs import rocks
from dlmodule.errors import DLModuleError

S = TypeVar("S")

BUILT_IN, DOWNLOADED, AT_HAND = "built in", "downloaded", "only where DLMODULE_DATA holds it"
TENSORS: dict[str, tuple[Callable[[str], Labelled], str]] = {
    "digits": (digits, f"1,797 scanned digits, 8x8 (scikit-learn); {BUILT_IN}"),
    "glyphs": (glyphs, f"70,000 distorted printed digits, 28x28, shaped like MNIST; {BUILT_IN}"),
    "seismic_patches": (
        seismic_patches,
        f"6,000 seismic patches, 64x64: flat, dipping, folded, faulted, salt; {BUILT_IN}",
    ),
    "seismic_sections": (
        seismic_sections,
        f"10,000 seismic sections, 32x32, little noise: flat, dipping, folded, faulted; {BUILT_IN}",
    ),
    "rocks": (rocks, f"7,200 samples of 12 wells: five logs and the type of rock; {BUILT_IN}"),
    "mnist": (mnist, f"70,000 handwritten digits, 28x28; {DOWNLOADED}"),
    "fashion_mnist": (fashion_mnist, f"70,000 articles of clothing, 28x28; {DOWNLOADED}"),
    "cifar10": (cifar10, f"60,000 colour photographs of ten things, 32x32; {DOWNLOADED}"),
    "cifar10_jpeg": (cifar10_jpeg, f"CIFAR-10 as lossy JPEG, not comparable with published figures; {AT_HAND}"),
}
TEXTS: dict[str, tuple[Callable[[str], Texts], str]] = {
    "field_reports": (field_reports, f"12,000 opinions with negation, contrast and intensity; {BUILT_IN}"),
    "rt_polarity": (rt_polarity, f"10,662 sentences of film reviews; {AT_HAND}"),
    "sst2": (sst2, f"9,613 sentences of film reviews (Stanford Sentiment Treebank); {AT_HAND}"),
}


def names() -> dict[str, str]:
    """What `load` and `load_texts` know: each set's name and a line about it."""
    return {name: line for name, (_, line) in {**TENSORS, **TEXTS}.items()}


def load(name: str, split: str = "train") -> Labelled:
    """The "train" or "test" split of a set of images or tables, whole, as tensors.

    Raises `DLModuleError` for a name it does not know.
    """
    return _entry(TENSORS, name, "load", TEXTS, "load_texts")(split)


def load_texts(name: str, split: str = "train") -> Texts:
    """The "train" or "test" split of a set of labelled sentences.

    Raises `DLModuleError` for a name it does not know.
    """
    return _entry(TEXTS, name, "load_texts", TENSORS, "load")(split)


def _entry(
    table: Mapping[str, tuple[Callable[[str], S], str]],
    name: str,
    here: str,
    others: Mapping[str, object],
    there: str,
) -> Callable[[str], S]:
    if name in table:
        return table[name][0]
    if name in others:
        raise DLModuleError(f'{here}("{name}"): that set is loaded by {there}("{name}")')
    close = get_close_matches(name, table, n=1)
    meant = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(table)}"
    raise DLModuleError(f'no data set is called "{name}"; {meant}')
