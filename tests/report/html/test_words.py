"""The first screen in words: honest about what was not shown, and readable without knowing what an SNR is."""

import pytest

from saliencynoise.records.reading import check_record
from saliencynoise.records.study import MethodRecord
from saliencynoise.report.html.names import CellNames, method_words
from saliencynoise.report.html.rows import study_table
from saliencynoise.report.html.words import lacks_signal, members_undetermined, reliability, sentence, summary_of
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.reliability import members_needed, reliability_at
from tests.studies import cell_of, edited, estimate, filled, make_study, method_of, noisy_maps, record_of_study


def cell(
    method="gradient", r=0.43, low=0.33, high=0.5, *, members=8, p=0.008, architecture="net", floor=0.0, **changes
):
    ends = None if low is None else Interval(low=low, high=high, df=9.0, question="both", note="", level=0.95)
    needed = members_needed(float("nan") if r is None else r, ends)
    whole = {
        "architecture": architecture,
        "method": method,
        "members": members,
        "draws": 1,
        "status": "ok",
        "view": "signed",
        "figures": {
            "estimates": dict.fromkeys(("snr", "snr_averaged"), estimate(r, low, high, floor)),
            "signal_p": p,
            "members_needed": {
                **{name: getattr(needed, name) for name in ("reliability", "value", "low", "high")},
                "text": str(needed),
            },
        },
    }
    return cell_of(**{**whole, **changes})


def result(*cells, members=8, **changes):
    sampler = {"trains": True, "runs": members}
    return record_of_study(**{"settings": {"members": members}, "cells": cells, "sampler": sampler, **changes})


def sentence_on(own, *, several=False):
    names = CellNames(result(own))
    names.several = several
    return sentence(own, names.subject(own))


FAILED = {"status": "failed", "figures": None, "reason": "no layer"}


def test_what_averaging_does_is_one_sentence():
    assert sentence_on(cell()) == (
        "Averaging 21 [18, 28] networks gives input gradients a reliability of 0.9. A single network's map has "
        "0.30 [0.25, 0.33]; the average of all 8 has 0.77."
    )


def test_with_several_architectures_the_sentence_names_it():
    assert "gives LIME on net a reliability" in sentence_on(cell("lime"), several=True)


def test_a_method_that_needs_no_averaging_is_told_so():
    assert sentence_on(cell("gradcam(layer=top)", 12.0, 10.0, 14.0)).startswith(
        "A single network gives Grad-CAM of the top layer a reliability of 0.92 [0.91, 0.93]; the average"
    )


def test_two_members_have_no_interval():
    found = summary_of(result(cell(low=None, members=2, p=None), members=2))
    assert "Averaging 21 networks gives" in found.sentences[0]
    assert "[" not in found.sentences[0]
    assert found.cautions == ["Two networks give no intervals: every figure is a first estimate."]


@pytest.mark.parametrize(
    ("own", "shaky", "unclear"),
    [
        (cell(r=0.02, low=-0.01, high=0.05, p=0.3), True, False),
        (cell(r=-0.02, low=None, members=2, p=None), True, False),
        # significant, but with an interval down to zero: there is agreement, and nobody knows how much
        (cell(r=8.8, low=-0.2, high=20.0, p=0.008), False, True),
        # with four members no p can be below 0.125
        (cell(r=0.4, low=0.2, high=0.6, members=4, p=0.125), False, False),
        (cell(r=0.4, low=-0.2, high=0.6, members=4, p=0.125), True, False),
        (cell(), False, False),
    ],
)
def test_what_is_not_shown_is_not_claimed(own, shaky, unclear):
    assert (lacks_signal(own), members_undetermined(own)) == (shaky, unclear)
    words = sentence_on(own)
    assert ("No agreement between networks is shown" in words) == shaky
    assert ("is undetermined" in words) == unclear
    assert ("Averaging" in words) == (not shaky and not unclear)


def test_no_upper_limit_is_not_made_up():
    words = sentence_on(cell(r=0.2, low=-0.01, high=0.4))
    assert words.startswith("At least 23 networks must be averaged")
    assert "the largest number is undetermined" in words


def test_of_many_methods_the_best_the_middle_and_the_worst_have_a_sentence():
    cells = [
        cell(name, r, r - 0.1, r + 0.1)
        for name, r in (("lime", 4.0), ("gradient", 0.4), ("deeplift", 0.9), ("x/y", 12.0))
    ]
    cells.append(cell("occlusion", 0.01, -0.1, 0.1, p=0.5))
    found = summary_of(result(*cells))
    assert found.sentences[0] == (
        "1 of 5 methods has a reliability of 0.9 from a single network. For 3, the maps of 3 to 23 networks must be "
        "averaged. For 1, no agreement between networks was shown."
    )
    best, middle, worst = found.sentences[1:]
    assert best.startswith("Most reliable: A single network gives x/y ")
    assert "DeepLIFT" in middle
    assert "input gradients" in worst
    assert [bar.method for bar in found.bars] == ["x/y", "LIME", "DeepLIFT", "input gradients", "occlusion"]
    assert [bar.lacks_signal for bar in found.bars] == [False] * 4 + [True]


def test_reliabilities_are_those_of_the_statistics():
    bar = summary_of(result(cell())).bars[0]
    assert (bar.one, bar.all) == (reliability_at(0.43, 1), reliability_at(0.43, 8))
    assert reliability(-0.3, 8) == 0.0


def test_only_the_first_view_is_spoken_of():
    assert len(summary_of(result(cell(), cell(view="relu", r=0.9))).bars) == 1


def test_cautions_come_with_the_sentences():
    cells = cell(r=0.01, low=-0.1, high=0.2, p=0.4, members=6), cell("lime", **FAILED)
    flagged = [{"label": "net", "members": [{"flag": "an outlier"}, {"flag": None}]}]
    found = summary_of(result(*cells, members=6, architectures=flagged, sampler={"trains": True, "runs": 2}))
    words = " ".join(found.cautions)
    assert "1 of 2 figures could not be computed" in words
    assert "No agreement between networks was shown for input gradients" in words
    assert "6 networks come from 2 training runs and are not independent" in words
    assert "1 network may not have learned" in words
    assert "With 6 networks the intervals, in brackets, are rough." in words


@pytest.mark.parametrize("cells", [(), (cell(**FAILED),), (cell(r=None, low=None, p=None),)])
def test_nothing_measured_is_said(cells):
    assert summary_of(result(*cells)).sentences == [
        "No figure could be computed; the reasons are listed under Failures."
    ]


def test_names_of_plugins_stay_as_they_are():
    assert method_words(record("captum/saliency(abs=true)")) == "captum/saliency(abs=true)"
    assert method_words(record("mine/gradient")) == "mine/gradient"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("gradient", "input gradients"),
        ("gradcam(layer=top)", "Grad-CAM of the top layer"),
        ("smoothgrad(sigma=0.2)", "SmoothGrad (sigma=0.2)"),
        ("gradcam(layer=other, positive=true)", "Grad-CAM (layer=other, positive=true)"),
    ],
)
def test_names_of_built_in_methods_are_plain(label, words):
    assert method_words(record(label)) == words


def record(label):
    return check_record(filled(MethodRecord, method_of(label)), MethodRecord, where="a test's method")


def test_a_method_whose_maps_have_no_sign_gets_no_reliability(tmp_path):
    """Rectified noise agrees for being positive: r of about 0.47 is no signal, and no network's map is worth it."""
    study = make_study(tmp_path / "run", {("net", "cam"): noisy_maps(members=8, images=12, shape=(1, 16, 16), snr=0.0)})

    def rectify(document):
        (cell,) = document["cells"]
        cell["view"] = "relu"
        cell["figures"]["estimates"]["snr"] = estimate(0.467, 0.45, 0.49, floor=0.467)

    study = edited(study, rectify)
    summary = summary_of(study.result)
    assert not summary.bars
    assert not any("a reliability of" in sentence for sentence in summary.sentences)
    assert any("cam are compared where uninformed networks agree" in caution for caution in summary.cautions)
    (row,) = study_table(study.result).rows
    assert [value.text for value in row.values[1:5]] == ["0.47", "[0.45, 0.49]", "-", "-"]


def centred(method, **changes):
    return cell(method, view="centred", **changes)


def test_what_is_left_of_a_method_on_top_when_centred_is_said():
    cells = [
        cell("gradcam(layer=top)", r=12.1, low=9.0, high=16.0),
        centred("gradcam(layer=top)", r=3.9, low=3, high=5),
    ]
    (one,) = summary_of(result(*cells)).sentences
    assert one.endswith("Minus its own mean, each map has an r of 3.90 [3.00, 5.00] instead of 12.1.")
    cells[1] = centred("gradcam(layer=top)", r=0.01, low=-0.1, high=0.1, p=0.4)
    (one,) = summary_of(result(*cells)).sentences
    assert one.endswith("0.010 [-0.10, 0.10] instead of 12.1, and no agreement is shown.")


def test_a_one_signed_method_is_judged_by_its_centred_maps_only():
    whole = cell("layercam", r=120.0, low=90.0, high=160.0, p=None, floor=None)
    found = summary_of(result(whole, centred("layercam", r=0.1, low=-0.1, high=0.2, p=0.3)))
    assert "120" not in " ".join(found.sentences)
    assert "is shown for the maps of LayerCAM (each map minus its own mean)" in found.sentences[0]
    (bar,) = found.bars
    assert (bar.method, bar.lacks_signal) == ("LayerCAM, centred", True)
