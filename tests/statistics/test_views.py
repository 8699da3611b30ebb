import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.views import VIEWS, apply_view, get_view

MAPS = torch.tensor([[[-1.5, 0.0], [2.0, -0.0]]], dtype=torch.float32)[None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("signed", [-1.5, 0, 2, 0]),
        ("relu", [0, 0, 2, 0]),
        ("abs", [1.5, 0, 2, 0]),
        ("centred", [-1.625, -0.125, 1.875, -0.125]),
    ],
)
def test_values(name, expected):
    view = apply_view(MAPS, name)
    assert view.shape == MAPS.shape
    assert view.dtype == MAPS.dtype
    assert view.flatten().tolist() == expected


def test_raw_maps_are_not_changed_in_place():
    maps = MAPS.clone()
    for name in VIEWS:
        apply_view(maps, name)
    assert torch.equal(maps, MAPS)


def test_unknown_view_names_the_choices():
    with pytest.raises(UsageError, match="unknown view 'square': choose one of signed, relu, abs"):
        apply_view(MAPS, "square")


def test_centring_is_by_channel_and_leaves_no_rounding():
    maps = torch.tensor([[1.0, 3.0], [10.0, 10.0]]).reshape(1, 2, 1, 2)
    assert apply_view(maps, "centred").flatten().tolist() == [-1, 1, 0, 0]
    constant = torch.full((1, 1, 7, 7), 1 / 3)
    assert not bool(apply_view(constant, "centred").any())


@pytest.mark.parametrize("name", ["signed", "relu", "abs", "centred"])
def test_record(name, rng):
    view = get_view(name)
    assert view.name == name
    assert view.summary
    noise = apply_view(torch.tensor(rng.standard_normal((1, 1, 10**6))), name)
    assert view.signed == bool((noise < 0).any())
    assert noise.mean().square() / noise.var() == pytest.approx(view.noise_snr, abs=0.01)
