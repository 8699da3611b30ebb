"""Where the architectures of timm were published, by the form of the name."""

from __future__ import annotations

import re

FAMILIES = (
    (r"resnet\d+", "He et al., CVPR 2016, arXiv:1512.03385"),
    (r"vgg\d+(_bn)?", "Simonyan and Zisserman 2015, arXiv:1409.1556"),
    (r"densenet\d+", "Huang et al., CVPR 2017, arXiv:1608.06993"),
    (r"mobilenetv3_(small|large)_\d+", "Howard et al. 2019, arXiv:1905.02244"),
    (r"efficientnet_[bl]\d", "Tan and Le, ICML 2019, arXiv:1905.11946"),
    (r"regnet[xy]_\d+", "Radosavovic et al. 2020, arXiv:2003.13678"),
    (r"convnext_(atto|femto|pico|nano|tiny|small|base|large)", "Liu et al., CVPR 2022, arXiv:2201.03545"),
    (r"vit_(tiny|small|base|large|huge)_patch\d+_\d+", "Dosovitskiy et al., ICLR 2021, arXiv:2010.11929"),
    (r"swin_(tiny|small|base|large)_patch\d+_window\d+_\d+", "Liu et al., ICCV 2021, arXiv:2103.14030"),
)
"""Patterns of names and their papers. Variants with papers of their own (resnet50d, wide_resnet50_2) match none."""


def paper_of(name: str) -> str:
    """Return where an architecture was published; empty where that is not known.

    >>> paper_of("resnet18")
    'He et al., CVPR 2016, arXiv:1512.03385'
    >>> paper_of("test_resnet")
    ''
    """
    matches = [paper for pattern, paper in FAMILIES if re.fullmatch(pattern, name.partition(".")[0])]
    return matches[0] if matches else ""
