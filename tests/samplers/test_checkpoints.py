"""Files that somebody else wrote: found, ordered, hashed, read without unpickling, renamed, refused."""

from __future__ import annotations

import argparse
import hashlib

import pytest
import torch
from safetensors.torch import save_file

from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.parameters import canonical, parse_call
from saliencynoise.samplers.checkpoints import Checkpoints
from saliencynoise.weights.state_dicts import read_weights


@pytest.fixture
def weights(fake_run):
    return fake_run().build().state_dict()


def write(path, **files):
    for name, content in files.items():
        (path / name.replace("_dot_", ".")).write_bytes(content)


def test_files_come_in_the_natural_order_of_their_names(tmp_path):
    for name in ("net-10", "net-9", "net-1", "b-2"):
        (tmp_path / f"{name}.pt").write_bytes(name.encode())
    (tmp_path / "net-3.pt").mkdir()
    sampler = Checkpoints(f"{tmp_path}/*.pt")
    assert [path.stem for path in sampler.paths()] == ["b-2", "net-1", "net-9", "net-10"]
    assert (sampler.available, sampler.per_run, sampler.trains) == (4, 1, False)


def test_what_determines_the_members_is_the_content_of_the_files(tmp_path):
    write(tmp_path, a_dot_pt=b"one", b_dot_pt=b"two")
    sampler = Checkpoints(f"{tmp_path}/*.pt")
    digests = [hashlib.sha256(content).hexdigest() for content in (b"one", b"two")]
    assert sampler.identity() == {"0:a.pt": digests[0], "1:b.pt": digests[1]}
    write(tmp_path, b_dot_pt=b"three")
    assert sampler.identity()["1:b.pt"] == hashlib.sha256(b"three").hexdigest()


def test_a_pattern_means_the_same_from_every_folder(tmp_path, monkeypatch):
    odd = tmp_path / "it's [mine], (yes)"
    (odd / "run 1").mkdir(parents=True)
    write(odd / "run 1", a_dot_pt=b"one", b_dot_pt=b"two")
    monkeypatch.chdir(odd)
    sampler = Checkpoints("run*/*.pt")
    monkeypatch.chdir(tmp_path)
    _, values = parse_call("checkpoints" + canonical(sampler))
    assert Checkpoints(**values) == sampler
    assert [path.name for path in Checkpoints(**values).paths()] == ["a.pt", "b.pt"]
    bound = catalogue().sampler(f"checkpoints:{sampler.files}")
    assert catalogue().sampler(bound.canonical_name).instance == sampler


def test_the_users_home_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, a_dot_pt=b"one", b_dot_pt=b"two")
    assert Checkpoints("~/*.pt").available == 2


@pytest.mark.parametrize(
    ("files", "words"), [((), "matches no file of weights"), (("a.pt",), r"matches only .*/a\.pt")]
)
def test_fewer_than_two_files_are_refused(tmp_path, files, words):
    for name in files:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError, match=rf"checkpoints: {tmp_path}/\*\.pt {words}.*in quotes"):
        Checkpoints(f"{tmp_path}/*.pt")


def test_the_same_file_twice_is_refused(tmp_path):
    write(tmp_path, a_dot_pt=b"one", b_dot_pt=b"two", c_dot_pt=b"one")
    with pytest.raises(UsageError, match=r"/a\.pt and .*/c\.pt are the same file, so their maps"):
        Checkpoints(f"{tmp_path}/*.pt").identity()


def test_a_member_is_the_file_of_its_index(tmp_path, fake_run):
    networks = [fake_run(index=index).build() for index in (5, 6)]
    save_file(networks[0].state_dict(), tmp_path / "a.safetensors")
    torch.save(networks[1].state_dict(), tmp_path / "b.pth")
    sampler = Checkpoints(f"{tmp_path}/*")
    for index, network in enumerate(networks):
        run = fake_run(index=index)
        (sample,) = sampler.members(run)
        assert sample.source == ("a.safetensors", "b.pth")[index]
        assert run.trainings == []
        for name, value in network.state_dict().items():
            assert torch.equal(sample.weights[name], value)


WRAPPED = {
    "plain": lambda w: w,
    "state_dict": lambda w: {"state_dict": w, "epoch": 3, "optimizer": {"lr": 0.1}},
    "model": lambda w: {"model": w, "model_ema": {name: value + 1 for name, value in w.items()}},
    "model_state_dict": lambda w: {"epoch": 1, "model_state_dict": w, "loss": torch.tensor(0.1)},
    "nested": lambda w: {"model": {"state_dict": w}},
    "parallel": lambda w: {f"module.{name}": value for name, value in w.items()},
    "compiled": lambda w: {"state_dict": {f"_orig_mod.module.{name}": value for name, value in w.items()}},
    "lightning": lambda w: {"state_dict": {f"model.{name}": value for name, value in w.items()}, "hparams": {"a": 1}},
    "without counters": lambda w: {name: value for name, value in w.items() if "num_batches" not in name},
    "half": lambda w: {name: value.half() if value.is_floating_point() else value for name, value in w.items()},
}


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pth.tar"])
@pytest.mark.parametrize("kind", WRAPPED)
def test_the_common_wrappings_are_undone(tmp_path, weights, kind, suffix):
    path = tmp_path / f"x{suffix}"
    torch.save(WRAPPED[kind](dict(weights)), path)
    result = read_weights(path, weights).weights
    assert result.keys() == weights.keys()
    tolerance = 1e-3 if kind == "half" else 0
    for name, value in weights.items():
        torch.testing.assert_close(result[name].to(value.dtype), value, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("ours", ["", "network.", "network.network."])
@pytest.mark.parametrize("theirs", ["", "module.", "model.", "network."])
def test_wrappers_on_either_side_are_seen_through(tmp_path, weights, ours, theirs):
    network = {f"{ours}{name}": value for name, value in weights.items()}
    path = tmp_path / "x.pt"
    torch.save({f"{theirs}{name}": value for name, value in weights.items()}, path)
    result = read_weights(path, network).weights
    assert result.keys() == network.keys()
    assert all(torch.equal(result[name], network[name]) for name in network)


class Evil:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    "content", [Evil(), {"state_dict": {}, "args": argparse.Namespace(a=Evil())}, torch.nn.Linear(2, 2)], ids=type
)
def test_nothing_is_unpickled(tmp_path, weights, capsys, content):
    path = tmp_path / "x.pt"
    torch.save(content, path)
    words = r"x\.pt holds objects \(.+\) that only unpickling .* save `model\.state_dict\(\)`"
    with pytest.raises(UsageError, match=words):
        read_weights(path, weights)
    assert "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x.pt", "x.safetensors", "x.png"])
@pytest.mark.parametrize("content", [b"", b"{}", bytes(5000), b"junk" * 20, b"PK\x03\x04 half of a zip file"])
def test_damaged_files_are_named(tmp_path, weights, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"{name} is (damaged, or|no safetensors file)") as caught:
        read_weights(path, weights)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list and no state dictionary"),
        ({"epoch": 1, "loss": 2.0}, r"holds a dict with the keys epoch, loss and no state dictionary.*under any key"),
        ({}, "holds a dict and no state dictionary"),
        (torch.zeros(3), "holds a Tensor and no state dictionary"),
    ],
)
def test_files_without_weights_are_named(tmp_path, weights, content, words):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(UsageError, match=rf"x\.pt {words}"):
        read_weights(tmp_path / "x.pt", weights)


def test_differences_are_named(tmp_path, weights):
    path = tmp_path / "net.pt"
    torch.save({**weights, "8.weight": torch.zeros(5, 6), "8.bias": torch.zeros(5)}, path)
    with pytest.raises(UsageError) as caught:
        read_weights(path, weights)
    assert str(caught.value).startswith(
        f"checkpoints: {path} does not fit the network: it has 8.weight [5, 6] where the network has [3, 6], 8.bias "
        "[5] where the network has [3]; the file has 5 outputs and the data set has 3 classes: name the data set "
        "of its training, whose classes are its outputs"
    )
    torch.save({**weights, "0.weight": torch.zeros(4, 3, 3, 3)}, path)
    with pytest.raises(
        UsageError, match=r"0\.weight \[4, 3, 3, 3\] where the network has \[4, 1, 3, 3\]; the first number"
    ):
        read_weights(path, weights)
    fewer = {name: value for name, value in weights.items() if not name.startswith(("0.", "1."))}
    torch.save({**fewer, "stem.weight": torch.zeros(2)}, path)
    with pytest.raises(UsageError) as caught:
        read_weights(path, weights)
    assert str(caught.value) == (
        f"checkpoints: {path} does not fit the network: it lacks 0.weight, 0.bias, 1.weight and 3 more; the network "
        "lacks stem.weight; give the architecture of the file with --arch, and its arguments with --arch-arg"
    )


def test_the_sampler_takes_the_key_and_passes_the_note_on(tmp_path, fake_run):
    for index in (5, 6):
        weights = fake_run(index=index).build().state_dict()
        torch.save({"raw": weights, "ema": {k: v + 1 for k, v in weights.items()}}, tmp_path / f"{index}.pth")
    text = f"checkpoints(files='{tmp_path}/*.pth',key=ema)"
    sampler = catalogue().sampler(text).instance
    assert sampler == Checkpoints(f"{tmp_path}/*.pth", key="ema")
    (raw,) = Checkpoints(f"{tmp_path}/*.pth").members(fake_run(index=0))
    (averaged,) = sampler.members(fake_run(index=0))
    assert torch.equal(averaged.weights["8.weight"], raw.weights["8.weight"] + 1)
    assert averaged.note.startswith("weights under 'ema'; 2 state dictionaries fit, ema was taken; ")
    assert averaged.note.endswith("checkpoints(files=...,key=raw) takes the other")


def saved(path, network):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path)


def test_a_folder_of_training_runs_gives_a_file_of_each(tmp_path, fake_run):
    for run in range(3):
        for number, name in enumerate(("model_best", "last", "checkpoint-4")):
            saved(tmp_path / f"train/run {run}/{name}.pth.tar", fake_run(index=10 * run + number).build())
    sampler = Checkpoints(str(tmp_path))
    for run in range(3):
        (sample,) = sampler.members(fake_run(index=run))
        assert sample.source == f"run {run}/model_best.pth.tar"
        assert sample.note == (
            "model_best.pth.tar is taken of the 3 files of this training run (the others: checkpoint-4.pth.tar, "
            "last.pth.tar)"
        )
        assert torch.equal(sample.weights["8.weight"], fake_run(index=10 * run).build().state_dict()["8.weight"])
    assert [path.name for path in Checkpoints(f"{tmp_path}/train/run*").paths()] == ["model_best.pth.tar"] * 3
    assert catalogue().sampler(f"checkpoints:{tmp_path}").instance == sampler


def test_epochs_of_one_run_are_no_members(tmp_path, fake_run):
    for epoch in (1, 2):
        saved(tmp_path / f"epoch={epoch}.ckpt", fake_run(index=epoch).build())
    with pytest.raises(UsageError, match=r"holds one training run \(epoch=2\.ckpt, epoch=1\.ckpt\), and epochs of one"):
        Checkpoints(str(tmp_path))
    (sample,) = Checkpoints(f"{tmp_path}/*.ckpt").members(fake_run(index=0))  # asked for by name
    assert sample.note.startswith("2 of these files seem to be moments of one training run; such networks agree more")


def test_the_check_reads_every_file_without_a_network(tmp_path, fake_run):
    for index in range(3):
        saved(tmp_path / f"{index}.pt", fake_run(index=index).build())
    with torch.device("meta"):
        network = fake_run().make().state_dict()
    sampler = Checkpoints(f"{tmp_path}/*.pt")
    sampler.check(network, members=range(3))
    torch.save({**fake_run().build().state_dict(), "8.bias": torch.full((3,), torch.nan)}, tmp_path / "2.pt")
    sampler.check(network, members=range(2))
    with pytest.raises(UsageError, match=r"/2\.pt has values that are NaN or infinite, in 8\.bias"):
        sampler.check(network, members=range(3))
