"""Data sets in one line: ``load("glyphs")``, ``load("fashion_mnist", "test")``; `names` says what there is.

Built-in sets need no download. The well-known ones are found in the folder that ``DLMODULE_DATA`` names, or
fetched from their official source, checked by sha256, and kept.
"""

from dlmodule.data import seismic
from dlmodule.data.catalogue import load, load_texts, names
from dlmodule.data.cifar import cifar10, cifar10_jpeg
from dlmodule.data.drawn_digits import glyphs
from dlmodule.data.earthquakes import Seismograms, phasenet, seismograms
from dlmodule.data.images import digits, fashion_mnist, mnist
from dlmodule.data.labelled import Labelled, Texts
from dlmodule.data.patches import seismic_patches, seismic_sections
from dlmodule.data.report_grammar import field_reports, write_report
from dlmodule.data.series import Series, co2, el_nino, sunspots
from dlmodule.data.texts import (
    given_names,
    glove,
    gpt2_bpe,
    multi30k,
    python_reference,
    rt_polarity,
    sst2,
    tiny_shakespeare,
)
from dlmodule.data.well_logs import WellLogs, rocks, wells

__all__ = [
    "Labelled",
    "Seismograms",
    "Series",
    "Texts",
    "WellLogs",
    "cifar10",
    "cifar10_jpeg",
    "co2",
    "digits",
    "el_nino",
    "fashion_mnist",
    "field_reports",
    "given_names",
    "glove",
    "glyphs",
    "gpt2_bpe",
    "load",
    "load_texts",
    "mnist",
    "multi30k",
    "names",
    "phasenet",
    "python_reference",
    "rocks",
    "rt_polarity",
    "seismic",
    "seismic_patches",
    "seismic_sections",
    "seismograms",
    "sst2",
    "sunspots",
    "tiny_shakespeare",
    "wells",
    "write_report",
]
