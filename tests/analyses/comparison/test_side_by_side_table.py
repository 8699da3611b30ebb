"""Studies side by side: nothing lost, nothing compared in silence that cannot be."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.cells import cell_len

from saliencynoise.analyses.comparison.page import write_comparison
from saliencynoise.analyses.comparison.side_by_side import pairs_of, side_by_side
from saliencynoise.analyses.comparison.side_by_side_table import document_of, print_side_by_side, short_names
from saliencynoise.display.numbers import format_number
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from tests.studies import edited, make_study, noisy_maps, study_of

HOSTILE = "<script>alert(1)<_script>\x1b[2J[red]"


def run(folder, *, seed=0, methods=("gradient", "gradcam(layer=intermediate)"), extra=None, **settings):
    """A study of one network whose members are those of its seed."""
    maps = {("net", method): noisy_maps(seed=seed) for method in methods}
    made = make_study(folder, {**maps, **(extra or {})}, dataset=settings.pop("dataset", "made"))
    document = json_of(made.result)
    document["settings"] |= {"seed": seed, **settings}
    document["dataset"]["key"] = made.result.dataset.asked * 8
    for cell in document["cells"]:
        cell["method_name"] = f"builtin/{cell['method']}"
    for architecture in document["architectures"]:
        architecture["members"] = [
            {**member, "sha256": f"{seed}-{member['index']}"} for member in architecture["members"]
        ]
    return study_of(made.folder, **document)


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    return [run(place / f"run-{seed}", seed=seed) for seed in range(6)]


def printed(found, *, width=80, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_side_by_side(found, Terminal(file=file, width=width))
    file.flush()
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_every_run_has_its_figures_and_lines_fit(six, count, width, encoding):
    found = side_by_side(six[:count])
    text = printed(found, width=width, encoding=encoding)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    for study in six[:count]:
        for cell in study.done:
            assert format_number(cell.figures.estimates.snr.value) in text
            assert cell.figures.members_needed.text in text
    assert all(name in text for name in found.names)


def test_a_wide_terminal_has_a_column_per_run_and_a_narrow_one_a_line(six):
    found = side_by_side(six)
    heads = [line for line in printed(found, width=200).splitlines() if line.startswith("architecture, method")]
    assert heads[0].split()[2:] == list(found.names)
    lines = [line for line in printed(found).splitlines() if re.match(r"      run-\d ", line)]
    assert len(lines) == len(six) * len(found.rows)


def test_a_missing_cell_is_a_dash_and_a_failed_one_a_word(tmp_path):
    one = run(tmp_path / "one", extra={("net", "lime"): "member 0: no memory", ("other", "gradient"): noisy_maps()})
    two = run(tmp_path / "two", seed=1, methods=("gradient",))
    found = side_by_side([one, two])
    cells = {(row.architecture, row.method): [cell and cell.status for cell in row.cells] for row in found.rows}
    assert cells == {
        ("net", "gradient"): ["ok", "ok"],
        ("net", "gradcam(layer=intermediate)"): ["ok", None],
        ("net", "lime"): ["failed", None],
        ("other", "gradient"): ["ok", None],
    }
    text = printed(found, width=100)
    assert next(line for line in text.splitlines() if line.startswith("  lime")).split() == ["lime", "failed", "-"]
    assert "failed: lime on net in one: member 0: no memory" in text
    statuses = {(row["method"], row["study"]): row["status"] for row in document_of(found, [], "")["rows"]}
    assert statuses["lime", "one"] == "failed"
    assert statuses["lime", "two"] == "absent"


def test_only_differences_are_printed(six, tmp_path):
    found = side_by_side(six[:2])
    assert {own.name: own.values for own in found.differences}["seed"] == ("0", "1")
    assert {own.name for own in found.differences} == {"seed", "weights of net"}
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "else"}, "not comparable: other data"),
        ({"target": "predicted"}, "not comparable: another class is explained"),
        ({"members": 5}, "compare the SNR only: other numbers of members"),
        ({"draws": 3}, "compare the SNR only: other draws"),
        ({"normalization": "imagenet"}, "not comparable: other input"),
    ],
)
def test_a_warning_names_the_reason_against_a_comparison(six, tmp_path, changes, words):
    found = side_by_side([six[0], run(tmp_path / "x", seed=9, **changes)])
    assert any(warning.startswith(words) for warning in found.warnings)
    assert words in " ".join(printed(found).split())


def test_runs_with_common_networks_or_other_images_are_not_tested_but_shown(six, tmp_path):
    again = run(tmp_path / "again")
    found = side_by_side([six[0], again])
    pairs, note = pairs_of(found)
    assert pairs == []
    assert "share members" in note
    assert any(warning.startswith("not independent") for warning in found.warnings)

    def rename(document):
        for image in document["images"]:
            image["name"] = f"other {image['name']}"

    other = edited(six[1], rename)
    found = side_by_side([six[0], other])
    assert "different images" in pairs_of(found)[1]
    assert any(warning.startswith("comparable in part: other images") for warning in found.warnings)


def test_two_runs_are_tested_and_three_are_not(six):
    pairs, note = pairs_of(side_by_side(six[:2]))
    assert (len(pairs), note) == (2, "")
    assert {(pair.comparison.a, pair.comparison.b) for pair in pairs} == {("run-0", "run-1")}
    assert pairs_of(side_by_side(six[:3]))[0] == []


def test_runs_of_one_name_have_longer_names_and_no_run_is_named_twice(tmp_path):
    runs = [run(tmp_path / place / "run", seed=seed) for seed, place in enumerate("ab")]
    assert side_by_side(runs).names == ("a/run", "b/run")
    with pytest.raises(UsageError, match="is named twice"):
        side_by_side([runs[0], Study.load(runs[0].folder)])


def test_long_names_are_shortened_and_stay_different():
    long = [f"digits-{'x' * 30}-{end}" for end in range(3)]
    short = short_names([*long, f"digits-y{'x' * 40}-2", "ネ" * 30, "a"])
    assert len(set(short)) == 6
    assert max(map(cell_len, short)) <= 20
    assert short[-1] == "a"


class Tags(HTMLParser):
    """Collects what a page consists of."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_holds_all_and_obeys_no_name(six, tmp_path):
    bad = run(tmp_path / HOSTILE, seed=7, extra={("net", f"m{HOSTILE}"): f"<img src=x> {HOSTILE}"})
    found = side_by_side([six[0], bad])
    pairs, note = pairs_of(found)
    page = write_comparison(found, pairs, note, tmp_path / "page.html").read_text()
    tags = Tags()
    tags.feed(page)
    assert tags.tags.count("script") == 1  # the page's own
    assert "img" not in tags.tags
    text = "".join(tags.text)
    assert text.count("failed") >= 2
    for cell in [*six[0].done, *bad.done]:
        assert format_number(cell.figures.estimates.snr.value) in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", printed(found))


def test_the_document_is_json(six):
    found = side_by_side(six[:2])
    document = json.loads(json.dumps(document_of(found, *pairs_of(found)), allow_nan=False))
    assert [own["name"] for own in document["studies"]] == ["run-0", "run-1"]
    assert len(document["rows"]) == 4
    assert {"a", "b", "p_holm"} <= document["runs"][0].keys()
