import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.publishing.statement import statement
from saliencynoise.publishing.table import published_table
from tests.publishing.published import failed, made, study


def test_a_row_has_the_headline_columns_with_intervals():
    table = published_table(study())
    assert table.headers == ("SNR", "Reliability", "Networks for 0.9", "Significant pixels")
    (group,) = table.groups
    assert group.architecture == "test_resnet"
    assert group.rows[0].method == "gradient"
    assert group.rows[0].entries == ("0.56 [0.44, 0.67]", "0.36", "17 [14, 21]", "20%")


def test_the_caption_says_members_images_recipe_data_population_and_interval():
    caption = published_table(study()).caption
    for part in (
        "2 of 360 test images of digits (1x16x16), target true.",
        "8 networks trained from scratch.",
        "Training: 1437 images, 2 epochs, float32.",
        "SNR is corrected: pure noise gives 0;",
        "Brackets: 95% intervals for other networks and other images.",
    ):
        assert part in caption
    assert "flagged" not in caption
    assert "Not computed" not in caption


def test_the_caption_admits_few_members_flags_and_failures():
    few = study(made(members=4), failed(), members=4, flag="accuracy 20%")
    caption = published_table(few).caption
    assert "4 networks" in caption
    assert "(indicative, with fewer than 8 networks)" in caption
    assert "1 network flagged" in caption
    assert "Not computed: lime." in caption


def test_a_failed_cell_is_a_row_without_entries():
    rows = published_table(study(made(), failed())).groups[0].rows
    assert (rows[1].method, rows[1].entries) == ("lime", ())
    assert rows[1].values["status"] == "failed"


def test_views_in_which_noise_has_an_snr_are_named():
    sentence = "In the view relu pure noise has an SNR above 0."
    assert sentence in published_table(study(made(), made(view="relu"))).caption
    assert sentence in statement(study(made(), made(view="relu"))).methods
    assert "In the view" not in published_table(study()).caption


def test_a_method_that_failed_has_one_row_for_all_its_views():
    rows = published_table(study(failed(), {**failed(), "view": "relu"}, made())).groups[0].rows
    assert [row.method for row in rows] == ["lime", "gradient"]


def test_columns_are_chosen_in_their_order_and_explained():
    table = published_table(study(), "p, published")
    assert table.headers == ("p", "Published SNR", "Floor")  # never without its floor
    assert table.groups[0].rows[0].entries == (".008", "0.65", "0.32")
    assert "p: sign-flip test" in table.caption
    assert "corrected: pure noise" not in table.caption
    assert published_table(study(), ["floor", "published"]).headers == ("Floor", "Published SNR")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ("snr,relability", "columns has no 'relability'; did you mean 'reliability'?"),
        ("snr,snr", "columns has 'snr' twice"),
        (" , ", "columns names no column; give some of snr, reliability"),
        ([], "columns names no column"),
    ],
)
def test_unknown_columns_are_refused(columns, text):
    with pytest.raises(UsageError) as error:
        published_table(study(), columns)
    assert text in str(error.value)


def test_an_snr_below_zero_has_a_reliability_of_zero():
    low = made()
    low["figures"]["estimates"]["snr"]["value"] = -0.02
    row = published_table(study(low), "snr,reliability").groups[0].rows[0]
    assert row.entries == ("-0.020 [0.44, 0.67]", "0.000")


def test_views_are_rows_of_their_own():
    rows = published_table(study(made(), made(view="centred"))).groups[0].rows
    assert [row.method for row in rows] == ["gradient", "view centred"]
