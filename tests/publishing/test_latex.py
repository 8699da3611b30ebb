import re
import shutil
import subprocess

import pytest

from saliencynoise.publishing.formats import table_text
from saliencynoise.publishing.latex import escape, label
from tests.publishing.published import failed, made, study

ODD = r"a_b\c{d}e~f^g&50%$#<>|`'--[*]" + '"'
PAGE = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n%s\\end{document}\n"


def odd_study():
    """Every kind of row and of name: two architectures, a failure, values below zero and without end."""
    low = made(ODD)
    low["figures"]["estimates"]["snr"] |= {"value": -0.02, "interval": {"low": -0.1, "high": "inf", "level": 0.95}}
    low["figures"]["members_needed"] = {"text": "> 40"}
    other = made("[bracket]")
    return study(low, other, failed("*star"), {**made("gradient"), "architecture": "other_net"})


def test_the_table_is_one_with_booktabs_a_caption_and_a_label():
    text = table_text(study(), "latex")
    assert text.startswith("% in the preamble: \\usepackage{booktabs}\n\\begin{table}\n")
    headers = r"\shortstack[r]{Networks\\for 0.9} & \shortstack[r]{Significant\\pixels}"
    assert rf"Method & SNR & Reliability & {headers} \\" in text
    assert r"gradient & 0.56 [0.44, 0.67] & 0.36 & 17 [14, 21] & 20\% \\" in text
    assert r"\label{tab:x}" in text
    assert r"test\_resnet" not in text  # the one architecture is in the caption
    assert text.count(r"\midrule") == 1


def test_signs_of_latex_and_numbers_below_zero_are_printed_as_they_are():
    text = table_text(odd_study(), "latex")
    assert r"a\_b\textbackslash{}c\{d\}e\textasciitilde{}f\textasciicircum{}g\&50\%\$\#$<$$>$\textbar{}" in text
    assert r"$-$0.020 [$-$0.10, $\infty$]" in text
    assert r"$>$ 40" in text
    assert r"    {}[bracket] &" in text  # after \\ it would be an argument
    assert r"    {}*star & failed &  &  &  \\" in text
    assert r"\multicolumn{5}{l}{other\_net} \\" in text


def test_every_row_has_as_many_entries_as_the_table_has_columns():
    """A strict reading of the body, where no TeX is installed: unescaped ampersands, and balanced braces."""
    text = table_text(odd_study(), "latex")
    body = text.partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r" \\") and r"\multicolumn" not in line]
    assert len(rows) == 5
    assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {5}
    depth = 0
    for sign in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if sign == "{" else -1
        assert depth >= 0
    assert depth == 0


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
def test_it_compiles(tmp_path):
    page = PAGE % table_text(odd_study(), "latex", columns="snr,reliability,networks,pixels,p,published,untrained")
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stdout[-1500:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000


def test_letters_that_pdflatex_lacks_are_announced():
    assert not table_text(study(made("größe")), "latex").startswith("% Names")
    assert table_text(study(made("方法")), "latex").startswith("% Names with letters that pdfLaTeX does not know")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("-0.02", "$-$0.02"),
        ("[-0.1, -∞]", r"[$-$0.1, $-$$\infty$]"),
        ("x-1, 2-3, e-05", "x-1, 2-3, e-05"),
        ("--flag", "-{}-flag"),
        ("–", "--"),
        ("-", "-"),
        ("a\nb\x1b", r"a b\textbackslash{}x1b"),
    ],
)
def test_hyphens_minus_signs_and_control_characters(text, due):
    assert escape(text) == due


@pytest.mark.parametrize(("name", "due"), [("my run_2", "my-run-2"), ("%}\\", "saliencynoise"), ("ü", "saliencynoise")])
def test_a_label_has_letters_digits_and_hyphens_only(name, due):
    assert label(name) == due
