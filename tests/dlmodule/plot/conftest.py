import matplotlib
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt

from dlmodule import plot  # the backend has to be chosen first


@pytest.fixture
def shown(monkeypatch):
    """The pictures that a notebook would show."""
    pictures = []
    monkeypatch.setattr("dlmodule.plot.output.in_notebook", lambda: True)
    monkeypatch.setattr("dlmodule.plot.interactive.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", pictures.append)
    plot.use_style()
    yield pictures
    plt.close("all")
    matplotlib.rcdefaults()
