"""Gram matrices of networks from different starts, against loops over pairs of members."""

import itertools
import math

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.clusters import (
    as_clusters,
    gram_of_means,
    start_crossed,
    start_gram,
    start_means,
    within_cosines,
    without_each,
)
from saliencynoise.statistics.gram import gram_matrix

CLUSTERS = (0, 1, 0, 2, 1, 0)
OF = [[0, 2, 5], [1, 4], [3]]


@pytest.fixture
def maps(generator):
    return torch.randn(6, 3, 20, generator=generator, dtype=torch.float64)


def test_pairs_of_starts_are_means_over_pairs_of_members(maps):
    gram = gram_matrix(maps)
    found = start_gram(gram, CLUSTERS)
    within = within_cosines(gram, CLUSTERS)
    for image in range(3):
        for s, t in itertools.product(range(3), range(3)):
            pairs = [(e, f) for e in OF[s] for f in OF[t] if s != t or e == f]
            due = sum(float(maps[e, image] @ maps[f, image]) for e, f in pairs) / len(pairs)
            assert float(found[image, s, t]) == pytest.approx(due, abs=1e-10)
        for s, members in enumerate(OF):
            pairs = list(itertools.permutations(members, 2))
            due = sum(float(maps[e, image] @ maps[f, image]) for e, f in pairs) / len(pairs) if pairs else math.nan
            assert float(within[image, s]) == pytest.approx(due, abs=1e-10, nan_ok=True)


def test_the_gram_matrix_of_averages_is_that_of_averaged_maps(maps):
    due = gram_matrix(start_means(maps, CLUSTERS))
    assert torch.allclose(gram_of_means(gram_matrix(maps), CLUSTERS), due, atol=1e-10)
    assert torch.allclose(start_means(maps, CLUSTERS)[1], (maps[1] + maps[4]) / 2, atol=1e-12)


def test_crossed_draws_of_one_draw_are_the_plain_matrix(maps, generator):
    gram = gram_matrix(maps)
    one = start_crossed(gram[:, :, None, :, None], CLUSTERS)[:, :, 0, :, 0]
    assert torch.allclose(one, start_gram(gram, CLUSTERS), atol=1e-12)
    crossed = torch.randn(1, 6, 2, 6, 2, generator=generator, dtype=torch.float64)
    found = start_crossed(crossed, CLUSTERS)
    assert torch.allclose(found[0, 0, :, 1], crossed[0, OF[0]][:, :, OF[1]].mean((0, 2)), atol=1e-12)
    assert torch.allclose(found[0, 1, :, 1], (crossed[0, 1, :, 1] + crossed[0, 4, :, 4]) / 2, atol=1e-12)


def test_members_of_their_own_starts_change_nothing(maps):
    gram = gram_matrix(maps)
    assert torch.allclose(start_gram(gram, tuple(range(6))), gram, atol=1e-12)


def test_starts_are_left_out_whole():
    seen = []
    without_each(lambda members: torch.tensor(float(seen.append(members) is None)), CLUSTERS)
    assert seen == [[1, 3, 4], [0, 2, 3, 5], [0, 1, 2, 4, 5]]
    left = without_each(lambda members: torch.tensor(float(len(members))), (0, 0, 1))
    assert left.isnan().tolist() == [True, False]


def test_names_become_numbers_and_a_wrong_number_of_them_is_refused():
    assert as_clusters(["b", "a", "b"], members=3) == (0, 1, 0)
    assert as_clusters(None, members=3) is None
    with pytest.raises(UsageError, match="clusters has 2 entries for 3 members; give one for each member"):
        as_clusters(["a", "b"], members=3)
