"""Every method and aggregator that is installed goes through the kit, built in or from a library."""

from __future__ import annotations

from collections import Counter

import pytest

from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing import AggregatorSubject, check_subject
from saliencynoise.testing.selection import resolve

METHODS = [entry.canonical for entry in catalogue().entries("methods")]
OTHER_PARAMETERS = [
    "gradcam(layer=intermediate)",
    "smoothgrad(statistic=variance)",
    "integrated_gradients(baseline=blur,rule=trapezoid)",
    "deeplift(baseline=dataset)",
    "lime(segments=slic,score=probability)",
    "scorecam(layer=intermediate)",
    "ablation_cam(relative=true)",
    "guided_gradcam(upsampling=bilinear)",
    "occlusion(window=3,stride=2,baseline=mean)",
]


AGGREGATORS = [entry.canonical for entry in catalogue().entries("aggregators")]
LEVELS = {"maps": 8, "networks": 6}


@pytest.mark.parametrize(
    "name",
    [*AGGREGATORS, "trimmed_mean(share=0.5)", "sign_agreement_mean(threshold=1.0)", "significant_mean(rate=0.2)"],
)
def test_aggregators_keep_the_contract(name):
    subject = resolve(catalogue(), name)
    assert isinstance(subject, AggregatorSubject)
    report = check_subject(subject)
    assert [(result.check, result.message) for result in report.of("failed")] == []
    assert report.executed == LEVELS[subject.spec.level]


SAMPLERS = [entry.canonical for entry in catalogue().entries("samplers") if entry.name != "checkpoints"]


@pytest.mark.parametrize(
    "name", [*SAMPLERS, "snapshot(cycles=2)", "swag(members_a_run=2)", "seed_blocks(streams=init)"]
)
def test_samplers_keep_the_contract(name):
    report = check_subject(resolve(catalogue(), name))
    assert [(result.check, result.message) for result in report.of("failed")] == []
    assert report.executed >= 7


def test_a_data_set_keeps_the_contract():
    report = check_subject(resolve(catalogue(), "digits"))
    assert [(result.check, result.message) for result in report.results if result.status != "passed"] == []


FEWER = {
    "builtin/rise": "rise(samples=200)",
    "lime/lime": "lime/lime(samples=300)",
    "captum/kernel_shap": "captum/kernel_shap(n_samples=60)",
    "captum/lime": "captum/lime(n_samples=60)",
    "captum/shapley_value_sampling": "captum/shapley_value_sampling(n_samples=8)",
}
"""The same methods with fewer passes: no check depends on how many there are, and these took half of the time."""


@pytest.mark.parametrize("name", [*(FEWER.get(name, name) for name in METHODS), *OTHER_PARAMETERS])
def test_it_keeps_the_contract(name):
    report = check_subject(resolve(catalogue(), name))
    assert [(result.check, result.message) for result in report.of("failed")] == []
    assert report.executed >= 16


def test_nothing_is_left_out():
    plugins = Counter(name.partition("/")[0] for name in METHODS)
    assert plugins == {"builtin": 19, "captum": 30, "shap": 4, "lime": 1}
