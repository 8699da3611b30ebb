import doctest

import numpy as np
import pytest
import torch

from saliencynoise.report.figures import members
from tests.studies import edited, make_study, noisy_maps


def two_groups():
    """[6, 6, 1, 8, 8]: members 0, 2, 4 see one thing, the others another one."""
    maps = noisy_maps(members=6, snr=0.0, seed=3) * 0.5
    sides = torch.randn(2, 1, 1, 8, 8, generator=torch.Generator().manual_seed(4))
    return maps + sides[torch.tensor([0, 1, 0, 1, 0, 1])]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("net", "gradient"): noisy_maps(members=6),
        ("net", "split"): two_groups(),
        ("net", "lime"): "too few segments",
    }
    made = make_study(tmp_path_factory.mktemp("study"), maps)

    def flag(document):
        document["architectures"][0]["members"][2]["flag"] = "not above chance"

    return edited(made, flag)


def test_examples():
    assert doctest.testmod(members).failed == 0


def test_cosines_are_those_of_the_maps(study):
    found = members.data(study, methods=["gradient"])
    maps = study.member_maps(study.done[0]).to_numpy().reshape(6, 6, -1).astype(float)
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    expected = np.einsum("ebp,fbp->ef", unit, unit) / 6
    matrix = found.pivot_table(index="member", columns="other", values="cosine").to_numpy()
    np.testing.assert_allclose(matrix, expected, atol=1e-6)


def test_similar_members_are_neighbours_and_modes_are_parted(study):
    found = members.data(study, methods=["split"])
    order = found.drop_duplicates("member").sort_values("place")["member"].tolist()
    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}
    figure = study.plot.members()
    gradient, split = figure.axes[:2]
    lines = [line for line in split.lines if line.get_linewidth() > 1]
    assert lines[0].get_ydata()[0] == 2.5
    assert "modes on" in split.get_title()
    assert not gradient.lines


def test_one_symmetric_scale_for_all_and_no_diagonal(study):
    figure = study.plot.members()
    images = [axes.images[0] for axes in figure.axes if axes.images]
    scales = {image.get_clim() for image in images}
    assert len(scales) == 1
    low, high = scales.pop()
    found = members.data(study)
    assert low == -high
    assert high == pytest.approx(found[found["member"] != found["other"]]["cosine"].abs().max())
    assert np.ma.getmaskarray(images[0].get_array()).diagonal().all()


def test_a_flagged_member_has_a_star_and_a_failure_its_reason(study):
    figure = study.plot.members()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sum("*" in label for label in labels) == 1
    assert next(label for label in labels if "*" in label).startswith("2*")
    words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "lime on net failed" in words.replace("\n", " ")


@pytest.mark.parametrize("count", [2, 50])
def test_few_and_many_members(tmp_path, count):
    maps = noisy_maps(members=count, images=2, shape=(1, 4, 4))
    study = make_study(tmp_path, {("net", "gradient"): maps})
    figure = study.plot.members()
    figure.draw_without_rendering()
    ticks = figure.axes[0].get_xticks()
    assert len(ticks) == 2 if count == 2 else 5 < len(ticks) < 25  # as many as have room


def test_several_architectures_have_a_line_each(tmp_path):
    maps = {(f"net{a}", f"m{m}"): noisy_maps(members=3, images=2, seed=a) for a in range(3) for m in range(2)}
    figure = make_study(tmp_path, maps).plot.members()
    figure.draw_without_rendering()
    assert sum(bool(axes.images) for axes in figure.axes) == 6
