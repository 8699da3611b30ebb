"""The contract of saliencynoise, and what the paper says of the method."""

from __future__ import annotations

import torch
from saliencynoise_hirescam.method import HiResCam

import saliencynoise.testing
from saliencynoise.interfaces import Batch, Noise, Tap


@saliencynoise.testing.conformance("hirescam/hires_cam")
def test_conformance(check):
    check()


@saliencynoise.testing.conformance("hirescam/hires_cam(layer=intermediate)")
def test_conformance_of_the_other_layer(check):
    check()


def test_before_a_linear_layer_the_map_adds_up_to_the_logit():
    value, weight = torch.randn(2, 4, 3, 5), torch.randn(2, 4, 3, 5)  # the gradient of a linear layer is its weight
    batch = Batch(x=value, target=torch.zeros(2).long(), background=value, noise=Noise((1, 2)))
    values = HiResCam().from_pass({"top": Tap(value, weight)}, batch).values
    torch.testing.assert_close(values.sum((1, 2, 3)), (weight * value).sum((1, 2, 3)))
