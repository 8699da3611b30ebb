"""Benches of the user's own networks: of a file, and of a function that only this process has."""

from __future__ import annotations

import json

import pytest
from torch import nn
from typer.testing import CliRunner

import saliencynoise as sn
from saliencynoise.cli.app import app

SOURCE = """
from torch import nn
from stages import stage

class Net(nn.Module):
    def __init__(self, num_classes, in_chans, width=4):
        super().__init__()
        self.features = nn.Sequential(stage(in_chans, width), stage(width, width))
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))
"""

STAGES = """
from torch import nn

def stage(channels, width):
    return nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU())
"""

SMALL = {"methods": ["gradient"], "members": 2, "images": 2, "train_images": 32, "epochs": 1, "device": "cpu"}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "stages.py").write_text(STAGES)
    (tmp_path / "my_net.py").write_text(SOURCE)
    return tmp_path / "my_net.py"


def test_the_command_trains_and_explains_the_network_of_a_file_in_a_worker_process(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    (file.parent / "random.py").write_text("raise ImportError('the module of Python is meant')")
    options = "--method gradient --method gradcam --members 2 --images 2 --train-images 32 --epochs 1 --device cpu"
    command = ["bench", "--arch", "my_net.py:Net(width=3)", *options.split(), "--workers", "1", "--no-report"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    document = json.loads((file.parent / next((file.parent / "runs").iterdir()) / "result.json").read_text())
    (architecture,) = document["architectures"]
    assert architecture["label"] == "Net(width=3)"
    assert architecture["points"]["top"]["module"] == "features"
    assert {cell["status"] for cell in document["cells"]} == {"ok"}


def test_a_function_of_a_function_works_in_this_process_and_only_there(tmp_path):
    def net(num_classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(256, num_classes))

    study = sn.bench(archs=[net], **SMALL, out=tmp_path / "run")
    assert study.table["architecture"].unique().tolist() == ["net"]
    with pytest.raises(sn.UsageError, match=r"workers=2: worker processes cannot import net, .* give workers=0"):
        sn.bench(archs=[net], **SMALL, workers=2, out=tmp_path / "other")


def test_two_networks_of_one_name_are_refused(file, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(SOURCE + "# another\n")
    with pytest.raises(sn.UsageError, match=r"two architectures are called Net: .*my_net\.py:Net@.* rename one"):
        sn.bench(archs=[f"{file}:Net", f"{other}:Net"], **SMALL)


def test_a_network_with_other_outputs_is_refused_before_anything_is_trained(file):
    with pytest.raises(sn.UsageError, match="Net gives 7 outputs, and the data set has 10 classes"):
        sn.bench(archs=[f"{file}:Net(num_classes=7)"], **SMALL)
