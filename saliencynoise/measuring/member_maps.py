"""The maps of one method, from anywhere: a reader for each member and draw, and what the maps say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import UsageError
from saliencynoise.measuring.layout import text_of

if TYPE_CHECKING:
    from saliencynoise.measuring.readers import Reader
    from saliencynoise.records.study import Layout

Draws = Literal["own", "shared"]
"""Whether each member has random numbers of its own in every draw, or all have the same ones in the second draw."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberMaps:
    """The maps of one method.

    Attributes:
        readers: a reader for each member and draw.
        draws: what the draws have in common; None where there is one.
        layout: what a map is, where the maps say so.
        members: names of the members; empty where the maps have none.
        names: names of the items; likewise.
        labels: labels of the items; likewise.
        features: names of the values of a map; likewise.
        stacked: whether members and items are two axes of one array, which may be swapped.
        table: whether they are from tables, a row an item.
        notes: what a reader of the figures should know of the maps.
    """

    readers: tuple[tuple[Reader, ...], ...]
    draws: Draws | None = None
    layout: Layout | None = None
    members: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    stacked: bool = False
    table: bool = False
    notes: tuple[str, ...] = ()

    @property
    def items(self) -> int:
        """Number of items."""
        return self.readers[0][0].shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a map."""
        return self.readers[0][0].shape[1:]


def refuse_single(members: int, *, where: str) -> None:
    """Refuse fewer than two members.

    Raises:
        UsageError: naming the maps.
    """
    if members < 2:
        raise UsageError(
            f"{where}: maps of {members} member; differences between members need two or more, and intervals three. "
            "The first axis, the list or the files are the members"
        )


def check_shapes(maps: MemberMaps, *, where: str) -> None:
    """Refuse maps that are not those of two or more members on the same items.

    Args:
        maps: of a method.
        where: the maps, for messages.

    Raises:
        UsageError: naming the first member that differs.
    """
    refuse_single(len(maps.readers), where=where)
    expected = maps.readers[0][0].shape
    for member, of_member in enumerate(maps.readers):
        for reader in of_member:
            if reader.shape != expected:
                raise UsageError(
                    f"{where}: {_named(maps, member)} has maps of shape {text_of(reader.shape)}, and {_named(maps, 0)} "
                    f"of {text_of(expected)}; all members need maps of the same items, of one shape"
                )
        if len(of_member) != len(maps.readers[0]):
            raise UsageError(
                f"{where}: {_named(maps, member)} has {len(of_member)} draws, and others have more or less"
            )
    if not expected or not expected[0]:
        raise UsageError(f"{where}: there are no items; the maps are empty")
    if len(expected) < 2:
        raise UsageError(
            f"{where}: each member has values of shape {text_of(expected)}; maps need the axis of items and one "
            "or more axes of values"
        )


def _named(maps: MemberMaps, member: int) -> str:
    return f"member {member}" + (f" ({maps.members[member]})" if maps.members else "")
