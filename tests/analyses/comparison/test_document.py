"""The document of a comparison shows itself in a few lines and as a table."""

import pytest

from saliencynoise.analyses.comparison.ranking import rankings_of, sentences
from saliencynoise.analyses.comparison.run import compare_methods
from saliencynoise.api import compare
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("net", "<plain>"): noisy_maps(members=4, images=4),
        ("net", "other"): noisy_maps(members=4, images=4, seed=1),
    }
    return make_study(tmp_path_factory.mktemp("made") / "run", maps)


def test_its_text_has_what_the_tests_say_and_its_html_the_grid(study):
    document = compare(study)
    (ranking,) = rankings_of(study, compare_methods(study))
    head, *lines = repr(document).splitlines()
    assert head == "Comparison (methods: 1, architectures: 0)"
    assert lines == [f"  {sentence}" for sentence in sentences(ranking)] != []
    html = document._repr_html_()
    assert "&lt;plain&gt;" in html
    assert "<plain>" not in html
    assert html.count("<tr>") == 3


def test_several_runs_are_counted(study, tmp_path):
    document = compare(study, study.save(tmp_path / "other"))
    assert repr(document).startswith("Comparison (studies: 2, ")
    assert "studies: 2" in document._repr_html_()
