import io
from pathlib import Path

import pytest
from rich.console import Console

from saliencynoise.analyses.sanity.table import print_sanity, sentences, verdict_words
from saliencynoise.records.sanity import SanityRecord, SanityRow
from saliencynoise.records.writing import json_of
from tests.studies import record_with


def snr(value):
    return {"value": value, "interval": {"low": value - 0.1, "high": value + 0.1}}


def contrast(verdict, cosine=0.5, p=0.012):
    interval = None if cosine is None else {"low": cosine - 0.1, "high": cosine + 0.1}
    return {
        "difference": {"value": 0.4, "interval": {"low": 0.3, "high": 0.5}, "p": p, "p_holm": p},
        "agreement": {"value": cosine, "interval": interval},
        "verdict": verdict,
    }


SNRS = {"trained": snr(3.4), "untrained": snr(3.1), "permuted": snr(0.02)}


def row(first=None, second=None, **changes):
    whole = {
        "architecture": "test_resnet",
        "method": "gradient",
        "view": "signed",
        "snr": SNRS,
        "contrasts": {
            "untrained": first or contrast("does not depend", 0.95),
            "permuted": second or contrast("depends", None),
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
    assert ["permuted", "labels", "0.020", "[-0.080,", "0.12]", ".012", "-", "-", "yes"] in lines


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
            "an edge detector: untrained networks show the same (cosine 0.95; SNR 3.1",
        ),
        (contrast("in part", 0.7), "depends on training in part (cosine 0.70; SNR 3.10 [3.00, 3.20] against 3.40"),
        (
            contrast("depends", None),
            "depends on training: untrained networks agree less, and agreement among them is not shown (SNR 3.10",
        ),
        (
            contrast("depends", 0.1),
            "depends on training: untrained networks agree less, and on a map that differs (cosine 0.10; SNR 3.10",
        ),
        (
            contrast("depends", 0.1, p=0.3),
            "depends on training: untrained networks agree on a map that differs (cosine 0.10; SNR 3.10",
        ),
        (contrast("undetermined", None), "undetermined whether it depends on training (SNR 3.10 [3.00, 3.20] against"),
    ],
)
def test_verdicts(first, words):
    text = verdict_words(row(first))
    assert text.startswith(f"gradient: {words}")
    assert text.endswith(
        "depends on the labels: networks trained on permuted labels agree less, and agreement among them is not shown "
        "(SNR 0.020 [-0.080, 0.12] against 3.40 [3.30, 3.50])."
    )


def test_a_place_that_needs_no_training_is_no_edge_detector():
    text = verdict_words(row(contrast("does not depend", 0.8), view="magnitude"))
    assert text.startswith("gradient, magnitude: where it is large needs no training: untrained networks show the same")


def test_where_the_interval_includes_0_nothing_is_claimed():
    uncertain = {"trained": {"value": 0.55, "interval": {"low": -0.33, "high": 1.42}}}
    text = verdict_words(row(contrast("undetermined"), contrast("undetermined"), snr={**SNRS, **uncertain}))
    assert text == (
        "gradient: undetermined, as the interval of the SNR of trained networks includes 0 (SNR 0.55 [-0.33, 1.42])."
    )


def test_networks_that_did_not_learn_are_the_first_finding():
    found = record(row())
    assert sentences(found)[0].startswith("gradient: "), "98% is learned"
    document = json_of(found)
    document["ensembles"]["trained"]["architectures"]["test_resnet"]["accuracies"] = [0.1, 0.14, 0.25]
    document["study"]["dataset"]["classes"] = [str(digit) for digit in range(10)]
    text = sentences(record_with(SanityRecord, **document))[0]
    assert text.startswith("The trained networks of test_resnet did not learn (accuracy 10.0% to 25.0%, chance 10.0%)")
