from __future__ import annotations

import json
import math
from dataclasses import asdict

import pytest
import torch

from saliencynoise.interfaces import Dataset, Split, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.pool import Pool
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.transfer import recognition
from saliencynoise_paper.dream import dream_panel
from saliencynoise_paper.dreamers import load_dreamers
from saliencynoise_paper.panel import markdown, write_panel
from tests.studies import study_of

CLASSES = ("one", "$two", "three")
QUICK = DreamConfig(octaves=1, steps=2)


@pytest.fixture
def dataset():
    images = torch.zeros(3, 1, 16, 16, dtype=torch.uint8)
    splits = [Split(images=images, labels=torch.arange(3), names=(f"{part}0", f"{part}1", f"{part}2")) for part in "ab"]
    return Dataset(name="tiny", classes=CLASSES, train=splits[0], test=splits[1], mean=(0.3,), std=(0.2,))


@pytest.fixture
def study(tmp_path, dataset):
    """Six untrained members of a real architecture in a real pool, the second flagged as failed."""
    pool = Pool(tmp_path / "pool")
    model = catalogue().model("test_resnet", {}).load()
    about = {"seeds": {}, "accuracy": 0.5, "seconds": 1.0, "versions": {}, "hardware": {}}
    members = []
    for member in range(6):
        with torch.random.fork_rng():
            torch.manual_seed(member)
            weights = model.build((1, 16, 16), 3).module.state_dict()
        record = pool.save(member, weights, torch.zeros(3, 3), about)
        members.append({**asdict(record), "flag": "not above chance" if member == 1 else None})
    return study_of(
        tmp_path,
        settings={"target": "true", "draws": 2},
        dataset={
            "asked": "tiny",
            "classes": list(CLASSES),
            "image_shape": [1, 16, 16],
            "train_images": 3,
            "test_images": 3,
        },
        architectures=[
            {"name": "timm/test_resnet", "label": "test_resnet", "pool": str(pool.folder), "members": members}
        ],
        recipes={"test_resnet": {"epochs": 1, "batch_size": 8, "precision": "float32"}},
        versions={"torch": torch.__version__},
        hardware={"processor": "a processor", "device": "cpu"},
    )


def test_members_are_split_and_flagged_ones_passed_over(study, dataset):
    dreamers = load_dreamers(study, dataset, architecture="test_resnet", held_out=2, device="cpu")
    assert (dreamers.members, dreamers.held_out_members) == ((0, 2, 3), (4, 5))
    for member, network in zip((0, 2, 3, 4, 5), [*dreamers.networks, *dreamers.held_out], strict=True):
        weights = Pool(study.folder / "pool").weights(member)
        assert all(torch.equal(value, weights[name]) for name, value in network.module.state_dict().items())
    fewer = load_dreamers(study, dataset, architecture="test_resnet", held_out=1, members=2, device="cpu")
    assert (fewer.members, fewer.held_out_members) == ((0, 2), (5,))


def test_the_panel_has_a_row_a_dream_and_files_that_stay_the_same(study, dataset, tmp_path):
    panel = dream_panel(study, dataset, architecture="test_resnet", classes=("three", "$two"), config=QUICK, singles=3)
    counts = panel.data.groupby("kind").size().to_dict()
    assert counts == {"start": 2, "single": 6, "ensemble": 2, "stochastic": 2}
    assert panel.data.query("kind == 'single'")["member"].unique().tolist() == [0, 2, 3]
    for kind, scores in panel.facts.recognition.items():
        for score in ("probability", "margin", "top1"):
            mean = panel.data[panel.data["kind"] == kind][score].mean()
            assert scores[score].value == pytest.approx(mean)
    more = panel.facts.more_than_single["ensemble"]["margin"].value
    means = panel.data.groupby("kind")["margin"].mean()
    assert more == pytest.approx(means["ensemble"] - means["single"])
    assert "3 networks of test_resnet (members 0, 2, 3)" in markdown(panel)
    assert "2 held-out networks (members 4, 5)" in markdown(panel)
    paths = write_panel(panel, tmp_path / "first")
    again = dream_panel(study, dataset, architecture="test_resnet", classes=("three", "$two"), config=QUICK, singles=3)
    for path, other in zip(paths, write_panel(again, tmp_path / "second"), strict=True):
        assert path.read_bytes() == other.read_bytes()
    assert json.loads(paths[-1].read_text())["singles"] == 3


def test_what_stands_beneath_a_picture_is_what_held_out_members_say(study, dataset, monkeypatch):
    monkeypatch.setattr("saliencynoise_dream.figure._full_contrast", lambda picture: picture)  # draws what was judged
    panel = dream_panel(study, dataset, architecture="test_resnet", config=QUICK, singles=1)
    judges = load_dreamers(study, dataset, architecture="test_resnet", held_out=2, device="cpu").held_out
    pictures = [torch.tensor(axis.images[0].get_array().data) for axis in panel.figure.axes]
    assert len(pictures) == 3 * 4
    picture = pictures[2][..., 0][None, None]  # the ensemble's, of the first class
    scores = recognition(judges, picture, torch.tensor([0]), mean=(0.3,), std=(0.2,))
    value = float(scores.probability.mean())
    text = panel.figure.axes[2].get_xlabel()
    assert text.startswith(f"probability {value:.2f}\ntop-1 {int(scores.top1.sum())}/2")


def test_one_judge_writes_no_interval(study, dataset):
    panel = dream_panel(study, dataset, architecture="test_resnet", config=QUICK, singles=1, held_out=1)
    assert panel.data["probability_low"].isna().all()
    assert "[" not in panel.figure.axes[0].get_xlabel()
    assert math.isnan(panel.facts.recognition["ensemble"]["margin"].low)


def test_what_cannot_be_dreamt_is_named(study, dataset):
    with pytest.raises(UsageError, match="no architecture 'vgg'; it has test_resnet"):
        dream_panel(study, dataset, architecture="vgg")
    with pytest.raises(UsageError, match="class four is no class of the data set"):
        dream_panel(study, dataset, architecture="test_resnet", classes=("four",))
    with pytest.raises(UsageError, match="5 sound members of test_resnet cannot give 4 to dream and 2 to hold out"):
        dream_panel(study, dataset, architecture="test_resnet", members=4)
    with pytest.raises(UsageError, match="cannot give 1 to dream and 5"):
        dream_panel(study, dataset, architecture="test_resnet", held_out=5)
    other = Dataset(**{**vars(dataset), "classes": ("a", "b", "c")})
    with pytest.raises(UsageError, match="is not the study's"):
        dream_panel(study, other, architecture="test_resnet")
    (study.folder / "pool" / "member-0004.json").unlink()
    with pytest.raises(UsageError, match=r"lacks member 4 \(it has 0, 1, 2, 3, 5\)"):
        dream_panel(study, dataset, architecture="test_resnet", config=QUICK)
