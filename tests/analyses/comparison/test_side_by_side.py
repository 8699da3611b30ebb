"""Studies side by side: their rows, the settings in which they differ, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saliencynoise.analyses.comparison.side_by_side import distinct_names, side_by_side
from saliencynoise.api import Study
from saliencynoise.interfaces import UsageError
from tests.studies import cell_of, study_of


def study(folder: str, *methods: str, **parts: Any) -> Study:
    cells = [cell_of(architecture="net", method=method, method_name=method, view="signed") for method in methods]
    settings = {"members": 8, "dataset": "digits", **parts.pop("settings", {})}
    return study_of(folder, cells=cells, settings=settings, **parts)


def test_a_row_has_the_cells_of_all_studies():
    one, two = study("runs/one", "lime", "gradient"), study("runs/two", "gradient", "shap")
    rows = side_by_side([one, two]).rows
    assert [(row.method, row.cells) for row in rows] == [
        ("lime", (one.cell("net", "lime"), None)),
        ("gradient", (one.cell("net", "gradient"), two.cell("net", "gradient"))),
        ("shap", (None, two.cell("net", "shap"))),
    ]


def test_only_the_settings_that_differ_are_listed():
    parts: list[dict[str, Any]] = [
        {"settings": {"seed": 0, "draws": 2, "archs": list("abcd")}, "versions": {"torch": "2.1"}},
        {"settings": {"seed": 3, "draws": 2, "archs": list("efgh")}, "versions": {"torch": "2.1", "timm": "1.0"}},
    ]
    both = side_by_side([study(f"runs/{index}", "lime", **part) for index, part in enumerate(parts)])
    assert {difference.name: difference.values for difference in both.differences} == {
        "seed": ("0", "3"),
        "timm": ("-", "1.0"),
    }, "lists of more than three names are given by their length"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": {"asked": "cifar10"}}, "not comparable: other data"),
        ({"images": [{"name": "a"}]}, "comparable in part: other images"),
        ({"settings": {"normalization": "none"}}, "not comparable: other input"),
        ({"settings": {"target": "predicted"}}, "not comparable: another class is explained"),
        ({"settings": {"members": 4}}, "compare the SNR only: other numbers of members"),
        ({"settings": {"draws": 3}}, "compare the SNR only: other draws"),
        ({"settings": {"members": 2}}, "no intervals with 2 members: two"),
    ],
)
def test_each_reason_against_a_comparison_is_stated(changes, words):
    def warnings(**parts: Any) -> list[str]:
        return [*side_by_side([study("runs/one", "lime"), study("runs/two", "lime", **parts)]).warnings]

    assert warnings() == []
    assert [warning for warning in warnings(**changes) if warning.startswith(words)]


def test_runs_that_share_a_network_are_not_independent():
    def of(folder: str, *sums: str) -> Study:
        members = [{"index": index, "sha256": sha256} for index, sha256 in enumerate(sums)]
        return study(folder, "lime", architectures=[{"label": "net", "name": "net", "members": members}])

    assert any(
        "runs share networks" in line for line in side_by_side([of("runs/a", "1", "2"), of("runs/b", "2")]).warnings
    )
    assert side_by_side([of("runs/a", "1", "2"), of("runs/b", "3")]).warnings == ()


def test_a_run_is_named_once():
    with pytest.raises(UsageError, match=r"^runs/../runs/one is named twice; name each run once$"):
        side_by_side([study("runs/../runs/one", "lime"), study("runs/one", "lime")])


def test_names_take_as_much_of_the_path_as_they_need():
    folders = ["/a/x/run", "/b/x/run", "/b/y/run", "/b/other"]
    assert distinct_names([Path(folder) for folder in folders]) == ("a/x/run", "b/x/run", "y/run", "other")
    same = [Path("/a/run")] * 2
    assert len(distinct_names(same)) == 2
