"""Typed reading of JSON: what is wrong is named by file, key and value, in one line."""

from __future__ import annotations

import math
from typing import Annotated

import pytest
from msgspec import Meta

from saliencynoise.interfaces import UsageError
from saliencynoise.records.common import Number, Record
from saliencynoise.records.reading import DEEPEST, check_record, read_record


class Inner(Record, frozen=True, kw_only=True):
    value: Number
    note: str | None = None


class Outer(Record, frozen=True, kw_only=True):
    members: Annotated[int, Meta(ge=1, le=100)]
    cells: tuple[Inner, ...]
    by_name: dict[str, Inner] | None = None


SOUND = '{"members": 3, "cells": [{"value": 1, "other": [1]}, {"value": "inf"}], "by_name": {"a.b": {"value": null}}}'
CASES = [
    ("", "is damaged: "),
    ("{", "is damaged: "),
    ("[]", "it is [] where a table is wanted"),
    ("null", "it is None where a table is wanted"),
    ('{"cells": []}', "it has no members"),
    ('{"members": true, "cells": []}', "members is True where a whole number is wanted"),
    ('{"members": 0, "cells": []}', "members is 0 where int >= 1 is wanted"),
    ('{"members": 1e300, "cells": []}', "members is 1e+300"),
    (f'{{"members": 1{"0" * 400}, "cells": []}}', "members is 1000"),
    (f'{{"members": 1{"0" * 5000}, "cells": []}}', "is damaged: "),
    ('{"members": 3, "cells": {}}', "cells is {} where a list is wanted"),
    ('{"members": 3, "cells": [{"value": 1}, {"note": "x"}]}', "cells[1] has no value"),
    ('{"members": 3, "cells": [{"value": "x"}]}', "cells[0].value is 'x'"),
    ('{"members": 3, "cells": [{"value": NaN}]}', "it holds nan, which is no JSON"),
    ('{"members": 3, "cells": [{"value": 1e999}]}', "it holds inf, which is no JSON"),
    ('{"members": 3, "cells": [], "more": -Infinity}', "it holds -inf"),
    ('{"members": 3, "cells": [], "by_name": {"ok": {"value": 1}, "a[0].b": {}}}', "by_name.a[0].b has no value"),
    (f'{{"members": 3, "cells": [], "more": {"[" * 100_000}{"]" * 100_000}}}', "nested too deeply"),
    (f'{{"members": 3, "cells": [], "more": {"[" * DEEPEST}{"]" * DEEPEST}}}', f"more than {DEEPEST} levels"),
]


def test_a_sound_file_is_read_without_the_keys_that_no_record_names(tmp_path):
    (tmp_path / "x.json").write_text(SOUND)
    record = read_record(tmp_path / "x.json", Outer, fix="write it again")
    assert record.members == 3
    assert record.cells == (Inner(value=1.0), Inner(value=math.inf))
    assert record.by_name is not None
    assert math.isnan(record.by_name["a.b"].value)


@pytest.mark.parametrize(("text", "words"), CASES, ids=range(len(CASES)))
def test_what_is_wrong_is_named(tmp_path, text, words):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_record(path, Outer, fix="write it again")
    message = str(raised.value)
    assert message.startswith(f"{path} is damaged: ")
    assert words in message
    assert message.endswith("; write it again")
    assert "\n" not in message
    assert len(message) < 300 + len(str(path))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for name, content in {"bytes.json": b"\xff\xfe{}", "folder.json": None}.items():
        path = tmp_path / name
        path.mkdir() if content is None else path.write_bytes(content)
        with pytest.raises(UsageError, match=rf"{name} .*; write it again"):
            read_record(path, Outer, fix="write it again")


def test_a_part_of_a_file_is_named_by_where_it_stands():
    with pytest.raises(UsageError, match=r"x.json is damaged: rows\[2\].value is \[\] where .* is wanted; y"):
        check_record({"value": []}, Inner, where="x.json", fix="y", at="rows[2]")
