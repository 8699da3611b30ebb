"""Sizes and lists of indices, as they are written on the command line."""

from __future__ import annotations

import pytest

from saliencynoise.cli.quantities import bytes_in, indices_in
from saliencynoise.interfaces import UsageError


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("1B", 1),
        ("60MB", 60_000_000),
        ("60 mb", 60_000_000),
        ("2kB", 2_000),
        ("1.5GB", 1_500_000_000),
        ("1KiB", 1024),
        ("0.5MiB", 524_288),
        ("3GiB", 3 * 1024**3),
    ],
)
def test_sizes(text, due):
    assert bytes_in(text, option="--max-size") == due


@pytest.mark.parametrize("text", ["60", "MB", "-1MB", "0MB", "1e3MB", "60TB", "60Mb/s", "nanMB", "1.MB", "0.1B", ""])
def test_what_is_no_size(text):
    with pytest.raises(UsageError, match=r"^--max-size .* is no size; write a number and B, kB, MB, GB, "):
        bytes_in(text, option="--max-size")


def test_indices():
    assert indices_in("0-3, 12,2", option="--members") == [0, 1, 2, 3, 12]
    assert indices_in("7", option="--members") == [7]


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "1,,2", "0-999999999"])
def test_what_is_no_list_of_indices(text):
    with pytest.raises(UsageError, match=r"is no list of members; write indices and ranges, as in 0-9,12$"):
        indices_in(text, option="--members")
