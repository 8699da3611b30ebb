"""Images that belong together, in every interval for new images: against the statistics with groups of their own."""

import csv
from dataclasses import replace

import pytest

from saliencynoise.analyses.comparison.run import compare_methods
from saliencynoise.analyses.forecast.run import forecast
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.sanity.run import run_sanity
from saliencynoise.analyses.sanity.table import notes
from saliencynoise.api import bench
from saliencynoise.engine.config import config_from
from saliencynoise.engine.observer import Silent
from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.reliability import members_for_images
from saliencynoise.statistics.snr import pooled_snr

GROUPS = (0, 0, 1, 1, 1, 2)


@pytest.fixture
def grouped(quick, tmp_path):
    """Settings of a bench whose six images are of three writers."""
    quick |= {"images": 6, "methods": ["gradient", "gradcam(layer=top)"], "members": 5}
    names = [image.name for image in bench(**quick, out="plain").result.images]
    with (tmp_path / "writers.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "group"), *zip(names, map(str, GROUPS), strict=True)])
    return {**quick, "groups": str(tmp_path / "writers.csv")}


def test_groups_reach_untrained_floors_forecasts_and_comparisons(grouped):
    study = bench(**{**grouped, "untrained": "all"}, out="run")
    assert study.groups == GROUPS
    for own, cell in zip(forecast(study, reliability=0.9), study.done, strict=True):
        due = members_for_images(study.gram(cell), seed=0, groups=GROUPS)
        assert own.needed_for_images == due
        assert "images in 3 groups" in cell.figures.estimates.snr.interval.note
    signed = [cell for cell in study.done if cell.view == "signed"]
    a, b = (pooled_snr(study.gram(cell), groups=GROUPS) for cell in signed)
    (pair,) = compare_methods(study)
    assert pair.comparison.p == compare(a, b).p


def test_groups_reach_sanity(grouped):
    settings = config_from({**grouped, "methods": ["gradient"]})
    found, plain = (
        run_sanity(SanityConfig(bench=own, out=name), Silent())
        for name, own in (("groups", settings), ("alone", replace(settings, groups=None)))
    )
    assert found.groups == 3
    assert plain.groups is None
    for with_groups, alone in zip(found.rows, plain.rows, strict=True):
        for kind in with_groups.snr.__struct_fields__:
            snr, snr_alone = getattr(with_groups.snr, kind), getattr(alone.snr, kind)
            assert snr.value == snr_alone.value
            assert "images in 3 groups" in snr.interval.note
            assert snr.interval != snr_alone.interval
        contrast, other = (row.contrasts.untrained.difference for row in (with_groups, alone))
        assert contrast.p != other.p
    assert any("6 attributed images belong to 3 groups" in line for line in notes(found))
