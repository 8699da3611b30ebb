"""`sn.measure`: maps of any kind in memory give the figures of their inner products."""

from __future__ import annotations

import gc
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

import saliencynoise as sn
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures.texts import basis
from saliencynoise.report.table import print_study

MEMBERS, ITEMS, SHAPE = 5, 6, (1, 6, 6)


@pytest.fixture(scope="module")
def maps():
    """[members, items, 1, 6, 6], float64, r of about 1."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(ITEMS, *SHAPE)) + rng.normal(size=(MEMBERS, ITEMS, *SHAPE))


def r_by_hand(maps: np.ndarray) -> float:
    """c/(1-c), with c the mean cosine between the maps of two members, looped."""
    cosines = []
    for item in range(maps.shape[1]):
        rows = [maps[member, item].ravel().astype(np.float64) for member in range(len(maps))]
        cosines += [
            one @ other / math.sqrt((one @ one) * (other @ other))
            for index, one in enumerate(rows)
            for other in rows[:index]
        ]
    return float(np.mean(cosines) / (1 - np.mean(cosines)))


def r_of(study: sn.Study, method: str = "maps", view: str = "signed") -> float:
    return study.cell("networks", method, view).known_figures.estimates.snr.value


KINDS = {
    "numpy": lambda maps: maps,
    "float32": lambda maps: maps.astype(np.float32),
    "float16": lambda maps: maps.astype(np.float16),
    "longdouble": lambda maps: maps.astype(np.longdouble),
    "big-endian": lambda maps: maps.astype(">f8"),
    "Fortran's order": np.asfortranarray,
    "backwards": lambda maps: maps[:, ::-1][:, ::-1],
    "torch": lambda maps: torch.tensor(maps, requires_grad=True),
    "bfloat16": lambda maps: torch.tensor(maps).bfloat16(),
    "whole numbers": lambda maps: (maps * 1000).round().astype(np.int32),
    "a list of arrays": list,
    "a list of lists": lambda maps: maps.tolist(),
    "xarray": lambda maps: xr.DataArray(maps, dims=("member", "image", "channel", "y", "x")),
    "xarray, turned": lambda maps: xr.DataArray(maps, dims=("member", "image", "channel", "y", "x")).transpose(
        "image", "y", "member", "x", "channel"
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_has_the_r_of_a_loop(maps, kind):
    given = KINDS[kind](maps)
    expected = r_by_hand(maps)
    tolerance = {"bfloat16": 3e-3, "float16": 1e-3, "whole numbers": 1e-3, "float32": 1e-6}.get(kind, 1e-12)
    assert r_of(sn.measure(given, keep_maps="none")) == pytest.approx(expected, rel=tolerance)


def test_explanations_of_shap_and_tables_are_lists_of_named_values(maps):
    values = maps.reshape(MEMBERS, ITEMS, -1)[:, :, :4]
    names = ["age", "sex", "bmi", "bp"]
    explanations = [SimpleNamespace(values=own, base_values=0.0, feature_names=names) for own in values]
    tables = [pd.DataFrame(own, columns=names).assign(who=list("abcdef"), kind=[0, 1] * 3) for own in values]
    one = sn.measure(explanations)
    other = sn.measure(tables, name_column="who", label_column="kind")
    assert r_of(one) == r_of(other) == pytest.approx(r_by_hand(values), rel=1e-12)
    assert one.result.dataset.features == other.result.dataset.features == tuple(names)
    assert [image.name for image in other.result.images] == list("abcdef")
    assert other.result.dataset.classes == ("0", "1")
    assert one.result.methods[0].layout == "values"
    assert one.member_maps(one.done[0]).dims == ("member", "image", "value")
    assert list(one.member_maps(one.done[0]).coords["value"].values) == names


def test_shapes_say_what_is_a_picture(maps):
    flat = maps.reshape(MEMBERS, ITEMS, 36)
    for given, layout, expected in (
        (maps, None, "picture"),
        (maps[:, :, 0], None, "picture"),
        (maps.transpose(0, 1, 3, 4, 2), None, "picture"),
        (flat, None, "values"),
        (flat.reshape(MEMBERS, ITEMS, 2, 3, 6), None, "values"),
        (maps, "values", "values"),
        (flat.reshape(MEMBERS, ITEMS, 2, 3, 6), "picture", "picture"),
    ):
        study = sn.measure(given, layout=layout, keep_maps="none")
        assert study.result.methods[0].layout == expected
        assert (study.done[0].known_details.spectrum is not None) == (expected == "picture")
        assert r_of(study) == pytest.approx(r_by_hand(maps), rel=1e-12)


def test_several_methods_are_compared_and_what_is_said_of_items_is_kept(maps, tmp_path):
    study = sn.measure(
        {"gradient": maps, "noisier": maps + np.random.default_rng(1).normal(size=maps.shape)},
        labels=torch.tensor([10, 9, 10, 9, 10, 9]), names=[f"cat {index}.png" for index in range(ITEMS)],
        members=[f"seed {index}" for index in range(MEMBERS)], images=np.zeros((ITEMS, 6, 6), np.uint8),
        out=tmp_path / "run", network="resnet",
    )  # fmt: skip
    assert study.result.dataset.classes == ("9", "10")
    assert [member.source for member in study.result.architectures[0].members] == [f"seed {e}" for e in range(MEMBERS)]
    assert study.pictures.shape == (ITEMS, 1, 6, 6)
    loaded = sn.Study.load(tmp_path / "run")
    assert json_of(loaded.result) == json_of(study.result)
    (pair,) = sn.compare(loaded)["methods"]
    assert {pair["a"], pair["b"]} == {"gradient", "noisier"}
    assert pair["ratio"] > 1


def test_a_column_that_all_members_share_is_noted(maps):
    shared = [frame.assign(age=range(ITEMS), nothing=0) for frame in _tables(maps, "abcd")]
    (note,) = sn.measure(shared, keep_maps="none").result.dataset.notes
    assert "all members have the same values in 1 column ('age')" in note


def test_without_out_nothing_stays(maps):
    study = sn.measure(maps)
    folder = study.folder
    tree = study.maps
    assert (folder / "result.json").is_file()
    del study
    gc.collect()
    assert tree["networks/maps"]["maps"].shape == (MEMBERS, ITEMS, *SHAPE)  # type: ignore[union-attr]
    np.testing.assert_allclose(tree["networks/maps"]["maps"].to_numpy().shape, (MEMBERS, ITEMS, *SHAPE))
    del tree
    gc.collect()
    assert not folder.exists()


def test_draws_are_separated_from_networks():
    rng = np.random.default_rng(2)
    networks = rng.normal(size=(1, 1, 32, 100)) + rng.normal(size=(8, 1, 32, 100))
    maps = networks + rng.normal(size=(8, 3, 32, 100))
    study = sn.measure(maps, draws="own", keep_maps="none")
    figures = study.done[0].known_figures
    assert figures.estimates.snr.value == pytest.approx(0.5, abs=0.1)
    assert figures.estimates.snr_network.value == pytest.approx(1.0, abs=0.15)
    assert set(figures.energy or {}) == {"signal", "network", "residual"}
    assert sum((figures.energy or {}).values()) == pytest.approx(1)
    shared = sn.measure(maps, draws="shared", keep_maps="none")
    assert "draw" in (shared.done[0].known_figures.energy or {})


def test_clusters_make_a_nested_study(maps):
    study = sn.measure(np.concatenate([maps, maps[:1]]), clusters=["a", "a", "b", "b", "c", "c"], keep_maps="none")
    population = study.result.architectures[0].population
    assert (population.kind, population.starts, population.unit) == ("several_starts", ("a", "b", "c"), "cluster")


def test_few_clusters_are_counted_not_their_members(maps):
    many = np.concatenate([maps, maps[::-1] + maps.mean(0), maps * 2 - maps.mean(0)])[:12]
    for clusters, words in (([0, 1, 2, 3] * 3, "with 4 starts the test misses"), ([0] * 10 + [1, 2], "no test: 3 st")):
        study = sn.measure(many, clusters=clusters, labels=[0, 1] * 3, keep_maps="none")
        details = study.done[0].known_details
        assert words in details.modes.words
        assert details.template.share_interval.note == "indicative: fewer than 8 starts; for these classes"
        assert "with fewer than 8 clusters intervals are indicative" in basis(study)


def test_oddities_are_told(maps):
    twice = maps.copy()
    twice[3] = twice[1]
    twice[4] = 0
    notes = sn.measure(twice, keep_maps="none").result.dataset.notes
    assert any("members 1 and 3 have identical maps of maps" in note for note in notes)
    assert any("zero on all 6 images for member 4" in note for note in notes)
    swapped = sn.measure(maps.swapaxes(0, 1), keep_maps="none").result.dataset.notes
    assert any("there are 6 members and 5 items" in note for note in swapped)
    assert sn.measure(maps, keep_maps="none").result.dataset.notes == ()
    small = sn.measure((maps * 1e-6).astype(np.float16), keep_maps="none")
    assert small.done[0].denormal_images == ITEMS


BROKEN = {
    "NaN": (
        lambda maps: _with(maps, (2, 3, 0, 1, 1), np.nan), {},
        "maps: member 2 has 1 value of NaN or infinity in the map of item 3",
    ),
    "unequal shapes": (
        lambda maps: [*maps[:4], maps[4, :, :, :5]], {},
        "member 4 has maps of shape 6x1x5x6, and member 0 of 6x1x6x6",
    ),
    "a single member": (lambda maps: maps[:1], {}, "maps of 1 member; differences between members need two or more"),
    "no items": (lambda maps: maps[:, :0], {}, "there are no items"),
    "no values": (lambda maps: maps[..., :0], {}, "maps of shape 1x6x0 have no values"),
    "no axis of values": (lambda maps: maps[:, :, 0, 0, 0], {}, "an array of shape 5x6 is not [members, items, ...]"),
    "zeros": (lambda maps: maps * 0, {}, "maps: the maps of all members are zero on all images"),
    "objects": (lambda maps: np.array([[["a"]]], dtype=object), {}, "the values are object; nothing is unpickled"),
    "complex": (lambda maps: maps * 1j, {}, "the values are complex128"),
    "bool": (lambda maps: maps > 0, {}, "the values are bool"),
    "no array": (lambda maps: 3, {}, "int is no array of maps"),
    "an empty list": (lambda maps: [], {}, "the list is empty"),
    "an empty mapping": (lambda maps: {}, {}, "the mapping is empty"),
    "other members": (lambda maps: {"a": maps, "b": maps[:3]}, {}, "b has 3 members, and a has 5"),
    "labels": (lambda maps: maps, {"labels": [0, 1]}, "labels has 2 values, and there are 6 items"),
    "names twice": (lambda maps: maps, {"names": ["a"] * 6}, "names has 'a' twice"),
    "members": (lambda maps: maps, {"members": ["a"]}, "members has 1 values, and there are 5 members"),
    "clusters": (lambda maps: maps, {"clusters": [0, 0]}, "clusters has 2 values, and there are 5 members"),
    "features": (lambda maps: maps, {"features": ["a"]}, "the maps are pictures"),
    "images": (lambda maps: maps, {"images": np.zeros((2, 3, 3))}, "images has 2 pictures, and there are 6 items"),
    "draws": (lambda maps: maps, {"draws": "owned"}, "draws='owned' is not known"),
    "layout": (lambda maps: maps[..., 0, 0], {"layout": "picture"}, "a map of shape 1 is no picture"),
    "views": (lambda maps: maps, {"views": ["red"]}, "unknown view 'red'"),
    "xarray": (lambda maps: xr.DataArray(maps[:, :, 0, 0]), {}, "an xarray with the dimensions dim_0, dim_1, dim_2"),
    "an aggregator of networks": (lambda maps: maps, {"aggregator": "mean_logits"}, "averages networks"),
    "seed": (lambda maps: maps, {"seed": -1}, "seed=-1"),
    "masked": (lambda maps: np.ma.masked_array(maps, mask=maps > 0), {}, "maps: a masked array"),
    "a list of masked": (lambda maps: [np.ma.masked_array(own) for own in maps], {}, "member 0: a masked array"),
    "meta": (lambda maps: torch.tensor(maps, device="meta"), {}, "a tensor on the device meta has no values"),
    "sparse": (lambda maps: torch.tensor(maps).to_sparse(), {}, "the layout sparse_coo; give maps.to_dense()"),
    "float8": (lambda maps: torch.tensor(maps).to(torch.float8_e4m3fn), {}, "turn them into float32"),
    "no draws": (lambda maps: maps[:, None][:, :0], {"draws": "own"}, "the axis of draws is empty"),
    "lists without draws": (lambda maps: [own[None][:0] for own in maps], {"draws": "own"}, "the axis of draws is"),
    "an xarray without draws": (lambda maps: _xarray(maps).expand_dims(draw=0), {}, "the axis of draws is empty"),
    "a label for all": (lambda maps: _xarray(maps).assign_coords(label=3), {}, "give it the dimension 'image'"),
    "a column twice": (lambda maps: _tables(maps, "aabc"), {}, "the column 'a' is there twice"),
    "other rows": (
        lambda maps: [frame.sample(frac=1, random_state=index) for index, frame in enumerate(_tables(maps, "abcd"))],
        {}, "member 1 has another index than the first",
    ),
    "a column without table": (lambda maps: maps, {"name_column": "who"}, "the maps are in arrays; give names="),
    "a name without value": (
        lambda maps: [frame.assign(who=[1, None, 2, 3, 4, 5]) for frame in _tables(maps, "abcd")],
        {"name_column": "who"}, "the column 'who' has no value at position 1",
    ),
    **{
        f"{option} is a number": (lambda maps: maps, {option: 5}, f"{option}=5 is no {kind}")
        for option, kind in {
            **dict.fromkeys(("labels", "names", "members", "clusters", "views"), "list"),
            "network": "text", "aggregator": "text", "out": "path",
        }.items()
    },
    "views as text": (lambda maps: maps, {"views": "abs"}, "views='abs' is no list"),
    "a set of labels": (lambda maps: maps, {"labels": {0, 1}}, "labels={0, 1} is no list"),
    "bytes": (lambda maps: maps, {"labels": b"ababab"}, "labels=b'ababab' is no list"),
    "clusters that are missing": (
        lambda maps: maps, {"clusters": [1, np.nan, 1, 2, 2]}, "clusters has no value at position 1 (nan)",
    ),
    "huge": (lambda maps: maps * 1e200, {}, "the largest value of the maps of image 0 is 4e+200"),
    "tiny": (lambda maps: maps * 1e-200, {}, "multiply all maps by one number"),
    "huge whole numbers": (lambda maps: np.full((2, 3, 4), 2**60), {}, "beyond 2^53"),
}  # fmt: skip


def _xarray(maps: np.ndarray) -> xr.DataArray:
    return xr.DataArray(maps, dims=("member", "image", "channel", "y", "x"))


def _tables(maps: np.ndarray, names: str) -> list[pd.DataFrame]:
    return [pd.DataFrame(own.reshape(ITEMS, -1)[:, : len(names)], columns=[*names]) for own in maps]


def _with(maps: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    changed = maps.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_measured_is_refused_with_its_place(maps, case):
    broken, options, words = BROKEN[case]
    with pytest.raises(sn.UsageError) as refusal:
        sn.measure(broken(maps), keep_maps="none", **options)
    assert words in str(refusal.value)


def test_a_folder_that_is_not_empty_is_left_alone(maps, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(sn.UsageError, match="is not an empty folder"):
        sn.measure(maps, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_two_measured_studies_are_compared_and_their_mean_maps_too(maps, tmp_path):
    rng = np.random.default_rng(5)
    others = maps.mean(0) + rng.normal(size=maps.shape)
    for name, own in (("a", maps), ("b", others)):
        sn.measure(own, out=tmp_path / name)
    document = sn.compare(tmp_path / "a", tmp_path / "b")
    assert document["runs"][0]["agreement"]["value"] > 0
    assert not [line for line in document["warnings"] if "share" in line]


def test_a_list_of_values_is_compared_too(tmp_path):
    rng = np.random.default_rng(5)
    signal = rng.normal(size=(8, 20))
    for name in ("a", "b"):
        sn.measure(signal + rng.normal(size=(6, 8, 20)), out=tmp_path / name)
    (pair,) = sn.compare(tmp_path / "a", tmp_path / "b")["runs"]
    assert pair["agreement"]["value"] == pytest.approx(1, abs=0.3)


def test_the_one_tuples_of_captum_are_their_arrays_and_longer_ones_are_refused(maps):
    assert r_of(sn.measure([(own,) for own in maps], keep_maps="none")) == r_of(sn.measure(maps, keep_maps="none"))
    with pytest.raises(sn.UsageError, match="member 0: a tuple of 2 arrays"):
        sn.measure([(own, own) for own in maps])


def test_an_explanation_of_several_outputs_does_not_lose_the_names_of_its_features(maps):
    values = maps.reshape(MEMBERS, ITEMS, -1)[:, :, :8].reshape(MEMBERS, ITEMS, 4, 2)
    explanations = [SimpleNamespace(values=own, base_values=0.0, feature_names=list("abcd")) for own in values]
    with pytest.raises(sn.UsageError, match=r"2 outputs for 4 named features; choose an output"):
        sn.measure(explanations)


@pytest.mark.parametrize("views", [("relu", "signed"), ("relu",)])
def test_views_follow_the_signed_one_and_each_row_has_its_name(maps, views, capsys):
    study = sn.measure(maps, views=views, keep_maps="none")
    assert [cell.view for cell in study.done] == ["signed", "relu"]
    print_study(study)
    assert capsys.readouterr().out.count("relu") == 1
