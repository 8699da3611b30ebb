"""Quantitative sentences of README and docs say what their sources say."""

import pytest

from tests.docs_scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("claims")


def test_the_claims_hold(script):
    assert [claim.error() for claim in script.claims() if claim.error()] == []


def test_a_wrong_number_is_found(script, tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text("Noise alone gives\n0.39 with six members.")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    text = "Noise alone gives {} with six members."
    assert script.Claim("page.md", text, lambda: ("0.39",)).error() is None
    wrong = script.Claim("page.md", text, lambda: ("0.40",)).error()
    assert wrong == "page.md: its source says: Noise alone gives 0.40 with six members."
