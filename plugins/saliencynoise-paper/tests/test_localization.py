"""The panel: its data are what the studies hold, and its caption says that low noise is not correctness."""

import io

import pandas as pd
import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise_paper.localization import localization_panel
from saliencynoise_paper.panel import markdown, write_panel
from tests.known_pixels import study_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("run"))


def test_the_data_are_the_curves_of_a_view_for_each_method(study):
    panel = localization_panel([study])
    data = panel.data
    assert set(zip(data.method, data.view, strict=True)) == {
        ("gradient", "signed"),
        ("misplaced", "signed"),
        ("gradcam(layer=top)", "relu"),
    }
    assert len(data) == 3 * 4 * 4  # methods, measures, and 1, 2, 4 and 6 networks
    assert data[["measure", "method", "members"]].duplicated().sum() == 0
    rows = data[(data.method == "misplaced") & (data.measure == "rank")]
    curve = study.done[1].details.localization.measures["rank"].curve
    assert rows.value.tolist() == [point.value for point in curve]
    assert rows.low.tolist() == [point.interval.low for point in curve]
    assert (rows.low <= rows.value).all()


def test_the_caption_tells_noise_and_truth_with_provenance(study):
    panel = localization_panel([study])
    assert "Low noise is not correctness" in markdown(panel)
    for words in ("6 members", "a processor", "Arras", "relevance mass", "**shapes**", "Holm"):
        assert words in markdown(panel)
    rows = {(row["method"], row["measure"]): row for row in panel.facts["rows"]}
    noise = {name: rows[name, "auc"]["snr"] for name in ("gradient", "misplaced")}
    assert noise["misplaced"] == pytest.approx(noise["gradient"], rel=0.3)  # as little noise, and yet:
    assert rows["gradient", "auc"]["nearer"] == "yes"
    assert rows["misplaced", "auc"]["marginal"] < 0.55
    line = next(line for line in markdown(panel).splitlines() if "| misplaced, signed |" in line and "ROC" in line)
    assert line.count("|") == 11


def test_it_is_written_whole_and_several_studies_stand_below_each_other(study, tmp_path):
    panel = localization_panel([study, study_of(tmp_path / "run", members=2)])
    paths = write_panel(panel, tmp_path / "panels")
    assert [path.name for path in paths] == [f"localization.{end}" for end in ("png", "svg", "parquet", "md", "json")]
    assert pd.read_parquet(io.BytesIO(paths[2].read_bytes())).shape == panel.data.shape


def test_without_masks_the_fix_is_named(tmp_path):
    with pytest.raises(UsageError, match="run a bench on --dataset shapes"):
        localization_panel([study_of(tmp_path / "run", masks=False)])
