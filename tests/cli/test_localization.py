"""`saliencynoise show RUN --localization`."""

import json

from tests.cli.calling import call
from tests.known_pixels import study_of


def test_it_prints_a_table_and_one_document(capsys, tmp_path):
    study_of(tmp_path / "run")
    code, out, err = call(capsys, "show", str(tmp_path / "run"), "--localization")
    assert (code, err) == (0, "")
    assert "nearer" in out
    code, out, _ = call(capsys, "show", str(tmp_path / "run"), "--localization", "--json")
    assert code == 0
    rows = json.loads(out)["localization"]
    assert len(rows) == 16
    assert [point["members"] for point in rows[0]["curve"]] == [1, 2, 4, 6]


def test_a_run_without_masks_and_two_prints_are_refused(capsys, tmp_path):
    study_of(tmp_path / "run", masks=False)
    code, out, err = call(capsys, "show", str(tmp_path / "run"), "--localization")
    assert (code, out) == (2, "")
    assert err.endswith("has no masks of the pixels that cause the label; run a bench on --dataset shapes\n")
    assert call(capsys, "show", str(tmp_path / "run"), "--localization", "--curve")[0] == 2
