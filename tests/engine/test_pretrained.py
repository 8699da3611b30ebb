"""Settings that follow an architecture's own pretrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from saliencynoise.engine import pretrained
from saliencynoise.engine.config import config_from
from saliencynoise.engine.pretrained import followed, followed_normalization, with_normalization
from saliencynoise.interfaces import PretrainedWeights, UsageError
from tests.engine.tiny import tiny_dataset

RGB = PretrainedWeights(name="a", arguments={"adapt": False}, image_size=64, mean=(0.1, 0.2, 0.6), std=(0.5, 0.5, 0.5))
GREY = PretrainedWeights(name="b", image_size=32, mean=(0.25,), std=(0.125,))


@dataclass
class Offering:
    weights: PretrainedWeights

    def pretrained(self, which):
        return self.weights


@pytest.fixture
def offers(monkeypatch):
    """Architectures that bring the weights of this table, by name."""
    table = {"a": RGB, "b": GREY}
    monkeypatch.setattr(pretrained, "pretrained_model", lambda _source, model: Offering(table[model.canonical_name]))
    named = SimpleNamespace(model=lambda text, arguments: (text, dict(arguments)))
    monkeypatch.setattr(pretrained, "catalogue", lambda: named)
    return [SimpleNamespace(canonical_name=name, distribution="ours 1") for name in table]


def test_settings_that_the_user_gives_win(offers):
    config = config_from({"archs": ["a"], "init": "timm"})
    follow = followed(config, offers[:1], config.init)
    assert (follow.models, follow.image_size) == ([("a", {"adapt": False})], 64)
    given = config_from({"archs": ["a"], "init": "timm", "image_size": 16, "arch_args": {"adapt": True, "width": 2}})
    follow = followed(given, offers[:1], given.init)
    assert (follow.models, follow.image_size) == ([("a", {"adapt": True, "width": 2})], 16)
    other = config_from({"archs": ["a"], "image_size": 16})
    assert followed(other, offers[:1], ("/files/timm.pt",)).weights == ()


def test_weights_that_need_different_settings_are_refused(offers):
    config = config_from({"archs": ["a", "b"], "init": "timm"})
    with pytest.raises(UsageError, match=r"images of different sizes \(a 64, b 32\); give --image-size"):
        followed(config, offers, config.init)
    with pytest.raises(UsageError, match="different normalisations; give --normalization"):
        followed_normalization(config, tiny_dataset(), [RGB, GREY])


def test_the_normalization_follows_the_weights_and_the_channels():
    config, dataset = config_from({}), tiny_dataset()
    assert followed_normalization(config, dataset, []) == "dataset"
    assert followed_normalization(config, dataset, [GREY]) == "0.25/0.125"
    assert followed_normalization(config, dataset, [RGB]) == "0.3/0.5"  # one channel: the mean of the three
    resolved, normal = with_normalization(config, dataset, "0.3/0.5")
    assert (resolved.normalization, normal.mean, normal.std) == ("0.3/0.5", (0.3,), (0.5,))
    given = config_from({"normalization": "none"})
    assert followed_normalization(given, dataset, [RGB]) == "none"
    assert with_normalization(given, dataset, "none") == (given, dataset)
