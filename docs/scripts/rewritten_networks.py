"""How far each kind of rewritten weights moves the maps of methods of a layer: `rewritten_networks.py [RUN...]`.

Of untrained networks of three architectures, and of the members of each RUN, the folder of a bench. Each member is
rewritten `COPIES` times at random, for each kind of `saliencynoise.interfaces.Rewrite` that a CAM point allows, and r
of the copies' maps is printed, with the cosine averaged over members and the first `IMAGES` images. It is the `ceiling`
of a bench, kind by kind, also of methods that are invariant ("inf"). Takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import torch

import saliencynoise as sn
from saliencynoise.engine.attribution import background_of, batch_of
from saliencynoise.engine.config import BenchConfig, config_from
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.networks import load_members
from saliencynoise.interfaces import Batch, Dataset, Network, PassMethod, Rewrite, Tap, derive_seed
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer
from saliencynoise.statistics.ceiling import ceiling, disagreement
from saliencynoise.store.pool import Pool

COPIES, IMAGES, MEMBERS = 4, 2, 2
UNTRAINED = ("mobilenetv3_small_050", "test_vit", "test_resnet")
METHODS = ("gradcam", "gradcam_plus_plus", "layercam", "eigencam", "ablation_cam")
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
    result = ceiling(torch.stack(losses))
    return result.value if result is not None and result.value < ROUNDING else float("inf")


def trained(folder: str) -> Iterator[tuple[str, list[Network], Batch]]:
    """Yield each architecture of a run, its members, and images."""
    study = sn.Study.load(folder)
    _, dataset = load_dataset(config_from(json_of(study.result.settings)))
    for architecture in study.result.architectures:
        networks = load_members(
            catalogue().model(architecture.name),
            Pool(Path(architecture.pool)),
            [member.index for member in architecture.members],
            in_shape=tuple(dataset.train.images.shape[1:]),
            classes=len(dataset.classes),
            device="cpu",
        )
        yield architecture.label, networks, images_of(dataset)


def untrained() -> Iterator[tuple[str, list[Network], Batch]]:
    """Yield networks with their initial weights, for handwritten digits."""
    _, dataset = load_dataset(BenchConfig())
    for name in UNTRAINED:
        networks = []
        for seed in range(MEMBERS):
            torch.manual_seed(seed)
            model = catalogue().model(name).load()
            networks.append(model.build(tuple(dataset.train.images.shape[1:]), len(dataset.classes)))
            networks[-1].module.eval()
        yield f"{name}, untrained", networks, images_of(dataset)


def images_of(dataset: Dataset) -> Batch:
    """Return the first images of a data set."""
    images = list(range(IMAGES))
    return batch_of(
        dataset,
        images=images,
        targets=dataset.test.labels[images].tolist(),
        background=background_of(dataset, run_seed=0),
        method="",
        draw=0,
        run_seed=0,
    )


def main(folders: list[str]) -> None:
    """Print a line for each architecture, point and kind."""
    torch.set_num_threads(1)
    print(f"{'':33} {'':13} {'':17}" + "".join(f"{own[:10]:>11}" for own in METHODS))
    for label, networks, batch in chain(untrained(), *map(trained, folders)):
        for point, place in networks[0].points.items():
            for kind in (own for own in place.rewrites or () if own != "permutation"):  # which moves no map of these
                result = [value(networks, f"{own}(layer={point})", point, kind, batch) for own in METHODS]
                print(f"{label:33} {point:13} {kind:17}" + "".join(f"{r:11.3g}" for r in result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
