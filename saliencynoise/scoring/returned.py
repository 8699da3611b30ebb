"""Checks of the maps that a method returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import ConfigurationError, Maps

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACT = "it must return saliencynoise.interfaces.Maps(values=...), a floating-point tensor [B, c, h, w]"


def checked(maps: object, images: int) -> Maps | Exception:
    """Return valid maps unchanged, or an error that describes the returned value and the contract.

    Args:
        maps: the value that a method returned, or the exception that it raised.
        images: the number of images in its batch.
    """
    if isinstance(maps, Exception):
        return maps
    if not isinstance(maps, Maps):
        return ConfigurationError(f"the method returned {described(maps)}; {CONTRACT}")
    values: object = maps.values
    if not isinstance(values, torch.Tensor):
        return ConfigurationError(f"the method returned Maps whose values are {described(values)}; {CONTRACT}")
    if not _has_values(values):
        return ConfigurationError(f"the method returned Maps whose values are {_unlike(values)}; {CONTRACT}")
    if values.ndim != 4 or values.shape[0] != images or not values.is_floating_point():
        return TypeError(
            f"the method gave maps of shape {tuple(values.shape)} and type {values.dtype} for {images} images; "
            "the contract is floating point [B, c, h, w]"
        )
    return _wrong_diagnostics(maps.diagnostics, images) or maps


def _wrong_diagnostics(diagnostics: Mapping[str, object], images: int) -> Exception | None:
    if not isinstance(diagnostics, dict) and not hasattr(diagnostics, "items"):
        return ConfigurationError(f"the method returned diagnostics that are {described(diagnostics)}, no dictionary")
    for name, figures in diagnostics.items():
        if not isinstance(figures, torch.Tensor):
            return ConfigurationError(
                f"the method gave the diagnostic '{name}' as {described(figures)}; the contract is a tensor [B]"
            )
        if not _has_values(figures) or figures.is_complex():
            return ConfigurationError(
                f"the method gave the diagnostic '{name}' as {_unlike(figures)}; the contract is a tensor [B]"
            )
        if figures.shape != (images,):
            return TypeError(
                f"the method gave the diagnostic '{name}' of shape {tuple(figures.shape)} for {images} images; "
                "the contract is [B]"
            )
    return None


def _has_values(tensor: torch.Tensor) -> bool:
    """Whether a tensor has a number in memory for each element; one without fails later, when it is stored."""
    return tensor.layout is torch.strided and tensor.device.type != "meta" and not tensor.is_nested


def _unlike(tensor: torch.Tensor) -> str:
    return f"a tensor of layout {tensor.layout}, type {tensor.dtype}, on {tensor.device.type}"


def described(value: object) -> str:
    """Return a description of a value in words: its type, and its shape and keys if it has any.

    >>> described(torch.zeros(2, 3))
    'a Tensor of shape (2, 3)'
    >>> described({"values": 1})
    "a dict with the keys 'values'"
    """
    if value is None:
        return "None"
    name = type(value).__name__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{article} {name} of shape {tuple(shape)}"
    if isinstance(value, dict):
        return f"{article} {name} with the keys {', '.join(map(repr, list(value)[:5])) or '(none)'}"
    return f"{article} {name}"
