"""`saliencynoise cite RUN`."""

from saliencynoise.api import cite
from saliencynoise.publishing.bibtex import entries_in
from tests.cli.calling import call
from tests.studies import make_study, noisy_maps


def test_the_entries_of_a_run_are_printed_as_bibtex(capsys, tmp_path):
    run = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps()})
    code, out, err = call(capsys, "cite", run.folder)
    assert (code, err) == (0, "")
    assert out == cite(run) == cite(run.folder)
    assert "woerl2023initialization" in {entry.key for entry in entries_in(out)}


def test_a_folder_without_a_study_is_refused(capsys, tmp_path):
    code, _, err = call(capsys, "cite", tmp_path)
    assert code == 2
    assert "holds no results" in err
