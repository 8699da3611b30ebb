import pytest
import torch

from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise_paper.statistics.orderings import answer_claims
from saliencynoise_paper.statistics.paper_table import Claim

STRONG = Claim(words="a highest", pairs=(("a", "b"), ("a", "c")))
WEAK = Claim(words="b above c", pairs=(("b", "c"),))
PUBLISHED = {"a": 3.0, "b": 2.0, "c": 1.0}


@pytest.fixture
def grams(generator):
    """Three methods of the same eight members, of which `a` has the most signal; b and c the same."""
    noise = torch.randn(8, 16, 128, generator=generator, dtype=torch.float64)
    signals = torch.randn(3, 16, 128, generator=generator, dtype=torch.float64)
    return {
        name: gram_matrix(strength * signal + torch.roll(noise, place, 2))
        for place, (name, strength, signal) in enumerate(zip("abc", (1.5, 0.6, 0.6), signals, strict=True))
    }


def test_a_claim_that_is_true_is_shown_in_every_column(grams):
    (answer,) = answer_claims([STRONG], {"x": grams, "y": grams}, {"x": PUBLISHED, "y": PUBLISHED})
    assert answer.measured is True
    assert answer.p < 0.01
    assert [column.published for column in answer.columns.values()] == [True, True]


def test_p_is_the_largest_of_pairs_and_columns_and_holm_is_over_claims(grams):
    strong, weak = answer_claims([STRONG, WEAK], {"x": grams}, {"x": PUBLISHED})
    pairs = [compare(pooled_snr(grams["a"]), pooled_snr(grams[other])) for other in "bc"]
    assert strong.p == max(pair.p for pair in pairs)
    assert strong.p_holm == pytest.approx(min(1, 2 * strong.p))
    assert weak.p_holm == max(weak.p, strong.p_holm)
    assert weak.p > 0.05


def test_the_opposite_is_no_and_never_significant(grams):
    turned = {"a": grams["b"], "b": grams["a"], "c": grams["c"]}
    (answer,) = answer_claims([STRONG], {"x": grams, "y": turned}, {"x": PUBLISHED, "y": PUBLISHED})
    assert answer.measured is False
    assert answer.p == 1
    assert answer.columns["y"].weakest == "a above b"
    assert answer.columns["x"].p < 0.01


def test_a_missing_method_leaves_the_claim_open(grams):
    (answer,) = answer_claims([STRONG], {"x": {"a": grams["a"], "b": grams["b"]}}, {"x": PUBLISHED})
    assert answer.measured is None
    assert answer.p == 1


def test_methods_without_an_image_in_common_are_not_compared(grams):
    one, other = grams["a"].clone(), grams["b"].clone()
    one[8:], other[:8] = 0, 0
    (answer,) = answer_claims([Claim(words="", pairs=(("a", "b"),))], {"x": {"a": one, "b": other}}, {"x": PUBLISHED})
    assert answer.p == 1
    assert answer.measured is True


def test_a_method_without_maps_is_no_answer(grams):
    empty = torch.zeros_like(grams["a"])
    (answer,) = answer_claims([WEAK], {"x": {"b": grams["a"], "c": empty}}, {"x": PUBLISHED})
    assert answer.p == 1
    assert answer.measured is False
