"""The settings of a sanity check: three ensembles of one bench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.engine.config import BenchConfig
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue

BENCH = BenchConfig(archs=("vgg",))


def test_each_ensemble_has_a_sampler_of_the_catalogue():
    samplers = SanityConfig(bench=BENCH, permuted_epochs=7).samplers
    names = {kind: catalogue().sampler(name).canonical_name for kind, name in samplers.items()}
    assert names == {
        "trained": "builtin/deep_ensemble",
        "untrained": "builtin/untrained",
        "permuted": "builtin/permuted_labels(epochs=7)",
    }


def test_the_folder_follows_from_all_that_changes_a_figure():
    plain = SanityConfig(bench=BENCH)
    others = [SanityConfig(bench=BENCH, permuted_epochs=3), SanityConfig(bench=replace(BENCH, seed=1))]
    assert len({config.folder for config in (plain, *others)}) == 3
    assert plain.folder.name.startswith("sanity-digits-vgg-")
    assert replace(plain, out="here").folder == Path("here")
    assert replace(plain, out="here").settings == plain.settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"permuted_epochs": 1.5}, "permuted_epochs is 1.5; it must be a whole number"),
        ({"out": ""}, "--out '' names no folder; name one"),
        ({"bench": replace(BENCH, precision="bfloat16")}, "'sanity' computes in float32; leave out precision=bfloat16"),
    ],
)
def test_values_of_another_type_are_refused(changes, words):
    with pytest.raises(UsageError) as caught:
        SanityConfig(**{"bench": BENCH, **changes})
    assert str(caught.value) == words
