"""The plugin: the lime package; reading it imports neither lime nor torch."""

from __future__ import annotations

from saliencynoise.interfaces import MethodSpec
from saliencynoise.registry import hookimpl


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return LIME."""
    return (
        MethodSpec(
            name="lime",
            summary="the lime package: a weighted linear fit to images with hidden segments",
            target="saliencynoise_lime.images:Lime",
            family="perturbation",
            paper="Ribeiro, Singh and Guestrin, KDD 2016, arXiv:1602.04938",
            kind="module",
            stochastic=True,
            cost="samples forward",
            claims=("constant",),
            library="lime",
        ),
    )
