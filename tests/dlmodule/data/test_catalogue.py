"""Sets by name: all that are announced can be loaded, and a wrong name gets a useful answer."""

import pytest

from dlmodule import data
from dlmodule.errors import DLModuleError


def test_all_is_true():
    """``__all__`` is sorted, and everything in it is there."""
    assert sorted(data.__all__) == list(data.__all__)
    assert all(hasattr(data, name) for name in data.__all__)


def test_names_are_described():
    """Each name has one line that ends by saying where the set comes from, and a function of its own."""
    for name, line in data.names().items():
        assert "\n" not in line and line.split("; ")[-1] in (
            "built in",
            "downloaded",
            "only where DLMODULE_DATA holds it",
        )
        assert callable(getattr(data, name))


@pytest.mark.parametrize("name", [name for name, line in data.names().items() if line.endswith("built in")])
def test_built_in_sets_need_nothing(name, monkeypatch):
    """Every built-in set loads without DLMODULE_DATA, its test split too."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    find = data.load_texts if name == "field_reports" else data.load
    assert len(find(name, "test")) > 100


def test_wrong_names():
    """A slip is met with the nearest name, nonsense with the list, and a text set with the function that
    loads it.
    """
    with pytest.raises(DLModuleError, match='did you mean "fashion_mnist"'):
        data.load("fasion_mnist")
    with pytest.raises(DLModuleError, match="there are digits, glyphs"):
        data.load("xyzzy")
    with pytest.raises(DLModuleError, match=r'load_texts\("field_reports"\)'):
        data.load("field_reports")
    with pytest.raises(DLModuleError, match=r'load\("glyphs"\)'):
        data.load_texts("glyphs")
