"""A frontier that takes seconds, run once for most tests; its figures against plain numpy, its pieces against loops."""

import json
import time
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.frontier.rows import with_corrected_p
from saliencynoise.analyses.frontier.run import (
    _samplers,
    load_frontier,
    run_frontier,
)
from saliencynoise.api import bench
from saliencynoise.engine import member_training, training_run
from saliencynoise.engine.clock import clock
from saliencynoise.engine.config import config_from
from saliencynoise.engine.observer import Silent
from saliencynoise.interfaces import Sample, Sampler, SamplerSpec, UsageError
from saliencynoise.methods.gradient import Gradient
from saliencynoise.methods.smoothgrad import SmoothGrad
from saliencynoise.records.frontier import FailedSampler, FrontierRow
from saliencynoise.records.writing import json_of
from saliencynoise.registry import catalogue, entry, loader
from saliencynoise.store.pool import Pool
from tests.engine.conftest import QUICK
from tests.studies import record_with

SMALL = {"images": 3, "train_images": 200, "epochs": 1, "device": "cpu", "workers": 0, "methods": ["gradient"]}


def small(**changes):
    bench_changes = {key: changes.pop(key) for key in list(changes) if key in {*SMALL, "target", "archs"}}
    own = {"samplers": ("snapshot(cycles=2)", "noisegrad"), "budgets": (2, 1), "runs": 2, "reference": 5, "out": "made"}
    return FrontierConfig(bench=config_from({**SMALL, **bench_changes}), **{**own, **changes})


def with_signal(method):
    """Add the image to a method's maps, at equal norm: a signal that all networks share, trained or not."""

    def added(self, seen, batch):
        found = method(self, seen, batch)
        parts = (torch.nn.functional.normalize(part.flatten(1)) for part in (found.values, batch.x))
        return replace(found, values=sum(parts).reshape(found.values.shape))

    return added


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A frontier of a method that draws nothing and of one that does; its folder and its cache."""
    folder, cache = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(cache))
        patch.setattr(Gradient, "from_pass", with_signal(Gradient.from_pass))
        patch.setattr(SmoothGrad, "attribute", with_signal(SmoothGrad.attribute))
        config = small(methods=["gradient", "smoothgrad(samples=2)"], out=str(folder))
        document = run_frontier(config, Silent())
    return SimpleNamespace(config=config, document=document, folder=folder, cache=cache)


def rows_of(document, **wanted):
    return [row for row in document.rows if all(getattr(row, key) == value for key, value in wanted.items())]


def study_of(made, sampler):
    return json.loads((made.folder / made.document.runs[sampler].rpartition("/")[2] / "result.json").read_text())


def maps_of(made, sampler, method, member):
    """A member's maps from its file: images, draws, pixels."""
    folder = made.folder / made.document.runs[sampler].rpartition("/")[2]
    (found,) = folder.glob(f"maps/*/builtin-{method}-*")
    draws = sorted(found.glob("*-[01]")) or [found]
    files = [next((draw / f"member-{member:04d}").iterdir()) for draw in draws]
    return np.stack([load_file(file)["values"].astype(np.float64).reshape(3, -1) for file in files], 1)


def test_rows_go_from_the_least_budget_to_the_largest(made):
    rows = [(row.sampler, row.members, row.groups) for row in rows_of(made.document, method="gradient")]
    samplers = ("deep_ensemble", "snapshot(cycles=2)", "noisegrad")
    assert rows == [(name, n, 1 if (name, n) == (samplers[0], 2) else 2) for name, n in product(samplers, (1, 2))]
    assert made.document.failed == []
    assert json_of(load_frontier(made.folder)) == json_of(made.document)


@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
@pytest.mark.parametrize(("sampler", "groups"), [("deep_ensemble", [(0, 1)]), ("noisegrad", [(0, 1), (2, 3)])])
def test_the_squared_cosine_by_loops_over_the_files(made, method, sampler, groups):
    def unit(values):
        return values / np.linalg.norm(values)

    def product_of(left, right, image):
        return unit(left[image, 0]) @ unit(right[image, 0])  # the first draw is each member's own

    held = [maps_of(made, "deep_ensemble", method, member) for member in made.document.held_out]
    cosine = np.mean(
        [product_of(held[e], held[f], i) for i in range(3) for e, f in product(range(5), repeat=2) if e != f]
    )
    squares = []
    for group in groups:
        average = np.mean([maps_of(made, sampler, method, member) for member in group], 0)
        g = [np.mean([product_of(average, other, i) for i in range(3)]) for other in held]
        square = np.mean([g[e] * g[f] for e, f in product(range(5), repeat=2) if e != f])
        squares.append(square if sum(g) > 0 else -abs(square))
    (row,) = [own for own in rows_of(made.document, sampler=sampler, members=2) if own.method.startswith(method)]
    (reference,) = [own for own in made.document.references if own.method.startswith(method)]
    assert reference.snr == pytest.approx(cosine / (1 - cosine), rel=1e-5)
    assert reference.interval.low > 0
    assert row.fidelity.fidelity_squared == pytest.approx(np.mean(squares) / cosine, rel=1e-5)


def test_prices_are_counted_in_retrained_networks(made):
    for row in rows_of(made.document, sampler="deep_ensemble"):
        assert row.price == pytest.approx(row.members)
    for row in made.document.rows:
        (single,) = rows_of(made.document, sampler="deep_ensemble", method=row.method, members=1)
        seconds, one = (own.training_seconds + own.attribution_seconds for own in (row, single))
        assert row.price == pytest.approx(seconds / one)


def test_the_cost_of_a_map_is_that_of_its_members(made):
    members = study_of(made, "noisegrad")["architectures"][0]["members"]
    (row,) = rows_of(made.document, sampler="noisegrad", method="gradient", members=1)
    assert row.training_seconds == pytest.approx((members[0]["seconds"] + members[2]["seconds"]) / 2)
    ensemble = study_of(made, "deep_ensemble")["architectures"][0]["members"]
    assert members[0]["seconds"] > ensemble[0]["seconds"], "the network that the noise is put on costs, too"
    assert members[1]["seconds"] < members[0]["seconds"]


def test_no_strategy_uses_a_held_out_network(made):
    ensemble = study_of(made, "deep_ensemble")["architectures"][0]["members"]
    held = {member["seeds"]["init"] for member in ensemble if member["index"] in made.document.held_out}
    assert len(held) == 5
    assert made.document.held_out == (2, 3, 4, 5, 6)
    for sampler in ("snapshot(cycles=2)", "noisegrad"):
        used = {member["seeds"]["init"] for member in study_of(made, sampler)["architectures"][0]["members"]}
        assert used
        assert used.isdisjoint(held)


def test_a_second_call_finds_everything(made, watcher, monkeypatch):
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(made.cache))
    again = run_frontier(made.config, watcher)
    assert watcher.jobs == []
    assert json_of(again.rows) == json_of(made.document.rows)


def test_all_strategies_explain_the_classes_that_the_ensemble_voted_for():
    document = run_frontier(
        small(samplers=("noisegrad(noise=3.0)",), target="predicted", runs=1, reference=4), Silent()
    )
    results = [json.loads((Path(folder) / "result.json").read_text()) for folder in document.runs.values()]
    ensemble, noisy = (result["images"] for result in results)
    assert [image["target"] for image in noisy] == [image["target"] for image in ensemble]
    assert [image["target"] for image in ensemble] == [image["predicted"] for image in ensemble]
    assert [image["predicted"] for image in noisy] != [image["predicted"] for image in ensemble]


def test_a_method_that_fails_leaves_the_others_their_rows(unevaluated, extra_plugin):
    config = small(methods=["gradient", "raising"], samplers=("deep_ensemble",), reference=4)
    document = run_frontier(config, Silent())
    (failed,) = document.failed
    assert "this method always fails" in failed.reason
    assert {row.method for row in document.rows} == {"gradient"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budgets": (1, 2, 2)}, "--budgets 1,2,2 is not possible"),
        ({"budgets": (0, 2)}, "--budgets 0,2 is not possible"),
        ({"budgets": ()}, "give different numbers of 1 or more"),
        ({"budgets": (1,), "runs": 1}, "leaves a single network; give --runs 4"),
        ({"budgets": (9999,)}, "make more than 10000 members"),
        ({"runs": 0}, "--runs 0 is not possible"),
        ({"reference": 3}, "--reference 3 is not possible"),
        ({"samplers": ()}, "no sampler or no aggregator is named"),
        ({"methods": []}, "no method is named"),
    ],
)
def test_impossible_settings_are_refused(changes, words):
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        small(**changes)


@pytest.mark.parametrize(
    ("aggregators", "words"),
    [
        (("mean_logits",), "--aggregator mean_logits averages networks"),
        (("variance",), "--aggregator variance: .* leave 1 out of --budgets"),
        (("men",), "unknown aggregator 'men'"),
    ],
)
def test_aggregators_that_cannot_be_compared_are_refused_before_anything_is_trained(aggregators, words, watcher):
    with pytest.raises(UsageError, match=words):
        run_frontier(small(aggregators=aggregators), watcher)
    assert watcher.plans == []


def test_a_folder_without_a_frontier_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds no readable frontier.json; run: saliencynoise frontier --out"):
        load_frontier(tmp_path)


def test_samplers_are_named_as_asked_and_give_the_largest_budget_in_a_run():
    samplers = _samplers(
        small(samplers=("swag(rank=5)", "deep_ensemble", "swag(rank=5,members_a_run=2)", "noisegrad(noise=0.3)"))
    )
    assert samplers == {
        "builtin/deep_ensemble": "deep_ensemble",
        "builtin/swag(epochs=0,rank=5,learning_rate=0.5,members_a_run=2)": "swag(rank=5)",
        "builtin/noisegrad(noise=0.3,members_a_run=2)": "noisegrad(noise=0.3)",
    }


def test_verdicts_are_corrected_for_their_number():
    def row(sampler, members, p):
        about = {"architecture": "a", "method": "gradient", "aggregator": "mean"}
        return record_with(FrontierRow, **about, sampler=sampler, members=members, p=p)

    rows = [
        row("deep_ensemble", 8, 0.001),
        row("swag", 1, 0.001),
        row("swag", 8, 0.02),
        row("noisegrad", 8, 0.03),
        row("files", 8, None),
        FailedSampler(architecture="a", method="lime", sampler="swag", reason="no"),
    ]
    *corrected, failed = with_corrected_p(rows, "deep_ensemble")
    assert [own.p_holm for own in corrected] == [None, None, 0.04, 0.04, None]
    assert failed == rows[-1]


def test_the_accuracy_is_no_part_of_the_price(monkeypatch):
    late, predict = [0.0], member_training.predict

    def slow(*args, **kwargs):
        late[0] += 1000
        return predict(*args, **kwargs)

    monkeypatch.setattr(member_training, "predict", slow)
    for module in (member_training, training_run):
        monkeypatch.setattr(module, "clock", lambda device: lambda: time.process_time() + late[0])
    study = bench(**{**QUICK, "methods": ["gradient"], "members": 2, "sampler": "noisegrad"})
    assert late[0] >= 3000
    assert all(0 < member.seconds < 1000 for member in study.result.architectures[0].members)


def test_a_machine_that_does_other_things_raises_no_price(monkeypatch):
    real = training_run.train

    def interrupted(*args, **kwargs):
        time.sleep(3)
        return real(*args, **kwargs)

    monkeypatch.setattr(training_run, "train", interrupted)
    monkeypatch.setattr(member_training, "predict", lambda module, dataset, device: torch.zeros(len(dataset.test), 10))
    start, spent = time.perf_counter(), time.process_time()
    study = bench(**{**QUICK, "methods": ["gradient"], "members": 2})
    waited = time.perf_counter() - start - (time.process_time() - spent)
    total = sum(member.seconds for member in study.result.architectures[0].members)
    assert waited > 5.9
    assert total < time.process_time() - spent


def test_the_clock_is_the_processors_on_the_cpu_and_the_walls_elsewhere():
    assert clock("cpu") is time.process_time
    assert clock("cuda:0") is clock("mps") is time.perf_counter


@pytest.fixture
def fake_samplers(monkeypatch):
    """Install samplers of networks from files, of a held-out network, and of members without end."""
    fakes = {"files": Files, "held": Held, "endless": Endless, "hasty": of_the_guide("Hasty")}
    specs = tuple(SamplerSpec(name=name, summary="a fake", target=f"{__name__}:{name}", paper="none") for name in fakes)
    kinds = ("models", "methods", "aggregators", "datasets", "commands")
    plugin = loader.Plugin(
        name="fakes", distribution="fakes", version="1", specs={**dict.fromkeys(kinds, ()), "samplers": specs}
    )
    plugins, unloaded = loader.discover()
    real = entry.load_target
    monkeypatch.setattr(catalogue, "discover", lambda: ([*plugins, plugin], unloaded))
    monkeypatch.setattr(
        entry,
        "load_target",
        lambda target, owner: fakes[target.partition(":")[2]] if owner is plugin else real(target, owner),
    )
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


def of_the_guide(name):
    """The sampler that the guide writes."""
    text = Path(__file__).parents[3].joinpath("docs/guides/frontier.md").read_text()
    names = {"__name__": __name__}
    exec(text.partition("```python\n")[2].partition("```")[0], names)  # noqa: S102 - our own documentation
    return names[name]


@dataclass(frozen=True)
class Files(Sampler):
    available = 3
    trains = False

    def members(self, run):
        yield Sample(weights=run.build(init=f"file-{run.index}").state_dict(), source=f"{run.index}.safetensors")


@dataclass(frozen=True)
class Held(Sampler):
    def members(self, run):
        module = run.build(init=run.index + 4)  # of 8 members of the ensemble, the last four are held out
        run.train(module, streams=dict.fromkeys(("order", "augment", "dropout"), run.index + 4))
        yield Sample(weights=module.state_dict())


@dataclass(frozen=True)
class Endless(Sampler):
    per_run = None

    def members(self, run):
        raise AssertionError("it is to be refused before")


@pytest.fixture
def unevaluated(monkeypatch):
    """Give members the logits of no test image: that takes longer than to train them."""
    monkeypatch.setattr(member_training, "predict", lambda module, dataset, device: torch.zeros(len(dataset.test), 10))


def test_networks_from_files_have_a_fidelity_and_no_price(unevaluated, fake_samplers):
    config = small(samplers=("fakes/files", "fakes/held", "fakes/hasty"), budgets=(1, 2, 4), reference=4)
    document = run_frontier(config, Silent())
    rows = rows_of(document, sampler="fakes/files")
    assert [(row.members, row.groups) for row in rows] == [(1, 3), (2, 1)]
    assert {row.price for row in rows} == {row.training_seconds for row in rows} == {None}
    assert all(row.attribution_seconds > 0 for row in rows)
    (held,) = rows_of(document, sampler="fakes/held")
    assert [row.members for row in rows_of(document, sampler="fakes/hasty")] == [1, 2, 4]
    assert held.reason == "its member 0 is the held-out network 4, with which it is to be compared"


def test_a_sampler_that_has_no_runs_is_refused(fake_samplers):
    with pytest.raises(UsageError, match=r"makes all its members in one run.* needs a parameter members_a_run"):
        run_frontier(small(samplers=("fakes/endless",)), Silent())


def test_weights_in_the_pool_are_those_of_the_right_base_run(made, monkeypatch):
    """A draw of noise is its base network times factors near one, and no other network's."""
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(made.cache))
    pools = {sampler: Pool(made.cache / "pools" / pool_of(made, sampler)) for sampler in ("deep_ensemble", "noisegrad")}
    drawn = pools["noisegrad"].weights(2)  # the first of the second run
    key = max(drawn, key=lambda name: drawn[name].numel())
    ratio = [(drawn[key] / pools["deep_ensemble"].weights(member)[key]).median() for member in (0, 1)]
    assert abs(ratio[1] - 1) < 0.05 < abs(ratio[0] - 1)


def pool_of(made, sampler):
    return study_of(made, sampler)["architectures"][0]["pool"].rpartition("/")[2]


def test_a_config_keeps_its_folder_apart(tmp_path):
    one, other = small(out=None), replace(small(out=None), reference=6)
    assert one.folder != other.folder
    assert str(one.folder).startswith("runs/frontier-digits-test_resnet-")


def test_torch_is_left_with_its_threads():
    assert torch.get_num_threads() == 1
