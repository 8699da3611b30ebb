"""The folder of a run: where its maps and Gram matrices are, and the division of images that its runs share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.engine.earlier_run import Division, agreed_division, write_plan
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.store.atomic import key_of, slug_of
from saliencynoise.store.maps import MapStore

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.registry.bound import BoundMethod


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """The folder of a run's results.

    Attributes:
        path: the folder.
        draws: number of runs of a stochastic method on each member and image.
        shared: settings that all runs of the folder share.
        fresh: whether the files of earlier runs are replaced.
        division: division of the images into files and passes.
    """

    path: Path
    draws: int
    shared: Mapping[str, Any]
    fresh: bool
    division: Division

    def maps(self, architecture: ArchitecturePlan, method: BoundMethod) -> Path:
        """Return the folder of the maps of one architecture and method."""
        name = f"{slug_of(method.canonical_name)}-{key_of([method.canonical_name, method.distribution])[:8]}"
        return self.path / "maps" / architecture.pool.folder.name / name

    def gram_file(self, architecture: ArchitecturePlan, method: BoundMethod) -> Path:
        """Return the file of the Gram matrices of one architecture and method."""
        maps = self.maps(architecture, method)
        return self.path / "gram" / maps.parent.name / f"{maps.name}.safetensors"

    def stores(self, architecture: ArchitecturePlan, method: BoundMethod) -> tuple[MapStore, ...]:
        """Return the stores of the maps of one architecture and method, one for each draw of a stochastic method."""
        folder = self.maps(architecture, method)
        if not method.spec.stochastic:
            return (MapStore(folder),)
        return tuple(MapStore(folder / draw_name(draw)) for draw in range(self.draws))

    def claimed(self) -> RunFolder:
        """Check once more that this run may write to the folder, whose lock the caller holds, and write `plan.json`.

        Raises:
            UsageError: if the folder has another study, or it cannot be written.
        """
        division = agreed_division(self.path, self.shared, fresh=self.fresh)
        write_plan(self.path, self.shared, division)
        return replace(self, division=division)

    def fix_rows_per_pass(self, architecture: str, rows: int) -> None:
        """Write the number of rows of an architecture's pass to `plan.json`, so that a later run gives the same bits.

        The number only falls.
        """
        if self.division.rows.get(architecture, rows + 1) <= rows:
            return
        self.division.rows[architecture] = rows
        write_plan(self.path, self.shared, self.division)
