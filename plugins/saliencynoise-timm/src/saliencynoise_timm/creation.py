"""Calls to timm: networks from names and arguments, on the meta device or for real, and the user's errors."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import timm
import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from torch import nn

Arguments: TypeAlias = Mapping[str, Any]

_OURS = {
    "pretrained": "networks are trained here, from random starts",
    "checkpoint_path": "networks are trained here, from random starts",
    "in_chans": "the data set gives the channels",
    "num_classes": "the data set gives the classes",
    "features_only": "the network must return logits",
    "device": "the run chooses the device",
    "dtype": "networks are built in float32",
    "pretrained_cfg": "networks are trained here, from random starts",
    "pretrained_cfg_overlay": "networks are trained here, from random starts",
}


def check_names(name: str, arguments: Arguments) -> None:
    """Refuse a name that timm lacks and arguments that are not the user's to set.

    Raises:
        UsageError: if the name or an argument is not known.
    """
    if name not in timm.list_models():
        raise UsageError(f"timm {timm.__version__} has no architecture '{name}'; see `timm.list_models()`")
    for argument in arguments:
        if argument in _OURS:
            raise UsageError(f"argument '{argument}' of timm/{name} cannot be set: {_OURS[argument]}")


def create(name: str, *, channels: int, num_classes: int, arguments: Arguments, device: str) -> nn.Module:
    """Return timm's network with random weights; nothing is downloaded. Errors are timm's own."""
    with warnings.catch_warnings(), torch.device(device):
        warnings.simplefilter("ignore")  # timm warns of renamed architectures and of meta tensors
        network: nn.Module = timm.create_model(
            name, pretrained=False, in_chans=channels, num_classes=num_classes, **arguments
        )
    return network


def refusal(name: str, *, channels: int, num_classes: int, arguments: Arguments, error: Exception) -> UsageError:
    """Return the error for a user's arguments that timm refused, with the arguments that are to blame."""

    def fails(trial: Arguments) -> bool:
        try:
            create(name, channels=channels, num_classes=num_classes, arguments=trial, device="meta")
        except Exception:  # noqa: BLE001 - timm refuses in many ways
            return True
        return False

    to_blame = [key for key in arguments if fails({key: arguments[key]})] or list(arguments)
    named = ", ".join(f"{key}={arguments[key]!r}" for key in to_blame)
    reason = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {reason[0]}" if reason else type(error).__name__
    if not arguments:
        return UsageError(f"timm/{name} cannot be built for {channels} channels and {num_classes} classes: {message}")
    return UsageError(f"timm/{name} does not take {named} ({message}){_choices(name, num_classes, to_blame)}")


def _choices(name: str, num_classes: int, to_blame: Sequence[str]) -> str:
    """Return the arguments of a network's class in words, if its signature lists them and lacks one of the user's."""
    try:
        network = create(name, channels=3, num_classes=num_classes, arguments={}, device="meta")
    except Exception:  # noqa: BLE001 - as above
        return ""
    parameters = list(inspect.signature(type(network).__init__).parameters.values())[1:]
    names = [
        parameter.name
        for parameter in parameters
        if parameter.name not in _OURS and parameter.kind is not parameter.VAR_KEYWORD
    ]
    unknown = [key for key in to_blame if key not in names]
    if not unknown or not names:
        return ""
    close = get_close_matches(unknown[0], names, n=1)
    hint = f" did you mean '{close[0]}'?" if close else ""
    return f";{hint} it takes {', '.join(names)}"
