"""Groups of the attributed images: of a file, of the data set, of near duplicates."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.data.image_groups import image_groups, read_groups
from saliencynoise.interfaces import Split, UsageError
from saliencynoise.statistics.groups import as_groups


@pytest.fixture
def split():
    images = torch.randint(0, 256, (6, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    names = tuple(f"{i}.png" for i in range(6))
    return Split(images=images, labels=torch.tensor([0, 1] * 3), names=names)


ALL = torch.arange(6)


def test_nothing_is_said_where_nothing_belongs_together(split):
    result = image_groups(split, ALL, file=None)
    assert (result.names, result.notes) == (None, ())


def test_groups_of_the_data_set(split):
    result = image_groups(replace(split, groups=tuple("aabbcd")), torch.tensor([0, 2, 3, 5]), file=None)
    assert as_groups(result.names) == (0, 1, 1, 2)
    assert result.notes == (
        "the 4 attributed images belong to 3 groups (the data set); intervals for new images are for new groups",
    )


def test_near_duplicates_are_groups_and_join_those_that_are_given(split):
    split.images[4] = split.images[0].flip(-1)
    result = image_groups(split, ALL, file=None)
    assert as_groups(result.names) == (0, 1, 2, 3, 0, 4)
    note = (
        "2 of 6 attributed images are near duplicates (0.png, 4.png), so these are 5 groups; intervals for new images "
        "treat them as such"
    )
    assert result.notes == (note,)
    joined = image_groups(replace(split, groups=tuple("abcbdd")), ALL, file=None)
    assert as_groups(joined.names) == (0, 1, 2, 1, 0, 0)


def test_a_file_goes_before_the_data_set(split, tmp_path):
    file = tmp_path / "g.csv"
    file.write_text("file,group\n" + "".join(f"{i}.png,{'xxxyyy'[i]}\n" for i in range(6)))
    result = image_groups(replace(split, groups=tuple("abcdef")), ALL, file=str(file))
    assert as_groups(result.names) == (0, 0, 0, 1, 1, 1)
    file.write_text("file,group\n" + "".join(f"{i}.png,x\n" for i in range(6)))
    assert "intervals have no bound" in image_groups(split, ALL, file=str(file)).notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,group\n0.png,a\n", r"lack 5 images, such as '1.png' \(the file names, for example, '0.png'\)"),
        ("name,group\n0.png,a\n", "line 2: there is no file or no group; it must have a first line 'file,group'"),
        ("file,group\n0.png,a\n0.png,b\n", "line 3: '0.png' is in the groups 'a' and 'b'; keep one"),
        ("file,group\n", "hold no rows"),
        ("", "hold no rows"),
    ],
)
def test_files_that_cannot_be_used_are_named(split, tmp_path, text, message):
    file = tmp_path / "g.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        image_groups(split, ALL, file=str(file))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the groups .*nowhere.csv': No such file"):
        read_groups(tmp_path / "nowhere.csv")
    (tmp_path / "bytes.csv").write_bytes(b"file,group\n\xff\xfe\x00,1\n")
    with pytest.raises(UsageError, match="cannot read the groups"):
        read_groups(tmp_path / "bytes.csv")
