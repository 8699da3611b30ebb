"""Rows of square tiles below each other: a picture once, then a row of maps for each method, with colour bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.canvas import draw_failure, draw_key
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import LINE, NORMAL, SMALL, WIDEST, cut_to, width_of, wrapped
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

Draw = Callable[["Axes"], None]

PICTURE = "picture"
"""The column of the picture, which is drawn once in a block."""

EDGE, GAP, BAR = 0.04, 0.07, 0.48
"""Inches: at both sides, between tiles, and for a colour bar with its numbers."""

SMALLEST, LARGEST = 0.36, 1.3
"""Inches of a tile: fewer are an error, and more are not taken where nobody asked for a width."""

READABLE = 0.6
"""Inches of a tile in a figure whose columns nobody chose."""

KEY = 0.3
"""Inches of the key."""


@dataclass(frozen=True, kw_only=True)
class TileLine:
    """A row of maps.

    Attributes:
        words: what stands above it: texts that are not broken, with commas between them.
        tiles: what draws each column; a column that is missing is left out.
        notes: texts below tiles, by column.
        bars: what draws the colour bar beside a column.
        reason: why there is no map; empty if there is.
    """

    words: Sequence[str]
    tiles: Mapping[str, Draw] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    bars: Mapping[str, Draw] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TileBlock:
    """The rows of one picture; `title` is above them, and `picture` draws it."""

    title: str
    picture: Draw | None
    lines: Sequence[TileLine]


def fitting(choices: Sequence[Sequence[str]], bars: Sequence[str], room: Room) -> Sequence[str]:
    """Return the first of several choices of columns whose tiles are readable in a room; else the last."""
    for columns in choices:
        if _tile(columns, bars, room) >= READABLE:
            return columns
    return choices[-1]


def draw_rows(
    blocks: Sequence[TileBlock], columns: Sequence[str], titles: Mapping[str, str], *, room: Room = OWN
) -> Figure:  # fmt: skip
    """Draw blocks of rows below each other.

    Args:
        blocks: at least one, with at least one row each.
        columns: of the maps and the picture, in order.
        titles: above the columns; of one that is missing, its name.
        room: where it is drawn.

    Raises:
        UsageError: the columns do not fit into the width, or another number of axes is given.
    """
    layout = _layout(blocks, columns, titles, room)
    if room.given:
        layout.fill(room)
        return root_of(room.given[0].figure)
    layout.draw()
    return root_of(layout.figure)


def _tile(columns: Sequence[str], bars: Sequence[str], room: Room) -> float:
    beside = sum(BAR for column in columns if column in bars)
    return (room.across - 2 * EDGE - beside) / max(1, len(columns)) - GAP


def _layout(
    blocks: Sequence[TileBlock], columns: Sequence[str], titles: Mapping[str, str], room: Room
) -> _Layout:  # fmt: skip
    bars = {column for block in blocks for line in block.lines for column in line.bars if column in columns}
    tile = _tile(columns, sorted(bars), room)
    if not room.given and tile < SMALLEST:
        raise UsageError(
            f"{len(columns)} columns do not fit into {room.across:g} inches; choose fewer of {', '.join(columns)}, or "
            "a larger width"
        )
    usual = room.part is None and room.width == WIDEST
    tile = min(tile, LARGEST) if usual else tile
    layout = _Layout(blocks=blocks, columns=columns, titles=titles, bars=bars, tile=tile)
    if room.down is not None:
        rows = sum(len(block.lines) for block in blocks)
        layout.tile = min(tile, max(SMALLEST, tile - (layout.height - room.down) / rows))
    width = layout.width if usual else room.across
    layout.figure = room.begin(layout.height, width=width, constrained=False)
    return layout


@dataclass(kw_only=True)
class _Layout:
    """The places of rows, in inches from the top."""

    blocks: Sequence[TileBlock]
    columns: Sequence[str]
    titles: Mapping[str, str]
    bars: set[str]
    tile: float
    figure: FigureBase = None  # type: ignore[assignment]  # its height follows from the rest

    @property
    def width(self) -> float:
        needed = 2 * EDGE + len(self.columns) * (self.tile + GAP) + BAR * len(self.bars)
        words = max(width_of(word) for block in self.blocks for line in block.lines for word in line.words)
        titles = max(width_of(block.title, NORMAL) for block in self.blocks)
        return float(max(needed, self.left(self.maps[0]) + words + 0.1, titles + 0.1))

    @property
    def maps(self) -> list[str]:
        """The columns of maps."""
        return [column for column in self.columns if column != PICTURE] or list(self.columns)

    @property
    def height(self) -> float:
        heads = self.heading + 0.06
        return float(0.03 + heads + sum(map(self._height_of, self.blocks)) + (KEY if self._keyed else 0.02))

    @property
    def heading(self) -> float:
        return LINE * max(1 + self.title(column).count("\n") for column in self.columns)

    @property
    def _keyed(self) -> bool:
        return any(line.tiles for block in self.blocks for line in block.lines)

    def title(self, column: str) -> str:
        return wrapped(self.titles.get(column, column), self.tile + GAP - 0.02)

    def left(self, column: str) -> float:
        index = list(self.columns).index(column)
        return EDGE + index * (self.tile + GAP) + BAR * sum(name in self.bars for name in self.columns[:index])

    def words(self, line: TileLine) -> list[str]:
        across = self.left(self.columns[-1]) + self.tile + BAR - self.left(self.maps[0])
        return _packed(line.words, max(across, 1.5))

    def below(self, line: TileLine) -> float:
        return LINE if any(line.notes.get(column) for column in self.columns) else 0.0

    def _height_of(self, block: TileBlock) -> float:
        rows = sum(LINE * len(self.words(line)) + 0.03 + self.tile + self.below(line) + 0.1 for line in block.lines)
        return rows + (0.19 if block.title else 0.0)

    def draw(self) -> None:
        y = 0.03
        for index, block in enumerate(self.blocks):
            if block.title:
                room = 100.0 if self.figure is None else _across(self.figure) - 2 * EDGE
                self._write(wrapped(block.title, room, size=NORMAL, lines=1), EDGE, y, NORMAL)
                y += 0.19
            if index == 0:
                y += self.heading + 0.06
                self._headings(y - 0.04)
            for number, line in enumerate(block.lines):
                start = self.left(self.maps[0])
                for word in self.words(line):
                    self._write(word, start, y, SMALL)
                    y += LINE
                y += 0.03
                if number == 0 and block.picture is not None and PICTURE in self.columns:
                    block.picture(self._place(PICTURE, y))
                self._line(line, y)
                y += self.tile + self.below(line) + 0.1
        draw_key(self.figure)

    def _headings(self, y: float) -> None:
        width, height = _across(self.figure), _down(self.figure)
        for column in self.columns:
            x = self.left(column) + self.tile / 2
            text = self.title(column)
            self.figure.text(x / width, 1 - y / height, text, ha="center", va="bottom", fontsize=SMALL)

    def _line(self, line: TileLine, y: float) -> None:
        if line.reason:
            last = self.columns[-1]
            across = self.left(last) + self.tile - self.left(self.maps[0])
            draw_failure(self._place(self.maps[0], y, across=across), line.reason, inches=across)
            return
        for column in self.maps:
            if column in line.tiles:
                self._tile(self._place(column, y), line, column)

    def _tile(self, axes: Axes, line: TileLine, column: str) -> None:
        line.tiles[column](axes)
        if line.notes.get(column):
            axes.set_xlabel(wrapped(line.notes[column], self.tile + GAP, lines=1), fontsize=SMALL, labelpad=2)
        if column in line.bars:
            line.bars[column](axes.inset_axes((1 + 0.05 / self.tile, 0.04, 0.07 / self.tile, 0.92)))

    def _place(self, column: str, y: float, *, across: float | None = None) -> Axes:
        width, height = _across(self.figure), _down(self.figure)
        box = (self.left(column) / width, 1 - (y + self.tile) / height, (across or self.tile) / width)
        axes = self.figure.add_axes((*box, self.tile / height))
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    def _write(self, text: str, x: float, y: float, size: float) -> None:
        width, height = _across(self.figure), _down(self.figure)
        self.figure.text(x / width, 1 - y / height, text, ha="left", va="top", fontsize=size)

    def fill(self, room: Room) -> None:
        """Draw into given axes: of each block the picture, then the tiles row by row."""
        places = [
            (block, line, column)
            for block in self.blocks
            for number, line in enumerate(block.lines)
            for column in self.columns
            if column != PICTURE or (number == 0 and block.picture is not None)
        ]
        room.check(len(places), ", ".join(self.columns))
        for axes, (block, line, column) in zip(room.given, places, strict=True):
            axes.set_xticks([])
            axes.set_yticks([])
            part: Any = axes
            self.tile = max(0.2, part.bbox.width / part.figure.dpi)
            axes.set_title(self.title(column), fontsize=SMALL)
            if column == PICTURE and block.picture is not None:
                block.picture(axes)
                axes.set_xlabel(wrapped(block.title, self.tile), fontsize=SMALL)
                continue
            if column == self.maps[0]:
                axes.set_ylabel(wrapped(line.words[0] if line.words else "", self.tile), fontsize=SMALL)
            if line.reason:
                draw_failure(axes, line.reason, inches=self.tile)
            elif column in line.tiles:
                self._tile(axes, line, column)
            else:
                axes.set_axis_off()


def _packed(words: Sequence[str], inches: float) -> list[str]:
    """Return texts in lines, several of them in a line where they fit.

    >>> _packed(["gradient", "reliability 0.78 [0.66, 0.83]", "16% significant"], 2.2)
    ['gradient, reliability 0.78 [0.66, 0.83]', '16% significant']
    """
    lines: list[str] = []
    for word in words:
        together = f"{lines[-1]}, {word}" if lines else ""
        if together and width_of(together) <= inches:
            lines[-1] = together
        else:
            lines.append(cut_to(word, inches))
    return lines


def _across(figure: FigureBase) -> float:
    part: Any = figure
    return float(part.bbox.width / part.figure.dpi)


def _down(figure: FigureBase) -> float:
    part: Any = figure
    return float(part.bbox.height / part.figure.dpi)
