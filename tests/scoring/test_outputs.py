"""One tensor out of what networks return."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Network, UsageError
from saliencynoise.scoring import scored_network
from saliencynoise.scoring.outputs import ignored_outputs, selected

A, B = torch.zeros(2, 3), torch.ones(2, 4)
Inception = namedtuple("Inception", ["logits", "aux_logits"])


@dataclass
class Data:
    last_hidden_state: torch.Tensor
    pooler_output: torch.Tensor
    loss: torch.Tensor | None = None


@pytest.mark.parametrize(
    ("returned", "output", "chosen", "note"),
    [
        (A, None, A, ""),
        ((A,), None, A, ""),
        ([A, None, 3], None, A, ""),
        ((A, B), 1, B, "of the network's outputs '1' is explained; ignored: 0"),
        (Inception(A, B), None, A, "of the network's outputs 'logits' is explained; ignored: aux_logits"),
        (Inception(A, B), 1, B, "of the network's outputs 'aux_logits' is explained; ignored: logits"),
        (OrderedDict(out=A, aux=B), None, A, "of the network's outputs 'out' is explained; ignored: aux"),
        ({"logits": A, "mask": torch.ones(2, dtype=torch.bool)}, None, A, ""),
        (
            Data(A, B),
            "pooler_output",
            B,
            "of the network's outputs 'pooler_output' is explained; ignored: last_hidden_state",
        ),
    ],
)
def test_the_main_or_the_chosen_output_is_explained(returned, output, chosen, note):
    assert selected(returned, output) is chosen
    assert ignored_outputs(returned, output) == note


@pytest.mark.parametrize(
    ("returned", "output", "message"),
    [
        ((A, B), None, "the network returns 2 outputs; choose one with output=: 0 [2, 3], 1 [2, 4]"),
        ((A, B), 2, "output=2 is no tensor that the network returns; there are 0 [2, 3]"),
        ({"features": A, "pooled": B}, "poolde", "did you mean 'pooled'?"),
        (A, "logits", "the network returns one tensor; leave output out"),
        ((None, 3), None, "the network returns a tuple, in which there is no tensor"),
        ("text", None, "the network returns a str"),
    ],
)
def test_an_output_that_is_not_there_is_refused_with_those_that_are(returned, output, message):
    with pytest.raises(UsageError) as raised:
        selected(returned, output)
    assert message in str(raised.value)


def test_ignored_outputs_are_noted_with_the_network():
    class Segmenter(nn.Module):
        def forward(self, x):
            return OrderedDict(out=x.flatten(1), aux=x)

    network = scored_network(
        Network(module=Segmenter(), points={}, adaptations=("stem 3x3",)), image=torch.zeros(1, 1, 2, 2)
    )
    assert network.adaptations == ("stem 3x3", "of the network's outputs 'out' is explained; ignored: aux")
    assert network.module(torch.ones(3, 1, 2, 2)).shape == (3, 4)
