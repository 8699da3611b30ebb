"""The rescale rule of DeepLIFT for every function that a network may call."""

from saliencynoise.methods.rescale.mode import Rescale

__all__ = ["Rescale"]
