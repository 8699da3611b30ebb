from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from saliencynoise.interfaces import Dataset, Split, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise_dream.request import request_from
from saliencynoise_dream.target import check_layer, dream_target


def dataset(*classes: str, channels: int = 3) -> Dataset:
    images = torch.zeros(2, channels, 16, 16, dtype=torch.uint8)
    split = Split(images=images, labels=torch.tensor([0, 1]), names=("a", "b"))
    return Dataset(name="tiny", classes=classes, train=split, test=split, mean=(0.5,) * channels, std=(0.2,) * channels)


ANIMALS = dataset("cat", "1", "[red]dog[/]", "$x$")


def test_without_a_word_it_is_the_first_ten_classes_or_of_a_picture_the_top_layer(tmp_path):
    many = dataset(*(f"class {at}" for at in range(12)))
    result = dream_target(request_from({}), many)
    assert result.rows == many.classes[:10]
    assert result.objective.targets.tolist() == list(range(10))
    assert "the first 10 of 12" in result.notes[0]
    Image.new("RGB", (16, 16)).save(tmp_path / "x.png")
    result = dream_target(request_from({"picture": str(tmp_path / "x.png")}), many)
    assert (result.rows, result.objective.layer) == (("top",), "top")
    both = dream_target(request_from({"picture": str(tmp_path / "x.png"), "classes": ["0", "class 1"]}), many)
    assert both.start.shape == (2, 3, 16, 16)
    with pytest.raises(UsageError, match="--class names 'class 1' more than once"):
        dream_target(request_from({"classes": ["1", "class 1", "class 2"]}), many)


def test_noise_of_a_class_does_not_depend_on_the_other_classes():
    alone, both = (dream_target(request_from({"classes": names}), ANIMALS).start for names in (["$x$"], ["cat", "$x$"]))
    assert torch.equal(alone[0], both[1])
    other = dream_target(request_from({"classes": ["$x$"], "seed": 1}), ANIMALS).start
    assert not torch.equal(alone, other)


def test_a_picture_is_cut_scaled_and_made_grey_as_the_networks_see(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    path = tmp_path / "x.png"
    Image.fromarray(pixels).save(path)
    request = request_from({"picture": str(path), "layer": "top"})
    same = dream_target(request, ANIMALS)
    assert torch.equal((same.start[0] * 255).round().byte(), torch.from_numpy(pixels).permute(2, 0, 1))
    assert same.notes == ("start: the picture of 16x16 pixels, unchanged",)
    grey = dream_target(request, dataset("a", "b", channels=1))
    expected = np.asarray(Image.fromarray(pixels).convert("L")).astype(int)
    assert int((grey.start[0, 0] * 255 - torch.from_numpy(expected)).abs().max()) <= 1
    assert "colours turned into grey" in grey.notes[0]
    Image.fromarray(pixels[..., 0]).resize((40, 20)).save(path)
    wide = dream_target(request, ANIMALS)
    assert torch.equal(wide.start[0, 0], wide.start[0, 2])
    assert (
        "of 40x20 pixels, cropped about its centre to a square: 50% of it is seen, scaled from 20 to 16 pixels"
        in wide.notes[0]
    )


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\nshort"])
def test_an_unreadable_picture_is_named(tmp_path, content):
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read the picture .*x\.png: .*; name an image file"):
        dream_target(request_from({"picture": str(path)}), ANIMALS)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"classes": ["0"], "layer": "top"}, "--class or --layer, not both"),
        ({"gradient": "median"}, "--gradient median"),
        ({"held_out": 0}, "--held-out 0"),
        ({"singles": 0}, "--singles 0"),
        ({"members": 2, "singles": 3}, "--singles 3 is more than the members that dream; give 2"),
        ({"archs": ["test_resnet", "resnet18"]}, "--arch is given 2 times"),
        ({"stepz": 3}, "unknown setting 'stepz'"),
        ({"steps": 0}, "--steps 0"),
    ],
)
def test_impossible_requests_are_named(values, words):
    with pytest.raises(UsageError, match=words):
        request_from(values)


LAYERS = [
    ("test_resnet", {}, "layer1.0.conv1"),
    ("vit_tiny_patch16_224", {"depth": 2}, "blocks.1.mlp"),
    ("convnext_atto", {}, "stages.1"),
    ("vgg(depth=11,width=4)", {}, "intermediate"),
]


@pytest.mark.parametrize(("name", "arguments", "layer"), LAYERS, ids=[case[0] for case in LAYERS])
def test_a_layer_is_looked_for_in_any_architecture(name, arguments, layer):
    model = catalogue().model(name, arguments)
    own = dataset("a", "b")
    for known in ("top", layer):
        check_layer(model, known, own)


def test_a_mistyped_layer_and_one_without_a_tensor_are_named():
    model = catalogue().model("vgg(depth=11,width=4)", {})
    with pytest.raises(UsageError, match="no layer 'tpo'; did you mean 'top'"):
        check_layer(model, "tpo", dataset("a", "b"))
