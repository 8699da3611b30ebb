"""Notes about a folder of images for the reader of the results, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.data.kinds import described
from saliencynoise.data.words import count, few

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from saliencynoise.data.layout import Layout
    from saliencynoise.data.levels import Levels
    from saliencynoise.data.pictures import Picture

GROUPS = "groups.csv"
"""The file in a folder of images that names the group of each image."""

_TRAITS = {
    "halved": "{} in colour of 16 bits in TIFF, of which the upper 8 were read (PNG keeps all 16)",
    "cmyk": "{} in CMYK converted to red, green and blue (by formula, without a colour profile)",
    "transparent": "{} with transparent parts laid over white",
    "windowed": "{} of DICOM seen through the window of the file, whose range became 0 to 255, rounded",
    "inverted": "{} of DICOM that store bright as low (MONOCHROME1), turned over",
    "animated": "{} with several frames, of which the first was used",
}


def size_note(size: int, pictures: Collection[Picture], *, asked: bool) -> str:
    """Return a note on the images' common size; `asked`: whether the user chose that size."""
    scaled, cropped = _having("resized", pictures), _having("cropped", pictures)
    if not scaled and not cropped:
        return f"images of {size}x{size} pixels, as they are in the files"
    reason = "the size asked for" if asked else "the median of the shorter sides"
    return (
        f"images of {size}x{size} pixels ({reason}): of {len(pictures)}, {scaled} were scaled "
        f"and {cropped} cropped about the centre"
    )


def levels_note(pictures: Collection[Picture], levels: Levels | None) -> tuple[str, ...]:
    """Return notes on the levels of images of more than 8 bits; `levels`: the lowest and highest of them."""
    deep = _having("deep", pictures)
    if levels is None or not deep:
        return ()
    (low, high), shallow = levels, len(pictures) - deep
    floating = _having("floating", pictures)
    what = f" ({floating} of floating point)" if floating else ""
    whose = "the range of their bits" if shallow else "their range"
    note = (
        f"{count(deep, 'image')} of more than 8 bits{what}: the levels {low:.10g} to {high:.10g}, {whose}, became "
        "0 to 255, without rounding (float32)"
    )
    return (
        (note, f"{count(shallow, 'image')} of 8 bits beside them, whose levels stayed 0 to 255") if shallow else (note,)
    )


def split_note(sizes: Sequence[int], layout: Layout, *, seed: int) -> str:
    """Return a note on the source of the split, and on the unused folders."""
    train, test = sizes
    if layout.test_part is None:
        return f"split by seed {seed}, stratified by class: {train} to train on and {test} to test"
    aside = f"; not used: {few(layout.unused)}" if layout.unused else ""
    parts, source = layout.parts, layout.split_by or "the folder"
    return f"split as in {source}: {train} in {parts['train']} and {test} in {parts['test']}{aside}"


def content_notes(pictures: Collection[Picture], *, channels: int) -> tuple[str, ...]:
    """Return notes on grey images, which now have `channels`, and on unusual formats."""
    grey = sum(len(picture.pixels) == 1 for picture in pictures)
    colour: tuple[str, ...] = ()
    if channels == 1:
        colour = ("all images are grey: one channel, never flipped (a flipped digit or letter is another)",)
    elif grey:
        colour = (f"{count(grey, 'grey image')} among colour images given three equal channels",)
    numbers = {text: _having(trait, pictures) for trait, text in _TRAITS.items()}
    return colour + tuple(text.format(count(n, "image")) for text, n in numbers.items() if n)


def _having(trait: str, pictures: Collection[Picture]) -> int:
    return sum(trait in picture.traits for picture in pictures)


def left_out_notes(layout: Layout, lost: Sequence[str]) -> tuple[str, ...]:
    """Return notes on files of the folder that the data set lacks; `lost`: unreadable files with the reasons."""
    listing = layout.listing
    groups = (
        (lost, "file", "could not be read and were left out"),
        ([name for name in listing.others if name != GROUPS], "file", "ignored, since they are no images"),
        (listing.strays, "image", "outside the class folders were ignored"),
        (listing.loops, "folder", "read already or leading back up, not followed"),
    )
    left = [f"{count(len(names), noun)} {what}: {few(names)}" for names, noun, what in groups if names]
    kinds = described(layout.root, listing.others)
    return tuple([*left, f"among the ignored {kinds}"] if kinds else left)
