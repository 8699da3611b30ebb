"""What a study with one checkpoint hides: `populations.py CIFAR10_JPEG.tar.xz`, or `populations.py --page`.

The first form unpacks part of CIFAR-10, trains starts on the classes 0 to 4 and networks from them on the classes 5 to
9, measures their maps, and writes the data and the page in `docs/results`. The second writes the page from the data.
Pictures and runs stay in `.data/populations`, which git ignores. The settings are the constants below.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

import saliencynoise as sn
from saliencynoise.records.cell import Cell
from saliencynoise.records.common import ValueWithInterval
from saliencynoise.records.writing import json_of
from saliencynoise.statistics.intervals import claim_interval
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".data" / "populations"
DATA, PAGE = (ROOT / "docs" / "results" / f"populations.{kind}" for kind in ("json", "md"))

CLASSES = ("airplane", "automobile", "bird", "cat", "deer"), ("dog", "frog", "horse", "ship", "truck")
PARTS = "pretrain", "tune"
TRAIN, TEST = 300, 200
"""Pictures of each class, for training and for the test."""
IMAGES = 32
STARTS, SEEDS, ALONE = 4, 4, 6
"""Starts, networks from each, and networks from scratch."""
MANY = 8
"""Networks from one start whose worth is given."""
ARCH = "resnet(depth=10,width=8)"
METHODS = "gradient", "integrated_gradients", "gradcam(layer=top)"
EPOCHS = {"pretrain": 8, "scratch": 8, "all": 6, "head": 3}
KINDS = {"all": "fine-tuned", "head": "new heads"}
BETWEEN, PREDICTED, WORTH = (
    "agreement of two starts",
    "agreement that one start predicts",
    f"worth of {MANY} of a start",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of a population and a method.

    Attributes:
        population: name of the row.
        method: display name.
        members: number of networks.
        starts: number of starts; 0 for networks from scratch.
        figure: "r" (of the population, where there are several starts), "r within" and others.
        value: the figure.
        low: lower end of its 95% interval; None where there is none.
        high: upper end.
    """

    population: str
    method: str
    members: int
    starts: int
    figure: str
    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return the figure with its interval."""
        ends = "" if self.low is None or self.high is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.value:.2f}{ends}"


def unpack(archive: Path) -> None:
    """Write the first pictures of each class below `WORK`, as two image folders."""
    wanted = {name: part for part, names in zip(PARTS, CLASSES, strict=True) for name in names}
    limits = {"train": TRAIN, "test": TEST}
    with tarfile.open(archive) as tar:
        for entry in tar:
            _, split, name, file = (*entry.name.split("/"), "", "", "")[:4]
            if not file.endswith(".jpg") or int(Path(file).stem) >= limits[split]:
                continue
            target = WORK / wanted[name] / split / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(entry)
            if content is not None:
                target.write_bytes(content.read())


def bench(name: str, *, part: str = "tune", methods: Sequence[str] = METHODS, **settings: Any) -> sn.Study:
    """Return a study, which `WORK` keeps."""
    return sn.bench(
        dataset=f"folder:{WORK / part}",
        archs=[ARCH],
        methods=methods,
        images=IMAGES,
        untrained="none",
        keep_maps="none",
        out=WORK / "runs" / name,
        **settings,
    )


def train_starts() -> Pool:
    """Return the pool of networks that are trained on the first classes."""
    settings = {"members": STARTS, "epochs": EPOCHS["pretrain"], "seed": 1}
    return Pool(Path(bench("starts", part="pretrain", methods=METHODS[:1], **settings).result.architectures[0].pool))


def records_of(pool: Pool) -> list[MemberRecord]:
    """Return the records of the starts."""
    return [record for record in map(pool.record, range(STARTS)) if record is not None]


def studies(pool: Pool) -> dict[str, sn.Study]:
    """Return the study of each row, by name."""
    found = {"from scratch": bench("scratch", members=ALONE, epochs=EPOCHS["scratch"])}
    starts = [str(pool.files(record)[1]) for record in records_of(pool)]
    for tune, kind in KINDS.items():
        settings: dict[str, Any] = {"init": starts, "tune": tune, "epochs": EPOCHS[tune]}
        found[f"{kind}, nested"] = bench(f"{tune}-nested", members=STARTS * SEEDS, **settings)
        found[f"{kind}, a start each"] = bench(f"{tune}-each", members=STARTS, **settings)
    return found


def rows_of(found: Mapping[str, sn.Study]) -> Iterator[Row]:
    """Yield the figures of each study, and those of each start of the nested ones."""
    for name, study in found.items():
        population = study.result.architectures[0].population
        for method in study.result.methods:
            cell = study.cell(ARCH, method.label)
            row = Row(
                population=name,
                method=method.label,
                members=study.result.settings.members,
                starts=len(population.starts),
                figure="r",
                value=0.0,
            )
            yield _with(row, cell.figures.estimates.snr if cell.figures else None)
            if population.clusters is not None:
                yield from nested_rows(row, cell, study.gram(cell), population.clusters)


def nested_rows(row: Row, cell: Cell, gram: Tensor, clusters: Sequence[int]) -> Iterator[Row]:
    """Yield the other figures of a nested design.

    Args:
        row: as `rows_of` yields it.
        cell: its cell.
        gram: `[B, E, E]`, inner products of the members' maps.
        clusters: start of each member.
    """
    nested = cell.figures.nested if cell.figures else None
    if nested is None or nested.worth is None:
        return
    yield _with(replace(row, figure="r within"), nested.r_within)
    yield _with(replace(row, figure="worth"), nested.worth)
    (one,) = (average for average in nested.averages if (average.starts, average.seeds) == (1, MANY))
    yield replace(row, figure=WORTH, value=one.worth)
    for start in sorted(set(clusters)):
        own = _of_start(gram, clusters, start)
        pooled = pooled_snr(own)
        ends = claim_interval(pooled, seed=0)
        alone = replace(row, population=f"{row.population}: start {start}", members=own.shape[-1], starts=1)
        low, high = (None, None) if ends is None else (ends.low, ends.high)
        yield replace(alone, value=pooled.value, low=low, high=high)
    for figure, value in agreement(gram, clusters).items():
        yield replace(row, figure=figure, value=value)


def agreement(gram: Tensor, clusters: Sequence[int]) -> dict[str, float]:
    """Return the cosine between the mean maps of two starts, and the one that r within a start predicts.

    Args:
        gram: `[B, E, E]`, inner products of the members' maps.
        clusters: start of each member.

    >>> agreement(torch.full((1, 4, 4), 2.0), (0, 0, 1, 1))[BETWEEN]
    1.0
    """
    starts = sorted(set(clusters))
    weights = torch.tensor([[float(own == start) for own in clusters] for start in starts], dtype=gram.dtype)
    sums = weights @ gram @ weights.mT
    scale = sums.diagonal(dim1=1, dim2=2).sqrt()
    cosines = sums / scale[:, :, None] / scale[:, None]
    apart = ~torch.eye(len(starts), dtype=torch.bool)
    predicted = []
    for start in starts:
        own = _of_start(gram, clusters, start)
        cosine = pooled_snr(own).per_image.mean().item()
        count = own.shape[-1]
        predicted.append(count * cosine / (1 + (count - 1) * cosine))  # n r/(1 + n r) with r = c/(1 - c)
    return {BETWEEN: float(cosines[:, apart].mean()), PREDICTED: sum(predicted) / len(predicted)}


def _of_start(gram: Tensor, clusters: Sequence[int], start: int) -> Tensor:
    own = [member for member, begun in enumerate(clusters) if begun == start]
    return gram[:, own][:, :, own]


def _with(row: Row, figure: Any) -> Row:
    """Return the row with the value of an `Estimate` or `ValueWithInterval`."""
    value: ValueWithInterval = figure
    ends = value.interval
    return replace(row, value=value.value, low=ends.low if ends else None, high=ends.high if ends else None)


def facts_of(found: Mapping[str, sn.Study], pool: Pool) -> dict[str, Any]:
    """Return what the page says of the study beside its figures."""
    result = found["from scratch"].result
    starts = records_of(pool)
    members = {name: study.result.architectures[0].members for name, study in found.items()}
    trained = {member.sha256: member.seconds for each in members.values() for member in each}
    cells = [cell for study in found.values() for cell in study.result.cells if cell.view == "signed"]
    seconds: list[float | None] = [record.seconds for record in starts]
    seconds += [*trained.values(), *(cell.seconds for cell in cells)]
    accuracies = [record.accuracy for record in starts]
    floors = {name: study.cell(ARCH, METHODS[0]).figures for name, study in found.items()}
    return {
        "starts": [min(accuracies), median(accuracies), max(accuracies)],
        "accuracy": {name: median(member.accuracy or 0.0 for member in each) for name, each in members.items()},
        "floor": {name: figures.estimates.snr_pixel.floor for name, figures in floors.items() if figures},
        "recipes": {name: json_of(study.result.recipes[ARCH]) for name, study in found.items()},
        "train_images": result.dataset.train_images,
        "test_images": result.dataset.test_images,
        "parameters": result.architectures[0].parameters,
        "torch": result.versions["torch"],
        "processor": result.hardware.processor,
        "minutes": round(sum(filter(None, seconds)) / 60),
    }


TEXT = """# What a study with one checkpoint hides

    uv run python docs/scripts/populations.py cifar10-jpeg.tar.xz

A start is the checkpoint with which networks begin. The maps of networks from one start agree with each other, and
hardly with those of networks from another start. Within a start the SNR of the gradient is {within_all} for
fine-tuned networks and {within_head} for new heads on the frozen start. For networks from different starts
it is {between_all} and {between_head}. For networks from scratch it is {scratch}. The average of
{members} networks from {starts} starts is worth {worth_all} (fine-tuned) and {worth_head} (new heads)
networks that each have a start of their own. The average of {many} networks from one start is worth {many_all}
(fine-tuned) and {many_head} (new heads).

The mean gradients of {seeds} fine-tuned networks from one start and of {seeds} from another have a cosine of {found}.
The SNR within a start predicts {predicted}: a study with one checkpoint reports a stability that the next checkpoint
does not share.

SNR, unless the row names another quantity, with 95% intervals, on {images} test images:

{table}

A row of one start holds for networks from this start. The intervals of *a start each* and *nested* are for other
starts, by a jackknife over starts. *Cosine of two starts* is that of the mean maps of {seeds} networks from each start,
averaged over pairs of starts and images. *As one start predicts it* is n r/(1 + n r), with r the SNR within a start
and n = {seeds}. *Worth* is the number of networks, each with a start of its own, whose average is as reliable.

## How it was made

- Data: CIFAR-10 (Krizhevsky 2009), pixels after JPEG; the first {train} training and {test} test pictures of each
  class. The starts are trained on {first}, the members on
  {second}. The members have {train_images} training and {test_images} test pictures.
- Networks: `{arch}`, {parameters:,} parameters. {starts} starts of {pretrain} epochs with run seed 1.
  Members have run seed 0, and member i begins with start i mod {starts}. {alone} networks from scratch have {epochs}
  epochs.
{recipes}
- Median test accuracy (chance .20): starts {start_accuracy}; {accuracy}.
- Noise: the SNR of pure noise is 0. The published SNR of pure noise is {floors}.
- torch {torch}, {processor}, two processes of one thread; {minutes} minutes of processor time.

The networks are small, the starts are weak, and there is one pair of tasks. Networks from scratch were trained longer.
So the rows show that the populations differ. They do not rank fine-tuning and training from scratch.

Data: {{download}}`populations.json`.
"""


def page(data: Mapping[str, Any]) -> str:
    """Return the page of the data."""
    facts = data["facts"]
    rows = {(row.population, row.method, row.figure): row for row in (Row(**row) for row in data["rows"])}
    found = {
        f"{name}_{tune}": rows[f"{kind}, nested", METHODS[0], figure]
        for tune, kind in KINDS.items()
        for name, figure in {"within": "r within", "between": "r", "worth": "worth", "many": WORTH}.items()
    }
    tuned = f"{KINDS['all']}, nested"
    recipes = {kind: facts["recipes"][f"{kind}, nested"] for kind in KINDS.values()}
    return TEXT.format(
        **found,
        scratch=rows["from scratch", METHODS[0], "r"],
        found=rows[tuned, METHODS[0], BETWEEN],
        predicted=rows[tuned, METHODS[0], PREDICTED],
        table="\n".join(_table(rows)),
        recipes="\n".join(
            f"- {kind.capitalize()}: {recipe['epochs']} epochs of {recipe['optimiser']} in batches of "
            f"{recipe['batch_size']}, at a rate of {recipe['learning_rate']:g}"
            + (f" ({recipe['backbone_rate']:g} of it for the backbone)" if recipe["backbone_rate"] != 1 else "")
            + "; batch norms keep the start's statistics."
            for kind, recipe in recipes.items()
        ),
        start_accuracy="{1:.2f} ({0:.2f} to {2:.2f})".format(*facts["starts"]),
        accuracy="; ".join(f"{name} {value:.2f}" for name, value in facts["accuracy"].items()),
        floors="; ".join(f"{value:.2f} ({name})" for name, value in facts["floor"].items()),
        first=", ".join(CLASSES[0]),
        second=", ".join(CLASSES[1]),
        members=STARTS * SEEDS,
        epochs=EPOCHS["scratch"],
        pretrain=EPOCHS["pretrain"],
        starts=STARTS,
        seeds=SEEDS,
        alone=ALONE,
        many=MANY,
        images=IMAGES,
        arch=ARCH,
        train=TRAIN,
        test=TEST,
        **{
            name: facts[name] for name in ("train_images", "test_images", "parameters", "torch", "processor", "minutes")
        },
    )


def _table(rows: Mapping[tuple[str, str, str], Row]) -> Iterator[str]:
    def line(title: str, population: str, figure: str = "r") -> str:
        return f"| {title} | " + " | ".join(str(rows[population, method, figure]) for method in METHODS) + " |"

    yield "| networks | " + " | ".join(METHODS) + " |"
    yield "|---|" + "---|" * len(METHODS)
    yield line(f"{ALONE} from scratch", "from scratch")
    for kind in KINDS.values():
        nested, whole = f"{kind}, nested", f"{STARTS * SEEDS} {kind}, nested"
        for start in range(STARTS):
            yield line(f"{SEEDS} {kind}, start {start}", f"{nested}: start {start}")
        yield line(f"{STARTS} {kind}, a start each", f"{kind}, a start each")
        yield line(f"{whole}: SNR within a start", nested, "r within")
        yield line(f"{whole}: SNR of the population", nested)
        yield line(f"{whole}: worth", nested, "worth")
        yield line(f"{MANY} {kind}, one start: worth", nested, WORTH)
        yield line(f"{whole}: cosine of two starts", nested, BETWEEN)
        yield line(f"{whole}: as one start predicts it", nested, PREDICTED)


def main(arguments: Sequence[str]) -> None:
    """Make the data, unless `--page` is given, and write the page."""
    if list(arguments) != ["--page"]:
        if not WORK.exists():
            unpack(Path(arguments[0]))
        pool = train_starts()
        found = studies(pool)
        document = {"rows": [asdict(row) for row in rows_of(found)], "facts": facts_of(found, pool)}
        DATA.write_text(json.dumps(document, indent=1) + "\n")
    PAGE.write_text(page(json.loads(DATA.read_text())))


if __name__ == "__main__":
    main(sys.argv[1:])
