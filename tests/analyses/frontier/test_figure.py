import json

import pytest

from saliencynoise.analyses.frontier import figure as frontier
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from tests.analyses.frontier.test_table import fidelity, record, row
from tests.studies import make_study, noisy_maps


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path / "front" / "swag-1", {("test_resnet", "gradient"): noisy_maps(images=2)})


def test_a_run_finds_its_frontier(study):
    with pytest.raises(UsageError, match="belongs to no frontier; run 'saliencynoise frontier'"):
        study.plot.frontier()
    found = record(row("deep_ensemble", 1, 1.0), row("swag"), runs={"swag": "runs/f/swag-1"})
    (study.folder.parent / "frontier.json").write_text(json.dumps(json_of(found)))
    assert json_of(frontier.record_for(study)) == json_of(found)
    assert len(study.plot.frontier().axes) == 1
    assert frontier.data(found)[["sampler", "networks", "low"]].to_numpy().tolist()[1] == ["swag", 1.62, 1.2]
    (study.folder.parent / "frontier.json").write_text(json.dumps(json_of(found) | {"runs": {"swag": "runs/f/swag-2"}}))
    assert frontier.frontier_of(study) is None
    assert len(study.plot.frontier(folder=study.folder.parent).axes) == 1


def test_a_frontier_without_points_is_refused():
    with pytest.raises(UsageError, match="no strategy"):
        frontier.draw(record(row(found=fidelity(None))))
