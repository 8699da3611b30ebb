"""The images that a user hands over, and what goes with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import saliencynoise as sn
from saliencynoise.attributing.images import checked_background, checked_images, pictures_of
from tests.attributing.nets import IMAGES, nets

BROKEN = IMAGES.clone()
BROKEN[1, 0, 0, 0] = float("inf")


def divided(outputs):
    return outputs[:, 0] / (1 // 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": (IMAGES * 50).to(torch.uint8)}, "images are of type uint8; give floats as the networks take them"),
        ({"images": np.zeros((2, 3, 8, 8), dtype=np.int64)}, "images are of type int64; give floats"),
        ({"images": IMAGES[0]}, "images have the shape [3, 8, 8]; give [N, C, H, W]"),
        ({"images": IMAGES[:0]}, "images have the shape [0, 3, 8, 8]"),
        ({"images": BROKEN}, "images: number 1 holds NaN or infinity (1 of 2 do)"),
        ({"images": "a.png"}, "images are 'a.png'; give a tensor or an array"),
        ({"background": IMAGES[:, :1]}, "background images are 1x8x8, and the images 3x8x8"),
        ({"background": BROKEN}, "background images: number 1 holds NaN"),
        ({"names": ["a"]}, "names has 1 names for 2 images; give one each"),
        ({"names": ["a", "a"]}, "names names 'a' twice; random numbers derive from names"),
        ({"labels": [0.5, 1.5]}, "labels are of type float32; give whole numbers"),
        ({"labels": [0, 9]}, "labels: 9 is no class of the networks; they have 4 outputs"),
        ({"classes": ["a", "b"]}, "network 0 (Sequential): it gives 4 outputs, and classes names 2"),
        ({"members": ["a", "b"]}, "members has 2 names"),
        ({"clusters": ["a", "b"]}, "clusters has 2 values, and there are 3 networks"),
        ({"pictures": IMAGES}, "pictures are float32 [2, 3, 8, 8]; give bytes [2, 1 or 3, H, W]"),
        ({"methods": "gradient"}, "methods is 'gradient'; give a list: names, as"),
        ({"methods": ["gradient", "gradient"]}, "the method builtin/gradient is asked for twice"),
        ({"aggregator": "mean_logits"}, "aggregator=mean_logits averages networks; choose one of maps"),
        ({"layers": {"top": "44"}}, "layers: network 0 (Sequential) has no module '44'"),
        ({"layers": {"topp": "0"}}, "layers names the point 'topp', which no method reads; did you mean 'top'?"),
        ({"layers": {"input": "0"}}, "layers names the point 'input'"),
        ({"labels": [-1, 0]}, "labels: -1 is no class; classes count from 0"),
        ({"task": "regression"}, "task='regression' says that they are numbers; give the index of an output"),
        ({"images": IMAGES.double() * 1e300}, "images: number 0 holds values too large for float32 (2 of 2 do)"),
        ({"background": IMAGES.double() * 1e300}, "background images: number 0 holds values too large"),
        (
            {"images": np.array([[[[None]]]])},
            "images are a ndarray of shape (1, 1, 1, 1) and type object, which is no",
        ),
        ({"images": IMAGES.to("meta")}, "images are a tensor of the kind meta; give a tensor or an array"),
        ({"images": IMAGES.to_sparse()}, "images are a tensor of the kind sparse_coo; give"),
        ({"targets": ["cat", "dog"]}, "targets are a list, which is no tensor of numbers; give whole numbers, one for"),
        ({"targets": {1}}, "targets are a set, which is no tensor of numbers"),
        ({"targets": None}, "targets are None, which is no tensor of numbers"),
        ({"targets": "contrast(1,1)"}, "targets=contrast(1,1) compares the class 1 with itself; name two classes"),
        ({"targets": divided}, "the target 'divided', given outputs [1, 4], failed: ZeroDivisionError"),
        ({"labels": list("ab")}, "labels are a list, which is no tensor of numbers"),
        ({"names": 5}, "names is 5; give a list: a name for each image"),
        ({"names": "ab"}, "names is 'ab'; give a list"),
        ({"classes": 5}, "classes is 5; give a list: a name for each output"),
        ({"members": {"a": 1}}, "members is a dict with the keys 'a'; give a list"),
        ({"clusters": 5}, "clusters is 5; give a list: what each network started from"),
        ({"pictures": "x"}, "pictures are 'x', which is no tensor of numbers; give bytes"),
        ({"methods": [3]}, "methods is [3]; give a list of names"),
        ({"methods": None}, "methods is None; give a list"),
        ({"device": 3}, "device is 3; give a name, as device='cpu'"),
        ({"aggregator": None}, "aggregator is None; give a name"),
        ({"keep_maps": "al"}, "keep_maps='al' is not known; did you mean 'all'?"),
        ({"task": 3}, "task=3 is not known; give classification, multilabel, regression"),
        ({"layers": "4"}, "layers is '4'; give paths of modules by point"),
        ({"draws": 1}, "draws is 1; give a whole number of 2 or more"),
        ({"device": "tpu"}, "--device tpu is unknown"),
    ],
)
def test_what_cannot_be_used_is_refused(given, message):
    with pytest.raises(sn.UsageError) as caught:
        sn.attribute(**{"networks": nets(), "images": IMAGES, "methods": ["gradient"], **given})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_with_files_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(sn.UsageError, match="is not an empty folder; name another one"):
        sn.attribute(nets(), IMAGES, methods=["gradient"], out=tmp_path)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x[::-1, :, ::-1][::-1, :, ::-1], lambda x: x.astype(">f4")])
def test_numpy_is_taken_as_tensors_are(change):
    assert torch.equal(checked_images(change(IMAGES.numpy()), what="images"), IMAGES)


def test_without_a_background_the_images_are_compared_with_each_other():
    many = torch.randn(100, 1, 2, 2)
    drawn = checked_background(None, many, seed=3)
    assert len(drawn) == 64
    assert len({tuple(image.flatten().tolist()) for image in drawn}) == 64
    assert torch.equal(checked_background(None, IMAGES, seed=3), IMAGES)


def test_pictures_are_the_images_from_the_darkest_to_the_lightest_value():
    pictures = pictures_of(IMAGES)
    assert pictures.dtype == torch.uint8
    assert pictures.amin((1, 2, 3)).tolist() == [0, 0]
    assert pictures.amax((1, 2, 3)).tolist() == [255, 255]
    assert pictures_of(torch.zeros(1, 2, 4, 4)) is None
