"""Calls of what plugins bring: whatever one raises becomes one line that names it, and so does a wrong return."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from saliencynoise.interfaces.errors import SaliencyNoiseError, UsageError, one_line
from saliencynoise.interfaces.networks import CamPoint, Network
from saliencynoise.interfaces.protocols import Model
from saliencynoise.interfaces.suggestions import did_you_mean

if TYPE_CHECKING:
    from torch import nn

WHERE = "this is an error of the plugin; 'saliencynoise --traceback COMMAND' shows where it is"


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn what a plugin raises into an error that names it; what this project raises on purpose passes.

    Args:
        what: it is, in words: "the data set 'letters' (letters 1.2)".

    Raises:
        UsageError: naming the plugin, with its exception as the cause.
    """
    try:
        yield
    except (SaliencyNoiseError, MemoryError):
        raise
    except BaseException as error:
        ours = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        if isinstance(error, GeneratorExit) or (isinstance(error, KeyboardInterrupt) and ours):
            raise
        raise UsageError(f"{what} failed: {one_line(error)}; {WHERE}") from error


@dataclass(frozen=True, kw_only=True)
class NamedModel:
    """An architecture of a plugin, whose errors and wrong returns name it.

    Attributes:
        what: it is, in words.
        model: the plugin's.
    """

    what: str
    model: Model

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """As `Model.build`.

        Raises:
            UsageError: as the plugin; or naming it, if it raised anything else or returned no network.
        """
        with calling(self.what):
            network: object = self.model.build(in_shape, num_classes)
        wrong = wrong_network(network)
        if wrong:
            raise UsageError(f"{self.what}: {wrong}")
        return cast("Network", network)


def wrong_network(network: object) -> str:
    """Return what is wrong with what an architecture built, and what is wanted; "" where nothing is."""
    from torch import nn  # noqa: PLC0415 - names are resolved without torch

    wanted = "build must return saliencynoise.interfaces.Network(module=an nn.Module, points={name: CamPoint(...)})"
    if not isinstance(network, Network):
        return f"build returned {type(network).__name__}; {wanted}"
    module: object = network.module
    if not isinstance(module, nn.Module):
        return f"build returned a Network whose module is {type(module).__name__}; {wanted}"
    points: object = network.points
    if not isinstance(points, Mapping) or not all(isinstance(point, CamPoint) for point in points.values()):
        return f"build returned a Network whose points are no CamPoints; {wanted}"
    known = dict(module.named_modules())
    for name, point in network.points.items():
        if point.module not in known:
            return f"its point '{name}' names the submodule '{point.module}', which the network does not have"
    return _without_size(known)


def _without_size(modules: Mapping[str, nn.Module]) -> str:
    from torch.nn.parameter import is_lazy  # noqa: PLC0415 - as above

    for path, module in modules.items():
        own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if any(is_lazy(tensor) for tensor in own):
            return (
                f"its layer '{path}' ({type(module).__name__}) has no size before the first image is passed; give the "
                "layer its sizes, or pass one image of zeros through the network in build"
            )
    return ""


def refuse_unknown_arguments(target: Callable[..., Any], arguments: Mapping[str, Any], *, what: str) -> None:
    """Refuse arguments that a callable does not take by name; one that takes any (`**arguments`) decides by itself.

    Raises:
        UsageError: naming the argument, what it may have been meant to be, and those that there are.
    """
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return
    if any(own.kind is own.VAR_KEYWORD for own in parameters):
        return
    known = [own.name for own in parameters[1:] if own.kind in {own.POSITIONAL_OR_KEYWORD, own.KEYWORD_ONLY}]
    for name in arguments:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            hint = " ".join([*filter(None, [did_you_mean(name, known)]), takes])
            raise UsageError(f"{what} has no argument '{name}'; {hint}")
