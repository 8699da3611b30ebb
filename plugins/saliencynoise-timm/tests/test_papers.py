import doctest

import pytest

from saliencynoise_timm import papers


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("resnet18", "1512.03385"),
        ("resnet50.a1_in1k", "1512.03385"),
        ("vgg11_bn", "1409.1556"),
        ("densenet121", "1608.06993"),
        ("mobilenetv3_small_050", "1905.02244"),
        ("efficientnet_b0", "1905.11946"),
        ("regnetx_002", "2003.13678"),
        ("convnext_atto", "2201.03545"),
        ("vit_tiny_patch16_224", "2010.11929"),
        ("swin_tiny_patch4_window7_224", "2103.14030"),
    ],
)
def test_families_have_their_paper(name, paper):
    assert papers.paper_of(name).endswith(f"arXiv:{paper}")


@pytest.mark.parametrize("name", ["test_resnet", "resnet50d", "wide_resnet50_2", "resnext50_32x4d", "vit_relpos_small"])
def test_variants_of_other_papers_have_none(name):
    assert papers.paper_of(name) == ""


def test_the_examples_hold():
    assert doctest.testmod(papers).failed == 0
