from __future__ import annotations

import pytest

from saliencynoise.data.class_names import class_index
from saliencynoise.interfaces import UsageError

ANIMALS = ("cat", "1", "[red]dog[/]", "$x$")


def test_a_class_is_known_by_name_or_else_by_index():
    assert [class_index(text, ANIMALS, option="--class") for text in ("cat", "0", "[red]dog[/]", "3")] == [0, 0, 2, 3]
    assert class_index("1", ("a", "b", "1"), option="--class") == 2  # the name goes first
    with pytest.raises(UsageError, match="--class cta is no class of the data set; did you mean 'cat'"):
        class_index("cta", ANIMALS, option="--class")


@pytest.mark.parametrize("text", ["4", "-2", "²", ""])
def test_what_is_neither_is_an_error_that_lists_the_classes(text):
    with pytest.raises(UsageError, match=r"--target .*there are cat, 1, .*, or 0 to 3"):
        class_index(text, ANIMALS, option="--target")
