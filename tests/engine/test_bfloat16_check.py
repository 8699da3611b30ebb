"""Attribution in bfloat16: marked as such, and its error measured against float32."""

from __future__ import annotations

import pytest

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.api import bench
from saliencynoise.engine.config import BenchConfig
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.report.warnings import warnings


def test_a_bench_in_bfloat16_measures_its_own_error(quick):
    study = bench(**{**quick, "members": 3, "images": 10}, precision="bfloat16", out="rough")
    exact = bench(**{**quick, "members": 3, "images": 8}, out="exact")
    precision = study.result.precision
    assert (precision.images, len(precision.cells)) == (8, len(study.done))
    for own, cell in zip(precision.cells, exact.done, strict=True):
        assert own.float32 == cell.figures.estimates.snr.value  # the same members, images and figures
        assert own.bfloat16 != own.float32
        assert own.relative_error == pytest.approx(own.bfloat16 / own.float32 - 1)
        assert abs(own.relative_error) < 0.3
    assert Study.load("rough").result.precision == precision
    (line,) = [line for line in warnings(study.result) if line.startswith("bfloat16")]
    assert "on 8 images the error of r is up to" in line
    assert exact.result.precision is None


def test_a_run_goes_on_in_its_own_precision_only(quick):
    bench(**quick, out="one")
    with pytest.raises(UsageError, match="one holds a run with precision=float32, and this one has precision=bfloat16"):
        bench(**quick, precision="bfloat16", out="one")


def test_an_unknown_precision_is_refused(quick):
    with pytest.raises(UsageError, match="--precision half is not possible; choose float32 or bfloat16"):
        bench(**quick, precision="half")


def test_a_fresh_bench_compares_the_members_that_it_has_just_trained(quick, watcher):
    settings = {**quick, "precision": "bfloat16", "out": "run"}
    bench(**settings)
    study = bench(**settings, fresh=True, observer=watcher)
    assert watcher.count("trained") == quick["members"]  # not once more for the twin
    twin = Study.load("run/float32")
    for own, other in zip(study.result.architectures, twin.result.architectures, strict=True):
        assert [member.sha256 for member in own.members] == [member.sha256 for member in other.members]


@pytest.mark.parametrize("make", [FrontierConfig, SanityConfig, VarianceConfig])
def test_where_the_error_is_not_measured_bfloat16_is_refused(make):
    with pytest.raises(UsageError, match="computes in float32; leave out precision=bfloat16"):
        make(bench=BenchConfig(precision="bfloat16"))
