"""Networks without knowledge: what they are asked to learn, or that they are not trained at all."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.samplers.sanity import PermutedLabels, Untrained


class Run:
    """A training run that notes what it is asked for."""

    def __init__(self, index: int, labels: torch.Tensor) -> None:
        self.index, self.labels = index, labels
        self.calls: list[tuple[str, dict[str, object]]] = []

    def build(self) -> torch.nn.Module:
        return torch.nn.Linear(2, 2)

    def refresh_batch_norm(self, module: torch.nn.Module) -> None:
        self.calls.append(("refresh", {}))

    def train(self, module: torch.nn.Module, **options: object) -> None:
        self.calls.append(("train", options))


LABELS = torch.arange(10).repeat(20)


def test_untrained_networks_are_never_trained():
    run = Run(0, LABELS)
    (sample,) = Untrained().members(run)
    assert [name for name, _ in run.calls] == ["refresh"]
    assert set(sample.weights) == {"weight", "bias"}
    assert not Untrained().trains


def test_labels_are_permuted_the_same_way_for_all_members():
    runs = [Run(index, LABELS) for index in (0, 1)]
    for run in runs:
        list(PermutedLabels().members(run))
    (first, second) = (run.calls[0][1]["labels"] for run in runs)
    assert isinstance(first, torch.Tensor)
    assert isinstance(second, torch.Tensor)
    assert first.equal(second)
    assert first.sort().values.equal(LABELS.sort().values)
    assert float((first == LABELS).float().mean()) < 0.2  # 0.1 by chance
    assert LABELS.equal(torch.arange(10).repeat(20))  # those of the run are left alone


@pytest.mark.parametrize(("epochs", "asked"), [(0, None), (7, 7)])
def test_epochs(epochs, asked):
    run = Run(0, LABELS)
    list(PermutedLabels(epochs=epochs).members(run))
    assert run.calls[0][1]["epochs"] == asked


def test_impossible_epochs():
    with pytest.raises(UsageError, match="permuted_labels: epochs=-1 is not possible; give 1 or more, or 0"):
        PermutedLabels(epochs=-1)
