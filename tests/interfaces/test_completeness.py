import torch

from saliencynoise.interfaces import completeness_error


def test_the_error_is_relative_to_the_difference_and_absolute_where_there_is_none():
    total = torch.tensor([4.0, 3.0, -1.0, 0.0, 2.0])
    difference = torch.tensor([4.0, 4.0, -4.0, 0.0, 0.0])
    assert completeness_error(total, difference).tolist() == [0, 0.25, 0.75, 0, 2]
