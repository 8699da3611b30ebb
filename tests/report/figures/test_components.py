import json
import math

import pytest
import torch

from saliencynoise.analyses.variance import figure as seeds
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures import components
from tests.analyses.variance.test_table import FAILED, record, row
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    drawn = torch.stack([noisy_maps(seed=5), noisy_maps(seed=5) + 0.5 * noisy_maps(snr=0.0, seed=6)], 1)
    maps = {
        ("test_resnet", "gradient"): noisy_maps(),
        ("test_resnet", "smoothgrad"): drawn,
        ("test_resnet", "lime"): "no",
    }
    return make_study(tmp_path_factory.mktemp("run") / "test_resnet", maps)


@pytest.fixture
def variance(tmp_path):
    def share(value):
        return {"value": value, "interval": {"low": value - 0.1, "high": value + 0.1}}

    energy = {key: share(value) for key, value in (("signal", 0.3), ("network", 0.5), ("draw", 0.1), ("residual", 0.1))}
    found = record(row(), row(method="smoothgrad", energy=energy), FAILED)
    (tmp_path / "variance.json").write_text(json.dumps(json_of(found)))
    return found


def test_shares_are_the_studys_and_sum_to_one(study):
    found = components.data(study).shares.set_index("method")
    gradient, smoothgrad = (cell.figures for cell in study.done)
    assert found.loc["gradient", "signal"] == gradient.estimates.cosine.value
    assert found.loc["gradient", ["signal", "network"]].sum() == pytest.approx(1)
    assert math.isnan(found.loc["gradient", "draw"])
    assert found.loc["smoothgrad", list(components.PARTS)].to_dict() == smoothgrad.energy
    assert found.loc["smoothgrad", list(components.PARTS)].sum() == pytest.approx(1)
    assert found.loc["lime", "reason"] == "no"


def test_bars_fill_the_whole_and_failures_say_why(study):
    (axes,) = study.plot.components().axes
    lengths = [patch.get_width() for patch in axes.patches if not math.isnan(patch.get_width())]
    assert sum(lengths) == pytest.approx(2)
    assert "failed: no" in [text.get_text() for text in axes.texts]


def test_the_seeds_of_a_variance_run_are_drawn_below(study, variance, tmp_path):
    figure = study.plot.components(folder=tmp_path)
    assert len(figure.subfigs) == 2
    figure.draw_without_rendering()
    found = components.data(study, folder=tmp_path).shares.set_index("method")
    assert found.loc["gradient", "network"] == 0.66, "members of a block share seeds: the run's own figure"
    assert found.loc["smoothgrad", ["signal", "draw"]].tolist() == [0.3, 0.1]
    with pytest.raises(UsageError, match=r"holds no readable variance\.json"):
        study.plot.components(folder=tmp_path / "none")


def test_a_study_finds_the_run_that_it_is_of(study, variance):
    assert components.variance_of(study) is None
    (study.folder.parent / "variance.json").write_text(json.dumps(json_of(variance)))
    assert json_of(components.variance_of(study)) == json_of(variance)
    (study.folder.parent / "variance.json").write_text(json.dumps(json_of(record(run="runs/v/another"))))
    assert components.variance_of(study) is None
    (study.folder.parent / "variance.json").unlink()


def test_the_seeds_figures_are_the_documents(variance, tmp_path):
    found = seeds.data(variance)
    own = found[(found["method"] == "gradient") & (found["stream"] == "init")].set_index("figure")
    assert own["share"].to_dict() == {"first order": 0.123, "total": 0.97}
    assert own.loc["total", ["low", "high"]].tolist() == [0.9, 1.02]
    assert (found["figure"] == "again, same seeds").sum() == 2
    figure = seeds.draw(variance)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["initialisation", "all others", "trained again"]
    assert "lime on test_resnet failed" in figure.axes[2].texts[0].get_text().replace("\n", " ")
    assert seeds.figures_of(variance, tmp_path)[1].name == "variance"
    assert seeds.figures_of(record(FAILED), tmp_path)[1].reason == "no share of the noise could be computed"
