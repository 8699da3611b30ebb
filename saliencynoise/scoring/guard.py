"""Methods under guard: a method that changes the network or torch fails by name, without harm to other methods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import (
    Batch,
    ConfigurationError,
    FunctionalMethod,
    Maps,
    ModuleMethod,
    PassMethod,
    one_line,
)
from saliencynoise.scoring.attribution import attribute, shared_taps
from saliencynoise.scoring.memory import is_out_of_memory
from saliencynoise.scoring.network_state import NetworkState
from saliencynoise.scoring.random_state import GlobalRandom
from saliencynoise.scoring.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from saliencynoise.scoring.passes import Passes

WAY = "a method leaves the network and torch's settings as they were (all was put back; other methods are unharmed)"


class Guard:
    """Calls methods on one network, one after another, each as if it were the only one.

    Each method gets a copy of the batch, and of the pass where several methods share one. After each method the
    network and torch's settings are restored. A method that changed them fails. Global random numbers start from the
    same seed for each call. After the call the global random state is as it was before.
    """

    def __init__(self, passes: Passes, image: torch.Tensor) -> None:
        """Record the network's state after one pass of `image`, `[1, C, H, W]`, in which it may set its caches."""
        self.passes = passes
        self._state = NetworkState(passes.network.module)
        _pass(passes, image)
        self._state.settle()
        self._settings = Settings(*self._state.classes)
        self._random = GlobalRandom()

    def attribute(
        self, method: PassMethod | FunctionalMethod | ModuleMethod, batch: Batch, *, seed: int = 0
    ) -> Maps | Exception:
        """Return a method's maps of the batch, or the exception that it raised, or an error that names its changes."""
        with self._random.numbers(seed):
            result = attribute(self.passes, method, _copied(batch))
        values = isinstance(method, ModuleMethod)
        return blamed(result, [*self._settings.restore(), *self._state.restore(values=values)])

    def attribute_together(
        self,
        methods: Mapping[str, PassMethod],
        batch: Batch,
        *,
        seed: int = 0,
        before: Callable[[str], None] = lambda _: None,
    ) -> dict[str, Maps | Exception]:
        """Return each pass method's maps of the batch, or the exception of each; `before` is called with its name."""
        taps = shared_taps(self.passes, methods, batch)
        results: dict[str, Maps | Exception] = {}
        for name in methods:
            before(name)
            with self._random.numbers(seed):
                maps = taps.maps(name, _copied(batch))
            results[name] = blamed(maps, self._settings.restore())
        return results


def blamed(result: Maps | Exception, left: list[str]) -> Maps | Exception:
    """Return the result of a method, or an error that lists the changes which it left behind.

    A method that ran out of memory is called again with fewer rows, so its changes are no fault.
    """
    if not left or (isinstance(result, Exception) and is_out_of_memory(result)):
        return result
    said = "; ".join(left)
    if not isinstance(result, Exception):
        return ConfigurationError(f"{said}; {WAY}")
    error = ConfigurationError(f"{one_line(result)}; it also {said}; {WAY}")
    error.__cause__ = result
    return error


def _copied(batch: Batch) -> Batch:
    """Return a batch whose tensors a method may write to: the background serves all methods of a run."""
    return replace(batch, x=batch.x.clone(), target=batch.target.clone(), background=batch.background.clone())


def _pass(passes: Passes, image: torch.Tensor) -> None:
    with torch.enable_grad():
        x = image.detach().clone().requires_grad_()
        logits = passes.network.module(x.clone())
        if logits.requires_grad:
            torch.autograd.grad(logits.sum(), x, allow_unused=True)
