"""How far each kind of rewritten weights moves the maps of methods of a layer: `rewritten_networks.py RUN...`.

A RUN is the folder of a bench whose members lie in its pool. For each architecture, CAM point, method of a layer and
kind of `saliencynoise.interfaces.Rewrite` that the point allows, each member is rewritten `COPIES` times at random, and
r of the copies' maps is printed: with the cosine averaged over all members and the first `IMAGES` images. It is the
`ceiling` of a bench, kind by kind, and of all methods, also of those that are invariant ("inf"). Takes a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import torch

import saliencynoise as sn
from saliencynoise.bench.attribution import background_of, batch_of
from saliencynoise.bench.config import BenchConfig
from saliencynoise.bench.networks import load_members
from saliencynoise.bench.plan import load_dataset
from saliencynoise.interfaces import Batch, Network, PassMethod, Rewrite, Tap, derive_seed
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer
from saliencynoise.statistics.ceiling import ceiling, disagreement
from saliencynoise.store.pool import Pool

COPIES, IMAGES = 8, 4
METHODS = ("gradcam", "gradcam_plus_plus", "layercam", "eigencam", "scorecam", "ablation_cam")
ROUNDING = 1e6
"""Copies that agree to six digits are the same but for rounding in float32."""


def maps_of(network: Network, method: str, batch: Batch, rewriting: Rewriting) -> torch.Tensor:
    """Return the maps of a rewritten network, `[B, c, h, w]`."""
    instance = catalogue().method(method).instance
    scorer = RewrittenScorer(Scorer(Passes(network), batch), rewriting)
    if not isinstance(instance, PassMethod):
        return instance.attribute(scorer, batch).values  # type: ignore[union-attr]
    taps = scorer.taps(batch.x[:, None], *instance.points)
    return instance.from_pass({name: Tap(tap.value[:, 0], tap.grad[:, 0]) for name, tap in taps.items()}, batch).values


def value(networks: list[Network], method: str, point: str, kind: Rewrite, batch: Batch) -> float:
    """Return r of copies."""
    losses = []
    for member, network in enumerate(networks):
        copies = [Rewriting({point: (kind,)}, seed=derive_seed(0, "rewriting", member, own)) for own in range(COPIES)]
        losses.append(disagreement(torch.stack([maps_of(network, method, batch, copy) for copy in copies])))
    found = ceiling(torch.stack(losses))
    return found.value if found is not None and found.value < ROUNDING else float("inf")


def lines(folder: str) -> Iterator[str]:
    """Yield a line for each architecture, point and kind."""
    study = sn.Study.load(folder)
    settings = study.result["settings"]
    _, dataset = load_dataset(BenchConfig(**settings))
    images = list(range(IMAGES))
    for architecture in study.result["architectures"]:
        pool = Path(architecture["pool"])
        model = catalogue().model(architecture["name"])
        networks = load_members(
            model,
            Pool(pool),
            [member["index"] for member in architecture["members"]],
            in_shape=tuple(dataset.train.images.shape[1:]),
            classes=len(dataset.classes),
            device="cpu",
        )
        batch = batch_of(
            dataset,
            images=images,
            targets=dataset.test.labels[images].tolist(),
            background=background_of(dataset, run_seed=0),
            method="",
            draw=0,
            run_seed=0,
        )
        for point, place in networks[0].points.items():
            for kind in place.rewrites or ():
                values = (value(networks, f"{own}(layer={point})", point, kind, batch) for own in METHODS)
                yield f"{architecture['label']:24} {point:13} {kind:17}" + "".join(f"{r:11.3g}" for r in values)


def main(folders: list[str]) -> None:
    """Print all."""
    torch.set_num_threads(1)
    print(f"{'':24} {'':13} {'':17}" + "".join(f"{own[:10]:>11}" for own in METHODS))
    for folder in folders:
        for line in lines(folder):
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
