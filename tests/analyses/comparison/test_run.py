"""Comparisons of real runs: pairs, corrections, agreement, and runs that cannot be compared."""

import itertools

import pytest
import torch

from saliencynoise.analyses.comparison.run import claims, compare_architectures, compare_methods, compare_runs
from saliencynoise.api import bench
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.agreement import agreement
from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.snr import pooled_snr


def test_every_two_methods_are_compared_on_the_same_members(quick):
    study = bench(**quick, out="run")
    pairs = compare_methods(study)
    cells = [cell for cell in study.done if cell.view == "signed"]
    assert [(p.comparison.a, p.comparison.b) for p in pairs] == [
        (a.method, b.method) for a, b in itertools.combinations(cells, 2)
    ]
    due = compare(pooled_snr(study.gram(cells[0])), pooled_snr(study.gram(cells[1])), shared="members")
    assert pairs[0].comparison.difference == pytest.approx(due.difference, nan_ok=True)
    known = [pair.comparison for pair in pairs if pair.comparison.p is not None]
    assert all(own.p_holm >= own.p for own in known)
    assert compare_architectures(study) == []
    assert claims(pairs) == []


def test_runs_with_other_members_are_compared_and_their_agreement_is_that_of_the_maps(quick):
    quick["methods"] = ["gradient"]
    one, other = bench(**quick, out="one"), bench(**{**quick, "sampler": "untrained"}, out="other")
    (pair,) = compare_runs(one, other)
    assert pair.within == "test_resnet, gradient"
    maps = [
        torch.tensor(study.maps["test_resnet/gradient"]["maps"].values).double().flatten(2).movedim(1, 0)
        for study in (one, other)
    ]
    due = agreement(maps[0] @ maps[1].mT, maps[0] @ maps[0].mT, maps[1] @ maps[1].mT, seed=0)
    assert pair.agreement.raw == pytest.approx(due.raw)
    assert pair.agreement.value == pytest.approx(due.value, nan_ok=True)


def test_runs_that_cannot_be_compared_say_why(quick):
    quick["methods"] = ["gradient"]
    one = bench(**quick, out="one")
    with pytest.raises(UsageError, match="share members"):
        compare_runs(one, bench(**quick, out="again"))
    with pytest.raises(UsageError, match="attribute different images"):
        compare_runs(one, bench(**{**quick, "images": 3, "sampler": "untrained"}, out="fewer"))
    other = bench(**{**quick, "methods": ["gradcam"], "sampler": "untrained"}, out="method")
    with pytest.raises(UsageError, match="no architecture and method in common"):
        compare_runs(one, other)


def test_without_the_members_maps_there_is_no_agreement_but_a_comparison(quick):
    quick["methods"] = ["gradient"]
    one = bench(**quick, out="one", keep_maps="mean")
    other = bench(**{**quick, "sampler": "untrained"}, out="other")
    (pair,) = compare_runs(one, other)
    assert pair.agreement is None
    assert "kept no members' maps" in pair.note
    assert pair.comparison.a == "one"


def test_runs_that_share_initial_weights_are_marked(quick):
    quick["methods"] = ["gradient"]
    one = bench(**quick, out="one")
    (shared,) = compare_runs(one, bench(**{**quick, "sampler": "untrained"}, out="untrained"))
    assert "share initial weights" in shared.note
    (fresh,) = compare_runs(one, bench(**{**quick, "epochs": 2}, out="recipe"))
    assert "share initial weights" in fresh.note  # another recipe, the same seeds


def test_maps_without_a_null_are_compared_less_their_own_means(quick):
    study = bench(**quick | {"methods": ["gradient", "gradcam_plus_plus"], "untrained": "none"})
    (pair,) = compare_methods(study)
    assert (pair.comparison.a, pair.comparison.b) == ("gradient", "gradcam_plus_plus, centred")
    cells = {(cell.method, cell.view): study.gram(cell) for cell in study.done}
    due = compare(pooled_snr(cells["gradient", "signed"]), pooled_snr(cells["gradcam_plus_plus", "centred"]))
    assert pair.comparison.difference == pytest.approx(due.difference, nan_ok=True)
