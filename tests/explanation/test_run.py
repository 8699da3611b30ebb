"""Explanations against a loop over the members, and against what a bench finds on the same picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import saliencynoise as sn
from saliencynoise.data.tensors import to_float
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.trained import TrainedEnsemble
from saliencynoise.explanation import given, run
from saliencynoise.explanation.pictures import LeftOut
from saliencynoise.explanation.run import prepare
from saliencynoise.interfaces import UsageError
from saliencynoise.scoring import RefusedNetworkError
from tests.conftest import TRAINED


def all_of(config):
    return list(prepare(config, Silent()).explanations())


def by_hand(trained, pixels, target):
    """Each member's probabilities and input gradient, by autograd on the network itself."""
    x = to_float(pixels[None], trained.dataset.mean, trained.dataset.std)
    found = []
    for network in trained.networks():
        own = x.clone().requires_grad_()
        logits = network.module(own)
        (gradient,) = torch.autograd.grad(logits[0, target], own)
        found.append((logits.detach().double().softmax(1)[0].numpy(), gradient[0].numpy()))
    return np.stack([probability for probability, _ in found]), np.stack([gradient for _, gradient in found])


def test_gradients_and_probabilities_are_those_of_a_loop_over_the_members(config, trained, digits, save_digit):
    (found,) = all_of(config(save_digit(5)))
    assert found.target == found.vote
    probabilities, gradients = by_hand(trained, digits.test.images[5], found.target)
    np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-6)
    assert found.vote == probabilities.mean(0).argmax()
    gradient = found.methods[0]
    np.testing.assert_allclose(gradient.maps, gradients, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient.marginal, gradients.mean(0), rtol=1e-4, atol=1e-6)


def test_an_explanation_shows_itself_in_a_few_lines(config, save_digit):
    (found,) = all_of(config(save_digit(5)))
    head, *lines = repr(found).splitlines()
    votes = f"{found.votes.count(found.target)} of 3 members"
    assert head.startswith(f"Explanation of digit-5.png: class '{found.classes[found.target]}' ({votes}")
    assert lines[0].startswith(f"  gradient: reliability {found.methods[0].reliability.value:.2f} [")
    assert lines[1].endswith("maps 3 x 1 x 4 x 4")
    assert len(repr(found)) < 600
    html = found._repr_html_()
    assert html.count("<tr>") == 1 + len(found.methods)
    assert all(caution.text.split("'")[0] in html for caution in found.cautions)


def test_r_and_reliability_follow_from_the_maps(config, save_digit):
    (found,) = all_of(config(save_digit(5)))
    for own in found.methods:
        flat = own.maps.reshape(3, -1).astype(np.float64)
        unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        c = np.mean([unit[0] @ unit[1], unit[0] @ unit[2], unit[1] @ unit[2]])
        assert own.reliability.snr == pytest.approx(c / (1 - c), rel=1e-5)
        r = max(c / (1 - c), 0.0)
        assert own.reliability.value == pytest.approx(3 * r / (1 + 3 * r), rel=1e-5)
    assert found.methods[1].maps.shape[1:] == (1, 4, 4)
    assert found.methods[0].significant.shape == (1, 16, 16)


def test_a_test_image_gives_the_maps_of_the_bench(trained, digits, save_digit, tmp_path, monkeypatch):
    """Stochastic methods, too, as their random numbers follow from the name, which is made the same here."""
    methods = ["gradient", "gradcam(layer=top)", "smoothgrad(samples=4)"]
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(trained.pool.folder.parents[1]))
    study = sn.bench(**TRAINED, methods=methods, images=1, target="3", out=str(tmp_path / "run"))
    name = study.result.images[0].name
    index = digits.test.names.index(name)
    path = save_digit(index)
    named = run.picture_files([str(path)])
    monkeypatch.setattr(given, "picture_files", lambda pictures: [replace(named[0], name=name)])
    found = sn.explain(path, **TRAINED, methods=methods, target="3")
    for cell, own in zip([c for c in study.done if c.view == "signed"], found.methods, strict=True):
        maps = study.member_maps(cell).isel(image=0)
        maps = maps.sel(draw=["own-0"]).mean("draw") if "draw" in maps.dims else maps
        np.testing.assert_allclose(own.maps, maps.to_numpy(), rtol=1e-5, atol=1e-7)
    assert found.methods[2].draws == 1, "the shared draw is left out"


def test_a_batch_gives_what_each_picture_gives_alone_in_whatever_parts(config, save_digit, monkeypatch):
    paths = [save_digit(index) for index in (1, 2, 3)]
    methods = ["gradient", "smoothgrad(samples=3)"]
    together = all_of(config(*paths, methods=methods))
    monkeypatch.setattr(run, "PICTURES", 2)
    in_parts = all_of(config(*paths, methods=methods))
    alone = [all_of(config(path, methods=methods))[0] for path in paths]
    for one, two, three in zip(together, in_parts, alone, strict=True):
        assert one.target == two.target == three.target
        for first, second, third in zip(one.methods, two.methods, three.methods, strict=True):
            np.testing.assert_allclose(first.maps, third.maps, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(second.maps, third.maps, rtol=1e-4, atol=1e-6)


def test_one_network_at_a_time_is_loaded(config, save_digit, monkeypatch):
    asked = []
    real = TrainedEnsemble.networks
    monkeypatch.setattr(
        TrainedEnsemble, "networks", lambda own, members=None: asked.append(members) or real(own, members)
    )
    all_of(config(save_digit(0)))
    assert asked == [[0], [1], [2], [0], [1], [2]]  # the vote first, then the maps


def test_the_target_is_a_name_or_an_index_and_the_same_for_all_members(config, trained, digits, save_digit):
    (found,) = all_of(config(save_digit(5), target="4"))
    assert found.target == 4
    _, gradients = by_hand(trained, digits.test.images[5], 4)
    np.testing.assert_allclose(found.methods[0].maps, gradients, rtol=1e-4, atol=1e-6)


def test_other_aggregators_make_the_marginal_map(config, save_digit):
    (found,) = all_of(config(save_digit(5), aggregator="median"))
    own = found.methods[0]
    np.testing.assert_allclose(own.marginal, np.median(own.maps, axis=0), atol=1e-7)


def test_a_file_that_cannot_be_read_is_left_out_of_a_batch(config, save_digit, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    first, second = all_of(config(tmp_path / "broken.png", save_digit(1)))
    assert isinstance(first, LeftOut)
    assert first.reason == "not an image that can be read"
    assert second.file.name == "digit-1.png"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"aggregator": "mean_logits"}, "--aggregator mean_logits makes one network of the members"),
        ({"methods": ["gradient", "gradient()"]}, "the method builtin/gradient is asked for twice"),
        ({"methods": ["gradiant"]}, "gradiant"),
        ({"target": "eleven"}, "--target eleven is no class of the data set"),
        ({"members": 4}, "has 3 members, not 4; ask for fewer"),
        ({"precision": "bfloat16"}, "computes in float32"),
    ],
)
def test_what_cannot_be_used_is_named(config, save_digit, changed, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(").replace(")", r"\)")):
        all_of(config(save_digit(1), **changed))


def test_a_single_unreadable_picture_is_an_error_before_anything_is_trained(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "trained_ensemble", lambda *_, **__: pytest.fail("trained for nothing"))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"broken.png cannot be read: not an image"):
        sn.explain(tmp_path / "broken.png")
    with pytest.raises(UsageError, match="cannot be read: no such file or directory"):
        sn.explain(tmp_path / "none.png")


def test_another_architecture_than_the_pools_is_refused(config, save_digit):
    asked = config(save_digit(1))
    all_of(replace(asked, arch="test_resnet"))
    with pytest.raises(
        UsageError, match="--arch resnet18 is not the pool's architecture, test_resnet; leave --arch out"
    ):
        all_of(replace(asked, arch="resnet18"))


def test_one_member_is_not_enough(config, save_digit, trained, with_members, monkeypatch):
    monkeypatch.setattr(run, "trained_ensemble", lambda *_, **__: with_members(1))
    with pytest.raises(UsageError, match="has one member; a comparison of maps needs 2 or more"):
        all_of(config(save_digit(1)))


def test_two_members_give_no_intervals_and_say_so(config, save_digit, with_members, monkeypatch):
    monkeypatch.setattr(run, "trained_ensemble", lambda *_, **__: with_members(2))
    (found,) = all_of(config(save_digit(1)))
    assert found.methods[0].reliability.interval is None
    assert any("2 members: no intervals" in caution.text for caution in found.cautions)


def test_a_method_that_fails_stops_no_other(config, save_digit, monkeypatch):
    from saliencynoise.methods.gradient import Gradient

    def fail(self, taps, batch):
        raise ArithmeticError("never\nworks")

    monkeypatch.setattr(Gradient, "from_pass", fail)
    (found,) = all_of(config(save_digit(1)))
    failed, fine = found.methods
    assert failed.reason == "member 0: ArithmeticError: never works"
    assert failed.maps is None
    assert not fine.reason
    assert any("gradient failed: member 0" in caution.text for caution in found.cautions)
    assert found.failed == [failed]


def test_a_black_picture_is_explained_and_called_constant(config, tmp_path):
    Image.new("L", (16, 16), 0).save(tmp_path / "black.png")
    (found,) = all_of(config(tmp_path / "black.png"))
    assert [c.text for c in found.cautions if c.kind == "range"] == ["the picture is constant: there is nothing to see"]


def test_it_is_reached_from_the_package_and_twice():
    assert sn.explain is sn.explain
    assert callable(sn.explain)
    assert "explain" in dir(sn)


def test_a_picture_of_12_bits_is_seen_by_the_scale_of_the_data_set(config, trained, digits, tmp_path):
    levels = (digits.test.images[5, 0].numpy() * (4095 / 255)).round().astype(np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    train = replace(trained.dataset.train, images=trained.dataset.train.images.float())
    deep = replace(trained, dataset=replace(trained.dataset, train=train, levels=(0.0, 4095.0)))
    (found,) = replace(prepare(config(tmp_path / "deep.png"), Silent()), ensemble=deep).explanations()
    seen = torch.from_numpy(levels[None].astype(np.float32)) * (255 / 4095)
    probabilities, _ = by_hand(trained, seen, found.target)
    np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-6)
    assert found.picture.dtype == np.uint8
    assert np.array_equal(found.picture, digits.test.images[5].numpy())


class Restless(torch.nn.Module):
    """A network whose dropout goes on in evaluation mode."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return torch.nn.functional.dropout(self.network(x), 0.3)


class Mixing(Restless):
    def forward(self, x):
        logits = self.network(x)
        return logits - logits.mean(0, keepdim=True)


@pytest.mark.parametrize(
    ("wrong", "words"), [(Restless, "is random in evaluation mode"), (Mixing, "mixes the images of a batch")]
)
def test_networks_that_a_bench_refuses_are_refused(config, save_digit, monkeypatch, wrong, words):
    real = TrainedEnsemble.networks

    def networks(self, members=None):
        return [replace(own, module=wrong(own.module).eval()) for own in real(self, members)]

    monkeypatch.setattr(TrainedEnsemble, "networks", networks)
    with pytest.raises(RefusedNetworkError, match=f"the architecture test_resnet {words}"):
        all_of(config(save_digit(5)))


def test_pictures_in_memory_are_explained_as_their_files_are(config, digits, save_digit):
    settings = {"pool": config("x").pool, "methods": ["gradient"], "workers": 0, **TRAINED}
    pixels = digits.test.images[5]
    of_file = sn.explain(save_digit(5), **settings)
    first, second = sn.explain([pixels, Image.fromarray(pixels[0].numpy())], **settings)
    for own in (first, second):
        np.testing.assert_allclose(own.methods[0].maps, of_file.methods[0].maps, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(own.picture, of_file.picture)
    assert sn.explain(pixels[None], **settings).target == of_file.target
