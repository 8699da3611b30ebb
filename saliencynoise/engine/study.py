"""A study: the figures of a bench with its settings and provenance, and access to the maps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from saliencynoise.interfaces import UsageError
from saliencynoise.records.files import PICTURES
from saliencynoise.records.numbers import number
from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.reading import RecordError, check_record, read_record
from saliencynoise.records.study import StudyRecord, contradiction
from saliencynoise.store.atomic import write_json
from saliencynoise.store.grams import load_grams
from saliencynoise.store.run_files import AGAIN, RunFiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from saliencynoise.statistics.intervals import Interval

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
    """

    result: Mapping[str, Any]
    folder: Path

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        """The cells that could not be computed."""
        return [cell for cell in self.result["cells"] if cell["status"] == "failed"]

    @property
    def done(self) -> list[Mapping[str, Any]]:
        """The cells that were computed."""
        return [cell for cell in self.result["cells"] if cell["status"] == "ok"]

    def targets(self, architecture: str) -> tuple[int, ...]:
        """Return the class that is explained on each image, for an architecture by its label."""
        name = next(entry["name"] for entry in self.result["architectures"] if entry["label"] == architecture)
        targets = [image["target"] for image in self.result["images"]]
        return tuple(classes[name] if name in classes else classes[name.partition("(")[0]] for classes in targets)

    @property
    def groups(self) -> tuple[int, ...] | None:
        """The group of each image, by number; None where all images stand alone."""
        groups = [image.get("group") for image in self.result["images"]]
        return None if None in groups or not groups else tuple(groups)

    @property
    def table(self) -> pd.DataFrame:
        """A row per architecture, method and view, with figures, intervals and floors."""
        import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

        return pd.DataFrame([_row(cell) for cell in self.result["cells"]])

    @property
    def images(self) -> pd.DataFrame:
        """A row per data set, architecture, method, view and image, as in `snr.parquet`."""
        import pandas as pd  # noqa: PLC0415 - as above

        return pd.read_parquet(self.files.path(PARQUET))

    @cached_property
    def files(self) -> RunFiles:
        """The files of this study, each compared with the checksum of the result before it is read."""
        return RunFiles(self.folder, self.result["files"])

    @property
    def maps(self) -> xr.DataTree:
        """The maps, read when needed: a group per `/architecture/method`, (member, image, channel, y, x).

        They come from the files below `maps`, which are compared with their checksums; `maps.zarr` is not read.

        Raises:
            UsageError: if the study was made with `keep_maps="none"`; when values are used, if a file is missing or
                damaged.
        """
        from saliencynoise.engine.study_maps import map_tree  # noqa: PLC0415 - as above

        if PICTURES not in self.result["files"]:
            raise UsageError(f"{self.folder} holds no maps; run the bench with --keep-maps all or mean")
        return map_tree(self.result, self.files)

    @property
    def pictures(self) -> UInt8[np.ndarray, "B C H W"]:
        """The attributed images.

        Raises:
            UsageError: as `maps`.
        """
        tree: Any = self.maps
        pixels: UInt8[np.ndarray, "B C H W"] = tree["images"]["pixels"].to_numpy()
        return pixels

    def member_maps(self, cell: Mapping[str, Any]) -> xr.DataArray:
        """Return the members' maps of a cell: (member, image, channel, y, x), with draw after member where there are.

        They are read when they are used.

        Raises:
            UsageError: if none were kept.
        """
        from saliencynoise.engine.study_maps import group_of  # noqa: PLC0415 - as above

        group = group_of(self.maps, cell)
        if "maps" not in group:
            raise UsageError(f"{self.folder} kept no members' maps; run the same bench again with --keep-maps all")
        maps: xr.DataArray = cast("Any", group["maps"])  # a tree may hold trees and arrays
        return maps

    def gram(self, cell: Mapping[str, Any]) -> Float[Tensor, "B E E"]:
        """Return the inner products of the members' maps on each image, from which every figure of a cell follows.

        For a stochastic method they are of single unit-norm maps from each member's own draws, so that the draws'
        noise does not count as signal.

        Args:
            cell: one of `result["cells"]` that is "ok".

        Raises:
            UsageError: if the file is missing or damaged.
        """
        from saliencynoise.statistics.draws import between_draws  # noqa: PLC0415 - as above

        grams = self._grams(cell)
        crossed = grams.get(f"{cell['view']}.crossed")
        return grams[cell["view"]] if crossed is None else between_draws(crossed)

    def crossed(self, cell: Mapping[str, Any]) -> Float[Tensor, "B E D E D"] | None:
        """Return the inner products of all members' raw maps in all draws; None where there is one draw.

        Raises:
            UsageError: as `gram`.
        """
        return self._grams(cell).get(f"{cell['view']}.crossed")

    def _grams(self, cell: Mapping[str, Any]) -> dict[str, Tensor]:
        grams = load_grams(self.files.path(cell["gram"]))
        if cell["view"] not in grams:
            views = ", ".join(name for name in grams if not name.endswith(".crossed"))
            raise UsageError(f"{self.folder / cell['gram']} has no view '{cell['view']}'; it has {views}; {AGAIN}")
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
        write_json(target / RESULT, dict(self.result))
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
        settings = {**self.result["settings"], "dataset_key": self.result["dataset"].get("key")}
        differs = of_other_run(self.folder / PLAN, settings)
        if differs:
            raise UsageError(f"{self.folder / RESULT} and {differs}; put the right file back, or {AGAIN}")
        if (self.folder / PARQUET).exists():
            self.files.path(PARQUET)


def averaged_snr(figures: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return r on the scale on which maps are averaged, from which the reliability of averages follows.

    Args:
        figures: figures of a cell, as in `result.json`; those of an earlier version have only the r of unit-norm maps.
    """
    estimates = figures["estimates"]
    estimate: Mapping[str, Any] = estimates.get("snr_averaged", estimates["snr"])
    return estimate


def interval_of(values: Mapping[str, Any] | None) -> Interval | None:
    """Return the interval of an entry of `result.json`."""
    if values is None:
        return None
    from saliencynoise.statistics.intervals import Interval  # noqa: PLC0415 - torch, kept off the import path

    low, high, df = (number(values[name]) for name in ("low", "high", "df"))
    return Interval(low=low, high=high, df=df, question=values["question"], note=values["note"], level=values["level"])


def _read(path: Path) -> Mapping[str, Any]:
    """Return a `result.json` after checking its types and that it does not contradict itself."""
    fix = "run the same bench again, which finds its members and maps"
    result: dict[str, Any] = read_record(path, dict[str, Any], fix=fix)
    if result.get("format", FORMAT) != FORMAT:
        raise UsageError(f"{path} has format {result['format']}, and this version reads {FORMAT}; update saliencynoise")
    wrong = contradiction(check_record(result, StudyRecord, where=str(path), fix=fix))
    if wrong:
        raise UsageError(f"{path} is damaged: {wrong}; {fix}")
    return result


def of_other_run(plan: Path, settings: Mapping[str, Any]) -> str | None:
    """Return a message on a plan that differs from the settings of a result beside it; None where it does not.

    A damaged plan is ignored: the next run writes it again.
    """
    try:
        fixed = read_record(plan, PlanRecord)["fixed"]
    except RecordError:
        return None
    names = [name for name in fixed if name in settings and fixed[name] != settings[name]]
    return f"{plan} are of two runs ({names[0]}={settings[names[0]]} and {fixed[names[0]]})" if names else None


def _row(cell: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {key: cell[key] for key in ("dataset", "architecture", "method", "view")}
    row |= {"status": cell["status"], "reason": cell["reason"], "members": cell["members"]}
    row["sign"] = cell.get("sign", "signed")
    row |= {"accuracy": cell["accuracy"]["median"], "accuracy_min": cell["accuracy"]["min"]}
    figures = cell["figures"]
    if figures is None:
        return row
    row["images"] = figures["images"]
    for name, estimate in figures["estimates"].items():
        interval = estimate["interval"] or {"low": None, "high": None}
        row[name] = number(estimate["value"])
        row[f"{name}_low"], row[f"{name}_high"] = number(interval["low"]), number(interval["high"])
        row[f"{name}_floor"] = number(estimate["floor"])
    row["snr_low_unseen_mode"] = number((figures.get("unseen_mode") or {}).get("low"))
    needed = figures["members_needed"]
    row["members_needed"] = number(needed["value"])
    row["members_needed_low"], row["members_needed_high"] = number(needed["low"]), number(needed["high"])
    row["signal_p"] = number(figures["signal_p"])
    untrained = cell.get("untrained") or {"snr": None, "interval": None, "p": None}
    ends = untrained["interval"] or {"low": None, "high": None}
    row |= {"untrained": number(untrained["snr"]), "untrained_p": number(untrained["p"])}
    row |= {"untrained_low": number(ends["low"]), "untrained_high": number(ends["high"])}
    row["indicative"] = figures["indicative"]
    row["draws"] = cell.get("draws", 1)
    for name, share in (figures.get("energy") or {}).items():
        row[f"energy_{name}"] = share
    for name, values in (cell.get("diagnostics") or {}).items():
        row[f"{name}_median"], row[f"{name}_max"] = values["median"], values["max"]
    ceiling = cell.get("ceiling") or {"value": None, "low": None, "high": None}
    row["ceiling"], row["ceiling_low"], row["ceiling_high"] = (number(ceiling[k]) for k in ("value", "low", "high"))
    row["seconds"] = cell["seconds"]
    return row
