"""The page of the study of starts says what its data say."""

from __future__ import annotations

import json

import pytest
import torch

from tests.docs_scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("populations")


def test_the_page_is_that_of_its_data(script):
    assert script.PAGE.read_text() == script.page(json.loads(script.DATA.read_text()))


def test_the_agreement_of_starts_is_that_of_their_mean_maps(script):
    generator = torch.Generator().manual_seed(0)
    starts = torch.randn(5, 3, 1, 40, generator=generator, dtype=torch.float64)
    maps = (starts + 0.5 * torch.randn(5, 3, 2, 40, generator=generator, dtype=torch.float64)).flatten(1, 2)
    clusters = (0, 0, 1, 1, 2, 2)
    found = script.agreement(maps @ maps.mT, clusters)
    means = [maps[:, [0, 1]].mean(1), maps[:, [2, 3]].mean(1), maps[:, [4, 5]].mean(1)]
    pairs = [torch.cosine_similarity(means[a], means[b], dim=1).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found[script.BETWEEN] == pytest.approx(float(sum(pairs) / 3))
    c_within = [torch.cosine_similarity(maps[:, a], maps[:, a + 1], dim=1).mean() for a in (0, 2, 4)]
    predicted = [float(2 * c / (1 + c)) for c in c_within]  # n r/(1 + n r) with r = c/(1 - c) and n = 2
    assert found[script.PREDICTED] == pytest.approx(sum(predicted) / 3, abs=0.02)
