"""Votes and maps of pictures, member by member: one network and all maps of a few pictures are in memory.

Everything is as in a bench: passes, precision, background, and random numbers, which follow from the run's seed, the
method, the name of the picture, the draw and the member. So an explained test image has the same maps as in the bench.
Stochastic methods use each member's separate draws; the draw that all members share is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.data.tensors import to_float
from saliencynoise.engine.attribution import (
    background_of,
    batch_of,
    network_name,
    probes,
    scored,
    shares_its_pass,
    within_memory,
)
from saliencynoise.engine.dispatch import one_thread
from saliencynoise.engine.member import without_tf32
from saliencynoise.interfaces import Batch, Dataset, Maps, Split, one_line
from saliencynoise.scoring import LOGIT, Guard, Passes, Score, fitting_rows, refuse_unsteady
from saliencynoise.statistics.draws import own_draws

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from saliencynoise.engine.trained import TrainedEnsemble
    from saliencynoise.registry.bound import BoundMethod

MapsOf = Mapping[str, "Float[Tensor, 'B E D c h w'] | str"]
"""All members' maps in D draws, or the reason why there are none, by a method's canonical name."""


class MemberStream:
    """The members of an ensemble, one after another."""

    def __init__(
        self, ensemble: TrainedEnsemble, methods: Sequence[BoundMethod], *, draws: int, score: Score = LOGIT
    ) -> None:
        self._score = score
        self._ensemble = ensemble
        self._methods = methods
        self._draws = {method.canonical_name: own_draws(draws) if method.spec.stochastic else [0] for method in methods}
        self._rows: int | None = None
        self._background: Tensor | None = None
        self._steady: set[int] = set()

    def probabilities(self, pixels: UInt8[Tensor, "B C S S"]) -> Float[Tensor, "B E K"]:
        """Return the members' class probabilities, float64, on the CPU."""
        dataset = self._ensemble.dataset
        x = to_float(pixels.to(self._ensemble.device), dataset.mean, dataset.std)
        with without_tf32(), one_thread():
            logits = [
                torch.cat([passes.logits(part) for part in torch.split(x, passes.rows)]).double().cpu()
                for passes in self._passes()
            ]
        return torch.stack(logits, 1).softmax(-1)

    def maps(self, pixels: UInt8[Tensor, "B C S S"], names: Sequence[str], targets: Sequence[int]) -> MapsOf:
        """Return all members' maps by each method, float32, on the CPU; a method that fails stops no other.

        Args:
            pixels: of the pictures, as many channels and pixels as the data set's.
            names: of the pictures; the random numbers are derived from them.
            targets: the class that is explained, of each picture.
        """
        pictures = Split(images=pixels, labels=torch.tensor(targets), names=tuple(names))
        dataset = replace(self._ensemble.dataset, test=pictures)
        stacks: dict[str, list[Tensor]] = {method.canonical_name: [] for method in self._methods}
        failed: dict[str, str] = {}
        with without_tf32(), one_thread():
            for member, passes in zip(self._ensemble.members, self._passes(self._score), strict=True):
                remaining = [method for method in self._methods if method.canonical_name not in failed]
                guard = Guard(passes, self._blank())
                for text, drawn in self._of_member(member, guard, dataset, targets, remaining).items():
                    usable = _stacked(drawn, like=stacks[text][:1])
                    if isinstance(usable, str):
                        failed[text] = f"member {member}: {usable}"
                    else:
                        stacks[text].append(usable)
        return {text: failed.get(text) or torch.stack(stack, 1) for text, stack in stacks.items()}

    def bytes_of_picture(self) -> int:
        """Return an upper limit of the bytes of all members' maps of a picture; each method counts as one on pixels."""
        values = self._ensemble.dataset.test.images[0].numel()
        return 4 * values * len(self._ensemble.members) * sum(map(len, self._draws.values()))

    def _passes(self, score: Score = LOGIT) -> Iterator[Passes]:
        """Yield each member with a score, ready for passes of as many rows as fit the memory.

        Raises:
            RefusedNetworkError: if its logits do not follow from the weights and the image, as a bench refuses it.
        """
        image = self._blank()
        for member in self._ensemble.members:
            (network,) = self._ensemble.networks([member])
            network = scored(network, score, image=image, targets=range(len(self._ensemble.dataset.classes)))
            passes = Passes(network)
            if member not in self._steady:
                dataset, device, label = (
                    self._ensemble.dataset,
                    self._ensemble.device,
                    self._ensemble.model.display_name,
                )
                refuse_unsteady(passes, probes(dataset, device), name=f"the architecture {label}")
                self._steady.add(member)
            self._rows = self._rows or fitting_rows(network, image)
            passes.rows = self._rows
            yield passes

    def _blank(self) -> Float[Tensor, "1 C H W"]:
        return torch.zeros(1, *self._ensemble.dataset.test.images.shape[1:], device=self._ensemble.device)

    def _of_member(
        self,
        member: int,
        guard: Guard,
        dataset: Dataset,
        targets: Sequence[int],
        methods: Sequence[BoundMethod],
    ) -> dict[str, list[Maps | Exception]]:
        """Return one member's maps by each method, draw by draw."""
        results: dict[str, list[Maps | Exception]] = {}
        together: dict[str, Any] = {
            method.canonical_name: method.instance for method in methods if shares_its_pass(method)
        }
        if together:
            shared = self._batch(dataset, targets, method=next(iter(together)), draw=0, member=member)
            maps = within_memory(guard.passes, lambda _: guard.attribute_together(together, shared))
            results |= {text: [maps[text]] for text in together}
        for method in methods:
            if method.canonical_name in together:
                continue
            results[method.canonical_name] = []
            for draw in self._draws[method.canonical_name]:
                batch = self._batch(dataset, targets, method=method.canonical_name, draw=draw, member=member)
                results[method.canonical_name].append(_attributed(guard, method, batch))
        self._rows = guard.passes.rows
        return results

    def _batch(self, dataset: Dataset, targets: Sequence[int], *, method: str, draw: int, member: int) -> Batch:
        seed = self._ensemble.seed
        if self._background is None:
            self._background = background_of(dataset, run_seed=seed).to(self._ensemble.device)
        return batch_of(
            dataset,
            images=range(len(dataset.test)),
            targets=targets,
            background=self._background,
            method=method,
            draw=draw,
            run_seed=seed,
            network=network_name(self._ensemble.pool.folder, member),
        )


def _attributed(guard: Guard, method: BoundMethod, batch: Batch) -> Maps | Exception:
    return within_memory(guard.passes, lambda _: {"": guard.attribute(method.instance, batch)})[""]


def _stacked(drawn: Sequence[Maps | Exception], *, like: Sequence[Tensor]) -> Float[Tensor, "B D c h w"] | str:
    """Return a member's maps of all draws, checked for another member's shape, or the reason why they are unusable."""
    stacked = []
    for result in drawn:
        if isinstance(result, Exception):
            return one_line(result)
        stacked.append(result.values.detach().float().cpu())
    shapes = {tuple(values.shape[1:]) for values in stacked} | {tuple(values.shape[2:]) for values in like}
    if len(shapes) > 1:
        return f"the maps have different shapes: {', '.join(map(str, sorted(shapes)))}"
    return torch.stack(stacked, 1)
