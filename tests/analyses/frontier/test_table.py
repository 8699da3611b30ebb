import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from saliencynoise.analyses.frontier.figure import FILES, bar_ends, draw, figures_of
from saliencynoise.analyses.frontier.table import notes, print_frontier, sentences
from saliencynoise.analyses.result import save_figures, written
from saliencynoise.display.figures.style import WIDEST
from saliencynoise.records.common import Ends
from saliencynoise.records.frontier import FrontierRecord, FrontierRow
from saliencynoise.records.writing import json_of
from tests.studies import record_with


def fidelity(networks, low=None, high=None, *, squared=0.4, note="", words=""):
    interval = None if low is None else {"low": low, "high": high}
    return {"networks": networks, "interval": interval, "fidelity_squared": squared, "note": note, "words": words}


def row(sampler="swag", members=8, price=1.4, found=None, **changes):
    whole = {
        "architecture": "test_resnet",
        "method": "gradient",
        "sampler": sampler,
        "aggregator": "mean",
        "members": members,
        "groups": 4,
        "training_seconds": 4.25,
        "attribution_seconds": 12.4,
        "price": price,
        "p": 0.01,
        "p_holm": 0.02,
        "fidelity": found or fidelity(1.62, 1.2, 2.31),
    }
    return record_with(FrontierRow, **{**whole, **changes})


ON = " (gradient on test_resnet)"
FAILED = {"status": "failed", "reason": "member 3: ValueError: [bold]no"}
REFERENCE = {
    "architecture": "test_resnet",
    "method": "gradient",
    "view": "signed",
    "snr": 0.415,
    "interval": {"low": 0.31, "high": 0.52},
}


def record(*rows, budgets=(8,), aggregators=("mean",), references=(REFERENCE,), **parts):
    return record_with(
        FrontierRecord,
        format=1,
        settings={
            "bench": {"target": "true", "seed": 0},
            "budgets": list(budgets),
            "aggregators": list(aggregators),
            "runs": 4,
        },
        dataset={"image_shape": [1, 16, 16], "test_images": 360, "asked": "digits", "train_images": 1437},
        recipes={"test_resnet": {"epochs": 3, "precision": "float32"}},
        versions={"torch": "2.15.0"},
        hardware={"device": "cpu", "processor": "a processor"},
        held_out=list(range(8, 24)),
        images=32,
        references=references,
        rows=rows,
        **parts,
    )


def printed(of, width=80):
    stream = io.StringIO()
    print_frontier(of, Path("runs/x"), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_a_row_holds_the_figures_of_its_strategy():
    text = printed(record(row(), row(members=4, price=1.2)), width=120)
    first, second = (line.split() for line in text.splitlines() if line.startswith(("  swag", " " * 20)))
    assert first == ["swag", "8", "1.40", "0.40", "1.62", "[1.20,", "2.31]", "4.2", "12"]
    assert second[:2] == ["4", "1.20"], "a sampler is named once"
    assert "test_resnet, gradient: r of a single network 0.41 [0.31, 0.52]" in text


def test_the_legend_names_the_compared_networks():
    text = " ".join(printed(record(row())).split())
    assert "estimated with 16 networks that no sampler uses, and corrected for their noise" in text
    assert "maps of these 32 images" in text
    assert (
        "means over 4 base runs of each sampler; those of deep_ensemble are means over disjoint groups of 8 networks"
        in text
    )
    assert "32 of 360 test images of digits, 1x16x16; target true; trained on 1437 images, 3 epochs, float32" in text


@pytest.mark.parametrize("width", [80, 120])
def test_it_fits_the_terminal_and_keeps_names_whole(width):
    long = row("mc_dropout(rate=0.25,members_a_run=16)", 128, 12.35, fidelity(1234.5, -12.34, "inf"))
    text = printed(record(row("deep_ensemble"), long, budgets=(8, 128)), width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "rate=0.25,members_a_run" in text.replace("\n", "")
    assert "…" not in text
    assert "[-12.3, ∞]" in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"p_holm": 0.06},
            "equals 1.62 [1.20, 2.31] networks at the price of 1.40: not shown to be cheaper or more expensive than",
        ),
        ({"price": 1.1}, "equals 1.62 [1.20, 2.31] networks at the price of 1.10: cheaper than retraining (p .020)."),
        (
            {"price": 2.4},
            "equals 1.62 [1.20, 2.31] networks at the price of 2.40: more expensive than retraining (p .020).",
        ),
        (
            {"found": fidelity(2.0, "-inf", "inf"), "price": 99.0, "p_holm": None},
            "equals 2.00 [-∞, ∞] networks at the price of 99.0: not compared with retraining.",
        ),
        ({"price": None}, "equals 1.62 [1.20, 2.31] networks; the price of the members is not known."),
        ({"found": fidelity(None, words="undetermined: no signal")}, "is undetermined: no signal."),
        ({"found": fidelity(-0.1, -0.3, 0.2, words="equals no network: nothing")}, "equals no network: nothing."),
        (
            {"found": fidelity("inf", 9.0, "inf", words="equals more than can be known")},
            "equals more than can be known.",
        ),
    ],
)
def test_a_sentence_has_fidelity_price_and_verdict(changes, sentence):
    (found,) = sentences([row("deep_ensemble"), row("swag", 4), row(**changes)])
    assert found.startswith(f"swag with 8 members {sentence}")


def test_a_note_on_all_rows_is_printed_once():
    nothing = fidelity(None, words="undetermined: no signal", note="no signal")
    rows = [row(own, n, found=nothing) for own in ("swag", "snapshot") for n in (1, 2)]
    assert sentences(rows) == ["The fidelity of all samplers is undetermined: no signal."]
    assert "all rows: no signal" not in notes(record(*rows, row("noisegrad")))
    assert f"swag n=1{ON}, swag n=2{ON}, snapshot n=1{ON}, snapshot n=2{ON}: no signal" in notes(
        record(*rows, row("noisegrad"))
    )
    many = [row(f"s{at}", found=nothing) for at in range(6)]
    assert f"s0 n=8{ON}, s1 n=8{ON}, s2 n=8{ON}, s3 n=8{ON} and 2 others: no signal" in notes(
        record(*many, row("noisegrad"))
    )


def test_each_sampler_and_aggregator_has_a_sentence_about_its_largest_budget():
    rows = [row(members=n, aggregator=own) for own in ("mean", "median") for n in (1, 2)] + [row("snapshot", 1)]
    found = [sentence.partition(" equals ")[0] for sentence in sentences(rows)]
    assert found == ["swag with 2 members (mean)", "swag with 2 members (median)", "snapshot with 1 member (mean)"]
    text = printed(record(*rows, budgets=(1, 2), aggregators=("mean", "median")), width=120)
    assert "swag, median" in text


def test_the_undetermined_is_said_in_words():
    note = "the held-out networks show no signal"
    text = printed(record(row(found=fidelity(None, squared=None, note=note, words=f"undetermined: {note}"))), width=120)
    (line,) = (line for line in text.splitlines() if line.startswith("  swag"))
    assert line.split() == ["swag", "8", "1.40", "-", "-", "undetermined", "4.2", "12"]
    assert f"swag n=8{ON}: {note}" in text


def test_failed_rows_have_their_reason():
    about = {"architecture": "test_resnet", "method": "gradient", "sampler": "swag"}
    text = printed(record(row("deep_ensemble"), {**about, **FAILED}), width=120)
    assert "failed" in next(line for line in text.splitlines() if line.startswith("  swag"))
    assert "failed: swag, gradient on test_resnet: member 3: ValueError: [bold]no" in text
    reference = {"architecture": "test_resnet", "method": "gradient", **FAILED}
    assert "failed: deep_ensemble, gradient on test_resnet: member 3" in printed(record(references=[reference]), 120)


def test_notes_name_caveats_and_budgets_without_a_row():
    found = fidelity(1.0, 0.5, 2.0, note="indicative: fewer than 8 members; one base run")
    lines = notes(record(row(found=found), row("snapshot", 4), budgets=(4, 8)))
    assert f"swag n=8{ON}: one base run" in lines
    assert f"swag n=8{ON}: indicative: fewer than 8 members" in lines
    assert "snapshot: its runs give 4 members at most, so no row for 8" in lines
    assert not any(line.startswith("swag: its runs") and "8" in line.partition("for")[2] for line in lines)


def test_a_price_that_is_not_known_is_a_question_mark():
    text = printed(record(row(price=None, training_seconds=None)), width=120)
    (line,) = (line for line in text.splitlines() if line.startswith("  swag"))
    assert line.split() == ["swag", "8", "?", "0.40", "1.62", "[1.20,", "2.31]", "?", "12"]


def save_plot(of, folder):
    """Write the figures of a frontier, as its page does."""
    save_figures(folder, figures_of(of, folder))


def test_a_panel_for_each_method_lies_in_the_folder(tmp_path):
    of = record(row("deep_ensemble", 1, 1.0), row("deep_ensemble", 8, 8.0), row("swag, (a long name)", 8, 1.4))
    save_plot(of, tmp_path)
    image = np.asarray(Image.open(tmp_path / "frontier.png").convert("RGB"))
    assert image.shape[1] == WIDEST * 150
    assert image.std() > 10, "something is drawn"
    orange = (np.abs(image.astype(int) - np.array([0xE6, 0x9F, 0x00])).sum(-1) < 10).sum()
    assert orange > 50, "the second strategy has its colour"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frontier.pdf", "frontier.png", "frontier.svg"]
    assert "(frontier.png, frontier.svg, frontier.pdf)" in written(tmp_path, FILES), "maps.png is not there"
    methods = ("gradient", "gradcam")
    rows = [{**json_of(own), "method": method} for own in of.rows for method in methods]
    several = record(*rows, references=[{**REFERENCE, "method": method} for method in methods])
    assert [len(draw(each).axes) for each in (of, several)] == [1, 2]


def test_rows_without_fidelity_or_price_are_not_drawn(tmp_path):
    (tmp_path / "frontier.png").write_bytes(b"of an earlier result")
    of = record(row(found=fidelity(None)), row(price=None))
    save_plot(of, tmp_path)
    assert list(tmp_path.iterdir()) == []
    reason = figures_of(of, tmp_path)[1].reason
    assert reason.startswith("no strategy has both a price and a fidelity")
    assert ".png" not in printed(of), "no file is named that does not exist"


def test_bars_are_the_ends_of_the_interval_on_the_curve_of_retraining():
    assert bar_ends(Ends(low=1.0, high=4.0), snr=0.5) == pytest.approx((0.5 / 1.5, 2 / 3))
    assert bar_ends(Ends(low=-1.0, high=math.inf), snr=0.5) == (0.0, 1.0)
