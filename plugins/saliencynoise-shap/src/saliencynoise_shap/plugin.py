"""The plugin: shap's explainers; reading it imports neither shap nor torch."""

from __future__ import annotations

from saliencynoise.interfaces import MethodSpec
from saliencynoise.registry import hookimpl

LUNDBERG = "Lundberg and Lee, NeurIPS 2017, arXiv:1705.07874"


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return shap's explainers."""
    return (
        MethodSpec(
            name="gradient_explainer",
            summary="shap's gradients at random places between the background and the image",
            target="saliencynoise_shap.gradient:GradientExplainer",
            family="reference",
            paper="Erion et al., Nature Machine Intelligence 2021, arXiv:1906.10670",
            kind="module",
            stochastic=True,
            cost="samples x (forward + backward)",
            claims=("constant", "linear_contributions"),
            library="shap",
        ),
        MethodSpec(
            name="deep_explainer",
            summary="shap's DeepLIFT over the background, refused where it is incomplete (insist=true reports it)",
            target="saliencynoise_shap.deep:DeepExplainer",
            family="reference",
            paper=LUNDBERG,
            kind="module",
            cost="2 x background x (forward + backward)",
            claims=("constant", "linear_contributions"),
            library="shap",
        ),
        MethodSpec(
            name="partition_explainer",
            summary="shap's Owen values of rectangles, divided where the logit changes most",
            target="saliencynoise_shap.partition:PartitionExplainer",
            family="perturbation",
            paper=LUNDBERG,
            kind="module",
            cost="max_evals forward",
            claims=("constant", "completeness"),
            library="shap",
        ),
        MethodSpec(
            name="kernel_explainer",
            summary="shap's Shapley values of a grid's cells, from a weighted linear fit",
            target="saliencynoise_shap.kernel:KernelExplainer",
            family="perturbation",
            paper=LUNDBERG,
            kind="module",
            stochastic=True,
            cost="samples forward",
            claims=("constant", "completeness"),
            library="shap",
        ),
    )
