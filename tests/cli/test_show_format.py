"""`saliencynoise show RUN --format`: the table for a paper from a run's folder."""

import pytest

from saliencynoise.publishing.formats import table_text
from tests.cli.calling import call
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("shown") / "my_run", {("net", "gradient"): noisy_maps()})


@pytest.mark.parametrize("kind", ["latex", "markdown", "csv", "html"])
def test_the_table_is_printed_and_nothing_else(capsys, run, kind):
    code, out, err = call(capsys, "show", run.folder, "--format", kind, "--columns", "snr,p")
    assert code == 0
    assert out == table_text(run, kind, columns="snr,p")
    assert err == ""


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--format", "word"], "'word' is not one of"),
        (["--format", "latex", "--columns", "snr,relability"], "did you mean 'reliability'?"),
        (["--columns", "snr"], "give --format, too"),
        (["--format", "csv", "--json"], "--format and --json cannot be combined"),
        (["--format", "csv", "--curve"], "--format and --curve cannot be combined"),
    ],
)
def test_options_that_do_not_fit_are_refused(capsys, run, options, text):
    code, out, err = call(capsys, "show", run.folder, *options)
    assert code == 2
    assert text in " ".join(err.split())
    assert "Traceback" not in err
    assert out == ""
