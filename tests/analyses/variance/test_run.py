"""The parts of the noise of really trained networks, against loops over the files of their maps."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from saliencynoise.analyses.variance import run as variance
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.analyses.variance.run import _designs, load_variance, run_variance
from saliencynoise.engine.config import config_from
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.store.pool import Pool
from tests.engine.conftest import QUICK

METHODS = ["gradient", "smoothgrad(samples=2)"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Ten networks in two blocks: initialisation, and all others as one."""
    folder = tmp_path_factory.mktemp("variance")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder / "cache"))
        bench = config_from({**QUICK, "methods": METHODS})
        config = VarianceConfig(bench=bench, blocks=2, streams=("init",), out=str(folder / "out"))
        document = run_variance(config, Silent())
    return document, Study.load(folder / "out" / "test_resnet"), folder


def row_of(document, method):
    return next(row for row in document.rows if row.method.startswith(method))


def maps_of(study, method):
    """Unit-norm maps `[N, D, B, P]`, from the files."""
    folder = next(iter((study.folder / "maps").glob(f"*/builtin-{method}-*")))
    stores = sorted(folder.glob("*-[01]")) or [folder]
    values = [
        [load_file(next(iter((store / f"member-{i:04d}").iterdir())))["values"] for store in stores] for i in range(10)
    ]
    maps = np.array(values).astype(np.float64)
    maps = maps.reshape(*maps.shape[:3], -1)
    return maps / np.linalg.norm(maps, axis=-1, keepdims=True)


def seeds_of(study):
    return [member.seeds for member in study.result.architectures[0].members]


def test_members_share_the_seeds_that_they_should(ran):
    _, study, _ = ran
    seeds = seeds_of(study)
    for block in (seeds[:5], seeds[5:]):
        assert [own["init"] for own in block] == [block[0]["init"]] * 2 + [block[2]["init"]] * 2 + [block[0]["init"]]
        for stream in ("order", "augment", "dropout"):
            first, second = block[0][stream], block[1][stream]
            assert [own[stream] for own in block] == [first, second, first, second, first]
            assert first != second
    for stream in ("init", "order", "augment", "dropout"):
        assert {own[stream] for own in seeds[:5]}.isdisjoint({own[stream] for own in seeds[5:]})


def test_equal_seeds_give_equal_networks_and_one_other_seed_does_not(ran):
    document, study, _ = ran
    pool = Pool(Path(study.result.architectures[0].pool))
    for first in (0, 5):
        weights = pool.weights(first)
        again = pool.weights(first + 4)
        assert all(weights[name].equal(again[name]) for name in weights)
        for other in (first + 1, first + 2, first + 3):
            assert not all(weights[name].equal(value) for name, value in pool.weights(other).items())
    (own,) = document.architectures
    assert json_of(own.trained_again) == {"members": 2, "bitwise_equal": 2}
    for method in ("gradient", "smoothgrad"):
        assert row_of(document, method).replicate.value == pytest.approx(0, abs=1e-9)


def test_the_record_names_the_streams_varied_and_left_out(ran):
    document, _, _ = ran
    (own,) = document.architectures
    assert own.streams == {"init": ("init",), "rest": ("order", "augment")}
    assert own.left_out == {"dropout": "the network drops nothing"}
    assert (own.blocks, own.members) == (2, 10)
    assert 0 <= own.accuracy.min <= own.accuracy.max <= 1


@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
def test_parts_against_loops_over_the_maps(ran, method):
    document, study, _ = ran
    maps, seeds = maps_of(study, method), seeds_of(study)
    shared = maps.shape[1] - 1

    def product(e, f):
        return ((maps[e, 0] * maps[f, shared]).sum(-1) + (maps[e, shared] * maps[f, 0]).sum(-1)).mean() / 2

    differences = {}
    for e, f in itertools.permutations(range(10), 2):
        common = tuple(stream for stream in ("init", "order") if seeds[e][stream] == seeds[f][stream])
        own = (product(e, e) + product(f, f)) / 2 - product(e, f)
        differences.setdefault(common, []).append(own)
    noise = np.mean(differences[()])
    row = row_of(document, method)
    for part, first, total in zip(row.streams, ("init", "order"), ("order", "init"), strict=True):
        assert part.first.value == pytest.approx(1 - np.mean(differences[first,]) / noise, abs=1e-6)
        assert part.total.value == pytest.approx(np.mean(differences[total,]) / noise, abs=1e-6)
        assert part.total.interval.df == 1
    if method == "gradient":
        assert row.noise == pytest.approx(noise, abs=1e-6)
        assert row.energy is None


def test_energy_shares_are_those_of_members_that_share_no_seed(ran):
    document, study, _ = ran
    maps, seeds = maps_of(study, "smoothgrad"), seeds_of(study)
    apart = [
        (e, f)
        for e, f in itertools.permutations(range(10), 2)
        if seeds[e]["init"] != seeds[f]["init"] and seeds[e]["order"] != seeds[f]["order"]
    ]

    def mean(pairs, *places):
        return np.mean([(maps[e, d] * maps[f, g]).sum(-1).mean() for e, f in pairs for d, g in places])

    itself = [(e, e) for e in range(10)]
    signal, shared = mean(apart, (0, 0)), mean(apart, (1, 1))
    different, network = (mean(pairs, (0, 1), (1, 0)) for pairs in (apart, itself))
    energy = row_of(document, "smoothgrad").energy
    assert energy.signal.value == pytest.approx(signal, abs=1e-6)
    assert energy.network.value == pytest.approx(network - different, abs=1e-6)
    assert energy.draw.value == pytest.approx(shared - different, abs=1e-6)
    shares = [energy.signal, energy.network, energy.draw, energy.residual]
    assert sum(own.value for own in shares) == pytest.approx(1)
    assert row_of(document, "smoothgrad").noise == energy.network.value
    assert all(own.interval.low <= own.value <= own.interval.high for own in shares)


def test_the_file_is_the_document(ran):
    document, _, folder = ran
    assert json_of(document) == json_of(load_variance(folder / "out"))


def test_a_method_that_fails_has_a_row_that_says_why(extra_plugin, monkeypatch):
    monkeypatch.setattr(variance, "_per_block", lambda design: 1)  # two networks are enough to fail
    bench = config_from({**QUICK, "methods": ["raising"], "images": 2})
    document = run_variance(VarianceConfig(bench=bench, blocks=2, out="out"), Silent())
    (row,) = document.rows
    assert (row.status, row.method) == ("failed", "fakes/raising")
    assert "this method always fails" in row.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blocks": 1}, "--blocks 1 is not possible; give 2 or more"),
        ({"streams": ("init", "dropout")}, "'dropout' has no effect on test_resnet: the network drops nothing"),
        ({"streams": ("initial",)}, "unknown stream 'initial'"),
        ({"bench": config_from({"methods": []})}, "no method is named"),
        ({"bench": config_from({"methods": ["gradiant"]})}, "unknown method 'gradiant'"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(changes, words, tmp_path):
    settings = {"bench": config_from(QUICK), "out": "out", **changes}
    with pytest.raises(UsageError) as stop:
        run_variance(VarianceConfig(**settings), Silent())
    assert words in str(stop.value)
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]  # it keeps what is known of the data


def test_no_result(tmp_path):
    with pytest.raises(UsageError, match=r"holds no readable variance\.json"):
        load_variance(tmp_path)


def test_dropout_is_a_stream_where_the_network_drops():
    bench = config_from({**QUICK, "arch_args": {"drop_rate": 0.2}, "recipe": {"shift": 0}})
    (design,) = _designs(VarianceConfig(bench=bench)).values()
    assert design.factors == ("init", "order", "dropout")
