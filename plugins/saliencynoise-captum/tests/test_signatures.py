"""Fields against captum's own signatures: names, defaults, and what is left out, with the reason."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pydoc import locate
from typing import Any

import captum.attr
import pytest

from saliencynoise_captum.plugin import saliencynoise_methods

CLASSES: dict[str, Any] = {spec.name: locate(spec.target.replace(":", ".")) for spec in saliencynoise_methods()}

# Fields that captum does not know: ours, as the docstrings say
OURS = {"grid", "samples", "window", "alpha", "insist"}
# Given by us, whatever the user wants: the network, the images, what follows from fields, and the sign
GIVEN = {
    *("self", "forward_func", "model", "attribution_method", "layer", "inputs", "target", "feature_mask", "layer_mask"),
    *("sliding_window_shapes", "strides", "perm_func", "interpretable_model", "similarity_func", "abs", "nt_type"),
    "baselines",
}
# Left at captum's default, and why
LEFT = {
    "additional_forward_args": "networks take the image alone",
    "return_convergence_delta": "completeness is computed by this plugin",
    "attribute_to_layer_input": "CAM points are outputs",
    "multiply_by_inputs": "without it values do not sum up",
    "eps": "numerical",
    "custom_attribution_func": "a function",
    "perturb_func": "a function",
    "grad_kwargs": "of autograd",
    "device_ids": "networks are on one device",
    "show_progress": "no progress bars",
    "return_input_shape": "maps have the image's shape",
    "relu_attributions": "maps are signed; a view",
    "attr_dim_summation": "maps have one channel",
    "draw_baseline_from_distrib": "of methods with baselines",
    "memory_efficient": "computes the same",
    "verbose": "prints",
    "kwargs": "not a parameter",
    "return_convergence": "as above",
}
# Defaults that differ from captum's: (ours, captum's); docstrings say why
DIFFER = {
    "baselines": {(0.0, None), (0.0, inspect.Parameter.empty)},
    "internal_batch_size": {(32, None)},
    "perturbations_per_eval": {(16, 1)},
    "n_samples": {(200, 25)},
    "strides": {(2, None)},
    "layer": {("top", inspect.Parameter.empty)},
    "layer_baselines": {(0.0, None)},
}


def parameters(explainer: str) -> dict[str, Any]:
    kind = getattr(captum.attr, explainer)
    return {**inspect.signature(kind.__init__).parameters, **inspect.signature(kind.attribute).parameters}


@pytest.mark.parametrize("name", CLASSES)
def test_fields_are_captums_keywords(name):
    method = CLASSES[name]
    known = parameters(method.explainer)
    if name == "lime":
        from captum.attr._core.lime import get_exp_kernel_similarity_function

        known |= inspect.signature(get_exp_kernel_similarity_function).parameters
    for field in dataclasses.fields(method):
        if field.name in OURS:
            assert field.name not in known
            assert field.name in method.adapted
            continue
        assert field.name in known, f"captum's {method.explainer} has no parameter {field.name}"
        theirs = known[field.name].default
        assert field.default == theirs or (field.default, theirs) in DIFFER[field.name], field.name


@pytest.mark.parametrize("name", CLASSES)
def test_every_keyword_of_captum_is_a_field_or_left_out_for_a_reason(name):
    method = CLASSES[name]
    fields = {field.name for field in dataclasses.fields(method)}
    assert set(parameters(method.explainer)) - fields <= GIVEN | LEFT.keys()


def test_every_attribution_method_of_captum_is_here_or_left_out_for_a_reason():
    here = {method.explainer for method in CLASSES.values()} | {"NoiseTunnel"}
    left = {
        "LayerActivation": "no attribution: the target does not matter",
        "LayerFeaturePermutation": "permutes between images of a batch, and takes no perm_func",
        "LimeBase": "for other data than images",
        "DataLoaderAttribution": "wraps another method",
        "LLMAttribution": "language models",
        "LLMGradientAttribution": "language models",
        "RemoteLLMAttribution": "language models",
        "LayerAttribution": "a base class",
        "NeuronAttribution": "a base class",
        "InternalAttribution": "a base class",
        "PerturbationAttribution": "a base class",
        "GradientAttribution": "a base class",
        "Attribution": "a base class",
    }
    base = captum.attr.Attribution
    offered = {
        name
        for name, kind in vars(captum.attr).items()
        if inspect.isclass(kind) and hasattr(kind, "attribute") and (issubclass(kind, base) or "Attribution" in name)
    }
    offered = {name for name in offered if not name.startswith("Neuron")}  # of one neuron, not of the logit
    assert offered - here - left.keys() == set()
    assert here <= offered


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("integrated_gradients", {"n_steps": 0}, "n_steps=0 is not possible; choose 1 or more"),
        ("integrated_gradients", {"method": "simpson"}, "method=simpson is not possible; choose gausslegendre or"),
        ("integrated_gradients", {"baselines": "blur"}, "baselines=blur is not possible; choose mean"),
        ("gradient_shap", {"stdevs": -1.0}, "stdevs=-1.0 is not possible; choose 0 or more"),
        ("vargrad", {"nt_samples": 0}, "nt_samples=0"),
        ("shapley_values", {"grid": 3}, "9 cells have 362,880 orders; choose 1 or 2, or captum/shapley_value_sampling"),
        ("occlusion", {"window": 2, "strides": 3}, "strides=3 leaves out pixels; choose at most window=2"),
        ("lime", {"kernel_width": 0.0}, "kernel_width=0.0 is not possible; choose more than 0"),
        ("layer_gradcam", {"layer": "middle"}, "layer=middle is not possible; choose top or intermediate"),
    ],
)
def test_impossible_values_are_refused(name, arguments, text):
    with pytest.raises(ValueError, match=text):
        CLASSES[name](**arguments)


def test_whole_numbers_are_colours_too():
    assert CLASSES["integrated_gradients"](baselines=-1).baselines == -1


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, saliencynoise_captum.plugin as p; assert len(p.saliencynoise_methods()) > 20; "
        "print({'torch', 'captum', 'numpy', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("name", CLASSES)
def test_the_registry_builds_it_and_reads_back_what_it_writes(name):
    from saliencynoise.registry.catalogue import catalogue

    bound = catalogue().method(f"captum/{name}")
    assert catalogue().method(bound.canonical_name).instance == bound.instance
    assert "with captum " in bound.distribution
