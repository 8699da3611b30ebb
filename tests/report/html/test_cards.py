"""Cards tell what a study recorded, and less where it recorded less."""

from functools import partial

import pytest
from msgspec import structs

from saliencynoise.report.html.cards import MOST_IMAGES, architecture_cards, data_card, key_facts, method_cards
from saliencynoise.report.html.rows import study_table
from tests.studies import edited

METHOD = {
    "name": "builtin/smoothgrad(samples=50)",
    "plugin": "builtin",
    "short_name": "smoothgrad",
    "label": "smoothgrad",
    "distribution": "saliencynoise 0.1.0",
    "library": None,
    "summary": "mean gradient of noisy copies",
    "family": "gradient",
    "kind": "functional",
    "paper": "Smilkov et al. 2017, arXiv:1706.03825",
    "cost": "samples x (forward + backward)",
    "stochastic": True,
    "views": ["signed"],
    "parameters": {"samples": "50", "sigma": "0.15"},
}


@pytest.fixture
def result(study):
    def describe(document):
        for cell in document["cells"]:
            cell["draws"] = 2 if cell["method"] == "smoothgrad" else 1
        methods = [METHOD if method["label"] == "smoothgrad" else method for method in document["methods"]]
        document["methods"] = methods

    return edited(study, describe).result


def test_a_method_card_holds_what_its_plugin_declared(result):
    card = next(own for own in method_cards(result) if own.title == "SmoothGrad")
    facts = dict(card.facts)
    assert card.about == METHOD["summary"]
    assert card.paper == METHOD["paper"]
    assert facts["parameters"] == "samples = 50, sigma = 0.15"
    assert facts["cost of an image"] == METHOD["cost"]
    assert facts["failed"] == "on large(depth=2): member 3: ValueError: no layer"


def test_each_method_has_a_card_and_one_without_a_paper_has_none(study):
    cards = {card.title: card for card in method_cards(study.result)}
    assert set(cards) == {"input gradients", "SmoothGrad", "Grad-CAM of the top layer", "mine/nothing"}
    assert not cards["input gradients"].paper
    assert dict(cards["input gradients"].facts)["name"] == "gradient"


def test_diagnostics_are_shown(study):
    def check(document):
        document["cells"][0]["diagnostics"] = {"completeness_error": {"median": 0.003, "max": 0.14}}

    card = method_cards(edited(study, check).result)[0]
    assert dict(card.facts)["completeness error on small"] == "median 0.003, largest 0.14"


def test_the_data_card_counts_and_lists_images(result):
    card = data_card(result)
    assert dict(card.facts)["images"] == "100 to train, 50 to test"
    assert [row.values[1].text for row in card.table.rows] == ["cat", "dog", "cat", "dog"]
    many = data_card(structs.replace(result, images=result.images * 200))
    assert len(many.table.rows) == MOST_IMAGES
    assert many.table.caption == f"The attributed images, the first {MOST_IMAGES}; 300 more"


def test_an_architecture_card_lists_its_members_with_flags(result):
    first, *others = result.architectures[0].members
    members = (structs.replace(first, flag="an outlier"), *others)
    flagged = structs.replace(result.architectures[0], members=members)
    card = architecture_cards(structs.replace(result, architectures=(flagged,)))[0]
    assert dict(card.facts)["test accuracy"] == "median 90.0%, from 90.0% to 90.0%"
    assert [row.values[2].text for row in card.table.rows] == ["an outlier", *["-"] * 7]


def test_key_facts_say_what_a_reader_looks_for_first(result):
    facts = dict(key_facts(result))
    assert facts["networks"] == "8 of each of small, large(depth=2)"
    assert facts["images"] == "4 test images of made"
    assert facts["time"] == "16 s to train, 6 s to explain"


def test_rows_stand_for_themselves_and_the_failed_is_shown_as_failed(result):
    table = study_table(result)
    labels = [column.label for column in table.columns]
    assert all(len(row.values) == len(labels) for row in table.rows)
    rows = {(row.values[0].text, row.values[1].text): row for row in table.rows}
    assert len(rows) == len(result.cells) + 1
    assert rows["smoothgrad, networks alone", "small"].family == "gradient"
    failed = rows["smoothgrad", "large(depth=2)"].values
    assert [value.text for value in failed[2:]] == ["failed", *["-"] * (len(labels) - 3)]
    assert all(value.key == "" for value in failed[2:])
    gradient = dict(zip(labels, rows["gradient", "small"].values, strict=True))
    r = result.cells[0].figures.estimates.snr.value
    assert float(gradient["SNR"].key) == r
    assert float(gradient["reliability"].key) == pytest.approx(r / (1 + r), abs=1e-15)


CEILING = {"value": 0.5, "low": 0.25, "high": 0.75, "kinds": ["sign", "positive_scale"], "copies": 4, "members": 8}


def test_a_measured_ceiling_is_shown_and_a_low_one_has_a_row(study):
    def with_ceiling(document, **changes):
        document["cells"] = [cell for cell in document["cells"] if cell["status"] == "ok"]
        for cell in document["cells"]:
            cell["ceiling"] = {**CEILING, "images": 2, **changes}

    result = edited(study, with_ceiling).result
    facts = dict(method_cards(result)[0].facts)
    assert facts["ceiling on small"] == (
        "r 0.50 [0.25, 0.75] between 4 copies of 8 networks, with other weights and the same function (sign and "
        "positive scale), on 2 images"
    )
    rows = [[value.text for value in row.values] for row in study_table(result).rows]
    assert any(row[0].endswith(", ceiling") and "[0.25, 0.75]" in row for row in rows)
    result = edited(study, partial(with_ceiling, value="inf", kinds=[])).result
    assert "ceiling on small" not in dict(method_cards(result)[0].facts)
    assert not any(row.values[0].text.endswith(", ceiling") for row in study_table(result).rows)
