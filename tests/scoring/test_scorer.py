"""Samples of a batch: scores, gradients and taps in passes of any size, at any point."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from saliencynoise.interfaces import Batch, ConfigurationError, Network
from saliencynoise.scoring import Passes, Scorer, fitting_rows, is_out_of_memory
from saliencynoise.scoring.memory import CPU_BUDGET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


@pytest.fixture
def samples(batch):
    noise = torch.randn(3, 5, *batch.x.shape[1:], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return batch.x[:, None] + 0.1 * noise


@pytest.fixture
def small(networks):
    return networks("mobilenetv3_small_050")


def scorer(network: Network, batch: Batch, rows: int = 256) -> Scorer:
    return Scorer(Passes(network, rows=rows), batch)


def near(value: Tensor, due: Tensor) -> None:
    assert value.shape == due.shape
    assert (value - due).abs().max() <= 1e-10 * due.abs().max()


@pytest.mark.parametrize("rows", [1, 4, 7, 256])
def test_scores_and_gradients_against_each_sample_alone(small, batch, samples, rows):
    net = scorer(small, batch, rows)
    scores, logits = net.scores([samples]), net.logits(samples)
    gradients = torch.cat(list(net.gradients([samples])), 1)
    for image in range(3):
        for sample in range(5):
            x = samples[image, sample][None].clone().requires_grad_()
            own = small.module(x)
            near(logits[image, sample], own[0].detach())
            near(scores[image, sample], own[0, batch.target[image]].detach())
            near(gradients[image, sample], torch.autograd.grad(own[0, batch.target[image]], x)[0][0])


def test_probabilities(small, batch, samples):
    net = scorer(small, batch)
    expected = net.logits(samples).softmax(-1).gather(2, batch.target[:, None, None].expand(-1, 5, 1))[..., 0]
    near(net.scores([samples], score="probability"), expected)


@pytest.mark.parametrize("rows", [2, 6, 256])
def test_blocks_come_back_as_they_came(small, batch, samples, rows):
    net = scorer(small, batch, rows)
    blocks = [samples[:, :1], samples[:, 1:4], samples[:, 4:]]
    result = list(net.gradients(iter(blocks)))
    assert [block.shape[1] for block in result] == [1, 3, 1]
    near(torch.cat(result, 1), next(net.gradients([samples])))
    near(net.scores(iter(blocks)), net.scores([samples]))


def test_no_more_samples_are_made_than_a_pass_holds(small, batch):
    made = 0

    def blocks() -> Iterator[Tensor]:
        nonlocal made
        for _ in range(10):
            made += 1
            yield batch.x[:, None]

    gradients = scorer(small, batch, rows=6).gradients(blocks())
    next(gradients)
    assert made <= 3, "two blocks of three rows fill a pass; the third shows that it is full"
    assert len(list(gradients)) == 9


def test_small_blocks_share_a_pass(small, batch, monkeypatch):
    passed = []
    taps = Passes.taps

    def counted(self: Passes, x: Tensor, *arguments: object, **options: object) -> object:
        passed.append(len(x))
        return taps(self, x, *arguments, **options)

    monkeypatch.setattr(Passes, "taps", counted)
    list(scorer(small, batch, rows=7).gradients(batch.x[:, None] for _ in range(5)))
    assert passed == [6, 6, 3]


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
@pytest.mark.parametrize("rows", [2, 256])
def test_another_grid_in_place_of_the_images_own(networks, batch, name, rows):
    network = networks(name)
    net = scorer(network, batch, rows)
    value = net.taps(batch.x[:, None], "top")["top"].value
    near(net.scores([value], point="top"), net.scores([batch.x[:, None]]))
    changed = torch.cat([value, 2 * value, torch.zeros_like(value)], 1)
    result = net.scores([changed], point="top")
    point = network.points["top"]
    for sample in range(3):
        handle = network.module.get_submodule(point.module).register_forward_hook(
            lambda _m, _i, output, sample=sample: point.from_grid(changed[:, sample], output)
        )
        expected = network.module(batch.x).gather(1, batch.target[:, None])[:, 0].detach()
        handle.remove()
        near(result[:, sample], expected)
    assert (result[:, 0] - result[:, 1]).abs().min() > 1e-9


@pytest.mark.parametrize("rows", [1, 3, 256])
def test_taps_keep_the_samples_of_an_image_in_one_pass(small, batch, rows):
    samples = torch.stack([batch.x, -batch.x], 1)
    seen = []

    @contextmanager
    def mode() -> Iterator[None]:
        hook = small.module.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0].detach().clone()))
        yield
        hook.remove()

    taps = scorer(small, batch, rows).taps(samples, "input", "top", mode=mode)
    for x in seen:
        first, second = x.chunk(2)
        assert torch.equal(first, -second), "the first half is sample 0, the second half sample 1"
    expected = scorer(small, batch).taps(samples, "input", "top")
    for point, tap in taps.items():
        assert tap.value.shape[:2] == (3, 2)
        near(tap.value, expected[point].value)
        near(tap.grad, expected[point].grad)
    assert torch.equal(taps["input"].value, samples)


def test_wrong_samples_are_refused(small, batch, samples):
    net = scorer(small, batch)
    with pytest.raises(ValueError, match=r"samples must be \[B, S, c, h, w\] with B = 3 images, not \[3, 3, 64, 64\]"):
        net.scores([batch.x])
    with pytest.raises(ValueError, match="with B = 3 images, not"):
        list(net.gradients([samples[:2]]))
    with pytest.raises(ValueError, match="no samples were given"):
        net.scores([])
    with pytest.raises(ConfigurationError, match="the network has no point 'middle'"):
        net.scores([samples], point="middle")


def test_a_network_that_ignores_the_image_has_no_gradient(batch):
    class Constant(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ones(len(x), 7, dtype=x.dtype)

    net = scorer(Network(module=Constant(), points={}), batch)
    assert next(net.gradients([batch.x[:, None]])).abs().max() == 0


# Memory --------------------------------------------------------------------------------------------------------------


def test_rows_follow_from_what_a_pass_keeps(networks):
    network = networks("resnet18")
    image = torch.zeros(1, 3, 64, 64, dtype=torch.float64)
    few = fitting_rows(network, image.repeat(1, 1, 4, 4))
    many = fitting_rows(network, image.repeat(1, 1, 2, 2))
    assert 1 < few < many < fitting_rows(network, image) <= 256
    assert few == pytest.approx(many / 4, rel=0.1)
    kept = CPU_BUDGET / many  # the input of every layer, at least
    assert kept > 2 * 8 * 64 * 64 * 64


@pytest.mark.parametrize(
    ("error", "lacking"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("not enough memory"), False),
    ],
)
def test_what_a_want_of_memory_looks_like(error, lacking):
    assert is_out_of_memory(error) is lacking


def test_a_real_want_of_memory_on_the_cpu():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert is_out_of_memory(caught.value)


def test_targets_follow_their_samples(small, batch, samples):
    other = replace(batch, target=torch.tensor([1, 2, 3]))
    assert (scorer(small, batch).scores([samples]) != scorer(small, other).scores([samples])).all()
