"""Maps of one sign: no test, no floor and no significant pixels but in the view "centred"."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.reduce import Reduced, reduce_maps
from saliencynoise.interfaces.specs import Sign
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.maps import Chunk, MapStore


def reduced(
    folder: Path, maps: torch.Tensor, *, views: tuple[str, ...] = ("signed",), sign: Sign = "signed"
) -> Reduced:
    """Reduce `[E, B, c, h, w]`."""
    images = maps.shape[1]
    chunk, store = Chunk(index=0, key="all", rows=tuple(range(images))), MapStore(folder)
    for member, values in enumerate(maps):
        store.save(member, f"{member:064x}", chunk, values, diagnostics={}, seconds=0.0)
    return reduce_maps(
        StoredSource([store], range(len(maps)), [chunk]), labels=[0] * images, views=views, marginal=maps.mean(0),
        masks=None, seed=0, sign=sign,
    )  # fmt: skip


def noise(members: int = 8, images: int = 6) -> torch.Tensor:
    return torch.randn(members, images, 1, 8, 8, generator=torch.Generator().manual_seed(3))


def test_maps_that_cannot_be_negative_have_no_null_and_get_the_view_centred(tmp_path):
    found = reduced(tmp_path, noise().abs() + 1)  # r of about 6 from noise alone
    assert found.sign == "nonnegative"
    assert list(found.figures) == ["signed", "centred"]
    whole, centred = found.figures["signed"], found.figures["centred"]
    assert whole.estimates["snr"].value > 3
    assert whole.signal_p is None
    assert "one-signed" in whole.signal_note
    assert all(torch.isnan(torch.tensor(own.floor)) for own in whole.estimates.values())
    assert found.details["signed"].pixels is None
    assert found.classes["signed"][0].signal_p is None
    assert abs(centred.estimates["snr"].value) < 0.05
    assert centred.estimates["snr"].floor == 0
    assert (centred.signal_p or 0) > 0.05
    assert found.details["centred"].pixels is not None
    assert found.grams["centred"].shape == (6, 8, 8)


def test_one_negative_value_gives_the_test_back(tmp_path):
    maps = noise().abs() + 1
    maps[3, 5, 0, 7, 7] = -1
    found = reduced(tmp_path, maps)
    assert (found.sign, list(found.figures)) == ("signed", ["signed"])
    assert found.figures["signed"].signal_p is not None


def test_maps_that_do_not_turn_with_the_score_have_no_null_either(tmp_path):
    found = reduced(tmp_path, noise(), views=("signed", "relu"), sign="leaning")
    assert found.figures["signed"].signal_p is None
    assert "leaning" in found.figures["signed"].signal_note
    assert found.details["signed"].pixels is None
    assert torch.isnan(torch.tensor(found.figures["relu"].estimates["snr"].floor))


def test_the_view_centred_takes_a_constant_of_each_map_away(tmp_path):
    constants = 5 + noise()[..., :1, :1]
    found = reduced(tmp_path, noise() + constants, views=("signed", "centred"))
    assert found.figures["signed"].estimates["snr"].value > 5
    assert abs(found.figures["centred"].estimates["snr"].value) < 0.05


@pytest.mark.parametrize(
    ("text", "sign", "views"),
    [
        ("gradient", "signed", ("signed",)),
        ("smoothgrad", "signed", ("signed",)),
        ("smoothgrad(statistic=square)", "nonnegative", ("signed", "centred")),
        ("smoothgrad(statistic=variance)", "nonnegative", ("signed", "centred")),
        ("gradcam", "signed", ("signed", "centred", "relu")),
        ("gradcam_plus_plus", "leaning", ("signed", "centred", "relu")),
        ("layercam", "leaning", ("signed", "centred", "relu")),
        ("eigencam", "leaning", ("signed", "centred", "relu")),
        ("scorecam", "leaning", ("signed", "centred", "relu")),
        ("ablation_cam", "signed", ("signed", "centred", "relu")),
        ("ablation_cam(relative=true)", "leaning", ("signed", "centred", "relu")),
        ("guided_backprop", "leaning", ("signed",)),
    ],
)
def test_what_methods_declare(text, sign, views):
    method = catalogue().method(text)
    assert (method.sign, method.views) == (sign, views)
