import math

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.floors import snr_pixel_floor
from saliencynoise_paper.statistics.paper_table import (
    ARCHITECTURES,
    CLAIMS,
    DATASETS,
    PUBLISHED,
    STARS,
    Claim,
    holds,
    published_column,
    published_exchanges,
    with_networks,
)
from saliencynoise_paper.statistics.variants import VARIANTS, Variant, variants

# As the poster prints it, typed independently of the module: CIFAR10 | Imagenette; VGG19, ResNet18, ResNet101
POSTER = """
| Input Gradient | 0.436 0.555 0.435 | 0.585 0.589 0.444 |
| Integrated Gradient | 0.612 0.742 0.744 | 0.725 0.695 0.577 |
| SmoothGrad | 0.627 0.789 0.878 | 0.724 0.681 0.470 |
| GradCAM (top) | 0.816 1.593 1.373 | 1.370 2.363 3.171 |
| GradCAM (intermediate) | 0.612 1.112 0.680 | 0.748 1.171 1.253 |
| SHAP | 0.252 0.365 0.308 | 0.418 0.386 0.327 |
| DeepLIFT | 0.453 0.628 0.554 | 0.978 0.650 0.587 |
| LIME | 0.609 0.772 0.826 | 0.919 0.997 0.982 |
"""


def test_the_table_is_the_posters():
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in POSTER.strip().splitlines()]
    assert [name for name, *_ in rows] == list(PUBLISHED)
    for name, *groups in rows:
        for dataset, group in zip(DATASETS, groups, strict=True):
            for architecture, value in zip(ARCHITECTURES, group.split(), strict=True):
                assert published_column(dataset, architecture)[name] == float(value)


def test_every_claim_holds_in_all_six_published_columns():
    columns = [published_column(dataset, architecture) for dataset in DATASETS for architecture in ARCHITECTURES]
    assert [[holds(claim, column) for column in columns] for claim in CLAIMS] == [[True] * 6] * 8
    assert len(CLAIMS[0].pairs) == len(CLAIMS[1].pairs) == 7


def test_a_claim_can_fail_and_can_be_open():
    claim = Claim(words="a highest", pairs=(("a", "b"), ("a", "c")))
    assert holds(claim, {"a": 3, "b": 2, "c": 1}) is True
    assert holds(claim, {"a": 1, "b": 2}) is False
    assert holds(claim, {"a": 3, "b": 2}) is None
    assert holds(claim, {"a": 2, "b": 2, "c": 1}) is False


def test_an_unknown_column_is_refused():
    with pytest.raises(UsageError, match="no column 'VGG16' of 'CIFAR10': choose one of VGG19, ResNet18"):
        published_column("CIFAR10", "VGG16")


def test_starred_rows_are_rows_of_the_table():
    assert dict(STARS) == {"Integrated Gradient": 1, "SmoothGrad": 2, "LIME": 2}
    assert set(STARS) < set(PUBLISHED)


@pytest.mark.parametrize("definition", ["pixel", "rms", "power"])
@pytest.mark.parametrize("r", [0.0, 0.1, 1.0])
def test_a_figure_of_other_networks_against_simulation(definition, r):
    """Gaussian signal and noise over pixels: what 10 networks show foretells what 30 show, and the other way round."""
    generator = torch.Generator().manual_seed(0)
    maps = math.sqrt(r) * torch.randn(1, 60_000, generator=generator) + torch.randn(30, 60_000, generator=generator)
    index = VARIANTS.index(Variant("signed", definition, "raw"))
    few, many = (float(variants(maps[:count]).values[index]) for count in (10, 30))
    assert with_networks(few, definition, networks=10, others=30) == pytest.approx(many, rel=0.03)
    assert with_networks(many, definition, networks=30, others=10) == pytest.approx(few, rel=0.03)


def test_a_value_below_the_floor_holds_no_signal_and_others_are_unknown():
    assert with_networks(0.1, "rms", networks=10, others=30) == pytest.approx(30**-0.5)
    assert with_networks(0.2, "pixel", networks=10, others=30) == pytest.approx(snr_pixel_floor("signed", 30))
    assert math.isnan(with_networks(0.2, "r", networks=10, others=30))


@pytest.mark.parametrize(("definition", "pairs"), [("pixel", 5), ("rms", 4), ("power", 5)])
def test_published_pairs_that_the_floor_of_ten_networks_puts_in_their_order(definition, pairs):
    """SmoothGrad falls below the gradient in one column, and stays above it in the five others."""
    result = published_exchanges(definition)
    assert len(result) == pairs
    fallen = [pair for pair in result if (pair.starred, pair.other) == ("SmoothGrad", "Input Gradient")]
    assert [own.column for own in fallen] == ["Imagenette ResNet101"]
    for own in result:
        column = published_column(*own.column.split())
        assert column[own.starred] > column[own.other], "only what was lifted falls"
