"""A study: the figures of a bench with its settings and provenance, and access to the maps."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records import common as records
from saliencynoise.records.files import PICTURES
from saliencynoise.records.numbers import number
from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.reading import RecordError, check_record, read_record
from saliencynoise.records.study import StudyRecord, contradiction
from saliencynoise.records.writing import json_of, write_record
from saliencynoise.store.grams import load_grams
from saliencynoise.store.run_files import AGAIN, RunFiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from saliencynoise.records.cell import Ceiling, Cell, CellFigures, Estimate
    from saliencynoise.records.study import ArchitectureResult, MethodRecord
    from saliencynoise.statistics.intervals import Interval
    from saliencynoise.store.scratch import Scratch

RESULT = "result.json"
PLAN = "plan.json"
PARQUET = "snr.parquet"
FORMAT = 1


@dataclass(frozen=True)
class Study:
    """The results of a bench, as the engine and the analyses read them; `sn.Study` adds figures and the report.

    Attributes:
        result: the document of `result.json`: configuration, provenance, members, images, cells.
        folder: its folder, with `snr.parquet` and `maps`.
        scratch: the temporary folder that holds it, which is deleted with the study; None for none.
    """

    result: StudyRecord
    folder: Path
    scratch: Scratch | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        """Return what was measured, and the SNR of the first methods with their networks for 0.9, in a few lines."""
        from saliencynoise.display.brief import study_lines  # noqa: PLC0415 - torch, kept off the import path

        return "\n".join(study_lines(self.result, str(self.folder)))

    @property
    def failed(self) -> list[Cell]:
        """The cells that could not be computed."""
        return [cell for cell in self.result.cells if cell.status == "failed"]

    @property
    def done(self) -> list[Cell]:
        """The cells that were computed."""
        return [cell for cell in self.result.cells if cell.status == "ok"]

    def cell(self, architecture: str, method: str, view: str = "signed") -> Cell:
        """Return the cell of an architecture, method and view, for example `study.cell("test_resnet", "gradient")`.

        Args:
            architecture: display name, as in tables.
            method: display name, as in tables, or the canonical name with all parameters.
            view: "signed", "centred", "relu" ...

        Returns:
            The cell. Its r is `cell.figures.estimates.snr`, with `value`, `interval` and `floor`. The published SNR is
            `cell.figures.estimates.snr_pixel`. p is `cell.figures.signal_p`.

        Raises:
            UsageError: if the study has no such cell; the message names what it has.
        """
        named = [cell for cell in self.result.cells if method in {cell.method, cell.method_name}]
        of_network = [cell for cell in named if cell.architecture == architecture]
        for cell in of_network:
            if cell.view == view:
                return cell
        for kind, name, available in (
            ("method", method, [] if named else [cell.method for cell in self.result.cells]),
            ("architecture", architecture, [] if of_network else [cell.architecture for cell in named]),
            ("view", view, [cell.view for cell in of_network]),
        ):
            if available:
                names = list(dict.fromkeys(available))
                hint = did_you_mean(name, names, otherwise=f"it has {', '.join(names)}")
                raise UsageError(f"{self.folder} has no {kind} '{name}'; {hint}")
        raise UsageError(f"{self.folder} has no cells")

    def method(self, cell: Cell) -> MethodRecord:
        """Return the method of a cell: plugin, name, parameters, and what the plugin declares."""
        return next(method for method in self.result.methods if method.label == cell.method)

    def architecture(self, cell: Cell) -> ArchitectureResult:
        """Return the architecture of a cell: plugin, name, arguments, members."""
        return self.result.architecture(cell.architecture)

    def targets(self, architecture: str) -> tuple[int, ...]:
        """Return the class that is explained on each image, for an architecture by its display name."""
        name = self.result.architecture(architecture).name
        return tuple(image.target[name] for image in self.result.images)

    @property
    def groups(self) -> tuple[int, ...] | None:
        """The group of each image, by number; None where no images belong together."""
        groups = [image.group for image in self.result.images if image.group is not None]
        return tuple(groups) if groups and len(groups) == len(self.result.images) else None

    @property
    def table(self) -> pd.DataFrame:
        """A row per architecture, method and view with the columns of the terminal's table, in its order.

        The columns are those of `saliencynoise.display.quantities.QUANTITIES`, with the two ends of each interval.
        """
        import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

        return pd.DataFrame([_headline(cell) for cell in self.result.cells])

    @property
    def table_full(self) -> pd.DataFrame:
        """As `table`, with all other figures after its columns: other definitions, floors and diagnostics."""
        import pandas as pd  # noqa: PLC0415 - as above

        return pd.DataFrame([_headline(cell) | _row(cell) for cell in self.result.cells])

    @property
    def images(self) -> pd.DataFrame:
        """A row per data set, architecture, method, view and image, as in `snr.parquet`."""
        import pandas as pd  # noqa: PLC0415 - as above

        return pd.read_parquet(self.files.path(PARQUET))

    @cached_property
    def files(self) -> RunFiles:
        """The files of this study, each compared with the checksum of the result before it is read."""
        return RunFiles(self.folder, self.result.files, self.scratch)

    @property
    def maps(self) -> xr.DataTree:
        """The maps, read when needed: a group per `/architecture/method`, (member, image, channel, y, x).

        They come from the files below `maps`, which are compared with their checksums; `maps.zarr` is not read.

        Raises:
            UsageError: if the study was made with `keep_maps="none"`; when values are used, if a file is missing or
                damaged.
        """
        from saliencynoise.engine.study_maps import map_tree  # noqa: PLC0415 - as above

        if not self.result.maps:
            raise UsageError(f"{self.folder} holds no maps; run the same command with --keep-maps all or mean")
        return map_tree(self.result, self.files)

    @property
    def pictures(self) -> UInt8[np.ndarray, "B C H W"]:
        """The attributed images.

        Raises:
            UsageError: as `maps`; or if the study has no pictures.
        """
        if PICTURES not in self.result.files:
            raise UsageError(f"{self.folder} holds no pictures; measure the maps with images=")
        tree: Any = self.maps
        pixels: UInt8[np.ndarray, "B C H W"] = tree["images"]["pixels"].to_numpy()
        return pixels

    def named(self, name: str) -> Cell:
        """Return a cell by the label of its method, where that is unambiguous: the first of its views.

        Args:
            name: as in tables, "gradcam(layer=top)", or "gradcam" where one method has that name; or with its
                architecture, "test_resnet/gradient".

        Raises:
            UsageError: if there is none, or several; the message has the choices.
        """
        from saliencynoise.engine.named_maps import one_of  # noqa: PLC0415 - xarray, as above

        chosen = one_of(name, [(cell.architecture, cell.method) for cell in self.result.cells])
        return next(cell for cell in self.result.cells if (cell.architecture, cell.method) == chosen)

    def marginal(self, cell: Cell | str, *, upsample: bool = False) -> xr.DataArray:
        """Return the aggregator's map of each image, as by default the mean over members: (image, channel, y, x).

        Args:
            cell: a cell, or its name as for `named`.
            upsample: whether coarse maps, as of CAM methods, get the size of the pictures, bilinearly.

        Raises:
            UsageError: as `named`; or if no maps were kept, or they are not of pictures.
        """
        from saliencynoise.engine.study_maps import as_large_as_pictures, group_of  # noqa: PLC0415 - as above

        group = group_of(self.maps, self.named(cell) if isinstance(cell, str) else cell)
        marginal: xr.DataArray = group["marginal"]
        return as_large_as_pictures(marginal, self.result) if upsample else marginal

    def member_maps(self, cell: Cell | str) -> xr.DataArray:
        """Return the members' maps of a cell: (member, image, channel, y, x).

        Stochastic methods have the dimension draw after member. Values are read when they are used.

        Args:
            cell: a cell, or its name as for `named`.

        Raises:
            UsageError: as `named`; or if none were kept.
        """
        from saliencynoise.engine.study_maps import group_of  # noqa: PLC0415 - as above

        group = group_of(self.maps, self.named(cell) if isinstance(cell, str) else cell)
        if "maps" not in group:
            raise UsageError(f"{self.folder} kept no members' maps; run the same bench again with --keep-maps all")
        maps: xr.DataArray = cast("Any", group["maps"])  # a tree may hold trees and arrays
        return maps

    def gram(self, cell: Cell) -> Float[Tensor, "B E E"]:
        """Return the inner products of the members' maps on each image, from which every figure of a cell follows.

        For a stochastic method they are of single unit-norm maps from each member's own draws, so that the draws'
        noise does not count as signal.

        Args:
            cell: a cell whose status is "ok".

        Raises:
            UsageError: if the file is missing or damaged.
        """
        from saliencynoise.statistics.draws import between_draws  # noqa: PLC0415 - as above

        grams = self._grams(cell)
        crossed = grams.get(f"{cell.view}.crossed")
        return grams[cell.view] if crossed is None else between_draws(crossed)

    def clusters(self, cell: Cell) -> tuple[int, ...] | None:
        """Return the start of each member of a cell, by number, where members share some of several; else None."""
        clusters = self.architecture(cell).population.clusters
        return clusters if clusters is not None and len(set(clusters)) > 1 else None

    def independent_gram(self, cell: Cell) -> Float[Tensor, "B K K"]:
        """Return the inner products of independent networks, from which r of a cell and its forecasts follow.

        They are those of `gram`; where members share some of several starts, those of networks from different starts,
        at unit norm.

        Raises:
            UsageError: as `gram`.
        """
        from saliencynoise.statistics.nested import population_gram  # noqa: PLC0415 - as above

        gram, clusters = self.gram(cell), self.clusters(cell)
        return gram if clusters is None else population_gram(gram, clusters)

    def crossed(self, cell: Cell) -> Float[Tensor, "B E D E D"] | None:
        """Return the inner products of all members' raw maps in all draws; None where there is one draw.

        Raises:
            UsageError: as `gram`.
        """
        return self._grams(cell).get(f"{cell.view}.crossed")

    def _grams(self, cell: Cell) -> dict[str, Tensor]:
        if cell.gram is None:
            raise UsageError(f"{cell.method} on {cell.architecture} failed: {cell.reason}")
        grams = load_grams(self.files.path(cell.gram))
        if cell.view not in grams:
            views = ", ".join(name for name in grams if not name.endswith(".crossed"))
            raise UsageError(f"{self.folder / cell.gram} has no view '{cell.view}'; it has {views}; {AGAIN}")
        return grams

    def save(self, folder: str | Path) -> Self:
        """Copy the study, with its maps, to another folder, and return it there.

        Raises:
            UsageError: if the folder is not empty, or cannot be written.
        """
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(f"{target} is not an empty folder; name another one")
        try:
            shutil.copytree(self.folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock"))
        except OSError as error:
            raise UsageError(f"cannot write {target}: {error}; name another folder") from error
        write_record(target / RESULT, self.result)
        return type(self)(self.result, target)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a study from its folder.

        Raises:
            UsageError: if the folder has no study, or one of a later version.
        """
        path = Path(folder)
        if not (path / RESULT).is_file():
            hint = "its run did not finish; run it again" if (path / "plan.json").exists() else "name a run's folder"
            raise UsageError(f"{path} holds no readable {RESULT}; {hint}")
        study = cls(_read(path / RESULT), path)
        study.refuse_mixed()
        return study

    def refuse_mixed(self) -> None:
        """Compare the result with the plan and the table of its folder, as far as these are there.

        Raises:
            UsageError: naming the file, if one is of another run.
        """
        settings = {**json_of(self.result.settings), "dataset_key": self.result.dataset.key}
        differs = of_other_run(self.folder / PLAN, settings)
        if differs:
            raise UsageError(f"{self.folder / RESULT} and {differs}; put the right file back, or {AGAIN}")
        if (self.folder / PARQUET).exists():
            self.files.path(PARQUET)


def interval_of(interval: records.Interval | None) -> Interval | None:
    """Return the interval of an entry of `result.json`."""
    if interval is None:
        return None
    from saliencynoise.statistics.intervals import Interval  # noqa: PLC0415 - torch, kept off the import path

    return Interval(**{name: getattr(interval, name) for name in interval.__struct_fields__})


def _read(path: Path) -> StudyRecord:
    """Return a `result.json` after checking its types and that it does not contradict itself."""
    fix = "run the same bench again, which finds its members and maps"
    document = read_record(path, dict[str, Any], fix=fix)
    if document.get("format", FORMAT) != FORMAT:
        raise UsageError(
            f"{path} has format {document['format']}, and this version reads {FORMAT}; update saliencynoise"
        )
    result = check_record(document, StudyRecord, where=str(path), fix=fix)
    wrong = contradiction(result)
    if wrong:
        raise UsageError(f"{path} is damaged: {wrong}; {fix}")
    return result


def of_other_run(plan: Path, settings: Mapping[str, Any]) -> str | None:
    """Return a message on a plan that differs from the settings of a result beside it; None where it does not.

    A damaged plan is ignored: the next run writes it again.
    """
    try:
        fixed = read_record(plan, PlanRecord).fixed
    except RecordError:
        return None
    names = [name for name in fixed if name in settings and fixed[name] != settings[name]]
    return f"{plan} are of two runs ({names[0]}={settings[names[0]]} and {fixed[names[0]]})" if names else None


def _headline(cell: Cell) -> dict[str, Any]:
    from saliencynoise.display.cell_quantities import cell_value  # noqa: PLC0415 - torch, as above
    from saliencynoise.display.quantities import QUANTITIES  # noqa: PLC0415 - as above

    row: dict[str, Any] = {name: getattr(cell, name) for name in ("architecture", "method", "view")}
    for key in QUANTITIES:
        row |= {name: number(value) for name, value in cell_value(cell, key).columns.items()}
    return row | {"members": cell.members, "status": cell.status}


def _row(cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"dataset": cell.dataset, "reason": cell.reason, "sign": cell.sign}
    row |= {"accuracy_min": cell.accuracy.min}
    row |= {"balanced_accuracy": cell.accuracy.balanced} if cell.accuracy.balanced is not None else {}
    if cell.figures is None:
        return row
    return row | _figures(cell.figures) | _floors(cell)


def _figures(figures: CellFigures) -> dict[str, Any]:
    row: dict[str, Any] = {"images": figures.images}
    for name in figures.estimates.__struct_fields__:
        estimate: Estimate = getattr(figures.estimates, name)
        if name == "snr":
            row["snr_floor"] = estimate.floor
        elif name not in {"snr_pixel", "snr_network"}:  # they stand in the headline
            row |= {name: estimate.value, **_ends(name, estimate.interval), f"{name}_floor": estimate.floor}
    row["snr_low_unseen_mode"] = math.nan if figures.unseen_mode is None else figures.unseen_mode.low
    row |= _nested(figures)
    row |= {"indicative": figures.indicative, "draws": figures.draws}
    return row | {f"energy_{name}": share for name, share in (figures.energy or {}).items()}


def _nested(figures: CellFigures) -> dict[str, Any]:
    """Return the columns of members that share starts; NaN where they share none, or where there is one start."""
    within = None if figures.nested is None else figures.nested.r_within
    worth = None if figures.nested is None else figures.nested.worth
    row = {"snr_within": math.nan if within is None else within.value}
    row |= _ends("snr_within", None if within is None else within.interval)
    return (
        row
        | {"worth": math.nan if worth is None else worth.value}
        | _ends("worth", None if worth is None else worth.interval)
    )


def _floors(cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"untrained_p": math.nan if cell.untrained is None else number(cell.untrained.p)}
    for name, diagnostic in (cell.diagnostics or {}).items():
        row |= {f"{name}_median": diagnostic.median, f"{name}_max": diagnostic.max}
    row |= {"ceiling": math.nan if cell.ceiling is None else cell.ceiling.value}
    return row | _ends("ceiling", cell.ceiling)


def _ends(name: str, interval: records.Ends | Ceiling | None) -> dict[str, float]:
    low, high = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
    return {f"{name}_low": low, f"{name}_high": high}
