"""Samplers in the engine: what each gives, finds again, shares and costs; the user's files; a third party's."""

import shutil
import textwrap
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from saliencynoise.api import bench
from saliencynoise.data.tensors import to_float
from saliencynoise.engine import training_run
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.registry import catalogue
from saliencynoise.report.table import render_study
from saliencynoise.store.pool import Pool, all_pools

BUILT_IN = [
    "deep_ensemble",
    "snapshot",
    "swag",
    "mc_dropout",
    "noisegrad",
    "fusiongrad",
    "untrained",
    "permuted_labels",
    "seed_blocks",
]


@pytest.fixture
def four(quick):
    """A bench of four networks as timm builds them: unadapted they take a tenth of the time."""
    return quick | {"methods": ["gradient"], "members": 4, "arch_args": {"adapt": False}}


@pytest.fixture
def trainings(monkeypatch):
    """The epochs of every training run that is made."""
    made = []
    real = training_run.train

    def train(module, dataset, recipe, seeds, **how):
        made.append(recipe.epochs)
        real(module, dataset, recipe, seeds, **how)

    monkeypatch.setattr(training_run, "train", train)
    return made


def members_of(study):
    return study.result.architectures[0].members


def hashes_of(study):
    return [member.sha256 for member in members_of(study)]


def weights_of(study, index):
    pool = study.result.architectures[0].pool
    return Pool(Path(pool)).weights(index)


def test_every_built_in_sampler_is_tested_here():
    names = {entry.name for entry in catalogue.catalogue().entries("samplers") if entry.plugin.name == "builtin"}
    assert names == {*BUILT_IN, "checkpoints"}


@pytest.mark.parametrize("sampler", BUILT_IN)
def test_it_gives_different_members_that_are_found_again(four, sampler, watcher):
    first = bench(**four, sampler=sampler)
    assert [cell.status for cell in first.result.cells] == ["ok"]
    assert len(set(hashes_of(first))) == 4
    assert all(0 < member.seconds < 60 for member in members_of(first))
    assert first.result.sampler.label == sampler
    second = bench(**four, sampler=sampler, observer=watcher)
    assert watcher.jobs == []
    assert hashes_of(second) == hashes_of(first)


@pytest.mark.parametrize("sampler", ["snapshot(cycles=3)", "swag", "mc_dropout"])
def test_more_members_are_the_same_and_more_and_fresh_ones_too(four, sampler):
    few = hashes_of(bench(**four | {"members": 2}, sampler=sampler, out="run"))
    more = hashes_of(bench(**four | {"members": 4}, sampler=sampler, out="run"))
    assert more[:2] == few
    assert len(set(more)) == 4
    assert hashes_of(bench(**four, sampler=sampler, out="run", fresh=True)) == more


def test_members_of_a_run_come_together(four, watcher, trainings):
    study = bench(**four, sampler="snapshot(cycles=2)", observer=watcher)
    assert trainings == [1, 1, 1, 1]
    runs = {(job.run, job.members) for job in watcher.jobs}
    assert runs == {(0, (0, 1)), (1, (2, 3))}
    seeds = [member.seeds for member in members_of(study)]
    assert seeds[0]["init"] == seeds[1]["init"] != seeds[2]["init"] == seeds[3]["init"]
    assert len({own["order"] for own in seeds}) == 4


def test_the_deep_ensembles_members_are_reused(four, trainings):
    ensemble = bench(**four | {"members": 2})
    assert len(trainings) == 2
    study = bench(**four, sampler="noisegrad(members_a_run=2)")
    assert len(trainings) == 2
    for index in range(4):
        base, own = weights_of(ensemble, index // 2), weights_of(study, index)
        ratio = own["fc.weight"] / base["fc.weight"]
        assert 0 < (ratio - 1).std() < 0.2
        assert torch.equal(own["bn1.running_mean"], base["bn1.running_mean"])


def test_the_deep_ensemble_reuses_what_a_sampler_trained(four, trainings):
    bench(**four, sampler="noisegrad")
    assert len(trainings) == 1
    bench(**four)
    assert len(trainings) == 4


def test_swag_trains_on_from_the_base_only(four, trainings):
    bench(**four | {"members": 2})
    bench(**four, sampler="swag(epochs=3)")
    assert trainings == [1, 1, 3]


def test_the_cost_of_a_run_counts_its_base_once_whether_trained_or_found(four):
    ensemble = bench(**four | {"members": 2})
    study = bench(**four, sampler="noisegrad(members_a_run=2)")
    base = [member.seconds for member in members_of(ensemble)]
    own = [member.seconds for member in members_of(study)]
    assert own[0] > 0.9 * base[0]
    assert own[2] > 0.9 * base[1]


def test_fusiongrad_attributes_images_with_noise_of_each_members_own(four):
    options = four | {"keep_maps": "all", "images": 2}
    plain = bench(**options, sampler="noisegrad(noise=0.1)")
    fused = bench(**options, sampler="fusiongrad(noise=0.1,input_noise=0.2)")
    for index in range(4):
        one, other = weights_of(plain, index), weights_of(fused, index)
        assert all(torch.equal(one[name], other[name]) for name in one)
    nodes = [next(node for node in study.maps.subtree if "maps" in node) for study in (plain, fused)]
    maps = [node["maps"].to_numpy() for node in nodes]
    assert (maps[0] != maps[1]).any(axis=(1, 2, 3, 4)).all()


SCRIPT = """
import timm, torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch.nn import functional as F

digits = load_digits()
images = torch.tensor(digits.images / 16).float()[:, None].repeat_interleave(2, 2).repeat_interleave(2, 3)
labels = torch.tensor(digits.target)
for seed in range(3):
    torch.manual_seed(seed)
    network = timm.create_model("test_resnet", num_classes=10, in_chans=1)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    for rows in torch.randperm(len(images))[:480].split(24):
        optimiser.zero_grad()
        F.cross_entropy(network((images[rows] - 0.5) / 0.5), labels[rows]).backward()
        optimiser.step()
    if seed < 2:
        save_file(network.state_dict(), f"networks/net-{seed}.safetensors")
    else:
        torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, "networks/net-2.pt")
"""


@pytest.fixture(scope="module")
def trained_elsewhere(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        patch.chdir(folder)
        (folder / "networks").mkdir()
        exec(SCRIPT, {})  # noqa: S102 - as the script would run
    return folder / "networks"


@pytest.fixture
def networks(trained_elsewhere, tmp_path):
    """Networks of somebody else's script, in this folder's `networks`."""
    return shutil.copytree(trained_elsewhere, tmp_path / "networks")


FILES = {
    "sampler": "checkpoints:networks/*",
    "normalization": "0.5/0.5",
    "members": None,
}


def test_networks_of_a_plain_script_are_members(four, networks, trainings, watcher):
    study = bench(**four | FILES)
    assert [member.source for member in members_of(study)] == ["net-0.safetensors", "net-1.safetensors", "net-2.pt"]
    assert trainings == []
    assert study.result.architectures[0].adaptations == ()
    _, data = catalogue.catalogue().dataset("digits", image_size=None, seed=0)
    x = to_float(data.test.images, (0.5,), (0.5,))
    for index, member in enumerate(members_of(study)):
        network = timm.create_model("test_resnet", num_classes=10, in_chans=1).eval()
        network.load_state_dict(weights_of(study, index))
        with torch.no_grad():
            logits = network(x)
        assert member.accuracy == pytest.approx(
            (logits.argmax(1) == data.test.labels).double().mean().item(), abs=0.004
        )
        pool = Pool(networks.parent / study.result.architectures[0].pool)
        torch.testing.assert_close(pool.logits(index), logits, rtol=1e-4, atol=1e-4)
    bench(**four | FILES, observer=watcher)
    assert watcher.jobs == []
    words = " ".join(str(part) for part in render_study(study, width=200))
    assert "members from checkpoints:networks/*; seed 0" in words
    assert "trained on" not in words


def test_other_files_under_the_same_names_are_other_members(four, networks):
    first = hashes_of(bench(**four | FILES, out="one"))
    changed = {name: value + 1 for name, value in load_file(networks / "net-1.safetensors").items()}
    save_file(changed, networks / "net-1.safetensors")
    second = hashes_of(bench(**four | FILES, out="two"))
    assert [one == other for one, other in zip(first, second, strict=True)] == [True, False, True]


def test_networks_that_are_shown_something_else_are_flagged_with_the_likely_cause(four, networks):
    study = bench(**four | FILES | {"normalization": "9/0.01"})
    words = " ".join(str(part) for part in render_study(study, width=200))
    assert "is not above chance (largest class" in words
    assert "Files such as" in words
    assert "check --normalization" in words
    assert "test_resnet(adapt=False)" in words
    assert words.count("may not match this input") == 1, "not again for each member"
    assert "--epochs" not in words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"archs": ["test_efficientnet"]},
            r"net-0\.safetensors does not fit the network: it lacks .* give the architecture of the file with --arch, ",
        ),
        ({"members": 4}, r"--members 4: the sampler checkpoints\(files='.*'\) has 3; give 3 or fewer"),
        ({"sampler": "checkpoints:networks/*.bin"}, r"networks/\*\.bin matches no file.*in quotes"),
        ({"sampler": "checkpoints"}, "the sampler 'checkpoints' needs a value; write checkpoints:FILES"),
        ({"arch_args": {"adapt": "no"}}, "adapt=no is not possible; give true or false"),
    ],
)
def test_files_that_cannot_be_used_are_named(four, networks, changed, words):
    with pytest.raises(UsageError, match=words):
        bench(**four | FILES | changed)


def test_a_pickled_network_is_refused(four, networks):
    torch.save(timm.create_model("test_resnet"), networks / "net-0.pt")
    with pytest.raises(UsageError, match=r"net-0\.pt holds objects \(.*\) that only unpickling could restore"):
        bench(**four | FILES)


def test_a_damaged_file_is_refused_before_any_network_is_read(four, networks, watcher):
    weights = torch.load(networks / "net-2.pt")["state_dict"]
    weights["module.fc.bias"][0] = torch.inf
    torch.save(weights, networks / "net-2.pt")
    with pytest.raises(UsageError, match=r"net-2\.pt has values that are NaN or infinite, in fc\.bias"):
        bench(**four | FILES, observer=watcher)
    assert watcher.jobs == []
    assert len(members_of(bench(**four | FILES | {"members": 2}))) == 2  # the first two are sound


PLUGIN = """
from collections.abc import Iterator
from dataclasses import dataclass

from saliencynoise.interfaces import Sample, Sampler, SamplerSpec, TrainingRun
from saliencynoise.registry import hookimpl

@hookimpl
def saliencynoise_samplers():
    return tuple(
        SamplerSpec(name=name, summary="a fake", target=f"{__name__}:{kind}", value=value)
        for name, kind, value in (
            ("heads", "Heads", "scale"), ("short", "Short", None), ("foreign", "Foreign", None), ("none", "No", None)
        )
    )

@dataclass(frozen=True)
class Heads(Sampler):
    scale: str = ""

    @property
    def per_run(self) -> int:
        return 2

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        module = run.trained()
        for power in range(2):
            module.fc.weight.data *= float(self.scale) ** power
            yield Sample(weights=module.state_dict(), source=f"power {power}")

class Short(Heads):
    def members(self, run):
        yield Sample(weights=run.build().state_dict())

@dataclass(frozen=True)
class No:
    pass

class Foreign(Heads):
    def members(self, run):
        yield Sample(weights={"fc.weight": run.build().fc.weight})
"""


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """Install a distribution that brings samplers."""
    site = tmp_path / "site"
    info = site / "sampling-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "fake_sampling.py").write_text(textwrap.dedent(PLUGIN))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sampling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[saliencynoise]\nsampling = fake_sampling\n")
    monkeypatch.syspath_prepend(site)
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


def test_a_third_partys_sampler_works_through_the_hook(four, third_party):
    study = bench(**four, sampler="heads:3")
    assert json_of(study.result.sampler) == {
        "name": "sampling/heads(scale='3')",
        "label": "sampling/heads(scale='3')",
        "distribution": "sampling 1.0",
        "trains": True,
        "at_chance": "",
        "runs": 2,
    }
    assert [member.source for member in members_of(study)] == ["power 0", "power 1"] * 2
    weights = [weights_of(study, index)["fc.weight"] for index in range(4)]
    torch.testing.assert_close(weights[1], 3 * weights[0])
    assert not torch.equal(weights[2], weights[0])


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        ("short", "the sampler sampling/short.* gave run 0 no member 1"),
        ("foreign", "the sampler sampling/foreign.* gave weights of another network: .*Missing key"),
        ("none", "its target gave No, which does not satisfy Sampler"),
    ],
)
def test_a_third_partys_mistakes_are_named(four, third_party, sampler, words):
    with pytest.raises(Exception, match=words):
        bench(**four, sampler=sampler)


def test_networks_of_others_are_not_adapted_unless_asked_for(four, networks):
    settings = {**four, **FILES, "arch_args": {}, "images": 2, "members": 2, "keep_maps": "none"}
    plain = bench(**settings, out="plain").result.architectures[0]
    assert (plain.label, plain.adaptations) == ("test_resnet(adapt=False)", ())
    asked = bench(**{**settings, "arch_args": {"adapt": True}}, out="asked").result.architectures[0]
    assert asked.label == "test_resnet(adapt=True)"
    assert asked.adaptations != ()
    leftover = [pool.folder.name for pool in all_pools() if not pool.indices()]
    assert leftover == [], "no pool without members"


def test_the_normalisation_can_be_that_of_timms_data_configuration(four, networks):
    study = bench(**{**four, **FILES, "normalization": "timm", "image_size": 16, "images": 2, "members": 2})
    assert timm.create_model("test_resnet").pretrained_cfg["mean"] == (0.5, 0.5, 0.5)
    assert study.result.settings.normalization == "0.5/0.5", "one channel"
    with pytest.raises(UsageError, match="--normalization timm: timm has no data configuration of 'builtin/resnet"):
        bench(**{**four, **FILES, "archs": ["resnet"], "arch_args": {}, "normalization": "timm"})
