"""Members that begin with a start: which one, what they keep of it, and which files are refused."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from saliencynoise.cli.tables.pools import print_pools
from saliencynoise.engine.config import config_from
from saliencynoise.engine.member import MemberRunner
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.population import population_of
from saliencynoise.engine.run import fill_pools, run
from saliencynoise.engine.starts import Start, is_plugin, sources_of
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue

ARCH = "resnet(depth=10,width=2)"
SETTINGS = {
    "archs": [ARCH],
    "methods": [],
    "members": 3,
    "images": 1,
    "image_size": 8,
    "train_images": 64,
    "epochs": 1,
    "workers": 0,
}


def weights(seed, classes=7):
    """The state dictionary of a network with other classes, whose batch norms have a history."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = catalogue().model(ARCH).load().build((1, 8, 8), classes).module
        module.train()(torch.rand(4, 1, 8, 8))
    return module.state_dict()


@pytest.fixture
def starts(tmp_path, monkeypatch):
    """Two starts in two of the forms that people save."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "cache"))
    save_file(weights(1), tmp_path / "a.safetensors")
    wrapped = {f"module.{name}": value for name, value in weights(2).items()}
    torch.save({"epoch": 3, "net": wrapped}, tmp_path / "b.pth")
    return ["a.safetensors", "b.pth"]


def filled(**settings):
    plan, failures = fill_pools(config_from(SETTINGS | settings), Silent())
    assert failures == {}
    return plan


def members_of(plan):
    pool = plan.architectures[0].pool
    return [pool.weights(index) for index in range(plan.members)]


def is_head(name):
    return name.startswith("head.linear.")


def same(left, right, names):
    return all(torch.equal(left[name], right[name]) for name in names)


def test_new_heads_on_frozen_backbones_that_take_turns(starts):
    plan = filled(init=starts, tune="head")
    members, (architecture,) = members_of(plan), plan.architectures
    backbone = [name for name in members[0] if not is_head(name)]
    for index, member in enumerate(members):
        assert same(member, weights(1 + index % 2), backbone)
        assert member["head.linear.weight"].shape == (10, 16)
    heads = [member["head.linear.weight"] for member in members]
    assert not any(torch.equal(left, right) for left, right in ((heads[0], heads[1]), (heads[0], heads[2])))
    population = population_of(plan, architecture)
    assert (population.kind, population.starts, population.start_of) == (
        "several_starts",
        ("a.safetensors", "b.pth"),
        (0, 1, 0),
    )
    assert population.tuned == ("head",)
    notes = [architecture.pool.record(index).note for index in range(3)]
    assert notes[0] == notes[2] == "tuned from a.safetensors; new head 'head.linear' (7 classes there, 10 here)"
    assert notes[1].startswith("tuned from b.pth; weights under 'net'; names without 'module.'; new head")


def test_more_members_leave_the_others_as_they_are(starts):
    few = filled(init=starts, tune="head", members=2)
    more = make_plan(config_from(SETTINGS | {"init": starts, "tune": "head", "members": 5}))
    assert list(more.architectures[0].reused_members) == [0, 1]
    assert more.architectures[0].pool.folder == few.architectures[0].pool.folder
    assert more.members_to_train == 3


def test_all_layers_or_some_train(starts):
    start = weights(1)
    everything = members_of(filled(init=starts[:1], tune="all", members=2))
    assert not same(everything[0], start, ["stem.0.weight"])
    assert same(everything[0], start, ["stem.1.running_mean", "stages.3.0.layers.1.running_var"])
    one = members_of(filled(init=starts[0], tune="stages.3", members=2))[0]
    changed = {
        name.partition(".0.")[0] for name in one if not is_head(name) and not torch.equal(one[name], start[name])
    }
    assert changed == {"stages.3"}
    assert not same(one, everything[0], ["stages.3.0.layers.0.weight"])


def test_the_pool_follows_from_the_weights_and_the_parts_not_from_the_file(starts, tmp_path):
    def pool(**settings):
        plan = make_plan(config_from(SETTINGS | {"init": "a.safetensors"} | settings))
        return plan.architectures[0].pool.folder.name

    first = pool()
    torch.save(weights(1), tmp_path / "copy.pt")
    assert pool(init="copy.pt") == first
    with pytest.raises(UsageError, match=r"copy.pt hold the same weights, so they are one start and not two"):
        pool(init=["a.safetensors", "copy.pt"])
    different = {"tune": "head"}, {"init": "b.pth"}, {"init": starts}, {"init": starts[::-1]}, {"init": "random"}
    assert len({first, *(pool(**settings) for settings in different)}) == 6
    changed = weights(1)
    changed["stem.0.weight"][0, 0, 0, 0] += 1e-3
    save_file(changed, tmp_path / "a.safetensors")
    assert pool() != first


def test_the_members_of_a_pool_are_starts(starts):
    plan = filled(members=2, init="random")
    folder = plan.architectures[0].pool.folder
    sources = sources_of((str(folder),))
    assert len(sources) == 2
    assert sources_of((f"{folder}/*.safetensors",)) == sources  # the files of logits beside them are no starts
    again = make_plan(config_from(SETTINGS | {"init": str(folder), "members": 4}))
    assert len(again.architectures[0].starts) == 2


def test_one_start_and_starts_without_members(starts):
    plan = make_plan(config_from(SETTINGS | {"init": starts[:1]}))
    assert population_of(plan, plan.architectures[0]).kind == "one_start"
    plan = make_plan(config_from(SETTINGS | {"init": starts, "members": 1}))
    population = population_of(plan, plan.architectures[0])
    assert (population.kind, population.starts, population.start_of) == ("one_start", ("a.safetensors",), (0,))


def test_the_list_of_pools_says_what_members_began_with(starts):
    pools = [
        filled(members=1, **settings).architectures[0].pool
        for settings in ({}, {"init": starts, "tune": "stages.2,stages.3"})
    ]
    table = Console(file=StringIO(), width=200)
    print_pools(pools, table)
    _, random, tuned, *_ = table.file.getvalue().splitlines()
    assert "  random  " in random
    assert "  2 starts, stages.2, stages.3  " in tuned


def test_a_start_travels_to_a_worker_as_json(starts):
    start = make_plan(config_from(SETTINGS | {"init": starts})).architectures[0].starts[1]
    assert Start.from_plain(json.loads(json.dumps(vars(start)))) == start


def test_a_start_that_changes_after_the_plan_is_refused(starts, tmp_path, monkeypatch):
    unchanged = MemberRunner.run

    def after_a_change(self, job, report):
        save_file(weights(9), tmp_path / "a.safetensors")
        unchanged(self, job, report)

    monkeypatch.setattr(MemberRunner, "run", after_a_change)
    with pytest.raises(UsageError, match=r"a.safetensors was changed while it was in use; run the same command again"):
        filled(init=starts[:1])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"init": "no.pt"}, "--init no.pt: there is no such file; name random, timm, or a file with weights"),
        ({"init": "*.bin"}, r"--init '\*.bin': no file matches; correct the pattern"),
        ({"init": "."}, "--init . is a folder; name the files in it"),
        ({"init": ["random", "a.safetensors"]}, "--init random stands alone"),
        ({"init": "timm"}, "brings no weights of timm; name an architecture that does"),
        ({"init": []}, "--init '' names nothing"),
        ({"init": 3}, "init is 3; it must be random, timm, or files"),
        ({"tune": "head"}, "--tune head needs a start; give --init timm or --init FILE"),
        ({"init": "b.pth", "tune": "all,stem"}, "--tune all and --tune head stand alone"),
        ({"init": "b.pth", "tune": "stagse"}, "--tune stagse: the network has no such module; did you mean 'stages'"),
        ({"init": ["a.safetensors", "./a.safetensors"]}, "a.safetensors' is named twice among the init; give it once"),
        (
            {"init": "b.pth", "archs": ["resnet(depth=10,width=3)"]},
            r"--init: .*b.pth.*does not fit the network: it has",
        ),
        ({"init": "b.pth", "archs": ["resnet(depth=14,width=2)"]}, "does not fit the network: it lacks stages.0.1"),
        ({"init": "b.pth", "sampler": "untrained"}, "--sampler untrained trains no network"),
        ({"init": "b.pth", "sampler": "snapshot"}, "--sampler snapshot makes several members of one training run"),
        ({"init": "b.pth::ema"}, "holds no weights under key=ema"),
    ],
)
def test_what_is_no_start_is_refused(starts, settings, error):
    with pytest.raises(UsageError, match=error):
        make_plan(config_from(SETTINGS | settings))


def test_one_of_two_sets_of_weights_in_a_file_is_named(starts, tmp_path):
    torch.save({"state_dict": weights(3), "state_dict_ema": weights(4)}, tmp_path / "two.pt")
    plan = filled(init="two.pt::state_dict_ema", tune="head", members=2)
    assert same(members_of(plan)[0], weights(4), ["stem.0.weight"])
    (start,) = make_plan(config_from(SETTINGS | {"init": "two.pt"})).architectures[0].starts
    assert "state_dict was taken; --init 'two.pt::state_dict_ema' takes the other" in start.note


def notes_of(init):
    return [start.note for start in make_plan(config_from(SETTINGS | {"init": init})).architectures[0].starts]


def test_moments_of_one_run_and_almost_equal_starts_are_named(starts, tmp_path):
    assert not any("moments" in note or "almost" in note for note in notes_of(starts))
    (tmp_path / "run").mkdir()
    for epoch in (1, 2):
        torch.save(weights(epoch), tmp_path / f"run/epoch={epoch}.pt")
    notes = notes_of("run/*.pt")
    assert len(notes) == 2
    assert all("2 of these starts seem to be moments of one training run" in note for note in notes)
    nearly = {name: value + 1e-6 if value.is_floating_point() else value for name, value in weights(1).items()}
    torch.save(nearly, tmp_path / "c.pth")
    first, second = notes_of(["a.safetensors", "c.pth"])
    assert "almost" not in first
    assert second.endswith("almost equal to a.safetensors: the two are hardly separate starts")


def test_names_of_plugins_and_of_files():
    assert [is_plugin(text) for text in ("timm", "timm:a1_in1k", "timm:x.npz")] == [True] * 3
    assert [is_plugin(text) for text in ("./timm", "a.pt", "a/b", "runs/*/best.pt", "a::ema")] == [False] * 5


def test_a_folder_goes_on_with_the_same_starts_and_with_no_others(starts):
    settings = SETTINGS | {"methods": ["gradient"], "untrained": "none", "init": starts, "out": "run", "members": 2}
    run(config_from(settings), Silent())
    study = run(config_from(settings | {"members": 3}), Silent())
    assert study.result.settings.init == tuple(str(Path(start).absolute()) for start in starts)
    assert study.result.architectures[0].population.start_of == (0, 1, 0)
    with pytest.raises(
        UsageError, match=r"run holds a run with init=\[.*b.pth'\], and this one has init=\[.*a.safetensors'\]"
    ):
        run(config_from(settings | {"init": starts[0]}), Silent())
