"""The plugin: one catalogue with every name of timm."""

from __future__ import annotations

from saliencynoise.interfaces import ModelSpec
from saliencynoise.registry import hookimpl


@hookimpl
def saliencynoise_models() -> tuple[ModelSpec, ...]:
    """Return timm's catalogue."""
    return (
        ModelSpec(
            name="timm",
            summary="every image classifier of timm, adapted to small images",
            target="saliencynoise_timm.model:TimmModel",
            names="saliencynoise_timm.names:list_names",
            paper="Wightman 2019, doi:10.5281/zenodo.4414861",
            paper_of="saliencynoise_timm.papers:paper_of",
            as_trained=(("adapt", False),),
            samples=("test_resnet", "test_efficientnet", "test_convnext", "test_vit"),
        ),
    )
