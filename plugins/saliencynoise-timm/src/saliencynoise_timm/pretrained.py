"""timm's own pretrained weights, by its own loader and cache."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import timm
import torch
from timm.models import get_pretrained_cfg

from saliencynoise.interfaces import PretrainedWeights, UsageError, one_line
from saliencynoise_timm.wrappers import Repeated, Resized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn


PATIENCE = 5
"""Seconds in which the Hugging Face hub must answer."""


def known_weights(name: str, which: str | None) -> PretrainedWeights:
    """Return what timm's registry says of an architecture's weights; nothing is read or downloaded.

    Args:
        name: as in `timm.list_models()`.
        which: a local file, a tag as "a1_in1k", or None for the weights that timm takes by itself.

    Raises:
        UsageError: if timm has no such weights.
    """
    file, config = _is_file(which), None
    with suppress(RuntimeError):  # timm's error for a tag that it does not know
        config = get_pretrained_cfg(name if which is None or file else f"{name}.{which}")
    if config is None or not (config.has_weights or file):
        tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{name}.*")]
        advice = f"it has {', '.join(tags)}: --init timm:{tags[0]}" if tags else "see `timm.list_pretrained()`"
        wanted = "" if which is None else f" '{which}'"
        raise UsageError(f"--init timm: timm {timm.__version__} has no pretrained weights{wanted} of {name}; {advice}")
    height, width = config.input_size[1:]
    return PretrainedWeights(
        name=Path(str(which)).name if file else f"{name}.{config.tag}",
        arguments={"adapt": False},
        image_size=height if height == width else None,
        mean=tuple(map(float, config.mean)),
        std=tuple(map(float, config.std)),
    )


def load_pretrained(
    module: nn.Module, name: str, *, channels: int, arguments: Mapping[str, Any], which: str | None
) -> None:  # fmt: skip
    """Give a network of `Plan.build` timm's pretrained weights, but for its classifier.

    Channels are converted as timm does it: the first convolution's weights are summed for one, repeated for others.

    Raises:
        UsageError: if the weights cannot be had, or do not fit.
    """
    while isinstance(module, Resized | Repeated):
        module = module.network
    pretrained = _created(name, channels=channels, arguments=arguments, which=which)
    classifiers = pretrained.pretrained_cfg.get("classifier") or ()
    heads = (classifiers,) if isinstance(classifiers, str) else tuple(classifiers)
    loaded, own = pretrained.state_dict(), module.state_dict()
    wanted = [key for key in own if not key.startswith(tuple(f"{head}." for head in heads))]
    wrong = [key for key in wanted if key not in loaded or loaded[key].shape != own[key].shape]
    if wrong:
        given = ", ".join(f"{key}={value}" for key, value in arguments.items()) or "these images"
        raise UsageError(
            f"--init timm: the weights of {name} do not fit it with {given}, at {wrong[0]}; leave --arch-arg out"
        )
    module.load_state_dict({**own, **{key: loaded[key] for key in wanted}})


def _created(name: str, *, channels: int, arguments: Mapping[str, Any], which: str | None) -> Any:
    """Return timm's network with its own number of classes, for then timm takes no weights that lack a name."""
    file = _is_file(which)
    overlay = {"file": which, "url": "", "hf_hub_id": "", "custom_load": str(which).endswith(".npz")} if file else None
    full = name if which is None or file else f"{name}.{which}"
    try:
        with warnings.catch_warnings(), nullcontext() if file else _without_retries():
            warnings.simplefilter("ignore")  # timm warns of renamed architectures
            return timm.create_model(
                full, pretrained=True, in_chans=channels, pretrained_cfg_overlay=overlay, **arguments
            )
    except Exception as error:  # the hub, the file system and timm fail in many ways
        if file:
            raise UsageError(
                f"--init timm:{which} does not hold timm's weights of {name}: {one_line(error)}; a file with another "
                "head or other names can be read with --init FILE"
            ) from error
        raise UsageError(
            f"--init timm: the weights of {full} are not in timm's cache, {_cache()}, and cannot be fetched: "
            f"{one_line(error)}; call timm.create_model('{full}', pretrained=True) where there is a network and copy "
            "that folder here, or name a local file: --init timm:FILE"
        ) from error


@contextmanager
def _without_retries() -> Iterator[None]:
    """Keep the Hugging Face hub to its cache where one short request does not reach it; it tries for minutes itself."""
    try:
        from huggingface_hub import constants, get_session  # noqa: PLC0415 - timm itself does without
    except ImportError:
        yield
        return
    before = constants.HF_HUB_OFFLINE
    if not before:
        try:
            get_session().head(constants.ENDPOINT, timeout=PATIENCE)
        except Exception:  # noqa: BLE001 - each library of requests has errors of its own
            constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _is_file(which: str | None) -> bool:
    return which is not None and Path(which).is_file()


def _cache() -> Path:
    """Return the folder in which the Hugging Face hub, timm's source of weights, keeps files."""
    try:
        from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415 - timm itself does without
    except ImportError:
        return Path(torch.hub.get_dir())
    return Path(os.fspath(HF_HUB_CACHE))
