"""Calls into plugins: an exception or a wrong return value becomes one line that names the plugin."""

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
    """Turn an exception of a plugin into an error that names it; errors of this project pass unchanged.

    Args:
        what: the called object in words: "the data set 'letters' (letters 1.2)".

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
        what: the architecture in words, for error messages.
        model: the architecture of the plugin.
    """

    what: str
    model: Model

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """As `Model.build`.

        Raises:
            UsageError: of the plugin; or naming the plugin, if it raised another error or returned no network.
        """
        with calling(self.what):
            network: object = self.model.build(in_shape, num_classes)
        wrong = wrong_network(network)
        if wrong:
            raise UsageError(f"{self.what}: {wrong}")
        return cast("Network", network)


def wrong_network(network: object) -> str:
    """Return the fault of a network that an architecture built, with the contract; "" for a correct one."""
    from torch import nn  # noqa: PLC0415 - names are resolved without torch

    contract = "build must return saliencynoise.interfaces.Network(module=an nn.Module, points={name: CamPoint(...)})"
    if not isinstance(network, Network):
        return f"build returned {type(network).__name__}; {contract}"
    module: object = network.module
    if not isinstance(module, nn.Module):
        return f"build returned a Network whose module is {type(module).__name__}; {contract}"
    points: object = network.points
    if not isinstance(points, Mapping) or not all(isinstance(point, CamPoint) for point in points.values()):
        return f"build returned a Network whose points are no CamPoints; {contract}"
    submodules = dict(module.named_modules())
    for name, point in network.points.items():
        if point.module not in submodules:
            return f"its point '{name}' names the submodule '{point.module}', which the network does not have"
    if network.head is not None and network.head not in submodules:
        return f"its head '{network.head}' is no submodule of the network"
    return _without_size(submodules)


def _without_size(modules: Mapping[str, nn.Module]) -> str:
    from torch.nn.parameter import is_lazy  # noqa: PLC0415 - as above

    for path, module in modules.items():
        tensors = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if any(is_lazy(tensor) for tensor in tensors):
            return (
                f"its layer '{path}' ({type(module).__name__}) has no size before the first image is passed; give the "
                "layer its sizes, or pass one image of zeros through the network in build"
            )
    return ""


def refuse_unknown_arguments(target: Callable[..., Any], arguments: Mapping[str, Any], *, what: str) -> None:
    """Refuse arguments that a callable does not take by name; one that takes any (`**arguments`) decides by itself.

    Raises:
        UsageError: naming the argument, a similar one, and all that exist.
    """
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    names = [
        parameter.name
        for parameter in parameters[1:]
        if parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}
    ]
    for name in arguments:
        if name not in names:
            takes = f"it takes {', '.join(names)}" if names else "it takes none"
            hint = " ".join([*filter(None, [did_you_mean(name, names)]), takes])
            raise UsageError(f"{what} has no argument '{name}'; {hint}")
