"""`variance` and `sanity` on the command line: errors of one line, exit codes, one JSON document."""

import json

import pytest

from saliencynoise.analyses.sanity import run as sanity
from saliencynoise.analyses.variance import run as variance
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.variance import VarianceRecord
from saliencynoise.records.writing import json_of
from tests.cli.calling import call
from tests.studies import record_with

QUICK = [
    "--images",
    "2",
    "--train-images",
    "32",
    "--epochs",
    "1",
    "--device",
    "cpu",
    "--workers",
    "0",
    "--method",
    "gradient",
]
CASES = [
    (["variance", "--blocks", "1"], ["--blocks 1", "give 2 or more"]),
    (["variance", "--streams", "init,ordre"], ["unknown stream 'ordre'", "did you mean 'order'"]),
    (["variance", "--streams", "dropout"], ["'dropout' has no effect on test_resnet: the network drops nothing"]),
    (["variance", "--method", "gradcm"], ["unknown method 'gradcm'", "did you mean 'gradcam'"]),
    (["variance", "--arch", "restnet18"], ["restnet18"]),
    (["variance", "--draws", "1"], ["--draws 1"]),
    (["variance", "--device", "gpu"], ["--device gpu"]),
    (["variance", "--images", "0"], ["--images 0"]),
    (["sanity", "--members", "2"], ["--members 2 gives no intervals", "give 3 or more"]),
    (["sanity", "--target", "predicted"], ["--target predicted", "give true"]),
    (["sanity", "--permuted-epochs", "-1"], ["--permuted-epochs -1"]),
    (["sanity", "--method", "gradcm"], ["unknown method 'gradcm'"]),
    (["sanity", "--epochs", "0"], ["epochs is 0"]),
]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_bad_input(arguments, words, tmp_path, capsys):
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert all(word in line for word in words)
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]  # it keeps what is known of the data


def test_variance_prints_tables_or_one_document(capsys, tmp_path):
    arguments = ["variance", *QUICK, "--blocks", "2", "--streams", "init", "--out", "run"]
    code, out, _ = call(capsys, *arguments)
    assert code == 0
    assert "initialisation" in out
    assert "all others" in out
    code, out, _ = call(capsys, *arguments, "--json")
    document = json.loads(out)
    assert code == 0
    assert [part["stream"] for part in document["rows"][0]["streams"]] == ["init", "rest"]
    assert (tmp_path / document["folder"] / "variance.json").exists()
    assert (tmp_path / document["folder"] / "variance.png").stat().st_size > 5000


def test_sanity_prints_tables_or_one_document(capsys, tmp_path):
    arguments = ["sanity", *QUICK, "--members", "3", "--out", "run"]
    code, out, _ = call(capsys, *arguments)
    assert code == 0
    assert "permuted labels" in out
    assert out.count("flagged:") == out.count("flagged: trained")
    code, out, _ = call(capsys, *arguments, "--json")
    document = json.loads(out)
    assert code == 0
    assert [row["view"] for row in document["rows"]] == ["signed", "magnitude"]
    assert (tmp_path / document["folder"] / "sanity.json").exists()


@pytest.mark.parametrize(
    ("command", "module", "kind"), [("variance", variance, VarianceRecord), ("sanity", sanity, SanityRecord)]
)
def test_a_failed_cell_is_exit_code_1(command, module, kind, monkeypatch, capsys):
    record = record_with(kind, format=1, rows=[{"status": "ok"}, {"status": "failed"}])
    monkeypatch.setattr(module, f"run_{command}", lambda config, observer: config.folder.mkdir(parents=True) or record)
    monkeypatch.setattr("saliencynoise.report.folder.write_run_report", lambda folder: folder)
    code, out, _ = call(capsys, command, "--json")
    assert code == 1
    assert json.loads(out)["rows"] == json_of(record.rows)
