"""timm's pretrained weights, from local files: what is loaded equals what timm itself loads."""

from __future__ import annotations

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.starts import begin_with
from saliencynoise.interfaces import PretrainedModel, UsageError
from saliencynoise_timm.model import TimmModel


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Weights of test_resnet in the form in which timm keeps its own."""
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        save_file(timm.create_model("test_resnet").state_dict(), tmp_path / "resnet.safetensors")
    return "resnet.safetensors"


@pytest.mark.parametrize("channels", [1, 3])
def test_the_network_computes_what_timms_pretrained_one_computes(file, channels):
    model = TimmModel("test_resnet", adapt=False)
    assert isinstance(model, PretrainedModel)
    ours = model.build_pretrained((channels, 64, 64), 5, which=file).module.eval()
    overlay = {"file": file}
    theirs = timm.create_model("test_resnet", pretrained=True, in_chans=channels, pretrained_cfg_overlay=overlay).eval()
    x = torch.rand(2, channels, 64, 64)
    assert torch.equal(ours.forward_features(x), theirs.forward_features(x))
    assert ours(x).shape == (2, 5)


def test_one_channel_given_three_times_reaches_the_weights_of_three(file):
    module = TimmModel("test_resnet", adapt=False, in_chans=3).build_pretrained((1, 64, 64), 5, which=file).module
    theirs = timm.create_model("test_resnet", pretrained=True, pretrained_cfg_overlay={"file": file}).eval()
    x = torch.rand(2, 1, 64, 64)
    assert torch.equal(
        module.eval().network.forward_features(x.expand(-1, 3, -1, -1)),
        theirs.forward_features(x.expand(-1, 3, -1, -1)),
    )


def test_size_normalization_and_architecture_follow_the_weights(file):
    settings = {"archs": ["test_resnet"], "methods": [], "images": 1, "members": 2, "train_images": 16}
    plan = make_plan(config_from(settings | {"init": f"timm:{file}", "tune": "head"}))
    assert plan.config.image_size == 160
    assert plan.dataset.train.images.shape[1:] == (1, 160, 160)
    assert plan.config.normalization == "0.5/0.5"
    assert (plan.dataset.mean, plan.dataset.std) == ((0.5,), (0.5,))
    (architecture,) = plan.architectures
    assert architecture.name == "timm/test_resnet(adapt=False)"
    assert architecture.network["adaptations"] == []
    (start,) = architecture.starts
    assert (start.name, start.head) == ("resnet.safetensors", "fc")
    module = architecture.model.load().build((1, 160, 160), 10).module
    head = module.fc.weight.clone()
    begin_with(start, architecture.model, module, in_shape=(1, 160, 160), classes=10)
    theirs = timm.create_model("test_resnet", pretrained=True, in_chans=1, pretrained_cfg_overlay={"file": file})
    assert torch.equal(module.conv1[0].weight, theirs.conv1[0].weight)
    assert torch.equal(module.fc.weight, head)
    own = {"image_size": 32, "normalization": "dataset", "init": f"timm:{file}"}
    small = make_plan(config_from(settings | own))
    assert (small.config.image_size, small.config.normalization) == (32, "dataset")


def test_weights_that_cannot_be_had_are_refused_with_the_place_and_the_fix(file, monkeypatch, tmp_path):
    model = TimmModel("test_resnet", adapt=False)

    create = timm.create_model

    def no_network(*args, **keywords):
        if keywords["pretrained"]:
            raise OSError("no route to host")
        return create(*args, **keywords)

    monkeypatch.setattr(timm, "create_model", no_network)
    with pytest.raises(UsageError, match=r"test_resnet are not in timm's cache, .*hub, .*no route to host; call timm"):
        model.build_pretrained((3, 64, 64), 5, which=None)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    save_file({"fc.weight": torch.zeros(2, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match=r"timm:other.safetensors does not hold timm's weights of test_resnet"):
        model.build_pretrained((3, 64, 64), 5, which="other.safetensors")
    with pytest.raises(UsageError, match="has no pretrained weights 'xx' of test_resnet; it has r160_in1k"):
        model.pretrained("xx")
    assert model.pretrained("r160_in1k") == model.pretrained(None)
    assert model.pretrained(None).name == "test_resnet.r160_in1k"


def test_weights_in_timms_cache_are_found_without_a_network(file, tmp_path, monkeypatch):
    cached = tmp_path / "hub" / "models--timm--test_resnet.r160_in1k"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40)
    (cached / "snapshots" / ("0" * 40)).mkdir(parents=True)
    (tmp_path / file).rename(cached / "snapshots" / ("0" * 40) / "model.safetensors")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    model = TimmModel("test_resnet", adapt=False)
    module = model.build_pretrained((3, 64, 64), 5, which=None).module
    with torch.random.fork_rng():
        torch.manual_seed(3)
        stored = timm.create_model("test_resnet")
    assert torch.equal(module.conv1[0].weight, stored.conv1[0].weight)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(UsageError, match=r"test_resnet are not in timm's cache, .*empty, and cannot be fetched: "):
        model.build_pretrained((3, 64, 64), 5, which=None)


def test_without_a_network_the_hub_is_asked_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.get_session", object)  # which answers no request
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"waits {seconds} s"))
    with pytest.raises(UsageError, match="are not in timm's cache"):
        TimmModel("test_resnet", adapt=False).build_pretrained((3, 64, 64), 5, which=None)
    assert "Retrying" not in caplog.text
    assert constants.HF_HUB_OFFLINE is False
