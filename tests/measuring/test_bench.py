"""The maps of a bench, measured from its files, have the figures of the bench."""

from __future__ import annotations

import pytest

import saliencynoise as sn
from saliencynoise.records.files import map_path
from tests.conftest import TRAINED

FIGURES = ("snr_pixel", "snr", "snr_averaged", "snr_network")


@pytest.fixture
def bench(pooled, tmp_path):
    methods = ["gradient", "gradcam(layer=top)", "smoothgrad(samples=2)"]
    return sn.bench(**TRAINED, methods=methods, images=6, untrained="none", out=tmp_path / "bench")


def test_the_maps_of_a_bench_have_its_figures(bench, tmp_path):
    labels = [bench.result.class_of(image) for image in bench.result.images]
    stored = {entry.method: entry for entry in bench.result.maps}
    for cell in [cell for cell in bench.done if cell.view == "signed"]:
        entry = stored[cell.method]
        sources = {"an xarray": bench.member_maps(cell), "the export": bench.folder / "maps.zarr"}
        if cell.draws == 1:
            sources["the files"] = bench.folder / entry.draws[0] / "member-*"
        for name, source in sources.items():
            study = sn.measure(source, labels=labels, keep_maps="none")
            own = next(
                other
                for other in study.done
                if other.view == "signed"
                and (name != "the export" or other.method == map_path(cell.architecture, cell.method))
            )
            compare(own, cell)


def compare(own, cell):
    for name in FIGURES:
        one, other = (getattr(each.known_figures.estimates, name) for each in (own, cell))
        assert one.value == pytest.approx(other.value, rel=1e-6), name
        assert one.interval.low == pytest.approx(other.interval.low, rel=1e-6, abs=1e-9)
    assert own.known_figures.signal_p == cell.known_figures.signal_p
    assert own.known_figures.members_needed.text == cell.known_figures.members_needed.text
    for of_class in cell.classes:
        assert own.classes[of_class].estimates.snr.value == pytest.approx(
            cell.classes[of_class].estimates.snr.value, rel=1e-6, nan_ok=True
        )
    one, other = own.known_details, cell.known_details
    assert one.similarity.pairwise.ssim == pytest.approx(other.similarity.pairwise.ssim, rel=1e-6, nan_ok=True)
    assert one.template.share == pytest.approx(other.template.share, rel=1e-6, nan_ok=True)
    assert one.spectrum.resolution == pytest.approx(other.spectrum.resolution, rel=1e-6)
    assert one.modes.words == other.modes.words
