"""Each kind of built-in architecture goes through the kit."""

from __future__ import annotations

import pytest

from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing import check_subject
from saliencynoise.testing.subjects import model_subject


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("resnet", {"depth": 10, "width": 4}),
        ("resnet", {"depth": 10, "width": 4, "residual": False, "norm": "group", "stem_stride": 2}),
        ("resnet", {"depth": 26, "width": 4, "norm": None}),
        ("vgg", {"depth": 11, "width": 4}),
        ("vgg", {"depth": 19, "width": 4, "norm": None}),
    ],
)
def test_it_keeps_the_contract(name, arguments):
    report = check_subject(model_subject(catalogue().model(name, arguments)))
    assert [(result.check, result.message) for result in report.of("failed")] == []
    assert report.executed == 17


def test_points_sit_on_modules_whose_output_nothing_overwrites():
    for name in ("resnet", "vgg"):
        network = catalogue().model(name, {"width": 2}).load().build((3, 32, 32), 3)
        assert not any(getattr(module, "inplace", False) for module in network.module.modules())
