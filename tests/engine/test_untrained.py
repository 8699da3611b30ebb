"""The floor from untrained networks: computed once, kept with the pool, and what may not be claimed beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from saliencynoise.api import bench
from saliencynoise.engine.untrained import Floors, withhold
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.untrained import excess_p
from tests.conftest import TRAINED
from tests.studies import cell_of

METHODS = ["gradient", "gradcam(layer=top)", "gradcam_plus_plus"]


def grams(r: float, *, seed: int, members: int = 8) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(12, members, 64, generator=generator, dtype=torch.float64)
    signal = torch.randn(12, 1, 64, generator=generator, dtype=torch.float64)
    maps = r**0.5 * signal + noise
    return maps @ maps.mT


def test_the_test_of_more_than_untrained_networks_has_its_level_and_power():
    same = [excess_p(pooled_snr(grams(0.1, seed=2 * k)), pooled_snr(grams(0.1, seed=2 * k + 1))) for k in range(60)]
    assert sum(p is not None and p < 0.05 for p in same) <= 7  # 3 are expected
    more = excess_p(pooled_snr(grams(1.0, seed=1)), pooled_snr(grams(0.1, seed=2)))
    assert more is not None
    assert more < 1e-6
    assert excess_p(pooled_snr(grams(1, seed=1, members=2)), pooled_snr(grams(1, seed=2, members=2))) is None


def test_maps_that_do_not_turn_with_the_score_claim_nothing_where_untrained_networks_agree_as_much():
    floors = Floors(found={("net", "cam"): {"centred": grams(0.5, seed=1)}})
    found = floors.of("net", "cam", "centred", grams(0.5, seed=2), seed=0)
    assert found is not None
    assert found.above is False
    parts = {"sign": "leaning", "classes": {"cat": {"signal_p": 0.01}}, "details": {"pixels": {}}}
    cell = withhold(cell_of(**parts, untrained=found, figures={"signal_p": 0.008}))
    for figures in (cell.figures, cell.classes["cat"]):
        assert (figures.signal_p, figures.signal_note) == (None, "no test: untrained networks agree as much")
    assert cell.details.pixels is None
    above = floors.of("net", "cam", "centred", grams(5, seed=3), seed=0)
    assert above is not None
    assert above.above is True
    claimed = withhold(cell_of(**parts, untrained=above, figures={"signal_p": 1e-9, "signal_note": "exact"}))
    assert claimed.figures.signal_p == max(1e-9, above.p)
    assert claimed.details.pixels is not None
    assert floors.of("net", "other", "centred", grams(5, seed=3), seed=0) is None


@pytest.mark.usefixtures("pooled")
def test_floors_are_kept_with_the_pool_and_found_again():
    settings = {**TRAINED, "methods": METHODS, "images": 4}
    study = bench(**settings, out="run")
    floors = {(cell.method, cell.view): cell.untrained for cell in study.result.cells}
    assert floors["gradient", "signed"] is None
    assert floors["gradcam_plus_plus", "signed"].members == 3
    assert floors["gradcam_plus_plus", "centred"].snr < floors["gradcam_plus_plus", "signed"].snr
    assert study.table.set_index(["method", "view"]).loc[("gradcam_plus_plus", "signed"), "untrained_snr"] > 0
    assert not (study.folder / "untrained").exists()
    pool = Path(study.result.architectures[0].pool)
    kept = sorted((pool / "untrained").iterdir())
    assert len(kept) == 2
    times = [path.stat().st_mtime_ns for path in kept]
    shutil.rmtree("run")
    again = bench(**settings, out="run")
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert {(cell.method, cell.view): cell.untrained for cell in again.result.cells} == floors


@pytest.mark.usefixtures("pooled")
def test_what_is_compared_with_untrained_networks_can_be_chosen():
    settings = {**TRAINED, "methods": ["gradient"], "images": 4}
    assert bench(**settings, untrained="all", out="a").result.cells[0].untrained.members == 3
    assert bench(**settings | {"methods": ["gradcam"]}, untrained="none", out="b").result.cells[0].untrained is None
    with pytest.raises(UsageError, match="--untrained some is not possible; choose auto, all or none"):
        bench(**settings, untrained="some")
