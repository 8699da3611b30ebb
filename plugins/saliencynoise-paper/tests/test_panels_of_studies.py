"""The panels gradients, maps, classes, ssim and architecture: their files, captions and failures."""

import pandas as pd
import pytest

from saliencynoise.display.figures.captioned import MOST_WORDS
from saliencynoise.display.figures.style import WIDEST
from saliencynoise.interfaces import UsageError
from saliencynoise_paper.architecture import architecture_panel
from saliencynoise_paper.classes import classes_panel
from saliencynoise_paper.figures.architecture import Variation
from saliencynoise_paper.gradients import gradients_panel
from saliencynoise_paper.maps import maps_panel
from saliencynoise_paper.panel import markdown, write_panel
from saliencynoise_paper.ssim import ssim_panel
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    return [
        make_study(
            tmp_path_factory.mktemp("study"),
            {
                ("vgg", "gradient"): noisy_maps(images=10, shape=(channels, 8, 8), seed=seed),
                ("vgg", "gradcam(layer=top)"): noisy_maps(images=10, shape=(1, 4, 4), seed=seed + 1),
                ("vgg", "lime"): "too few segments",
            },
            dataset=name,
            channels=channels,
        )
        for name, channels, seed in (("grey", 1, 0), ("coloured", 3, 5))
    ]


def architecture_of(studies):
    axes = (("depth", 18), ("depth", 101), ("residual", "with"), ("residual", "without"))
    return architecture_panel(
        [
            Variation(axis=axis, value=value, study=studies[index % 2], architecture="vgg")
            for index, (axis, value) in enumerate(axes)
        ]
    )


PANELS = {
    "gradients": lambda studies: gradients_panel(studies, images=1, singles=1),
    "maps": lambda studies: maps_panel(studies, methods=["gradient"], singles=1),
    "classes": lambda studies: classes_panel(studies, methods=["gradient"]),
    "ssim": lambda studies: ssim_panel(studies, methods=["gradient"]),
    "architecture": architecture_of,
}


@pytest.mark.parametrize("name", PANELS)
def test_the_same_studies_give_the_same_bytes(studies, tmp_path, name):
    for folder in ("one", "other"):
        panel = PANELS[name](studies)
        paths = write_panel(panel, tmp_path / folder)
    assert {path.suffix for path in paths} >= {".png", ".svg", ".parquet", ".md"}
    for path in paths:
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes(), path.name
        assert path.stem == name
    assert len(pd.read_parquet(tmp_path / "one" / f"{name}.parquet")) == len(panel.data) > 0
    assert panel.figure.get_figwidth() <= WIDEST + 1e-9
    assert markdown(panel).startswith(f"**{panel.title}.** {panel.caption}\n")
    assert len(panel.caption.split()) <= MOST_WORDS
    assert panel.alt
    for words in ("**grey** (1x8x8): 10 of 50 test images", "**coloured** (3x8x8)", "4 members", "3 epochs"):
        assert words in markdown(panel)


def test_gradients_are_of_each_study_and_of_one_method(studies):
    panel = gradients_panel(studies, images=2, singles=2)
    assert set(panel.data["method"]) == {"gradient"}
    assert panel.data.groupby("dataset")["image"].nunique().to_dict() == {"grey": 2, "coloured": 2}
    assert list(panel.data["column"].unique()) == ["member 0", "member 1", "mean", "mean at unit norm"]
    assert "all E = 4 members" in markdown(panel)
    assert "1/√E = 0.50" in markdown(panel)
    assert all(0 < row["norm"] <= 1 and row["scale"] > 0 for row in panel.facts["rows"])


def test_the_maps_of_a_failed_cell_are_named(studies):
    panel = maps_panel(studies[:1])
    assert "lime on vgg failed: too few segments." in markdown(panel)
    assert [row["norm"] for row in panel.facts["rows"] if row["method"] == "lime"] == [None]


def test_the_correlations_are_in_caption_and_facts(studies):
    panel = ssim_panel(studies)
    assert len(panel.facts["correlations"]) == 6
    assert "| grey | vgg | gradient | 10 | " in markdown(panel)
    assert "| coloured | vgg | lime | 0 | - | - |" in markdown(panel)


def test_the_trends_are_in_caption_and_facts(studies):
    panel = architecture_of(studies)
    trends = {row["method"]: row for row in panel.facts["trends"]}
    assert trends["gradient"]["low"] < trends["gradient"]["ratio"] < trends["gradient"]["high"]
    assert trends["lime"]["ratio"] is None
    assert "| depth | gradient | " in markdown(panel)


def test_a_study_without_what_a_panel_needs_says_what_to_do(tmp_path):
    study = make_study(tmp_path, {("net", "lime"): noisy_maps(images=2)}, keep_maps="mean")
    with pytest.raises(UsageError, match="no method 'gradient', but lime"):
        gradients_panel([study])
    with pytest.raises(UsageError, match="--keep-maps all"):
        maps_panel([study])


def test_a_study_of_failures_has_no_maps_to_show(tmp_path):
    study = make_study(tmp_path, {("net", "lime"): "no", ("net", "gradient"): noisy_maps(images=2)})
    with pytest.raises(UsageError, match="all cells failed"):
        maps_panel([study], methods=["lime"])
