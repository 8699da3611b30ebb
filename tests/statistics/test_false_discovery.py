import pytest
import torch
from scipy import stats

from saliencynoise.statistics.false_discovery import benjamini_hochberg


@pytest.mark.parametrize("count", [1, 2, 57])
def test_adjusted_p_against_scipy(count, rng):
    p = rng.uniform(size=count) ** 2
    p[: count // 3] = p[0]  # ties
    expected = stats.false_discovery_control(p, method="bh")
    assert benjamini_hochberg(torch.tensor(p)).numpy() == pytest.approx(expected, rel=1e-12)


def test_extremes():
    assert benjamini_hochberg(torch.tensor([1.0, 0.0, 0.9])).tolist() == [1.0, 0.0, 1.0]
    assert benjamini_hochberg(torch.tensor([])).tolist() == []
