"""Trained networks beside two kinds that know nothing, against plain numpy over the files of their maps."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.sanity.rows import _divided, _without_twins, joint_gram
from saliencynoise.analyses.sanity.run import load_sanity, run_sanity
from saliencynoise.engine.config import config_from
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.statistics.agreement import agreement
from saliencynoise.statistics.comparison import holm
from saliencynoise.statistics.sanity import cosine_difference
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.store.pool import Pool
from tests.engine.conftest import QUICK

METHODS = ["gradient", "smoothgrad(samples=2)"]
KINDS = ("trained", "untrained", "permuted")


@pytest.fixture(scope="module")
def ran(tmp_path_factory, trained_cache):
    folder = tmp_path_factory.mktemp("sanity")
    shutil.copytree(trained_cache, folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder / "cache"))
        config = SanityConfig(bench=config_from({**QUICK, "methods": METHODS}), out=str(folder / "out"))
        document = run_sanity(config, Silent())
    return document, {name: Study.load(folder / "out" / name) for name in KINDS}, folder


def maps_of(study, method, view):
    """Unit-norm maps `[E, D, B, P]`, from the files."""
    folder = next(iter((study.folder / "maps").glob(f"*/builtin-{method}-*")))
    stores = sorted(folder.glob("*-[01]")) or [folder]
    values = [[load_file(next(iter((s / f"member-{i:04d}").iterdir())))["values"] for s in stores] for i in range(3)]
    maps = np.array(values).astype(np.float64)
    maps = maps.reshape(*maps.shape[:3], -1)
    if view == "magnitude":
        maps = np.abs(maps) - np.abs(maps).mean(-1, keepdims=True)
    return maps / np.linalg.norm(maps, axis=-1, keepdims=True)


def cosines(a, b):
    """Cosines `[B, E, F]` of the first draws, which are each member's own."""
    return np.einsum("ebp,fbp->bef", a[:, 0], b[:, 0])


def row_of(document, method, view):
    return next(row for row in document.rows if row.method.startswith(method) and row.view == view)


@pytest.mark.parametrize("view", ["signed", "magnitude"])
@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
def test_r_against_numpy(ran, method, view):
    document, studies, _ = ran
    for name, study in studies.items():
        maps = maps_of(study, method, view)
        c = cosines(maps, maps)[:, ~np.eye(3, dtype=bool)].mean()
        found = getattr(row_of(document, method, view).snr, name)
        assert found.value == pytest.approx(c / (1 - c), rel=1e-5)


def test_r_of_signed_maps_is_that_of_each_kinds_own_bench(ran):
    document, studies, _ = ran
    for name, study in studies.items():
        for cell in study.done:
            own = getattr(row_of(document, cell.method, "signed").snr, name)
            due = cell.figures.estimates.snr
            assert own.value == pytest.approx(due.value, rel=1e-9)
            assert own.interval.high == pytest.approx(due.interval.high, rel=0.02)  # another bootstrap


@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
def test_contrasts_are_those_of_the_statistics(ran, method):
    document, studies, _ = ran
    maps = {name: maps_of(study, method, "magnitude") for name, study in studies.items()}
    grams = {}
    for name, own in maps.items():
        gram = cosines(own, own)
        for e in range(3):
            gram[:, e, e] = 1
        grams[name] = torch.from_numpy(gram)
    for other in KINDS[1:]:
        cross = cosines(maps["trained"], maps[other])
        for e in range(3):
            others = [f for f in range(3) if f != e]
            cross[:, e, e] = (cross[:, e, others].sum(-1) + cross[:, others, e].sum(-1)) / 4
        due = agreement(torch.from_numpy(cross), grams["trained"], grams[other], seed=0)
        contrast = getattr(row_of(document, method, "magnitude").contrasts, other)
        assert contrast.agreement.raw == pytest.approx(due.raw, rel=1e-5)
        assert (contrast.agreement.interval is None) == (due.interval is None)
        difference = cosine_difference(pooled_snr(grams["trained"]), pooled_snr(grams[other]))
        assert contrast.difference.value == pytest.approx(difference.value, rel=1e-4)
        assert contrast.difference.p == pytest.approx(difference.p, rel=1e-4)


def test_p_values_are_corrected_over_all_rows(ran):
    document, _, _ = ran
    for other in KINDS[1:]:
        differences = [getattr(row.contrasts, other).difference for row in document.rows]
        assert [own.p_holm for own in differences] == holm([own.p for own in differences])


def test_each_kind_has_other_networks(ran):
    document, studies, _ = ran
    pools = {name: Pool(Path(study.result.architectures[0].pool)) for name, study in studies.items()}
    assert len({pool.folder for pool in pools.values()}) == 3
    parts = [name for name, own in pools["trained"].weights(0).items() if own.is_floating_point() and own.ndim > 1]
    for name in parts:
        kinds = [pool.weights(0)[name] for pool in pools.values()]
        assert not any(kinds[a].equal(kinds[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert document.members == 3
    for name in KINDS:
        assert len(getattr(document.ensembles, name).architectures["test_resnet"].accuracies) == 3


def test_the_file_is_the_document(ran):
    document, _, folder = ran
    assert json_of(document) == json_of(load_sanity(folder / "out"))


def test_members_that_began_alike_do_not_count_as_agreement():
    generator = torch.Generator().manual_seed(0)
    cross = torch.rand(2, 4, 4, generator=generator, dtype=torch.float64)
    twins = cross + 100 * torch.eye(4)
    off = ~torch.eye(4, dtype=torch.bool)
    assert _without_twins(twins).allclose(_without_twins(cross))
    assert _without_twins(twins)[:, off].equal(cross[:, off])
    assert float(_without_twins(twins).mean()) == pytest.approx(float(cross[:, off].mean()))


def test_magnitude_does_not_know_signs_and_noise_has_none_of_it_in_common():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(6, 1, 1, 40, 40, generator=generator)
    gram = joint_gram(maps, view="magnitude")
    assert gram.allclose(joint_gram(-maps, view="magnitude"))
    scale = gram.diagonal().sqrt()
    off = (gram / scale[:, None] / scale)[~torch.eye(6, dtype=torch.bool)]
    assert float(off.abs().max()) < 0.1


def test_images_without_a_map_in_one_kind_are_left_out():
    gram = torch.eye(4).repeat(3, 1, 1)
    gram[1, :2, :2] = 0  # the first kind has no map of the second image
    found = _divided(gram, {"a": torch.tensor([0, 1]), "b": torch.tensor([2, 3])}, (7, 8, 7))
    assert {pair: own.shape[0] for pair, own in found.grams.items()} == {("a", "a"): 2, ("b", "b"): 2, ("a", "b"): 2}
    assert found.groups == (0, 0)


def test_a_method_that_fails_has_a_row_that_says_where(extra_plugin, monkeypatch):
    monkeypatch.setattr(SanityConfig, "samplers", dict.fromkeys(KINDS, "untrained"))  # which takes no time
    bench = config_from({**QUICK, "methods": ["zero"], "images": 2, "train_images": 32})
    (row,) = run_sanity(SanityConfig(bench=bench, out="out"), Silent()).rows
    assert (row.status, row.method) == ("failed", "fakes/zero")
    assert row.reason.startswith("trained networks: the maps of all members are zero")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bench": config_from({"members": 2})}, "--members 2 gives no intervals; give 3 or more"),
        ({"bench": config_from({"target": "predicted"})}, "--target predicted differs between trained and other"),
        ({"bench": config_from({"methods": []})}, "no method is named"),
        ({"permuted_epochs": -1}, "--permuted-epochs -1 is not possible"),
    ],
)
def test_bad_settings(changes, words):
    with pytest.raises(UsageError) as stop:
        SanityConfig(**{"bench": config_from({}), **changes})
    assert words in str(stop.value)


def test_no_result(tmp_path):
    with pytest.raises(UsageError, match=r"holds no readable sanity\.json"):
        load_sanity(tmp_path)
