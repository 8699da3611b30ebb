"""The folder of explanations: a figure, a page and the maps of each picture; a document of all figures; an index."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.chosen import chosen
from saliencynoise.display.figures.saving import KINDS, drawn, write_figure
from saliencynoise.display.page.made import Made
from saliencynoise.engine.config import check_out
from saliencynoise.explanation.figure import captioned, checked
from saliencynoise.explanation.page import IndexEntry, thumbnail, write_explanation, write_index
from saliencynoise.explanation.pictures import LeftOut
from saliencynoise.explanation.record import record_of_explanation
from saliencynoise.explanation.table import facts, headline
from saliencynoise.interfaces import UsageError
from saliencynoise.records.explanation import ExplanationRecord, LeftOutPicture, PictureRecord
from saliencynoise.records.reading import read_record
from saliencynoise.records.writing import write_record
from saliencynoise.store.atomic import key_of, refuse_foreign, slug_of, write_bytes
from saliencynoise.store.holding import holding
from saliencynoise.store.provenance import versions

if TYPE_CHECKING:
    from saliencynoise.explanation.config import ExplainConfig
    from saliencynoise.explanation.explanation import Explanation
    from saliencynoise.explanation.pictures import PictureFile

FORMAT = 1
RESULT = "explanation.json"
SUFFIXES = (".png", ".svg", ".pdf", ".html", ".npz")


def folder_for(config: ExplainConfig, out: str | None) -> Path:
    """Return the folder of explanations: `out`, or one below ./runs for these pictures and settings alone.

    Raises:
        UsageError: if `out` names no folder.
    """
    check_out(out)
    if out is not None:
        return Path(out).expanduser()
    pictures = config.pictures
    first = slug_of(Path(pictures[0]).absolute().stem)
    more = f"-and-{len(pictures) - 1}-more" if len(pictures) > 1 else ""
    return Path("runs") / f"{first}{more}-{key_of(config.settings)[:6]}"


class ExplanationFolder(AbstractContextManager["ExplanationFolder"]):
    """Writer of explanations, one by one. Each file is complete or absent, and stays if a later picture fails.

    The document and the index of all pictures are written when the context ends, also after an error or Ctrl-C. For
    pictures that were not reached they keep the entries of an earlier run of the same command.
    """

    def __init__(
        self,
        folder: Path,
        files: Sequence[PictureFile],
        settings: Mapping[str, Any],
        *,
        command: str = "",
        columns: str | None = None,
        formats: str = "png",
    ) -> None:
        """Take a folder for the explanations of these pictures by these settings.

        Args:
            folder: where they are written.
            files: the pictures.
            settings: that determine the results.
            command: that makes the explanations again, for their pages.
            columns: of the figures, with commas; None for those that have room.
            formats: of the figures, with commas; a PNG, which is in the page too, is always written.

        Raises:
            UsageError: if a file that would be written is one of the pictures, the folder holds anything else than
                explanations of the same pictures by the same settings, or there is no such column or format.
        """
        self.folder = folder
        self._columns = checked(columns)
        self._formats = chosen([name.strip() for name in formats.split(",")], KINDS, kind="format")
        self._key = key_of(settings)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        self._versions = versions()
        self._made = Made.of(self._versions, created, command)
        self._expected = len(files)
        self._several = len(files) > 1
        self._explained: list[PictureRecord] = []
        self._entries: list[IndexEntry] = []
        self._left_out: list[LeftOutPicture] = []
        inputs = {os.path.realpath(file.path) for file in files}
        for path in (folder / f"{file.slug}{suffix}" for file in files for suffix in SUFFIXES):
            if os.path.realpath(path) in inputs:
                raise UsageError(f"--out {folder} would overwrite the picture {path}; name another folder")
        refuse_foreign(folder, RESULT)
        self._earlier = self._read_earlier()
        self._held = ExitStack()

    def __enter__(self) -> ExplanationFolder:
        self._held.enter_context(holding(self.folder))
        self._earlier = self._read_earlier()  # another process may have written since
        if not (self.folder / RESULT).exists():
            write_record(self.folder / RESULT, self.record)  # now, so that an error leaves a known folder
        return self

    def add(self, outcome: Explanation | LeftOut) -> Path | None:
        """Write the files of one picture, and return the path of its page; None for a picture that could not be read.

        Raises:
            UsageError: if the folder cannot be written.
        """
        if isinstance(outcome, LeftOut):
            self._left_out.append(LeftOutPicture(picture=outcome.file.place, reason=outcome.reason))
            return None
        return self._add(outcome)

    def __exit__(self, *_: object) -> None:
        with self._held:
            self._finish()

    def _finish(self) -> None:
        write_record(self.folder / RESULT, self.record)
        index = self.folder / "index.html"
        complete = len(self._explained) + len(self._left_out) == self._expected
        if self._several and (complete or not index.exists()):
            write_index(index, self._entries, self._left_out, made=self._made)

    def _add(self, explanation: Explanation) -> Path:

        slug = explanation.file.slug
        figure = captioned(replace(explanation, columns=self._columns))
        image = drawn(figure.figure, "png")
        write_bytes(self.folder / f"{slug}.png", image)
        for kind in self._formats:
            if kind != "png":
                write_figure(figure.figure, self.folder / f"{slug}.{kind}")
        write_bytes(self.folder / f"{slug}.npz", arrays(explanation))
        page = write_explanation(
            self.folder / f"{slug}.html", explanation, figure, image, several=self._several, made=self._made
        )
        self._explained.append(record_of_explanation(explanation))
        self._entries.append(
            IndexEntry(
                place=explanation.file.place,
                page=page.name,
                thumbnail=thumbnail(explanation),
                headline=headline(explanation),
                facts=facts(explanation),
                warnings=[caution.text for caution in explanation.cautions],
            )
        )
        return page

    @property
    def record(self) -> ExplanationRecord:
        """The content of `explanation.json`."""
        rewritten = {picture.files.html for picture in self._explained}
        earlier = [picture for picture in self._earlier if picture.files.html not in rewritten]
        explained = (*self._explained, *earlier)
        return ExplanationRecord(
            format=FORMAT,
            created=self._made.created,
            command=self._made.command,
            versions=self._versions,
            key=self._key,
            explanations=explained,
            left_out=tuple(self._left_out),
        )

    def _read_earlier(self) -> tuple[PictureRecord, ...]:
        """Return the explanations of an earlier run of the same command."""
        path = self.folder / RESULT
        if not path.exists():
            return ()
        record = read_record(path, ExplanationRecord, fix="name another --out, or remove the file")
        if record.key != self._key:
            raise UsageError(
                f"--out {self.folder} holds explanations of other pictures, or by other settings; name another folder"
            )
        return record.explanations

    @property
    def incomplete(self) -> bool:
        """Whether a picture was left out, or a method failed on one."""
        failed = any(method.status == "failed" for picture in self._explained for method in picture.methods)
        return bool(self._left_out) or failed


def arrays(explanation: Explanation) -> bytes:
    """Return an .npz file of `picture`, `probabilities`, and METHOD/maps, /marginal, /significant, /agreement."""
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    arrays: dict[str, Any] = {"picture": explanation.picture, "probabilities": explanation.probabilities}
    for method in explanation.methods:
        parts = {name: getattr(method, name) for name in ("maps", "marginal", "significant", "agreement")}
        arrays |= {f"{method.method}/{name}": values for name, values in parts.items() if values is not None}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()
