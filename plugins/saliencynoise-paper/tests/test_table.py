import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from msgspec import structs
from PIL import Image
from rich.console import Console

from saliencynoise.api import Study, bench
from saliencynoise.display.figures.saving import drawn
from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import slug_of, write_bytes
from saliencynoise.store.maps import Chunk
from saliencynoise_paper import table_cells
from saliencynoise_paper.panel import markdown, write_panel
from saliencynoise_paper.statistics.paper_table import PUBLISHED
from saliencynoise_paper.statistics.variants import VARIANTS, Variant, fewer, gather, variants
from saliencynoise_paper.table import PublishedColumn, print_table_panel, table_panel
from tests.studies import stored, stores_of, sums
from tests.studies import study_of as make

METHODS = {
    "Input Gradient": "gradient",
    "Integrated Gradient": "integrated_gradients(steps=32)",
    "SmoothGrad": "smoothgrad(samples=16)",
    "GradCAM (top)": "gradcam(layer=top)",
    "GradCAM (intermediate)": "gradcam(layer=intermediate)",
    "SHAP": "expected_gradients(samples=16)",
    "DeepLIFT": "deeplift(baseline=zero)",
    "LIME": "lime(samples=64)",
}
# Signal of each row, in the order that the poster claims; GradCAM's maps are coarser
STRENGTHS = dict(zip(METHODS, (0.35, 0.8, 0.9, 3.0, 1.6, 0.12, 0.75, 1.0), strict=True))
EDGES = {"GradCAM (top)": 4, "GradCAM (intermediate)": 6}
TRUTH = Variant("signed", "power", "raw")
FEWER = 7


def members_maps(generator, *, members=8, images=6):
    """Of each row, `[E, (D,) B, c, h, w]`: signal plus noise of members of unequal gain."""
    maps_by_row = {}
    gain = torch.exp(0.3 * torch.randn(members, 1, 1, 1, 1, generator=generator))
    for row, strength in STRENGTHS.items():
        edge, channels = EDGES.get(row, 12), 1 if row in EDGES else 2
        shape = (images, channels, edge, edge)
        signal, noise = torch.randn(shape, generator=generator), torch.randn(members, *shape, generator=generator)
        maps = gain * (strength * signal + noise)
        if row == "LIME":
            drawn = torch.randn(members, *shape, generator=torch.Generator().manual_seed(1))
            shared = torch.randn(2, *shape, generator=generator)[0].expand(members, *shape)
            maps = maps[:, None] + torch.stack([0.3 * drawn, shared], 1)
        maps_by_row[row] = maps
    return maps_by_row


def study_of(folder, maps, *, name="net", failed=(), left_out=()):
    """A finished study that holds these maps."""
    cells, kept, methods = [], [], []
    for row, method in METHODS.items():
        if row in left_out:
            continue
        cell = {"architecture": name, "method": method, "method_name": f"builtin/{method}", "view": "signed"}
        short_name, _, parameters = method.rstrip(")").partition("(")
        parameters = dict(parameter.split("=") for parameter in parameters.split(",") if parameter)
        methods.append({"label": method, "short_name": short_name, "parameters": parameters})
        share = (
            {"share": 0.8, "share_class": 0.15, "share_interval": None, "snr_specific": 1.5} if row in EDGES else None
        )
        done = {"status": "ok", "reason": None, "details": {"template": share}}
        broken = {"status": "failed", "reason": "member 3: no memory", "details": None}
        cells.append(cell | (broken if row in failed else done))
        if row not in failed:
            drawn = maps[row] if maps[row].ndim == 6 else maps[row][:, None]
            chunk = Chunk(index=0, key="all", rows=tuple(range(drawn.shape[2])))
            stores = stores_of(folder / "maps" / name / slug_of(method), drawn, chunk)
            kept.append(stored(folder, name, method, stores, mean=drawn.mean((0, 1)), chunk=chunk))
    write_bytes(folder / "maps/images.safetensors", b"")  # no test of the table looks at pictures
    members = maps["DeepLIFT"].shape[0]
    return make(
        folder,
        settings={"members": members, "target": "true", "draws": 2},
        dataset={
            "asked": "noise",
            "classes": ["a"],
            "image_shape": [2, 12, 12],
            "test_images": 9,
            "train_images": 99,
        },
        recipes={name: {"epochs": 1, "batch_size": 8, "precision": "float32"}},
        versions={"torch": "2.15.0"},
        hardware={"device": "cpu", "processor": "a processor"},
        images=[{"name": f"{folder.name}-{i}"} for i in range(maps["DeepLIFT"].shape[1])],
        architectures=[
            {
                "label": name,
                "name": f"test/{name}",
                "members": [{"index": e, "sha256": f"{folder.name}-{e}", "accuracy": 0.9} for e in range(members)],
            }
        ],
        methods=methods,
        cells=cells,
        maps=kept,
        files=sums(folder),
    )


def by_truth(maps, variant=TRUTH, *, draw=0, make=variants):
    """The figure of each row's maps by a definition: a published column."""
    index = VARIANTS.index(variant)
    figures = {}
    for row, members in maps.items():
        images = (members if members.ndim == 5 else members[:, draw]).movedim(-4, 0)  # [B, E, c, h, w]
        figures[row] = gather([make(image.flatten(-3)) for image in images]).value(index)
    return figures


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A panel of two columns, whose published cells are those of other networks of the same kind by `TRUTH`."""
    generator = torch.Generator().manual_seed(0)
    folder = tmp_path_factory.mktemp("table")
    columns, published = [], {}
    for dataset in ("CIFAR10", "Imagenette"):
        study = study_of(folder / dataset, members_maps(generator))
        columns.append(PublishedColumn(study, "net", dataset, "ResNet18", fewer=FEWER))
        published[dataset] = by_truth(members_maps(generator, members=30, images=20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_cells, "published_column", lambda dataset, architecture: published[dataset])
        return table_panel(columns), columns, published


def test_the_search_finds_the_definition_behind_the_published_numbers(made):
    panel, _, _ = made
    best = panel.facts.best.log_error
    assert (best.view, best.definition) == (TRUTH.view, TRUTH.definition)
    fits = {fit.words: fit for fit in panel.facts.fits()}
    for norm in ("raw", "unit"):
        for definition in ("pixel", "rms"):
            assert fits[Variant("signed", definition, norm).words].log_error.p_holm < 0.05
    assert TRUTH.words in [best.words, *best.not_distinguished]
    assert f"{best.words} is nearest to the published numbers" in markdown(panel)


def test_a_row_for_every_cell_variant_and_grid(made):
    panel, _, published = made
    data = panel.data
    keys = ["dataset", "architecture", "method", "reading", "view", "definition", "norm", "grid"]
    assert data[keys[:4]].drop_duplicates().groupby("reading").size().to_dict() == {"own": 16, "shared": 2, "fewer": 6}
    assert len(data) == 2 * (8 + 1 + 3) * len(VARIANTS) * 2
    assert not data.duplicated(keys).any()
    with_ratio = data[data["log2_ratio"].notna()]
    # log2 of numpy and of the standard library differ in the last digit on some processors
    np.testing.assert_allclose(
        with_ratio["log2_ratio"], np.log2(with_ratio["value"] / with_ratio["published"]), rtol=1e-12, atol=1e-12
    )
    row = data[(data["dataset"] == "CIFAR10") & (data["method"] == "LIME")].iloc[0]
    assert row["published"] == published["CIFAR10"]["LIME"]
    assert (row["studied_method"], row["size"], row["members"], row["images"]) == ("lime(samples=64)", "12x12", 8, 6)
    assert (data["low"] <= data["value"]).all()


def test_values_are_those_of_the_maps(made):
    """Read from Zarr in blocks, against the maps themselves."""
    generator = torch.Generator().manual_seed(0)
    expected = by_truth(members_maps(generator))
    data = made[0].data
    rows = data[(data["dataset"] == "CIFAR10") & (data["grid"] == "own") & (data["view"] == "signed")]
    rows = rows[(rows["definition"] == "power") & (rows["norm"] == "raw")]
    values = {reading: of.set_index("method")["value"].to_dict() for reading, of in rows.groupby("reading")}
    assert values["own"] == pytest.approx(expected, rel=1e-6)
    maps = members_maps(torch.Generator().manual_seed(0))
    assert values["shared"] == pytest.approx({"LIME": by_truth(maps, draw=1)["LIME"]}, rel=1e-6)
    assert values["shared"]["LIME"] > 1.2 * values["own"]["LIME"], "the shared draw passes for signal"
    starred = {row: maps[row] for row in ("Integrated Gradient", "SmoothGrad", "LIME")}
    few = by_truth(starred, make=lambda maps: fewer(maps, FEWER))
    assert values["fewer"] == pytest.approx(few, rel=1e-6)
    assert set(rows[rows["reading"] == "fewer"]["members"]) == {FEWER}


def test_starred_rows_by_fewer_networks_and_shared_draws_are_facts(made):
    facts = made[0].facts
    assert facts.readings == ("own", "shared", "fewer")
    assert facts.drawing_methods == {"LIME"}
    assert all(row.r_shared > 1.2 * row.r_own for row in facts.draws)
    assert len(facts.starred) == 6
    for cell in facts.starred:
        assert (cell.networks, cell.fewer) == (8, FEWER)
        assert cell.floor_fewer > cell.floor
        assert cell.value_fewer == pytest.approx(cell.expected_fewer, rel=0.03)
        assert cell.interval_fewer.low < cell.value_fewer < cell.interval_fewer.high
    lowest = {(row.column, row.reading): row for row in facts.lowest}
    assert len(lowest) == 4
    for row in lowest.values():
        assert row.other == "Input Gradient"
        assert row.ratio == pytest.approx(row.r / row.r_other)
        assert row.interval.low < row.ratio < row.interval.high
        assert row.ratio < 1
    caption = markdown(made[0])
    for words in (
        "With 7 networks in place of 8",
        "r is that of own draws times: LIME",
        "SHAP is the lowest row by r in 2",
    ):
        assert words in caption


def test_the_common_grid_is_the_coarsest(made):
    panel, _, _ = made
    common = panel.data[panel.data["grid"] == "common"]
    assert set(common["size"]) == {"4x4"}
    top = panel.data[(panel.data["method"] == "GradCAM (top)") & (panel.data["dataset"] == "CIFAR10")]
    same = [top[top["grid"] == grid]["value"].tolist() for grid in ("own", "common")]
    assert same[0] == pytest.approx(same[1])
    assert {cell.common_grid for cell in panel.facts.resolution} == {(4, 4)}


def test_orderings_are_found_where_they_were_put(made):
    verdicts = {verdict.claim: verdict for verdict in made[0].facts.verdicts()}
    assert all(verdict.measured is True for verdict in verdicts.values())
    assert verdicts["GradCAM (top) highest"].p_holm < 0.05
    assert [column.published for column in verdicts["SHAP lowest"].columns] == [True, True]
    assert [column.measured_by_best for column in verdicts["SHAP lowest"].columns] == [True, True]
    assert len(made[0].facts.orderings) == 8 * 4, "two grids, shared draws, and starred rows by fewer networks"


def test_the_caption_states_definitions_orderings_template_and_provenance(made):
    caption = markdown(made[0])
    for words in ("sqrt(sum m² / sum s²)", "SHAP lowest in 2 of 2", "the same for all classes", "8 members"):
        assert words in caption
    assert "80% of its signal is one template, the same for all classes, 15% belongs to the class" in caption
    assert "pure noise gives" in caption
    assert caption.rstrip().endswith("a processor (cpu).")


def test_files_are_written_and_the_same_twice(made, tmp_path):
    panel, _, _ = made
    first = {path.name: path.read_bytes() for path in write_panel(panel, tmp_path / "one")}
    assert first["table.svg"] == drawn(panel.figure, "svg")
    assert set(first) == {"table.png", "table.svg", "table.parquet", "table.md", "table.json"}
    assert json.loads(first["table.json"])["cells"] == 16
    with Image.open(tmp_path / "one" / "table.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels == 255).mean() < 0.95
    # nothing runs over the edge: the outermost pixels are white
    assert all((side == 255).all() for side in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


def printed(panel, width=80):
    console = Console(width=width, record=True, highlight=False, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    print_table_panel(panel, console)
    return console.export_text()


def test_the_print_shows_measured_beside_published(made):
    text = printed(made[0])
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    data = made[0].data
    lime = next(line for line in lines if line.startswith("LIME, own"))
    assert lines[lines.index(lime) + 1].startswith("  by 7 networks")
    assert lines[lines.index(lime) + 2].startswith("LIME, shared")
    published = data[(data["method"] == "LIME") & (data["dataset"] == "CIFAR10")]["published"].iloc[0]
    assert f"{published:.2f}" in lime
    assert "is nearest to the published numbers" in " ".join(text.split())
    assert "GradCAM (top) highest in 2 of 2" in " ".join(text.split())


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """One study with a method that failed and one that it does not have, against the real table."""
    maps = members_maps(torch.Generator().manual_seed(3), members=4, images=3)
    folder = tmp_path_factory.mktemp("broken")
    study = study_of(folder / "run", maps, failed=("DeepLIFT",), left_out=("SHAP",))
    return table_panel([PublishedColumn(study, "net", "CIFAR10", "VGG19")])


def test_failed_and_missing_methods_are_shown_as_failed(broken):
    failed = broken.data[broken.data["status"] == "failed"].set_index("method")["reason"].to_dict()
    assert failed == {"DeepLIFT": "member 3: no memory", "SHAP": "not in the study"}
    assert broken.facts.cells == 6
    text = printed(broken)
    assert sum("failed" in line for line in text.splitlines() if line.startswith(("DeepLIFT", "SHAP"))) == 2
    assert "Failed: DeepLIFT in CIFAR10 VGG19: member 3: no memory." in markdown(broken)
    lowest = next(verdict for verdict in broken.facts.orderings if verdict.claim == "SHAP lowest")
    assert lowest.measured is None
    assert lowest.p == 1


def test_few_members_are_said_to_be_few(broken):
    assert "indicative: fewer than 8 members" in markdown(broken)


def test_two_members_have_no_intervals_and_no_tests(tmp_path):
    maps = members_maps(torch.Generator().manual_seed(4), members=2, images=2)
    panel = table_panel([PublishedColumn(study_of(tmp_path / "run", maps), "net", "CIFAR10", "VGG19")])
    assert panel.facts.best.log_error.not_distinguished is None
    assert "cannot be tested with fewer than 3 members" in markdown(panel)
    assert panel.data["low"].isna().all()
    assert write_panel(panel, tmp_path / "out")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([], "give one or more"),
        ([("net", "CIFAR10", "VGG19"), ("net", "CIFAR10", "VGG19")], "each once"),
        ([("net", "CIFAR10", "VGG16")], "no column 'VGG16'"),
        ([("nix", "CIFAR10", "VGG19")], "has no architecture 'nix'; it has net"),
    ],
)
def test_wrong_columns_are_refused(columns, message, tmp_path):
    maps = members_maps(torch.Generator().manual_seed(5), members=2, images=1)
    study = study_of(tmp_path / "run", maps)
    with pytest.raises(UsageError, match=message):
        table_panel([PublishedColumn(study, *column) for column in columns])


def test_the_panel_agrees_with_the_study_that_it_reads(tmp_path, monkeypatch):
    """A real bench of three methods: same figures, floors and intervals in the panel as in `result.json`."""
    monkeypatch.chdir(tmp_path)
    methods = ["gradient", "gradcam(layer=top)", "gradcam(layer=intermediate)", "smoothgrad(samples=2)"]
    study = bench(methods=methods, members=3, images=3, train_images=64, epochs=1, device="cpu", out="run")
    panel = table_panel([PublishedColumn(Study.load("run"), "test_resnet", "CIFAR10", "ResNet18")])
    rows = panel.data[(panel.data["grid"] == "own") & (panel.data["reading"] == "own")]
    compared = 0
    for cell in [cell for cell in study.done if cell.view != "centred"]:
        estimates = cell.figures.estimates
        definitions = {
            "pixel": estimates.snr_pixel,
            "rms": estimates.snr_rms,
            "power": estimates.snr_power,
            "r": estimates.snr,
        }
        for name, expected in definitions.items():
            norm = "unit" if name == "r" else "raw"
            of_cell = rows[(rows["studied_method"] == cell.method) & (rows["view"] == cell.view)]
            (row,) = of_cell[(of_cell["definition"] == name) & (of_cell["norm"] == norm)].to_dict("records")
            assert row["value"] == pytest.approx(expected.value, rel=1e-5)
            compared += 1
            if name == "pixel" or cell.view == "signed":  # other floors of relu are those of the cell
                assert row["floor"] == pytest.approx(expected.floor, rel=1e-4)
    assert compared == 4 * 6
    assert set(rows["method"]) == {"Input Gradient", "GradCAM (top)", "GradCAM (intermediate)", "SmoothGrad"}
    assert not math.isnan(panel.facts.template[0].share)
    assert set(PUBLISHED) - set(rows["method"]) == {failure.method for failure in panel.facts.failed}


def test_a_study_without_members_maps_says_how_to_get_them(tmp_path):
    maps = members_maps(torch.Generator().manual_seed(6), members=2, images=1)
    study = study_of(tmp_path / "run", maps)
    maps = [structs.replace(maps, draws=()) if maps.method == METHODS["LIME"] else maps for maps in study.result.maps]
    study = replace(study, result=structs.replace(study.result, maps=tuple(maps)))
    with pytest.raises(UsageError, match="--keep-maps all"):
        table_panel([PublishedColumn(study, "net", "CIFAR10", "VGG19")])
