import io
import json

import numpy as np
import pytest
import torch

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM, NOISE, SIGNIFICANT, unit_maps
from saliencynoise.display.figures.canvas import LOOKS
from saliencynoise.display.figures.style import WIDEST
from saliencynoise.interfaces import UsageError
from saliencynoise.report.figures import maps
from saliencynoise.report.figures.tiles import AVERAGES, TileRow, arrays, tidy
from tests.studies import edited, make_study, noisy_maps

GRADIENT, CAM, FAILED = ("net", "gradient"), ("net", "gradcam(layer=top)"), ("net", "lime")


@pytest.fixture(scope="module")
def values():
    found = noisy_maps(shape=(3, 8, 8))
    found[:, 1] = 0  # all members' maps of one image are zero
    found[1] *= 100  # a member with a large gain
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory, values):
    cams = noisy_maps(shape=(1, 4, 4), seed=1)
    drawn = torch.stack([cams, 3 * cams], 1)  # two draws
    folder = tmp_path_factory.mktemp("study")
    return make_study(folder, {GRADIENT: values, CAM: drawn, FAILED: "too few segments"}, channels=3)


def images_of(figure):
    """The tiles of each row as masked arrays, their limits and their extents; pictures and colour bars left out."""
    drawn = [axes.images[0] for axes in figure.axes if axes.images and axes.images[0].get_array().ndim == 2]
    return [(image.get_array(), image.get_clim(), image.get_extent()) for image in drawn]


def row(*tiles, reason=""):
    keys = {"dataset": "made", "architecture": "net", "method": "gradient", "image": "0", "class": "cat"}
    columns = ("member 0", MEAN, MEAN_AT_UNIT_NORM)
    picture = np.zeros((3, 4, 4), dtype=np.uint8)
    return TileRow(
        keys=keys, members=4, picture=picture, tiles=dict(zip(columns, tiles, strict=False)), norm=0.5, reason=reason
    )  # fmt: skip


def test_maps_are_of_unit_norm_before_their_mean_is_taken(study, values):
    (found,) = maps.data(study, images=[2], methods=["gradient"], singles=2)
    own = values[:, 2].double().numpy()
    unit = np.stack([each / np.linalg.norm(each) for each in own])
    assert list(found.tiles) == ["member 0", "member 1", *AVERAGES]
    np.testing.assert_allclose(found.tiles["member 1"], unit[1].sum(0), atol=1e-9)
    np.testing.assert_allclose(found.tiles[MEAN], unit.mean(0).sum(0), atol=1e-9)
    cosines = unit.reshape(4, -1) @ unit.reshape(4, -1).T
    c = (cosines.sum() - 4) / 12
    assert found.norm == pytest.approx(np.sqrt(c + (1 - c) / 4))  # as the captions say
    np.testing.assert_allclose(found.tiles[MEAN_AT_UNIT_NORM] * found.norm, found.tiles[MEAN], atol=1e-9)


def test_stochastic_maps_are_averaged_over_their_draws(study):
    (found,) = maps.data(study, images=[0], methods=["gradcam(layer=top)"])
    cams = noisy_maps(shape=(1, 4, 4), seed=1)[:, 0].numpy()  # the mean of a map and three times it is twice it
    np.testing.assert_allclose(found.tiles["member 0"], cams[0, 0] / np.linalg.norm(cams[0]), atol=1e-6)


def test_the_signed_tiles_of_a_row_have_one_scale_and_the_noise_has_one_from_zero(study):
    figure = study.plot.maps(images=[0, 2], methods=["gradient", "gradcam(layer=top)"])
    drawn = images_of(figure)
    assert len(drawn) == 4 * 8
    for at, found in enumerate(maps.data(study, images=[0, 2], methods=["gradient", "gradcam(layer=top)"])):
        row = drawn[8 * at : 8 * at + 8]
        signed = [tile.ravel() for name, tile in found.tiles.items() if name != NOISE]
        values = np.abs(np.concatenate(signed))
        assert {limit for _, limit, _ in row[:7]} == {(-np.percentile(values, 99.5), np.percentile(values, 99.5))}
        np.testing.assert_array_equal(row[7][0], found.tiles[NOISE])
        assert row[7][1] == (0.0, pytest.approx(np.percentile(found.tiles[NOISE], 99.5)))
    bars = [bar for axes in figure.axes for bar in axes.child_axes]
    assert len(bars) == 4 * 2
    numbers = [label.get_text() for label in bars[0].get_yticklabels()]
    assert numbers[1] == "0"
    assert numbers[0] == "\N{MINUS SIGN}" + numbers[2]


def test_the_picture_is_drawn_once_and_the_class_is_named(study):
    figure = study.plot.maps(images=[0, 2], methods=["gradient", "gradcam(layer=top)"])
    pictures = [axes for axes in figure.axes if axes.images and axes.images[0].get_array().ndim == 3]
    assert len(pictures) == 2
    assert [text.get_text() for text in figure.texts].count("class 'cat'") == 2


def test_columns_can_be_chosen_and_wrong_ones_are_named(study):
    figure = study.plot.maps(methods="gradient", columns=["picture", "significant"])
    assert len(figure.axes) == 2
    assert len(study.plot.maps(methods="gradient", columns="mean").axes) == 1
    with pytest.raises(UsageError, match="no column 'means'; did you mean 'mean'"):
        study.plot.maps(methods="gradient", columns="means")


def test_a_coarse_map_is_drawn_as_it_is_over_the_pictures_extent(study):
    figure = study.plot.maps(images=[0], methods=["gradcam(layer=top)"])
    array, _, extent = images_of(figure)[0]
    assert array.shape == (4, 4)
    assert tuple(extent) == (0, 8, 8, 0)
    assert all(axes.images[0].get_interpolation() == "nearest" for axes in figure.axes if axes.images)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_maps_of_zeros_are_named_and_never_stretched(study):
    figure = study.plot.maps(images=[1], methods=["gradient"])
    assert texts(figure).count("all zero") == 8
    assert all(limits[1] == 1 and not array.any() for array, limits, _ in images_of(figure))
    assert sum(bool(patch.get_hatch()) for axes in figure.axes for patch in axes.patches) == 8
    assert not any(bar.axison for axes in figure.axes for bar in axes.child_axes)  # no colour bar


def test_nan_is_masked_and_leaves_the_scale_alone():
    spotted, nothing = np.array([[np.nan, -2.0], [1.0, 0.0]]), np.full((2, 2), np.nan)
    figure = maps.draw([row(spotted, nothing, np.zeros((2, 2)))])
    arrays = images_of(figure)
    assert arrays[0][0].mask.tolist() == [[True, False], [False, False]]
    assert {limits for _, limits, _ in arrays} == {(-np.percentile([2, 1, 0, 0, 0, 0, 0], 99.5),
                                                    np.percentile([2, 1, 0, 0, 0, 0, 0], 99.5))}  # fmt: skip
    assert texts(figure) == ["all NaN", "all zero"]


def test_a_sparse_map_ends_at_its_largest_value():
    sparse = np.zeros((40, 40))
    sparse[3, 3] = -5.0
    assert row(sparse).scale == 5.0
    assert row(np.zeros((2, 2))).scale == 0.0


def test_a_failed_cell_says_why(study):
    figure = study.plot.maps(images=[0])
    assert [text for text in texts(figure) if text.startswith("failed")] == ["failed: too few segments"]
    assert sum(len(row.tiles) for row in maps.data(study, images=[0], methods=["lime"])) == 0


def test_the_data_are_what_is_drawn(study):
    rows = maps.data(study, images=[0, 1], methods=["gradient", "lime"])
    data = tidy(rows)
    assert len(data) == 2 * 8 * 64
    mean = data[(data["column"] == MEAN) & (data["image"] == "made/0")]
    np.testing.assert_array_equal(mean["value"].to_numpy().reshape(8, 8), rows[0].tiles[MEAN])
    assert set(tidy([row(reason="no")])) >= {"method", "column", "value"}


@pytest.mark.parametrize("singles", [1, 4, 12])
def test_no_gallery_is_wider_than_a_page(tmp_path, singles):
    study = make_study(tmp_path, {("a_network_with_a_long_name", "gradient"): noisy_maps(members=12, images=2)})
    assert study.plot.maps(images=[0, 1], singles=singles).get_figwidth() <= WIDEST + 1e-9


@pytest.mark.parametrize("keep", ["mean", "none"])
def test_without_the_members_maps_it_says_how_to_get_them(tmp_path, keep):
    study = make_study(tmp_path, {GRADIENT: noisy_maps(images=2)}, keep_maps=keep)
    with pytest.raises(UsageError, match="--keep-maps all"):
        maps.data(study, images=[0])


def test_what_is_not_there_is_named(study):
    with pytest.raises(UsageError, match="choose places from 0 to 5"):
        maps.data(study, images=[6])
    with pytest.raises(UsageError, match="no method 'rise', but gradient"):
        maps.data(study, images=[0], methods=["rise"])
    with pytest.raises(UsageError, match="no architecture 'vgg', but net"):
        maps.data(study, images=[0], architectures=["vgg"])


def test_nan_in_a_map_keeps_its_place():
    values = np.array([3.0, np.nan, 4.0, 0.0]).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(unit_maps(values).ravel(), [0.6, np.nan, 0.8, 0.0])


def test_the_noise_is_the_deviation_of_the_tiles_over_all_members(study, values):
    (found,) = maps.data(study, images=[2], methods=["gradient"], singles=4)
    singles = [found.tiles[f"member {e}"] for e in range(4)]
    np.testing.assert_allclose(found.tiles[NOISE], np.std(singles, axis=0, ddof=1), atol=1e-12)
    assert (found.tiles[NOISE] >= 0).all()


def test_the_significant_share_is_that_of_the_studys_table(study):
    own = study.images
    for method in ("gradient", "gradcam(layer=top)"):
        shares = own[(own["method"] == method) & (own["view"] == "signed")]["significant_pixels"].tolist()
        rows = maps.data(study, images=range(6), methods=[method])
        assert [row.share for row in rows] == pytest.approx(shares)
    assert any(0 < share < 1 for share in shares)


def test_what_is_not_significant_is_hatched_and_looks_neither_like_zero_nor_like_nan(study):
    (found,) = maps.data(study, images=[5], methods=["gradcam(layer=top)"])
    assert 0 < found.significant_pixels.sum() < 16
    figure = maps.draw([found])
    (tile,) = [axes for axes in figure.axes if axes.patches]
    (patch,) = tile.patches
    corners = patch.get_path().vertices.reshape(-1, 5, 2)
    areas = (corners[:, 1, 0] - corners[:, 0, 0]) * (corners[:, 2, 1] - corners[:, 1, 1])
    assert areas.sum() == 4 * (~found.significant_pixels).sum()  # a value is 2 x 2 pixels of the picture
    for (left, top), (right, _) in corners[:, :2]:
        assert not found.significant_pixels[int(top) // 2, int(left) // 2 : int(right) // 2].any()
    assert patch.get_hatch()
    assert patch.get_facecolor()[:3] not in {(1.0, 1.0, 1.0), tuple(LOOKS["NaN"]["facecolor"])}
    assert tile.get_xlabel() == f"{found.share:.0%}"
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["not significant"]  # no map has NaN


def test_a_gallery_can_leave_out_noise_and_significance(study):
    rows = maps.data(study, images=[0], methods=["gradient"], averages=(MEAN, MEAN_AT_UNIT_NORM))
    assert SIGNIFICANT not in rows[0].tiles
    assert rows[0].significant_pixels is None
    assert not maps.draw(rows).legends  # no key, whose room would be in the paper's figure


def test_two_members_are_enough(tmp_path):
    study = make_study(tmp_path, {GRADIENT: noisy_maps(members=2, images=2)})
    (found,) = maps.data(study, images=[0])
    first, second = (found.tiles[f"member {e}"] for e in range(2))
    np.testing.assert_allclose(found.tiles[NOISE], np.abs(first - second) / np.sqrt(2), atol=1e-12)
    maps.draw([found])


def test_arrays_hold_what_is_drawn(study):
    rows = maps.data(study, images=[2], methods=["gradient", "lime"])
    found = np.load(io.BytesIO(arrays(rows)), allow_pickle=False)
    np.testing.assert_array_equal(found["00/picture"], rows[0].picture)
    np.testing.assert_array_equal(found["00/mean_at_unit_norm"], rows[0].tiles[MEAN_AT_UNIT_NORM].astype(np.float32))
    np.testing.assert_array_equal(found["00/significant_pixels"], rows[0].significant_pixels)
    about = [json.loads(text) for text in found["rows"]]
    assert [own["method"] for own in about] == ["gradient", "lime"]
    assert (about[1]["norm"], about[1]["reason"]) == (None, "too few segments")


def test_long_names_are_cut_and_never_vanish(tmp_path):
    name = "a_network_whose_name_never_ends_because_nobody_stopped_it"
    study = make_study(tmp_path, {(name, "gradient"): noisy_maps(images=2), ("net", "gradient"): noisy_maps(images=2)})
    figure = study.plot.maps(images=[0], figsize="column")
    titles = [text.get_text() for text in figure.texts if "a_net" in text.get_text()]
    assert titles
    assert all("…" in title for title in titles)


def test_maps_that_a_result_lacks_are_named(tmp_path):
    study = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps(), ("net", "lime"): noisy_maps()})

    def rename(document):
        document["cells"][1]["method"] = "rise"

    study = edited(study, rename)
    for draw in (study.plot.maps, study.plot.overlay):
        with pytest.raises(UsageError, match=r"result.json lists no maps of rise on net; run the same bench again"):
            draw()
