"""Every change of every value of a result is refused in one line, or the commands bear it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
import typer.main

from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import MembersNeeded
from saliencynoise.records.common import Record
from saliencynoise.records.study import StudyRecord, contradiction
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.statistics.reliability import members_needed
from tests.studies import make_study, noisy_maps

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
VALUES = (None, True, -1, 0, 10**30, 1e300, float("nan"), float("inf"), "", "x\x1b[2J\n", "../..", [], {}, [[]], DEEP)


class Gone:
    """Stands for a value that is left out; its name is the same in every process."""

    def __repr__(self) -> str:
        return "GONE"


GONE = Gone()


def places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each value of a document, of lists to their first and last entry."""
    if keys:
        yield keys
    if isinstance(value, dict):
        for key, own in value.items():
            yield from places(own, (*keys, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*keys, index))


def changed(document: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at some place, or without it."""
    document = copy.deepcopy(document)
    own = document
    for key in keys[:-1]:
        own = own[key]
    if value is GONE:
        del own[keys[-1]]
    else:
        own[keys[-1]] = value
    return document


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    maps = {("net", method): noisy_maps(members=6, images=4, seed=seed) for seed, method in enumerate("ab")}
    return make_study(folder, {**maps, ("net", "c"): "it failed"})


COMMANDS = (
    ["show"], ["show", "--json"], ["show", "--curve"], ["show", "--similarity"], ["show", "--structure"],
    ["show", "--localization"], ["compare"], ["compare", "--json"], ["plan"], ["plan", "--json"], ["report"],
)  # fmt: skip


def tried(capsys: pytest.CaptureFixture[str], folder: Any, commands: Any) -> list[str]:
    """Run commands on a folder; each ends with figures or with one line that begins with "error:"."""
    from tests.cli.calling import call

    lines = []
    for command in commands:
        code, out, err = call(capsys, command[0], folder, *command[1:])
        assert code in {0, 1, 2}, (command, code)
        if code == 2:
            assert err.startswith("error: "), err
            assert err.count("\n") == 1, err
            assert out == ""
            lines.append(err)
    return lines


def test_a_result_of_this_version_is_whole(made):
    assert json_of(Study.load(made.folder).result) == json_of(made.result)
    assert contradiction(made.result) is None


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("settings", "members"), "4", "settings.members is '4' where a whole number is wanted"),
        (("settings", "seed"), -1, "settings.seed is -1"),
        (("dataset", "image_shape"), 3, "dataset.image_shape is 3 where a list or null is wanted"),
        (("recipes", "net", "epochs"), [], "recipes.net.epochs is []"),
        (("cells", 1, "figures", "estimates", "snr", "value"), GONE, "cells[1].figures.estimates.snr has no value"),
        (("cells", 0, "view"), "", "cells[0].view is ''"),
        (("cells", 0, "architecture"), "other", "cells[0].architecture is 'other', which is none of"),
        (("cells", 0, "gram"), "../../elsewhere", "cells[0].gram is '../../elsewhere', which is none of the files"),
        (("files", "../../elsewhere"), 64 * "0", "files has '../../elsewhere', which leads out of the folder"),
        (("files", "snr.parquet"), "0", "files.snr.parquet is '0'"),
        (("maps", 0, "marginal"), "other", "maps[0] names 'other', which is none of the files"),
        (("maps", 0, "draws", 0), "other", "maps[0] names 'other/member-0000/chunk"),
        (("maps", 0, "chunks", 0, "images"), 3, "maps[0].chunks are not of 4 images"),
        (("maps", 0, "architecture"), "other", "maps[0].architecture is 'other', which is none of"),
        (("cells", 0, "figures"), None, "cells[0].figures is null, though its status is ok"),
        (("cells", 0, "details", "pixels", "share"), "x", "cells[0].details.pixels.share is 'x'"),
        (("cells", 0, "details", "pixels", "share"), None, "cells[0].details.pixels.share is None where"),
        (("images", 2, "label"), 7, "images[2].label is 7, and there are 2 classes"),
        (("images", 2, "target", "net"), 2, "images[2].target is 2, and there are 2 classes"),
        (("architectures", 0, "members"), [], "cells[0].members is 6, and architecture 'net' lists none"),
        (("cells", 0, "untrained"), {"snr": "x"}, "cells[0].untrained"),
        (("cells", 0, "sign"), "both", "cells[0].sign is 'both'"),
        (("methods",), [], "cells[0].method is 'a', which is none of the methods"),
        (("recipes", "net"), GONE, "recipes has no 'net'"),
        (("images", 1, "target", "net"), GONE, "images[1].target has no 'net'"),
        (("cells", 0, "details", "pixels", "skewness"), "x", "cells[0].details.pixels.skewness is 'x'"),
        (("architectures", 0, "members", 3, "accuracy"), 1.5, "architectures[0].members[3].accuracy is 1.5"),
        (("more",), DEEP, "nested more than 64 levels deep"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_with_file_key_value_and_fix(made, capsys, tmp_path, keys, value, words):  # noqa: PLR0917 - pytest names them
    path = tmp_path / "result.json"
    path.write_text(json.dumps(changed(json_of(made.result), keys, value)))
    (line,) = tried(capsys, tmp_path, [["show"]])
    assert f"error: {path} is damaged: " in line
    assert words in line
    assert line.rstrip().endswith("run the same bench again, which finds its members and maps")


def test_keys_that_are_added_change_nothing(made, tmp_path):
    more = changed(json_of(made.result), ("cells", 0, "later"), {"r": 0.1})
    more = changed(more, ("cells", 0, "details", "template", "more"), [1, 2])
    (tmp_path / "result.json").write_text(json.dumps(more))
    assert json_of(Study.load(tmp_path).result) == json_of(made.result)


def _possible(kinds: Sequence[Any], value: Any) -> list[Any]:
    """The kinds that a value may be of, by their tags where they have some."""
    tags = [getattr(getattr(kind, "__struct_config__", None), "tag", None) for kind in kinds]
    return [kind for kind, tag in zip(kinds, tags, strict=True) if tag is None or tag in value.values()]


def untyped(value: Any, kind: Any, keys: str = "") -> Iterator[str]:
    """The keys of a document of which its record says nothing, so that commands may meet any value there."""
    inside = get_args(kind)
    if get_origin(kind) is Annotated:
        yield from untyped(value, inside[0], keys)
    elif get_origin(kind) in {Union, UnionType}:
        for own in _possible(inside, value):
            yield from untyped(value, own, keys)
    elif isinstance(kind, type) and issubclass(kind, Record) and isinstance(value, dict):
        hints = get_type_hints(kind) | {kind.__struct_config__.tag_field: str}
        yield from (f"{keys}.{key}" for key in value if key not in hints)
        for key in value.keys() & hints:
            yield from untyped(value[key], hints[key], f"{keys}.{key}")
    elif isinstance(value, list) and inside:
        for own in value:
            yield from untyped(own, inside[0], keys)
    elif isinstance(value, dict) and len(inside) == 2:
        for own in value.values():
            yield from untyped(own, inside[1], keys)


def test_a_record_names_the_type_of_every_key_that_a_study_writes(made):
    assert set(untyped(json_of(made.result), StudyRecord)) == set()
    more = changed(json_of(made.result), ("cells", 0, "figures", "estimates", "more"), {})
    assert ".cells.figures.estimates.more" in set(untyped(more, StudyRecord))


def changes(document: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Every place of a document with every value that it can be given."""
    return [(keys, value) for keys in places(document) for value in (GONE, *VALUES)]


def _refused(folder: Any) -> bool:
    try:
        Study.load(folder)
    except UsageError:
        return True
    return False


def bear(made, capsys, monkeypatch, some) -> tuple[int, int]:
    """Make changes one after another; count those that are refused and those that the commands bear."""
    path = made.folder / "result.json"
    sound = path.read_text()
    monkeypatch.setattr("saliencynoise.report.html.study.page_figures", lambda *_: ())  # 10 s each; they stop no page
    monkeypatch.setattr("typer.main.get_command", cache(typer.main.get_command))  # 20 ms, more than a command takes
    monkeypatch.setattr("saliencynoise.store.atomic._sync", lambda _: None)
    refused, borne, wrong = 0, 0, []
    try:
        for keys, value in some:
            path.write_text(json.dumps(changed(json_of(made.result), keys, value)))
            if _refused(made.folder):
                refused += 1
                continue
            try:
                tried(capsys, made.folder, COMMANDS)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - any is a fault, and all are wanted
                wrong.append(f"{keys} = {value!r}: {error!r}")
            borne += 1
    finally:
        path.write_text(sound)
    assert not wrong, "\n".join(wrong)
    return refused, borne


def test_a_sample_of_all_changes_gives_no_traceback(made, capsys, monkeypatch):
    some = random.Random(14).sample(changes(json_of(made.result)), 40)  # noqa: S311 - a sample, not a secret
    refused, borne = bear(made, capsys, monkeypatch, some)
    assert refused > 10
    assert borne > 1


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_all_changes_give_no_traceback(made, capsys, monkeypatch, part):
    every = changes(json_of(made.result))
    assert len(every) > 5000
    some = every[part::8]
    assert sum(bear(made, capsys, monkeypatch, some)) == len(some)


def test_any_number_of_members_can_be_needed(made, tmp_path):
    few = members_needed(1e-20)
    value = json_of(record_of(few, MembersNeeded))
    document = changed(json_of(made.result), ("cells", 0, "figures", "members_needed"), value)
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert Study.load(tmp_path).result.cells[0].figures.members_needed.value == few.value > 10**20
