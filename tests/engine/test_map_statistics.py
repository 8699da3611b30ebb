"""Details gathered image by image, against the statistics on all maps at once."""

import math
import subprocess
import sys

import pytest
import torch

from saliencynoise.engine.map_statistics import MapStatisticsAccumulator
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.pixels import significant_pixels
from saliencynoise.statistics.stability import spearman_distance, stability


def maps_of(images, members, *, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(images, 1, 1, size, size, generator=generator)
    return signal + torch.randn(images, members, 1, size, size, generator=generator)


def gathered(maps, view="signed", clusters=None):
    accumulator = MapStatisticsAccumulator(view=view, seed=0, clusters=clusters)
    for place, image in enumerate(maps):
        accumulator.add(image, label=place % 2)
    for place, image in enumerate(maps):
        accumulator.add_again(image, label=place % 2)
    return accumulator.result(gram_matrix(maps.flatten(2).movedim(1, 0)))


def test_means_over_images_are_those_of_the_statistics():
    maps = maps_of(5, 6)
    correct = torch.rand(5, 6, generator=torch.Generator().manual_seed(1)) < 0.7
    details = gathered(maps)
    found = details.record(correct)
    shares = [significant_pixels(image.flatten(1)).share for image in maps]
    assert found.pixels.share == pytest.approx(sum(shares) / 5)
    due = stability(spearman_distance(details.spearman), correct)
    assert (found.similarity.mege, found.similarity.reco) == (due.mege, due.reco)
    unit = maps.flatten(2).double() / maps.flatten(2).double().norm(dim=-1, keepdim=True)
    pairs = [(unit[:, e] * unit[:, f]).sum(-1).mean() for e in range(6) for f in range(e)]
    assert found.similarity.pairwise.cosine == pytest.approx(float(sum(pairs) / 15))
    assert found.template.share == pytest.approx(0, abs=0.1)
    assert found.template.share_class_interval.question == "both"
    assert sum(band.energy for band in found.spectrum.bands) == pytest.approx(1)


def test_copies_of_a_network_add_nothing_to_its_start():
    """Details of starts with equal networks are those of one network of each start."""
    maps = maps_of(6, 5)
    clusters = (0, 1, 1, 1, 2, 3, 3, 4)
    once, copied = gathered(maps).record(None), gathered(maps[:, clusters], clusters=clusters).record(None)
    assert copied.pixels.share == once.pixels.share
    assert copied.template.share_specific == pytest.approx(once.template.share_specific, rel=1e-9)
    assert copied.template.snr_specific == pytest.approx(once.template.snr_specific, rel=1e-9)
    low, due = (found.template.share_specific_interval.low for found in (copied, once))
    assert low == pytest.approx(due, rel=1e-9)
    assert copied.template.share_specific_interval.question == "starts and images"
    for band, other in zip(copied.spectrum.bands, once.spectrum.bands, strict=True):
        assert band.ssnr == pytest.approx(other.ssnr, rel=1e-9)
        assert band.interval.high == pytest.approx(other.interval.high, rel=1e-9)
    assert copied.modes.words == once.modes.words.replace("members", "starts")


def test_columns_have_a_value_for_each_image_and_views_without_sign_no_test():
    details = gathered(maps_of(3, 4))
    assert {name: len(values) for name, values in details.per_image().items()} == {"ssim": 3, "significant_pixels": 3}
    without = gathered(maps_of(3, 4).relu(), view="relu")
    assert without.record(None).pixels is None
    assert math.isnan(without.record(None).similarity.mege)
    assert "significant_pixels" not in without.per_image()


def test_a_single_image_has_no_template_and_zero_maps_no_spectrum():
    assert gathered(maps_of(1, 4)).record(None).template is None
    assert gathered(torch.zeros(2, 4, 1, 8, 8)).record(None).spectrum is None


def test_images_beyond_the_limit_have_no_ssim(monkeypatch):
    monkeypatch.setattr("saliencynoise.engine.map_statistics.SIMILAR_IMAGES", 2)
    details = gathered(maps_of(3, 4))
    assert [math.isnan(value) for value in details.per_image()["ssim"]] == [False, False, True]
    assert details.record(torch.ones(3, 4, dtype=torch.bool)).similarity.images == 2


IN_A_PROCESS_OF_ITS_OWN = """
import ctypes, resource
from pathlib import Path
import torch
from saliencynoise.engine.map_statistics import MapStatisticsAccumulator
from saliencynoise.statistics.cell_statistics import image_statistics

def resident():
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what the allocator holds back is no memory in use
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

torch.set_num_threads(1)
accumulator, kept, sizes = MapStatisticsAccumulator(view="signed", seed=0), [], []
for image in range(4):
    maps = torch.randn(50, 1, 224, 224, generator=torch.Generator().manual_seed(image)) + 0.5
    kept.append(image_statistics(maps.flatten(1)))
    accumulator.add(maps)
    size = maps.nbytes
    del maps
    sizes.append(resident())
print((sizes[-1] - sizes[0]) / 3 / size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_of_50_members_of_224_pixels_next_to_nothing_is_kept_of_an_image():
    """So the maps of a study are never in memory together: one image's are 10 MB, and some 0.4 MB stay of each.

    In a process of its own, whose memory no other test's leftovers change.
    """
    run = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN]
    assert float(subprocess.run(run, capture_output=True, text=True, check=True).stdout) < 0.2
