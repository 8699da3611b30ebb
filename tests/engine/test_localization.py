"""A bench on images whose causing pixels are known: localisation in its details, its table and its columns."""

import json

import pytest
import torch

from saliencynoise.api import bench
from saliencynoise.engine.map_statistics import LocalizationAccumulator
from saliencynoise.interfaces import Dataset, DatasetSpec, Split
from saliencynoise.records.writing import json_of
from saliencynoise.registry import catalogue, entry, loader
from saliencynoise.statistics.localization import MEASURES, localization

CLASSES = ("upright", "level")


def stripes(count, *, seed):
    """Noise with a patch of stripes, upright or level, somewhere: the patch is the mask."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(60, 120, (count, 1, 16, 16), generator=generator)
    masks = torch.zeros(count, 16, 16, dtype=torch.bool)
    labels = torch.arange(count) % 2
    pattern = 240 * (torch.arange(6) % 2).expand(6, 6)
    for i, (row, column) in enumerate(torch.randint(0, 11, (count, 2), generator=generator).tolist()):
        images[i, 0, row : row + 6, column : column + 6] = pattern if labels[i] == 0 else pattern.T
        masks[i, row : row + 6, column : column + 6] = True
    names = tuple(f"stripes/{seed}/{i}" for i in range(count))
    return Split(images=images.to(torch.uint8), labels=labels, names=names, masks=masks)


def load(*, path, image_size, seed):
    return Dataset(
        name="stripes", classes=CLASSES, train=stripes(32, seed=1), test=stripes(24, seed=2), mean=(0.36,), std=(0.15,)
    )


@pytest.fixture
def striped(monkeypatch):
    """Install a plugin with a data set that has masks, and its loader."""
    spec = DatasetSpec(name="stripes", summary="a fake", target=f"{__name__}:load")
    specs = {"models": (), "methods": (), "aggregators": (), "samplers": (), "datasets": (spec,), "commands": ()}
    plugin = loader.Plugin(name="fakes", distribution="fakes", version="1", specs=specs)
    plugins, failures = loader.discover()
    monkeypatch.setattr(catalogue, "discover", lambda: ([*plugins, plugin], failures))
    real = entry.load_target
    monkeypatch.setattr(entry, "load_target", lambda target, owner: load if owner is plugin else real(target, owner))
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


def test_a_run_on_known_pixels_holds_the_localisation_of_each_view(striped):
    study = bench(
        dataset="stripes",
        archs=["test_resnet"],
        methods=["gradient", "gradcam(layer=intermediate)"],
        members=3,
        images=6,
        epochs=1,
        device="cpu",
        workers=0,
        keep_maps="all",
    )
    assert study.result.dataset.masks is True
    json.dumps(json_of(study.result), allow_nan=False)
    assert [(cell.method, cell.view) for cell in study.done if cell.details.localization] == [
        ("gradient", "signed"),
        ("gradcam(layer=intermediate)", "signed"),
        ("gradcam(layer=intermediate)", "centred"),
        ("gradcam(layer=intermediate)", "relu"),
    ]
    found = study.done[3].details.localization
    table = study.images
    assert found.images == 6
    assert found.measures["auc"].chance == 0.5
    assert found.measures["mass"].chance == pytest.approx(36 / 256)
    assert [point.members for point in found.measures["rank"].curve] == [1, 2, 3]

    # by hand, from the maps on disk
    own = table[(table.method == "gradcam(layer=intermediate)") & (table.view == "relu")]
    marginal, single = due(study, "gradcam(layer=intermediate)", "relu", own.image)
    for name in MEASURES:
        assert own[f"localization_{name}_marginal"].tolist() == pytest.approx(marginal[name])
        assert own[f"localization_{name}_single"].tolist() == pytest.approx(single[name])
        curve, gain = found.measures[name].curve, found.measures[name].gain
        assert curve[-1].value == pytest.approx(sum(marginal[name]) / 6)
        assert gain.value == pytest.approx(curve[-1].value - curve[0].value)
        assert gain.interval.low <= gain.value <= gain.interval.high


def due(study, method, view, names):
    test = stripes(24, seed=2)
    masks = [test.masks[test.names.index(name)] for name in names]
    group = next(node for node in study.maps.leaves if node.attrs.get("method", "").endswith(method))
    values = torch.from_numpy(group["maps"].values)  # [E, B, c, h, w]
    marginal = [
        localization(own.mean(0, keepdim=True), mask, view=view)
        for own, mask in zip(values.transpose(0, 1), masks, strict=True)
    ]
    single = [localization(own, mask, view=view) for own, mask in zip(values.transpose(0, 1), masks, strict=True)]
    return tuple(
        {name: [float(image[name].mean()) for image in images] for name in MEASURES} for images in (marginal, single)
    )


def test_of_the_members_maps_next_to_nothing_is_kept_of_an_image():
    localization = LocalizationAccumulator(views=("signed",), members=8, seed=0)
    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[:4] = True
    for _ in range(2):
        localization.add(torch.randn(8, 1, 16, 16), mask)
    kept = sum(own.values.numel() for own in localization._found["signed"])
    assert kept == 2 * 4 * 4 * 9
    assert localization.result()["signed"].images == 2
