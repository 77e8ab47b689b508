"""Wells: logs that obey the physics they are made from, wells that differ, and a split by well."""

import pytest
import torch

from dlmodule.data import load, rocks, wells
from dlmodule.data.well_logs import LOGS, ROCKS
from dlmodule.errors import DLModuleError

GAMMA, DENSITY, NEUTRON, SONIC, RESISTIVITY = range(5)


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack((a.float(), b.float())))[0, 1])


def test_shapes_and_ranges():
    """Twelve wells of 600 samples; porosities and logs lie where real ones do."""
    logs = wells()
    assert logs.x.shape == (7200, len(LOGS)) and len(logs) == 7200
    assert float(logs.porosity.min()) >= 0.01 and float(logs.porosity.max()) < 0.401
    assert bool(((logs.x[:, DENSITY] > 1.7) & (logs.x[:, DENSITY] < 3.0)).all())
    assert bool(((logs.x[:, SONIC] > 35) & (logs.x[:, SONIC] < 160)).all())
    assert logs.rock.unique().tolist() == list(range(len(ROCKS)))
    assert bool((logs.depth.reshape(12, 600).diff(dim=1) == 0.5).all())


def test_logs_answer_to_the_rock():
    """In sandstone density falls and sonic rises with porosity; shale is the most radioactive, dolomite
    grains densest.
    """
    logs = wells()
    sand = logs.rock == ROCKS.index("sandstone")
    assert correlation(logs.x[sand, DENSITY], logs.porosity[sand]) < -0.8
    assert correlation(logs.x[sand, SONIC], logs.porosity[sand]) > 0.8
    gamma = [float(logs.x[logs.rock == k, GAMMA].mean()) for k in range(len(ROCKS))]
    assert gamma.index(max(gamma)) == ROCKS.index("shale")
    grain = logs.x[:, DENSITY] + 1.65 * logs.porosity
    assert int(torch.stack([grain[logs.rock == k].mean() for k in range(len(ROCKS))]).argmax()) == ROCKS.index(
        "dolomite"
    )


def test_repeatable_and_prefix():
    """Well i is the same whatever the number of wells; another seed drills elsewhere."""
    assert torch.equal(wells(2).x, wells(5).of(0, 1).x)
    assert not torch.equal(wells(1, seed=1).x, wells(1).x)


def test_wells_differ():
    """Shale of one well reads otherwise than shale of the next: calibration is a well's own."""
    logs = wells()
    shale = torch.stack([logs.x[(logs.well == i) & (logs.rock == 2), GAMMA].mean() for i in range(12)])
    assert float(shale.std()) > 2


def test_rocks_split_by_well():
    """`rocks` trains on eight wells and tests on four others."""
    train, test = rocks("train"), load("rocks", "test")
    assert len(train) == 8 * 600 and len(test) == 4 * 600 and train.classes == ROCKS
    assert torch.equal(torch.cat((train.x, test.x)), wells().x)


def test_rocks_and_porosity_can_be_learnt():
    """On wells not seen, logistic regression names 70 to 90 % of rocks, and a line explains most of the
    porosity but not all.
    """
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = rocks("train"), rocks("test")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train.x.numpy(), train.y.numpy())
    assert 0.7 < model.score(test.x.numpy(), test.y.numpy()) < 0.9
    logs = wells()
    seen, unseen = logs.of(*range(8)), logs.of(8, 9, 10, 11)
    line = LinearRegression().fit(seen.x.numpy(), seen.porosity.numpy())
    assert 0.6 < line.score(unseen.x.numpy(), unseen.porosity.numpy()) < 0.95


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 2, "samples": 0}])
def test_no_wells(wrong):
    """No wells, or wells without samples, are refused."""
    with pytest.raises(DLModuleError):
        wells(**wrong)


def test_unknown_well():
    """A well that was not drilled cannot be chosen."""
    with pytest.raises(DLModuleError, match="7"):
        wells(3).of(7)
