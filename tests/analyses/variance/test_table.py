import io
from pathlib import Path

from rich.console import Console

from saliencynoise.analyses.variance.table import print_variance
from saliencynoise.display.numbers import estimated_percent
from saliencynoise.records.variance import FailedVarianceRow, VarianceRecord, VarianceRow
from tests.studies import record_with


def share(value, low=None, high=None):
    return {"value": value, "interval": None if low is None else {"low": low, "high": high}}


def stream(name, first, total):
    return {"stream": name, "first": share(first, first - 0.05, first + 0.05), "total": share(total, 0.9, 1.02)}


ENERGY = {"signal": 0.34, "network": 0.4, "draw": 0.01, "residual": 0.25}


def row(**changes):
    whole = {
        "architecture": "test_resnet",
        "method": "gradient",
        "view": "signed",
        "noise": 0.66,
        "streams": [stream("init", 0.123, 0.97), stream("rest", -0.004, 0.95)],
        "replicate": share(0.0, 0.0, 0.0),
        "energy": None,
        "words": "training is chaotic",
    }
    return record_with(VarianceRow, **{**whole, **changes})


FAILED = FailedVarianceRow(architecture="test_resnet", method="lime", view="signed", reason="too small")


def record(*rows, flagged=0, run="runs/v/test_resnet"):
    return record_with(
        VarianceRecord,
        format=1,
        created="2026-01-01T00:00:00+00:00",
        settings={"blocks": 4, "streams": ["init"], "bench": {"seed": 0, "target": "true"}},
        study={
            "dataset": {"asked": "digits", "notes": ["a note"]},
            "versions": {"torch": "2.15.0"},
            "hardware": {"device": "cpu", "processor": "a processor"},
        },
        images=32,
        architectures=[
            {
                "architecture": "test_resnet",
                "run": run,
                "streams": {"init": ["init"], "rest": ["order", "augment"]},
                "left_out": {"dropout": "the network drops nothing"},
                "blocks": 4,
                "members": 20,
                "accuracy": {"min": 0.98, "max": 0.997},
                "trained_again": {"members": 4, "bitwise_equal": 4},
                "flagged": {str(i): "not above chance" for i in range(flagged)},
            }
        ],
        rows=rows,
    )


def printed(of, width=80):
    stream = io.StringIO()
    print_variance(of, Path("runs/v"), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def flat(text):
    return " ".join(text.split())


def test_rows_hold_parts_and_intervals():
    lines = [line.split() for line in printed(record(row())).splitlines()]
    assert ["gradient", "66%"] in lines
    assert ["initialisation", "12%", "[7%,", "17%]", "97%", "[90%,", "102%]"] in lines
    assert ["all", "others", "0%", "[-5%,", "5%]", "95%", "[90%,", "102%]"] in lines
    assert ["again,", "same", "seeds", "0%", "[0%,", "0%]"] in lines


def test_it_fits_80_columns():
    text = printed(record(row(), row(method="gradcam_plus_plus(layer=intermediate)")))
    assert max(map(len, text.splitlines())) <= 80


def test_the_print_names_streams_left_out_changed_together_and_repeated():
    text = flat(printed(record(row())))
    assert "20 networks in 4 blocks, accuracies 98.0% to 99.7%" in text
    assert "all others: order of images and augmentation, changed together" in text
    assert "dropout left out: the network drops nothing" in text
    assert "of 4 trained again with the same seeds, 4 bitwise equal" in text
    assert "for new seeds on these images, t over 4 blocks" in text
    assert "gradient on test_resnet: training is chaotic." in text
    assert "note: a note" in text
    assert "shares of energy" not in text


def test_stochastic_methods_have_a_table_of_their_own():
    energy = {name: share(value, value - 0.01, value + 0.01) for name, value in ENERGY.items()}
    lines = [line.split() for line in printed(record(row(), row(method="smoothgrad", energy=energy))).splitlines()]
    assert ["shares", "of", "energy", "signal", "networks", "draws", "both"] in lines
    assert ["smoothgrad", "34%", "40%", "1%", "25%"] in lines


def test_failures_and_flags_are_printed():
    text = flat(printed(record(FAILED, flagged=5)))
    assert "failed: lime on test_resnet: too small" in text
    assert text.count("not above chance") == 3
    assert "flagged: 2 more of test_resnet" in text
    assert "for new seeds on these images" not in text


def test_percent():
    assert [estimated_percent(own) for own in (0.005, -0.004, 1.2, None, "inf")] == ["0%", "0%", "120%", "-", "∞"]
