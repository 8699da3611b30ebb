"""A dream from request to files: find or train the members, dream, judge the dreams, write the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.trained import TrainedEnsemble, trained_ensemble
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.atomic import refuse_foreign
from saliencynoise.store.holding import holding
from saliencynoise_dream.ascent import check_start
from saliencynoise_dream.comparison import compare_dreams
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import ClassLogit
from saliencynoise_dream.request import GRADIENTS, SINGLES, DreamRequest, default_dream_config, request_from
from saliencynoise_dream.results import RESULT, DreamStudy, PreparedDream, record_of_dreams, write_dreams
from saliencynoise_dream.target import DreamTarget, check_layer, dream_target

if TYPE_CHECKING:
    from saliencynoise.engine.observer import Observer

MEMBERS = 8
MOST_KEPT = 2**31
"""Maximum number of bytes of all steps that are kept for an animation."""


def dream(
    picture: str | Path | None = None,
    *,
    classes: Sequence[str] | None = None,
    layer: str | None = None,
    members: int | None = None,
    held_out: int = 2,
    singles: int | None = None,
    pool: str | Path | None = None,
    dataset: str = "digits",
    data_dir: str | Path | None = None,
    arch: str | None = None,
    arch_args: Mapping[str, str | int | float | bool | None] | None = None,
    image_size: int | None = None,
    normalization: str = "auto",
    train_images: int | None = None,
    epochs: int | None = None,
    gradient: Literal["mean", "random", "both"] = "mean",
    octaves: int = 3,
    octave_scale: float = 1.8,
    steps: int = 20,
    step_size: float = 0.015,
    jitter: int | None = None,
    smoothing: float | None = None,
    gif: bool = False,
    device: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    out: str | Path | None = None,
    observer: Observer | None = None,
) -> DreamStudy:
    """Dream of classes or of a layer on an ensemble, and have held-out members judge the dreams.

    Args:
        picture: an image file to start from; None for faint noise about the data's mean pixel.
        classes: names or indices of the classes to dream of; None for the first ten, or from a picture for `layer`.
        layer: dream of this layer's energy instead: "top", "intermediate", or the path of a module.
        members: number of networks that dream together; None for 8, or fewer if the pool has fewer.
        held_out: number of further networks, which only judge; the last ones of a pool.
        singles: number of members that also dream alone; None for 3, or all if fewer dream.
        pool: folder or name of a pool whose members dream and judge; nothing is trained then.
        dataset: data set of the networks' training: a name, as "digits" or "cifar10", or "folder:PATH".
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        arch: name of an architecture; None for the pool's, or for "test_resnet" where timm is installed.
        arch_args: arguments of the architecture.
        image_size: edge of the square images, in pixels; None for the data set's.
        normalization: "dataset" (its mean and deviation), "imagenet", "none" (pixels of 0 to 1), "MEAN/STD", or "auto":
            that of the pool's pretrained weights where it has such, else "dataset".
        train_images: number of training images; None for all.
        epochs: passes over the training images; None for the recipe's.
        gradient: gradient that the ensemble follows: "mean", "random" (of one member, drawn at each step), or "both".
        octaves: number of resolutions, from coarse to the networks'.
        octave_scale: ratio of neighbouring resolutions, above 1.
        steps: number of steps in each octave.
        step_size: root mean square of a step; pixels are from 0 to 1.
        jitter: largest random shift of each step, in pixels; None for a 16th of the edge.
        smoothing: standard deviation of the smoothing of the gradient, in pixels; None for 1, or less for edges below
            32 pixels.
        gif: also write the steps as an animation.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        seed: seed of members, noise and jitter, 0 or more; with `pool` only of noise and jitter.
        workers: worker processes on the CPU; 0 to work in this process; None for one per core, as far as the memory
            allows. No figure depends on it.
        out: folder of the results; None for one under ./runs that is named after the settings.
        observer: receives progress events of the training; None for no one.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> study = sn.dream("horse.jpg", dataset="cifar10", classes=["dog"])    # doctest: +SKIP
        >>> study.rows, study.folder                                            # doctest: +SKIP
    """
    values = {
        "picture": picture, "classes": classes, "layer": layer, "members": members, "held_out": held_out,
        "singles": singles, "pool": pool, "dataset": dataset, "data_dir": data_dir,
        "archs": None if arch is None else [arch], "arch_args": arch_args, "image_size": image_size,
        "normalization": normalization, "train_images": train_images, "epochs": epochs, "gradient": gradient,
        "octaves": octaves, "octave_scale": octave_scale, "steps": steps, "step_size": step_size, "jitter": jitter,
        "smoothing": smoothing, "gif": gif, "device": device, "seed": seed, "workers": workers, "out": out,
    }  # fmt: skip
    options = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
    return run_dream(prepare_dream(request_from(options), observer or Silent()))


def prepare_dream(request: DreamRequest, observer: Observer) -> PreparedDream:
    """Check names and picture, then find the members or train them.

    Members that failed to learn are left out: their dreams show nothing.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    refuse_foreign(request.folder, RESULT)
    bench, trains = request.bench, request.pool is None
    if trains:
        dataset = load_dataset(bench)[1]
        _ascent(request, dream_target(request, dataset))
        if request.of_layer is not None:
            check_layer(catalogue().model(bench.archs[0], bench.arch_args), request.of_layer, dataset)
    resolve_device(bench.device)
    needed = (bench.members or MEMBERS) + request.held_out if trains else None
    ensemble = trained_ensemble(replace(bench, members=needed), observer, pool=request.pool)
    if not trains and request.of_layer is not None:
        check_layer(ensemble.model, request.of_layer, ensemble.dataset)
    dreaming, judging = _split(ensemble, request)
    target = dream_target(request, ensemble.dataset)
    config = _ascent(request, target)
    return PreparedDream(
        request=request, ensemble=ensemble, dreaming=dreaming, judging=judging, target=target, config=config
    )


def run_dream(prepared: PreparedDream, print_line: Callable[[str], None] = lambda _line: None) -> DreamStudy:
    """Dream, judge and write; the results are on disk when they are returned.

    Raises:
        UsageError: if a member's gradient is not finite, or the folder cannot be written.
    """
    with holding(prepared.request.folder):
        refuse_foreign(prepared.request.folder, RESULT)  # another process may have written since
        return _dreamt(prepared, print_line)


def _dreamt(prepared: PreparedDream, print_line: Callable[[str], None]) -> DreamStudy:
    """Dream, judge and write in a folder that this process has locked."""
    request, ensemble, target = prepared.request, prepared.ensemble, prepared.target
    began, device = time.perf_counter(), ensemble.device
    objective = (
        ClassLogit(target.objective.targets.to(device))
        if isinstance(target.objective, ClassLogit)
        else target.objective
    )

    def announce(kind: str, index: int) -> None:
        dreamers = (
            f"member {prepared.dreaming[index]} alone" if kind == "single" else f"all {len(prepared.dreaming)} members"
        )
        drawn = ", one drawn for each step" if kind == "stochastic" else ""
        print_line(f"dreaming ({time.perf_counter() - began:.0f} s): {dreamers}{drawn}")

    sets = compare_dreams(
        ensemble.networks(prepared.dreaming),
        ensemble.networks(prepared.judging),
        objective=objective,
        start=target.start.to(device),
        mean=ensemble.dataset.mean,
        std=ensemble.dataset.std,
        config=prepared.config,
        singles=min(request.singles or SINGLES, len(prepared.dreaming)),
        gradients=GRADIENTS[request.gradient],
        on_dream=announce,
    )
    result = record_of_dreams(prepared, sets, seconds=time.perf_counter() - began)
    study = DreamStudy(result=result, folder=request.folder, sets=sets, rows=target.rows)
    write_dreams(study, members=prepared.dreaming, steps=prepared.config.steps)
    return study


def _ascent(request: DreamRequest, target: DreamTarget) -> DreamConfig:
    """Return the settings of the dream; refuse those that the pictures or the memory do not allow."""
    config = default_dream_config(
        target.start.shape[-1], {**request.how, "seed": request.bench.seed, "keep_steps": request.gif}
    )
    check_start(target.start, config)
    kinds = (request.singles or SINGLES) + len(GRADIENTS[request.gradient])
    size = kinds * config.octaves * config.steps * target.start.numel()
    if request.gif and size > MOST_KEPT:
        raise UsageError(
            f"--gif would keep {size / 2**30:.1f} GiB of steps, over {MOST_KEPT / 2**30:.0f}; give fewer --class, "
            "--steps or --singles"
        )
    return config


def _split(ensemble: TrainedEnsemble, request: DreamRequest) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the members that dream, the first ones, and those that judge, the last ones."""
    sound = [member for member in ensemble.members if member not in ensemble.flags]
    available = len(sound) - request.held_out
    requested = request.bench.members
    fewest = max(request.singles or 1, requested if requested is not None and request.pool is not None else 1)
    if available < fewest:
        flagged = f" ({len(ensemble.flags)} more have not learned; --epochs trains longer)" if ensemble.flags else ""
        raise UsageError(
            f"{len(sound)} members{flagged} cannot give {fewest} to dream and {request.held_out} to hold out; give "
            f"fewer --members, --singles or --held-out"
        )
    return tuple(sound[: min(requested or MEMBERS, available)]), tuple(sound[available:])
