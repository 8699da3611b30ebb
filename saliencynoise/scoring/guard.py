"""Methods under guard: what one of them does to the network or to torch fails it by name, and harms no other."""

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

    Each is given its own copy of the batch, and of the pass where several share one. After each one the network and
    torch's settings are as before: what had to be put back fails the method that was running. Global random numbers
    start from the same seed for each call, and go on afterwards as if there had been none.
    """

    def __init__(self, passes: Passes, image: torch.Tensor) -> None:
        """Take the network's state, after one pass of `image`, `[1, C, H, W]`, by which it may set what it keeps."""
        self.passes = passes
        self._state = NetworkState(passes.network.module)
        _pass(passes, image)
        self._state.settle()
        self._settings = Settings(*self._state.classes)
        self._random = GlobalRandom()

    def attribute(
        self, method: PassMethod | FunctionalMethod | ModuleMethod, batch: Batch, *, seed: int = 0
    ) -> Maps | Exception:
        """Return a method's maps of the batch, or the exception that it raised or that what it left amounts to."""
        with self._random.numbers(seed):
            found = attribute(self.passes, method, _copied(batch))
        values = isinstance(method, ModuleMethod)
        return blamed(found, [*self._settings.restore(), *self._state.restore(values=values)])

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
        found: dict[str, Maps | Exception] = {}
        for name in methods:
            before(name)
            with self._random.numbers(seed):
                maps = taps.maps(name, _copied(batch))
            found[name] = blamed(maps, self._settings.restore())
        return found


def blamed(found: Maps | Exception, left: list[str]) -> Maps | Exception:
    """Return what a method gave, or the error that says what it left behind.

    Where the memory did not suffice, the method is called again with fewer rows, so that is no fault.
    """
    if not left or (isinstance(found, Exception) and is_out_of_memory(found)):
        return found
    said = "; ".join(left)
    if not isinstance(found, Exception):
        return ConfigurationError(f"{said}; {WAY}")
    error = ConfigurationError(f"{one_line(found)}; it also {said}; {WAY}")
    error.__cause__ = found
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
