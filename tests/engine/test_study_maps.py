"""The maps of a study in xarray, against the safetensors that a test wrote."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from saliencynoise.api import Study
from saliencynoise.engine.study_maps import group_of, map_tree
from saliencynoise.interfaces import UsageError
from saliencynoise.store.maps import Chunk, MapStore
from saliencynoise.store.run_files import RunFiles
from tests.studies import edited, make_study, noisy_maps, sums

if TYPE_CHECKING:
    from torch import Tensor

PLAIN = noisy_maps(members=3, images=4, shape=(3, 5, 6))
DRAWN = noisy_maps(members=6, images=4, shape=(1, 5, 6), seed=1).unflatten(0, (3, 2))
"""The maps of three members: `[E, B, c, h, w]`, and with two draws `[E, D, B, c, h, w]`."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps: dict[tuple[str, str], Tensor | str] = {
        ("net", "gradient"): PLAIN,
        ("net", "noisy"): DRAWN,
        ("net", "lime"): "no kernel",
    }
    return make_study(tmp_path_factory.mktemp("made") / "run", maps)


def maps_of(study: Study, method: str) -> Any:
    return group_of(map_tree(study.result, study.files), study.cell("net", method))["maps"]


def test_each_member_draw_and_image_has_the_maps_that_were_written(study):
    plain, drawn = maps_of(study, "gradient"), maps_of(study, "noisy")
    assert plain.dims == ("member", "image", "channel", "y", "x")
    assert drawn.dims == ("member", "draw", "image", "channel", "y", "x")
    assert list(drawn["draw"].to_numpy()) == ["own-0", "shared-1"]
    np.testing.assert_array_equal(plain, PLAIN.float())
    np.testing.assert_array_equal(drawn, DRAWN.float())


@pytest.mark.parametrize(
    "key",
    [
        (1, 0, 2),
        (slice(None, None, -1), 1, slice(1, 4, 2)),
        (-1,),
        (slice(0, 0),),
        (2, slice(None), -1, 0, slice(1, 3), 4),
    ],
    ids=str,
)
def test_any_part_of_them_is_that_part_of_the_whole(study, key):
    np.testing.assert_array_equal(maps_of(study, "noisy")[key], DRAWN.float().numpy()[key])
    np.testing.assert_array_equal(maps_of(study, "gradient")[key[:3]], PLAIN.float().numpy()[key[:3]])


def test_images_lie_in_several_files(study, tmp_path):
    chunks = [Chunk(index=0, key="a", rows=(0, 1, 2)), Chunk(index=1, key="b", rows=(3,))]
    store = MapStore(tmp_path / "maps")
    for member, chunk in product(range(3), chunks):
        store.save(member, "weights", chunk, PLAIN[member, list(chunk.rows)], seconds=1.0)

    def divide(document: dict[str, Any]) -> None:
        stored = [{"file": chunk.file, "images": len(chunk.rows)} for chunk in chunks]
        document["maps"] = [{**document["maps"][0], "draws": ["maps"], "chunks": stored}]

    result = edited(study, divide).result
    maps = map_tree(result, RunFiles(tmp_path, sums(tmp_path)))["net/gradient"]["maps"]
    np.testing.assert_array_equal(maps, PLAIN.float())
    np.testing.assert_array_equal(maps[1, [3, 0]], PLAIN[1, [3, 0]].float())


def test_marginal_maps_and_images_lie_beside_them_with_their_coordinates(study):
    tree = map_tree(study.result, study.files)
    group = tree["net/gradient"]
    np.testing.assert_array_equal(group["marginal"], PLAIN.float().mean(0))
    assert (group.attrs["architecture"], group.attrs["method"]) == ("net", "gradient")
    assert list(group["image"].to_numpy()) == [f"made/{index}" for index in range(4)]
    assert list(group["label"].to_numpy()) == list(group["target"].to_numpy()) == ["cat", "dog", "cat", "dog"]
    assert "predicted" not in group.coords, "no member voted"
    pixels = tree["images/pixels"]
    assert (pixels.dims, pixels.dtype, pixels.shape) == (("image", "channel", "y", "x"), np.uint8, (4, 1, 8, 8))


def test_a_method_without_maps_is_named(study):
    with pytest.raises(
        UsageError, match=r"^result.json lists no maps of lime on net; run the same bench again with --ke"
    ):
        maps_of(study, "lime")


def test_no_file_is_read_before_a_value_is_used(study, tmp_path):
    tree = map_tree(study.result, RunFiles(tmp_path, study.result.files))
    assert tree["net/gradient"]["maps"].shape == (3, 4, 3, 5, 6)
    with pytest.raises(UsageError, match="is missing or cannot be read"):
        tree["net/gradient"]["maps"].to_numpy()


def test_maps_of_another_size_than_the_result_says_are_refused(study):
    def enlarge(document: dict[str, Any]) -> None:
        document["maps"][0]["shape"] = [3, 5, 7]

    with pytest.raises(UsageError, match=r"holds maps of another size than its result.json says; "):
        maps_of(edited(study, enlarge), "gradient").to_numpy()


def test_a_label_finds_its_maps(study):
    for name in ("gradient", "net/gradient"):
        np.testing.assert_array_equal(study.maps[name]["marginal"], PLAIN.float().mean(0))
        np.testing.assert_array_equal(study.member_maps(name), PLAIN.float())
        np.testing.assert_array_equal(study.marginal(name), PLAIN.float().mean(0))
    with pytest.raises(KeyError, match="there are no maps of 'gradeint'; did you mean 'gradient'"):
        study.maps["gradeint"]
    with pytest.raises(UsageError, match="there are no maps of 'xyz'; there are gradient, noisy, lime"):
        study.member_maps("xyz")


def test_maps_know_their_members_and_the_pixels_that_they_cover(study):
    maps = study.member_maps("gradient")
    members = study.architecture(study.cell("net", "gradient")).members
    assert list(maps["member"].to_numpy()) == [member.index for member in members]
    for stream in members[0].seeds:
        assert list(maps[f"seed_{stream}"].to_numpy()) == [member.seeds[stream] for member in members]
    np.testing.assert_allclose(maps["y"], [0.3, 1.9, 3.5, 5.1, 6.7])  # five rows over eight pixels
    assert list(study.maps["images"]["pixels"]["x"].to_numpy()) == list(range(8))
    assert list(study.maps["images"]["channel"].to_numpy()) == ["grey"]
    assert list(study.marginal("noisy")["channel"].to_numpy()) == ["grey"]


def test_marginal_maps_can_have_the_size_of_the_pictures(study):
    coarse, large = study.marginal("gradient"), study.marginal("gradient", upsample=True)
    assert large.sizes == {"image": 4, "channel": 3, "y": 8, "x": 8}
    wanted = F.interpolate(torch.as_tensor(coarse.to_numpy()), size=(8, 8), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(large, wanted, rtol=1e-6)
    inside = coarse.interp(y=[2, 3, 4], x=[1, 2, 3])
    np.testing.assert_allclose(large.sel(y=[2, 3, 4], x=[1, 2, 3]), inside, atol=1e-6)
    assert list(large["label"].to_numpy()) == ["cat", "dog", "cat", "dog"]
