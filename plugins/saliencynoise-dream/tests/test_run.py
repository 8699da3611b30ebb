"""From a pool to files; the pool's members are untrained, but believed to have learned."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from PIL import Image

import saliencynoise as sn
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.trained import TrainedEnsemble
from saliencynoise.interfaces import Dataset, Split, UsageError
from saliencynoise.records.reading import read_record
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.pool import Pool
from saliencynoise_dream import run as module
from saliencynoise_dream.records import DreamRecord
from saliencynoise_dream.request import request_from
from saliencynoise_dream.table import render_dream, write_figure
from saliencynoise_dream.transfer import recognition

CLASSES = ("one", "../[red]$x$[/]<script>", "three")
QUICK = {"octaves": 2, "steps": 2, "device": "cpu", "pool": "own"}


@pytest.fixture
def ensemble(tmp_path, monkeypatch):
    """Six members, the second flagged."""
    monkeypatch.chdir(tmp_path)
    images = torch.full((3, 1, 16, 16), 90, dtype=torch.uint8)
    split = Split(images=images, labels=torch.arange(3), names=("a", "b", "c"))
    dataset = Dataset(name="tiny", classes=CLASSES, train=split, test=split, mean=(0.3,), std=(0.2,))
    pool, model = Pool(tmp_path / "pool"), catalogue().model("test_resnet", {})
    pool.describe({}, {})
    loaded, records = model.load(), []
    about = {"seeds": {}, "accuracy": 0.5, "seconds": 1.0, "versions": {}, "hardware": {}}
    for member in range(6):
        with torch.random.fork_rng():
            torch.manual_seed(member)
            weights = loaded.build((1, 16, 16), 3).module.state_dict()
        records.append(pool.save(member, weights, torch.zeros(3, 3), about))
    trained = TrainedEnsemble(
        dataset=dataset, model=model, pool=pool, records=records, flags={1: "not above chance"}, device="cpu",
        recipe={"epochs": 1}, seed=7,
    )  # fmt: skip
    monkeypatch.setattr(module, "trained_ensemble", lambda config, observer, pool: trained)
    monkeypatch.setattr("saliencynoise.engine.networks.refuse_changed_network", lambda *_: None)
    return trained


def test_a_dream_leaves_pictures_scores_and_steps(ensemble, tmp_path):
    study = sn.dream(**QUICK, members=2, singles=2, gradient="both", gif=True, out="run")
    result = read_record(study.folder / "dream.json", DreamRecord)
    assert json_of(result) == json_of(study.result)
    assert (result.members, result.held_out) == ((0, 2), (4, 5))
    assert result.passed_over == {"1": "not above chance"}
    assert (result.seeds.members, result.seeds.dream) == (7, 0)
    names = {path.name for path in (study.folder / "pictures").iterdir()}
    assert len(names) == 3 * (1 + 2 + 1 + 1)
    assert not any(set(name) & set("[]<>$/") for name in names)
    judges = ensemble.networks([4, 5])
    row = next(row for row in result.dreams if (row["kind"], row["class"]) == ("ensemble", "three"))
    saved = torch.tensor(np.asarray(Image.open(study.folder / "pictures" / "ensemble-02-three.png")))[None, None]
    expected = recognition(judges, saved, torch.tensor([2]), mean=(0.3,), std=(0.2,))
    assert row["margin"] == pytest.approx(float(expected.margin.mean()))
    steps = list(csv.DictReader((study.folder / "objective.csv").open()))
    assert len(steps) == 3 * 4 * 4
    assert {row["octave"] for row in steps} == {"0", "1"}
    assert Image.open(study.folder / "steps.gif").n_frames == 5
    assert write_figure(study).stat().st_size > 5000
    assert set(result.facts.more_than_single) == {"ensemble", "stochastic"}


def test_the_same_seed_gives_the_same_bytes_and_the_folder_holds_one_dream(ensemble):
    def files(**changed):
        study = sn.dream(**{**QUICK, "classes": ["one"], "members": 2, "out": "run", **changed})
        return {path.name: path.read_bytes() for path in study.folder.glob("*/*.png")}

    first, other, fewer, again = files(), files(seed=1), files(singles=1, seed=1), files()
    assert first == again
    assert first.keys() == other.keys()
    assert first["ensemble-00-one.png"] != other["ensemble-00-one.png"]
    assert len(fewer) < len(other)


@pytest.mark.parametrize("width", [80, 160])
def test_a_layer_from_a_picture_is_judged_by_its_gain(ensemble, tmp_path, width):
    Image.effect_noise((20, 20), 60).save(tmp_path / "x.png")
    study = sn.dream("x.png", **QUICK, layer="intermediate", held_out=3)
    assert study.rows == ("intermediate",)
    by_kind = study.result.facts.recognition
    assert by_kind["start"]["gain"].value == 0
    assert by_kind["ensemble"]["gain"].value > 0
    assert study.result.members == (0, 2)
    assert len(study.result.start.sha256) == 64
    assert any("to 16 pixels" in str(part) for part in render_dream(study.result, width=width))


def test_too_few_members_are_named_and_foreign_folders_left_alone(ensemble, monkeypatch):
    with pytest.raises(UsageError, match=r"5 members \(1 more have not learned.*cannot give 4 to dream and 2 to hold"):
        sn.dream(**QUICK, members=4)
    with pytest.raises(UsageError, match="cannot give 1 to dream and 5"):
        sn.dream(**QUICK, held_out=5)
    with pytest.raises(UsageError, match="--jitter 16 is too large for pictures of 16 pixels; give 15"):
        sn.dream(**QUICK, jitter=16)
    monkeypatch.setattr(module, "MOST_KEPT", 1000)
    with pytest.raises(UsageError, match="--gif would keep"):
        module.prepare_dream(request_from({**QUICK, "gif": True}), Silent())
    with pytest.raises(UsageError, match=r"holds other files and no dream\.json"):
        sn.dream(**QUICK, out="pool")


def test_a_diverged_member_is_named(ensemble, monkeypatch):
    networks = ensemble.networks([0, 2, 4, 5])
    with torch.no_grad():
        next(networks[1].module.parameters()).fill_(float("nan"))
    monkeypatch.setattr(TrainedEnsemble, "networks", lambda self, members: [networks.pop(0) for _ in members])
    with pytest.raises(UsageError, match="gradient that is not finite"):
        sn.dream(**QUICK, members=2)
