"""What a reduction notes of maps beside their figures."""

import pytest
import torch

from saliencynoise.engine.reduce import is_denormal


@pytest.mark.parametrize(
    ("largest", "found"),
    [(0.0, False), (1.4e-45, True), (1e-42, True), (1.1e-38, True), (1.2e-38, False), (1.0, False)],
)
def test_a_map_without_a_normal_number_has_lost_digits(largest, found):
    maps = torch.ones(2, 1, 1, 3, 3)
    maps[1] = 0
    maps[1, 0, 0, 1, 1] = -largest
    assert is_denormal(maps) == found
