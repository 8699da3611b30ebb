"""Forecasts: what is needed beside what there is, and earlier predictions against members trained since."""

import math

import pytest
import torch

from saliencynoise.analyses.forecast.run import check_predictions, forecast
from saliencynoise.api import bench
from saliencynoise.engine.predictions import read_predictions
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import cosine_of_averages, gram_matrix


def test_more_is_the_needed_number_less_the_present_one(quick):
    study = bench(**quick, out="run")
    found = forecast(study, reliability=0.5)
    assert [own.method for own in found] == [cell.method for cell in study.done]
    for own, cell in zip(found, study.done, strict=True):
        r = float(cell.figures.estimates.snr_averaged.value)
        assert own.members == 3
        if r > 0 and str(own.needed) != "undetermined":
            assert own.needed.value == max(1, math.ceil(1 / r - 1e-9))
            assert own.more == max(0, own.needed.value - 3)
            assert own.seconds == pytest.approx(own.more * (own.training_seconds + own.attribution_seconds))
        else:
            assert own.more is None
            assert own.seconds is None
    trained = sorted(member.seconds for member in study.result.architectures[0].members)
    assert found[0].training_seconds == trained[1]


def test_a_prediction_is_checked_when_members_were_trained_since(quick):
    first = bench(**quick, out="run")
    assert check_predictions(first) == []
    quick["members"] = 5
    second = bench(**quick, out="run")
    assert [entry.members for entry in read_predictions(second.folder).predictions] == [3, 5]
    checks = check_predictions(second)
    assert {check.method for check in checks} == {cell.method for cell in second.done}
    one = next(check for check in checks if check.method == "gradient")
    assert (one.earlier, one.later) == (3, 2)
    maps = torch.tensor(second.maps["test_resnet/gradient"]["maps"].values).double().flatten(2)  # [E, B, P]
    unit = maps / maps.norm(dim=-1, keepdim=True)
    old, new = unit[:3].mean(0), unit[3:].mean(0)
    due = (old * new).sum() / (old.square().sum() * new.square().sum()).sqrt()
    assert one.measured == pytest.approx(float(due), rel=1e-5)
    assert one.held == (one.low <= one.measured <= one.high)
    r = float(first.done[0].figures.estimates.snr.value)
    if r > 0:
        assert one.predicted == pytest.approx(math.sqrt(3 * r / (1 + 3 * r) * 2 * r / (1 + 2 * r)))


def test_the_same_number_of_members_leaves_one_prediction(quick):
    bench(**quick, out="run")
    assert len(read_predictions(bench(**quick, out="run").folder).predictions) == 1


def test_predictions_hold_on_simulated_members():
    generator = torch.Generator().manual_seed(0)
    measured = []
    for _ in range(40):
        maps = torch.randn(8, 1, 256, generator=generator) + torch.randn(8, 12, 256, generator=generator)  # r = 1
        gram = gram_matrix(maps.movedim(1, 0))
        measured.append(cosine_of_averages(gram, range(4), range(4, 12)))
    assert sum(measured) / 40 == pytest.approx(math.sqrt(4 / 5 * 8 / 9), abs=0.01)


@pytest.mark.parametrize("reliability", [0.0, 1.0, 2.0])
def test_an_impossible_reliability_is_refused(quick, reliability):
    with pytest.raises(UsageError, match=f"--reliability {reliability} is not between 0 and 1"):
        forecast(bench(**quick, out="run"), reliability=reliability)
