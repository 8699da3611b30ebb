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
        ),
        MethodSpec(
            name="gradcam",
            summary="channels of a layer, weighted by their mean gradient; layer=top or layer=intermediate",
            target="saliencynoise.methods.gradcam:GradCam",
            family="cam",
            paper="Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74",
            views=("signed", "relu"),
        ),
        MethodSpec(
            name="deeplift",
            summary="rescale rule, complete on every architecture; baseline=zero, blur, mean or dataset",
            target="saliencynoise.methods.deeplift:DeepLift",
            family="reference",
            paper="Shrikumar et al. 2017, arXiv:1704.02685",
            kind="functional",
            cost="4 forward + 1 backward",
            claims=("constant", "linear_contributions", "completeness"),
        ),
        MethodSpec(
            name="deep_shap",
            summary="mean of deeplift over images of the background as references",
            target="saliencynoise.methods.deep_shap:DeepShap",
            family="reference",
            paper="Lundberg and Lee 2017, arXiv:1705.07874",
            kind="functional",
            cost="references x (3 forward + 1 backward)",
            claims=("constant", "linear_contributions", "completeness"),
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
