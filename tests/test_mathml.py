import re

import pytest

from tests.docs_scripts import FOLDER, load_script

pytest.importorskip("myst_parser")


def build(tmp_path, text):
    import io

    from sphinx.application import Sphinx

    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\nfrom mathml import add_renderer as setup\n"
        "extensions = ['myst_parser']\nmyst_enable_extensions = ['dollarmath']\nhtml_math_renderer = 'mathml'\n"
    )
    (source / "index.md").write_text(text)
    warnings = io.StringIO()
    app = Sphinx(source, source, tmp_path / "out", tmp_path / "trees", "html", status=None, warning=warnings)
    app.build()
    return (tmp_path / "out" / "index.html").read_text(), warnings.getvalue()


def test_formulas_are_mathml_and_the_page_loads_nothing_from_a_network(tmp_path):
    load_script("mathml")  # skips where the docs are not in this distribution
    page, warnings = build(tmp_path, "# Page\n\n$r = c$\n\n$$\\frac{a}{b}$$\n")
    assert not warnings
    assert len(re.findall(r"<math\b", page)) == 2
    assert "<mfrac>" in page
    assert not re.search(r'<(script|link)[^>]*(src|href)="https?:', page)


def test_a_formula_that_cannot_be_converted_is_a_warning_with_its_place(tmp_path):
    load_script("mathml")
    _, warnings = build(tmp_path, "# Page\n\n$\\nosuchsign$\n")
    assert "index.md:3" in warnings
    assert r"\nosuchsign" in warnings
