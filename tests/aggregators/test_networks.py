"""Averages of networks, on logits alone; tests/scoring/test_ensemble.py explains them."""

from __future__ import annotations

import numpy as np
import torch

from saliencynoise.aggregators.mean_logits import MeanLogits
from saliencynoise.aggregators.mean_probabilities import MeanProbabilities
from saliencynoise.interfaces import Aggregator, NetworkAggregator

LOGITS = 5 * torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_mean_logits_are_numpys():
    np.testing.assert_allclose(MeanLogits().combine(LOGITS).numpy(), LOGITS.numpy().mean(0), rtol=1e-12, atol=1e-14)


def test_mean_probabilities_are_the_votes_of_a_deep_ensemble():
    odds = np.exp(LOGITS.numpy())
    expected = (odds / odds.sum(-1, keepdims=True)).mean(0)
    result = MeanProbabilities().combine(LOGITS)
    np.testing.assert_allclose(result.exp().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(result.softmax(-1).numpy(), expected, rtol=1e-12)


def test_one_member_stays_itself():
    torch.testing.assert_close(MeanLogits().combine(LOGITS[:1]), LOGITS[0])
    torch.testing.assert_close(MeanProbabilities().combine(LOGITS[:1]), LOGITS[0].log_softmax(-1))


def test_probabilities_that_vanish_in_float32_keep_value_and_gradient():
    logits = torch.tensor([[[0.0, -2000.0]], [[0.0, -1000.0]]], requires_grad=True)
    combined = MeanProbabilities().combine(logits)
    (gradient,) = torch.autograd.grad(combined[0, 1], logits)
    torch.testing.assert_close(combined[0, 1].item(), -1000 - np.log(2))
    torch.testing.assert_close(gradient, torch.tensor([[[0.0, 0.0]], [[-1.0, 1.0]]]))


def test_they_satisfy_their_protocol_only():
    for own in (MeanLogits(), MeanProbabilities()):
        assert isinstance(own, NetworkAggregator)
        assert not isinstance(own, Aggregator)
