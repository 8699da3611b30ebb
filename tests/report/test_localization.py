"""The print of `show --localization`: verdicts, corrected p-values, and what it says where nothing can be told."""

import io
import json

import pytest
from rich.console import Console

from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.report.localization import localization_rows, print_localization
from saliencynoise.statistics.comparison import holm
from tests.known_pixels import study_of
from tests.studies import edited


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("run"))


def printed(study, width=80):
    stream = io.StringIO()
    print_localization(study, Console(file=stream, width=width, highlight=False))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= width
    return text


def test_each_method_has_a_line_for_each_measure(study):
    lines = [line.split() for line in printed(study).splitlines()]
    assert [line[0] for line in lines if line and line[0] in {"mass", "rank", "pointing", "auc"}][:8] == [
        "mass",
        "rank",
        "pointing",
        "auc",
    ] * 2
    auc = next(line for line in lines if line and line[0] == "auc")
    measure = study.done[0].details.localization.measures["auc"]
    assert auc[1] == "0.50"
    assert float(auc[2]) == pytest.approx(measure.curve[0].value, abs=0.01)
    assert float(auc[3]) == pytest.approx(measure.curve[-1].value, abs=0.01)
    assert auc[-1] == "yes"
    text = " ".join(printed(study).split())
    assert "gradcam(layer=top) view relu" in text
    assert "Low noise is not correctness" in text


def test_the_rows_say_yes_for_what_moves_nearer_and_not_for_what_does_not(study):
    rows = localization_rows(study)
    json.dumps(json_of(rows), allow_nan=False)
    by_measure = {(row.method, row.view, row.measure): row for row in rows}
    assert by_measure["gradient", "signed", "auc"].nearer == "yes"
    assert by_measure["misplaced", "signed", "auc"].nearer in {"no", "undecided"}
    same = [row for row in rows if row.measure == "mass"]
    assert [row.p_holm for row in same] == holm([row.p for row in same])
    for row in rows:
        assert row.gain == pytest.approx(row.marginal - row.single)


def test_a_map_that_moves_away_is_a_no(study):
    """The misplaced template, had it been found: the verdict follows the sign."""

    def move(document):
        document["cells"] = document["cells"][:1]
        for measure in document["cells"][0]["details"]["localization"]["measures"].values():
            measure["gain"] |= {"value": -0.2, "p": 0.001}

    assert {row.nearer for row in localization_rows(edited(study, move))} == {"no"}


def test_two_members_have_no_verdict(tmp_path):
    study = study_of(tmp_path / "run", members=2)
    assert {row.nearer for row in localization_rows(study)} == {None}
    assert "?" not in "".join(line.split()[-1] for line in printed(study).splitlines() if "auc" in line[:8])


def test_zero_maps_are_told(study):
    def blank(document):
        document["cells"] = document["cells"][:1]
        document["cells"][0]["details"]["localization"]["blank"] = 0.125

    some = edited(study, blank)
    assert "12.5% of the single maps of gradient on test_resnet" in " ".join(printed(some).split())


def test_without_masks_the_fix_is_named(tmp_path):
    study = study_of(tmp_path / "run", masks=False)
    with pytest.raises(UsageError, match=r"digits, has no masks of .* run a bench on --dataset shapes"):
        localization_rows(study)
    with_masks = edited(study, lambda document: document["dataset"].update(masks=True))
    with pytest.raises(UsageError, match="holds no localisation; see why with: saliencynoise show"):
        localization_rows(with_masks)
