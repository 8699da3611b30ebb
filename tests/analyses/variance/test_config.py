"""The settings of the parts of the noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.engine.config import BenchConfig
from saliencynoise.interfaces import UsageError

BENCH = BenchConfig(archs=("vgg",))


def test_the_folder_follows_from_all_that_changes_a_figure():
    plain = VarianceConfig(bench=BENCH)
    others = [
        VarianceConfig(bench=BENCH, blocks=3),
        VarianceConfig(bench=BENCH, streams=("init",)),
        VarianceConfig(bench=replace(BENCH, seed=1)),
    ]
    assert len({config.folder for config in (plain, *others)}) == 4
    assert plain.folder.name.startswith("variance-digits-vgg-")
    assert replace(plain, out="here").folder == Path("here")
    assert replace(plain, out="here").settings == plain.settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blocks": "4"}, "blocks is '4'; it must be a whole number"),
        ({"blocks": 1}, "--blocks 1 is not possible; give 2 or more, which intervals need"),
        ({"streams": "init"}, "streams is 'init'; it must be a list"),
        ({"out": "a\0"}, "--out 'a\\x00' names no folder; name one"),
        (
            {"bench": replace(BENCH, precision="bfloat16")},
            "'variance' computes in float32; leave out precision=bfloat16",
        ),
        ({"bench": replace(BENCH, methods=())}, "no method is named; name one with --method"),
    ],
)
def test_impossible_values_are_refused(changes, words):
    with pytest.raises(UsageError) as caught:
        VarianceConfig(**{"bench": BENCH, **changes})
    assert str(caught.value) == words
