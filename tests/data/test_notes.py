from __future__ import annotations

import numpy as np

from saliencynoise.data.notes import content_notes, size_note
from saliencynoise.data.pictures import Picture
from saliencynoise.data.words import few


def _picture(*traits: str, channels: int = 3) -> Picture:
    return Picture(np.zeros((channels, 8, 8), np.uint8), frozenset(traits))


def test_few_names_five_and_stays_in_one_line():
    assert few(["a", "b\nc"]) == "a, 'b\\nc'"
    assert few([str(index) for index in range(5)]) == "0, 1, 2, 3, 4"
    assert few([str(index) for index in range(12)]) == "0, 1, 2, 3, 4 and 7 more"


def test_sizes():
    plain = [_picture(), _picture()]
    assert size_note(8, plain, asked=False) == "images of 8x8 pixels, as they are in the files"
    mixed = [_picture("resized", "cropped"), _picture("cropped"), _picture()]
    assert size_note(8, mixed, asked=False) == (
        "images of 8x8 pixels (the median of the shorter sides): of 3, 1 were scaled and 2 cropped about the centre"
    )
    assert "(the size asked for)" in size_note(8, mixed, asked=True)


def test_contents():
    assert content_notes([_picture()], channels=3) == ()
    assert content_notes([_picture(channels=1)], channels=1) == (
        "all images are grey: one channel, never flipped (a flipped digit or letter is another)",
    )
    pictures = [_picture(channels=1), _picture("transparent"), _picture("transparent", "animated")]
    assert content_notes(pictures, channels=3) == (
        "1 grey image among colour images given three equal channels",
        "2 images with transparent parts laid over white",
        "1 image with several frames, of which the first was used",
    )
