import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from saliencynoise.store.pool import Pool
from tests.cli.calling import call

QUICK = [
    "--members",
    "2",
    "--images",
    "2",
    "--train-images",
    "64",
    "--epochs",
    "1",
    "--device",
    "cpu",
    "--workers",
    "0",
]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_bench_prints_a_table_and_show_prints_it_again(capsys):
    code, out, err = call(capsys, "bench", *QUICK, "--method", "gradient", "--out", "run")
    assert code == 0
    assert "test_resnet" in out
    assert "gradient" in out
    assert "2 members: figures without intervals" in out
    assert "0 in the pool, 2 to train on 64 images for 1 epoch\n" in err
    assert call(capsys, "show", "run") == (0, out, "")


@pytest.mark.usefixtures("pooled")
def test_json_is_one_document_and_nothing_else(capsys):
    code, out, _ = call(capsys, "bench", *QUICK, "--method", "gradcam", "--json")
    document = json.loads(out)
    assert code == 0
    assert [cell["view"] for cell in document["cells"]] == ["signed", "centred", "relu"]
    assert Path(document["folder"], "result.json").exists()


def test_train_fills_the_pool_that_bench_then_uses(capsys):
    quick = [option for option in QUICK if option not in {"--images", "2"}]
    code, out, _ = call(capsys, "train", "--members", "2", "--train-images", "64", "--epochs", "1", "--workers", "0")
    assert code == 0, quick
    assert "digits-test_resnet-" in out
    _, _, err = call(capsys, "bench", *QUICK, "--method", "gradient")
    assert "2 in the pool, 0 to train" in err


def test_pools_are_listed_verified_and_removed(capsys):
    call(capsys, "train", "--members", "2", "--train-images", "64", "--epochs", "1", "--workers", "0")
    _, out, _ = call(capsys, "pools", "list", "--json")
    (pool,) = json.loads(out)["pools"]
    assert pool["members"] == 2
    assert call(capsys, "pools", "verify")[:2] == (0, f"{pool['name']}: 2 members sound, 0 corrupt\n")
    (weights,) = Path(pool["folder"]).glob("member-0001-*[!s].safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    code, out, err = call(capsys, "pools", "verify", pool["name"])
    assert (code, out) == (2, f"{pool['name']}: 1 members sound, 1 corrupt\n")
    assert "member 1 of the pool is corrupt" in err
    path = Path(pool["folder"]) / "pool.json"
    path.write_text(path.read_text().replace('"run_seed": 0', '"run_seed": 1'))
    code, _, err = call(capsys, "pools", "verify", pool["name"])
    assert (code, err.count("\n")) == (2, 1)
    assert f"{path} is damaged, or not this folder's" in err
    assert call(capsys, "pools", "remove", pool["name"], "--yes")[0] == 0
    assert not Path(pool["folder"]).exists()
    assert "no pools yet" in call(capsys, "pools", "list")[1]


def test_plugins_lists_what_each_brings(capsys):
    code, out, _ = call(capsys, "plugins", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["failures"] == []
    by_name = {plugin["plugin"]: plugin for plugin in document["plugins"]}
    assert {"gradient", "gradcam"} <= {method["name"] for method in by_name["builtin"]["methods"]}
    assert by_name["timm"]["models"][0]["names"] > 1000
    assert "builtin  saliencynoise" in call(capsys, "plugins")[1]
    brought = sum(model.get("names", 1) for plugin in document["plugins"] for model in plugin["models"])
    assert len(call(capsys, "plugins", "--archs")[1].split()) == brought


def test_help_tells_defaults(capsys):
    words = call(capsys, "bench", "--help")[1].replace("│", " ").split()
    assert "(default: 8, or all" in " ".join(words)


@pytest.mark.parametrize(
    ("command", "names"), [("--method gradc", ["gradcam", "gradcam_plus_plus"]), ("--dataset dig", ["digits"])]
)
def test_names_are_completed(command, names):
    words = f"saliencynoise bench {command}"
    environment = {
        **os.environ,
        "_SALIENCYNOISE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    executable = Path(sys.executable).with_name("saliencynoise")
    done = subprocess.run([executable], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == names


def test_ctrl_c_stops_with_130_and_keeps_what_was_finished(tmp_path):
    cache = os.environ["SALIENCYNOISE_CACHE"]
    arguments = [
        "bench",
        "--members",
        "6",
        "--train-images",
        "320",
        "--epochs",
        "1",
        "--method",
        "gradient",
        "--workers",
        "1",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "saliencynoise", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # a shell's background job ignores Ctrl-C, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    deadline = time.time() + 120
    while not list(Path(cache).glob("pools/*/member-*[0-9].json")) and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped; finished networks and maps are kept" in err
    assert "Traceback" not in err + out
    (folder,) = (path.parent for path in Path(cache).glob("pools/*/pool.json"))
    pool = Pool(folder)
    kept = pool.indices()
    assert 1 <= len(kept) < 6
    assert all(pool.verified(index) is not None for index in kept)
