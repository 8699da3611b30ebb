"""The built-in plugin: what the core brings, declared through the same hooks as anybody's."""

from __future__ import annotations

from saliencynoise.interfaces.specs import AggregatorSpec, DatasetSpec, MethodSpec
from saliencynoise.registry.hookspecs import hookimpl


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return the built-in fused methods."""
    return (
        MethodSpec(
            name="gradient",
            summary="signed derivative of the target's logit by the image",
            target="saliencynoise.methods.gradient:Gradient",
            family="gradient",
            paper="Simonyan, Vedaldi and Zisserman 2014, arXiv:1312.6034",
            claims=("constant", "linear_weights"),
        ),
        MethodSpec(
            name="gradient_x_input",
            summary="the image times the derivative of the target's logit",
            target="saliencynoise.methods.gradient_x_input:GradientXInput",
            family="gradient",
            paper="Shrikumar et al. 2016, arXiv:1605.01713",
            claims=("constant", "linear_contributions"),
        ),
        MethodSpec(
            name="integrated_gradients",
            summary="mean gradient on the path from a baseline, times the distance",
            target="saliencynoise.methods.integrated_gradients:IntegratedGradients",
            family="reference",
            paper="Sundararajan, Taly and Yan 2017, arXiv:1703.01365",
            kind="functional",
            cost="steps x (forward + backward) + 2 forward",
            claims=("constant", "linear_contributions", "completeness"),
        ),
        MethodSpec(
            name="smoothgrad",
            summary="gradients of noisy copies, averaged; statistic=square or variance for its other forms",
            target="saliencynoise.methods.smoothgrad:SmoothGrad",
            family="gradient",
            paper="Smilkov et al. 2017, arXiv:1706.03825",
            kind="functional",
            stochastic=True,
            cost="samples x (forward + backward)",
            claims=("constant", "linear_weights"),
        ),
        MethodSpec(
            name="expected_gradients",
            summary="SHAP values by gradients on paths from background images",
            target="saliencynoise.methods.expected_gradients:ExpectedGradients",
            family="reference",
            paper="Erion et al. 2021, doi:10.1038/s42256-021-00343-w",
            kind="functional",
            stochastic=True,
            cost="samples x (forward + backward) + 1 forward",
            claims=("constant", "linear_contributions"),
        ),
        MethodSpec(
            name="lime",
            summary="ridge regression of the score on which segments of the image are shown",
            target="saliencynoise.methods.lime:Lime",
            family="perturbation",
            paper="Ribeiro, Singh and Guestrin 2016, doi:10.1145/2939672.2939778",
            kind="functional",
            stochastic=True,
            cost="samples x forward",
            claims=("constant",),
        ),
        MethodSpec(
            name="kernel_shap",
            summary="Shapley values of segments by weighted least squares over paired coalitions",
            target="saliencynoise.methods.kernel_shap:KernelShap",
            family="perturbation",
            paper="Lundberg and Lee 2017, arXiv:1705.07874; Covert and Lee 2021, arXiv:2012.01536",
            kind="functional",
            stochastic=True,
            cost="(samples + 2) x forward",
            claims=("constant", "completeness"),
        ),
        MethodSpec(
            name="gradcam",
            summary="channels of a layer, weighted by their mean gradient; layer=top or layer=intermediate",
            target="saliencynoise.methods.gradcam:GradCam",
            family="cam",
            paper="Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74",
            views=("signed", "relu"),
            claims=("constant",),
        ),
    )


@hookimpl
def saliencynoise_aggregators() -> tuple[AggregatorSpec, ...]:
    """Return the built-in aggregators."""
    return (
        AggregatorSpec(
            name="mean",
            summary="mean of the members' raw maps",
            target="saliencynoise.marginalization.mean:Mean",
        ),
    )


@hookimpl
def saliencynoise_datasets() -> tuple[DatasetSpec, ...]:
    """Return the built-in data sets."""
    return (
        DatasetSpec(
            name="digits",
            summary="scikit-learn's 1,797 handwritten digits, 8x8 scaled to 16x16, grey",
            target="saliencynoise.data.digits:load_digits",
        ),
        DatasetSpec(
            name="folder",
            summary="folder:PATH, a folder with one folder of images for each class",
            target="saliencynoise.data.folder:load_folder",
            takes_path=True,
        ),
    )
