import io
from pathlib import Path

import pytest
from rich.console import Console

from saliencynoise.analyses.sanity.table import print_sanity, verdict_words
from saliencynoise.records.sanity import SanityRecord, SanityRow
from tests.studies import record_with


def snr(value):
    return {"value": value, "interval": {"low": value - 0.1, "high": value + 0.1}}


def contrast(verdict, cosine=0.5, p=0.012, words="less noisy"):
    interval = None if cosine is None else {"low": cosine - 0.1, "high": cosine + 0.1}
    return {
        "comparison": {"p_holm": p, "words": words},
        "agreement": {"value": cosine, "interval": interval},
        "verdict": verdict,
    }


def row(first=None, second=None, **changes):
    whole = {
        "architecture": "test_resnet",
        "method": "gradient",
        "view": "signed",
        "snr": {"trained": snr(3.4), "untrained": snr(3.1), "permuted": snr(0.02)},
        "contrasts": {
            "untrained": first or contrast("does not depend", 0.95),
            "permuted": second or contrast("depends", None, p=None),
        },
    }
    return record_with(SanityRow, **{**whole, **changes})


def record(*rows):
    kinds = {
        "trained": (0.98, {"2": "an outlier"}),
        "untrained": (0.1, {"0": "not above chance"}),
        "permuted": (0.1, {}),
    }
    return record_with(
        SanityRecord,
        format=1,
        settings={"permuted_epochs": 0, "bench": {"seed": 0, "target": "true"}},
        study={
            "dataset": {"asked": "digits", "notes": []},
            "recipes": {"test_resnet": {"epochs": 2}},
            "versions": {"torch": "2.15.0"},
            "hardware": {"device": "cpu", "processor": "a processor"},
        },
        members=8,
        images=32,
        ensembles={
            name: {"architectures": {"test_resnet": {"accuracies": [accuracy, accuracy + 0.01], "flagged": flagged}}}
            for name, (accuracy, flagged) in kinds.items()
        },
        rows=rows,
    )


def printed(of, width=80):
    stream = io.StringIO()
    print_sanity(of, Path("runs/s"), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_rows_hold_the_figures_of_each_kind():
    lines = [line.split() for line in printed(record(row())).splitlines()]
    assert ["trained", "3.40", "[3.30,", "3.50]"] in lines
    assert ["untrained", "3.10", "[3.00,", "3.20]", ".012", "0.95", "[0.85,", "1.05]", "no"] in lines
    assert ["permuted", "labels", "0.020", "[-0.080,", "0.12]", "-", "-", "-", "yes"] in lines


def test_it_fits_80_columns():
    text = printed(record(row(), row(method="gradcam_plus_plus(layer=intermediate)", view="magnitude")))
    assert max(map(len, text.splitlines())) <= 80


def test_accuracies_and_flags_of_trained_networks_only():
    text = " ".join(printed(record(row())).split())
    assert (
        "accuracies: trained 98.0% to 99.0%, untrained 10.0% to 11.0%, permuted labels 10.0% to 11.0%; permuted labels "
        "for 2 epochs" in text
    )
    assert "flagged: trained member 2 of test_resnet: an outlier" in text
    assert "not above chance" not in text


def test_a_failure_is_printed():
    failed = {"architecture": "test_resnet", "method": "lime", "status": "failed", "reason": "untrained networks: zero"}
    assert "failed: lime on test_resnet: untrained networks: zero" in printed(record(failed))


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (
            contrast("does not depend", 0.95),
            "gradient: an edge detector: untrained networks show the same (cosine 0.95; r 3.10 against 3.40)",
        ),
        (contrast("in part", 0.7), "gradient: depends on training in part (cosine 0.70; r 3.10 against 3.40)"),
        (
            contrast("depends", None),
            "gradient: depends on training: untrained networks show no agreement (r 3.10 against 3.40)",
        ),
        (
            contrast("depends", 0.1),
            "gradient: depends on training: untrained networks agree on a map that differs (cosine 0.10; r 3.10",
        ),
        (
            contrast("depends", 0.1, words="tie"),
            "gradient: depends on training: untrained networks agree as much, but on a map that differs (cosine 0.10;",
        ),
        (contrast("undetermined", None), "gradient: not shown that it depends on training (r 3.10 against 3.40)"),
    ],
)
def test_verdicts(first, words):
    text = verdict_words(row(first))
    assert text.startswith(words)
    assert text.endswith(
        "; depends on the labels: networks trained on permuted labels show no agreement (r 0.020 against 3.40)."
    )


def test_a_place_that_needs_no_training_is_no_edge_detector():
    text = verdict_words(row(contrast("does not depend", 0.8), view="magnitude"))
    assert text.startswith("gradient, magnitude: where it is large needs no training: untrained networks show the same")


def test_without_a_signal_there_is_nothing_to_check():
    text = verdict_words(row(contrast("no signal"), contrast("no signal"), view="magnitude"))
    assert text == "gradient, magnitude: trained networks show no agreement (r 3.40)."
