import doctest
import re
import shutil
import subprocess

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.publishing import statement as module
from saliencynoise.publishing.citations import citations_of
from saliencynoise.publishing.statement import statement, statement_text
from tests.cli.calling import call
from tests.publishing.published import failed, made, study
from tests.publishing.test_citations import bench
from tests.studies import estimate, make_study, noisy_maps

PAGE = "\\documentclass{article}\n\\begin{document}\n%s\\end{document}\n"


def test_the_paragraph_of_methods_says_how_the_numbers_were_made():
    text = statement(study()).methods
    for part in (
        "for test_resnet. 8 networks trained from scratch. Training: 1437 images, 2 epochs, float32.",
        "The median test accuracy of test_resnet is 99.6% (98.0% to 100.0%).",
        "We computed maps of 2 of 360 test images of digits (1x16x16), target true, with gradient.",
        "Pure noise gives 0.",
        "Brackets are 95% intervals for other networks and other images.",
        "torch 2.15.0 on cpu, seed 0.",
    ):
        assert part in text


def test_the_paragraph_of_results_has_a_sentence_for_each_row_the_highest_snr_first():
    high = made("gradcam")
    high["figures"]["estimates"]["snr"] = {**estimate(12.0, 9.0, 15.0), "words": "for others"}
    high["figures"]["members_needed"] = {"text": "1"}
    text = statement(study(made(), high)).results
    assert text == (
        "gradcam has an SNR of 12.0 [9.00, 15.0]; one map has a reliability of 0.92; one network is enough for a "
        "reliability of 0.9; 20% of the pixels are significant. "
        "gradient has an SNR of 0.56 [0.44, 0.67]; one map has a reliability of 0.36; 17 [14, 21] networks are needed "
        "for a reliability of 0.9; 20% of the pixels are significant."
    )


def test_what_is_not_shown_is_said():
    low = made()
    low["figures"] |= {"members_needed": {"text": "undetermined"}, "signal_p": 0.4}
    text = statement(study(low)).results
    assert "the number of networks for a reliability of 0.9 is undetermined" in text
    assert "no signal is shown (p = .400)" in text


def test_few_members_flags_and_failures_are_admitted_and_not_ticked():
    text = statement(study(made(members=4), failed(), members=4, flag="accuracy 20%"))
    for line in (
        "4 networks trained from scratch.",
        "4 networks are few: intervals are indicative, or missing.",
        "Network 3 of test_resnet is flagged: accuracy 20%.",
        "lime on test_resnet was not computed: out of memory.",
    ):
        assert line in text.admissions
    assert text.admissions[-1].startswith("A reliable map need not be right")
    assert not any("--" in line for line in text.admissions)  # advice on options has no place in a paper
    undone = [line for is_done, line in text.checklist if is_done is False]
    assert undone == [
        "There are 8 or more networks (here 4).",
        "Every network has learned (not so: 1 flagged network).",
        "Every method was computed (not so: lime).",
    ]


def test_a_sound_study_ticks_all_that_the_record_can_tell():
    ticks = [is_done for is_done, _ in statement(study()).checklist]
    assert False not in ticks
    assert ticks.count(None) == 4


def test_methods_of_one_sign_without_untrained_networks_are_not_ticked():
    text = statement(study(made("gradcam_plus_plus", sign="leaning")))
    undone = [line for is_done, line in text.checklist if is_done is False]
    (line,) = undone
    assert line.startswith("Methods whose maps have one sign, or lean to one, are compared with untrained networks (")
    assert "gradcam_plus_plus" in line


def test_every_number_is_one_of_the_record():
    """Change the record, and the text follows: no number stands in the text by itself."""
    numbers = set(re.findall(r"\d+\.\d+|\d+%", statement(study()).results))
    other = made(details={"pixels": {"share": 0.31}, "modes": {"share": 0.0, "words": ""}})
    other["figures"] |= {"members_needed": {"text": "5 [3, 8]"}}
    other["figures"]["estimates"]["snr"] = {**estimate(1.7, 1.2, 2.3), "words": ""}
    changed = set(re.findall(r"\d+\.\d+|\d+%", statement(study(other)).results))
    assert numbers & changed == {"0.9"}


def test_citations_have_the_keys_of_cite():
    of = bench(made("gradient"))
    keys = {key for found in citations_of(of.result).keys.values() for key in found}
    markdown, latex = statement_text(of), statement_text(of, "latex")
    assert set(re.findall(r"@(\w+)", markdown)) <= keys
    assert "gradient [@simonyan2014deep]" in markdown
    assert r"gradient~\cite{simonyan2014deep}" in latex
    assert r"~\cite{woerl2023initialization,saliencynoise}" in latex


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
def test_it_compiles(tmp_path):
    text = statement_text(study(made(r"my_net.py:a&b%[x]"), failed("[y]"), flag="50% #1", members=4), "latex")
    (tmp_path / "page.tex").write_text(PAGE % text, encoding="utf-8")
    command = [str(shutil.which("pdflatex")), "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stdout[-1500:]


def test_unknown_formats_and_studies_without_figures_are_refused():
    with pytest.raises(UsageError, match="the format 'latx' is unknown; did you mean 'latex'"):
        statement_text(study(), "latx")
    with pytest.raises(UsageError, match="has no computed figures to report"):
        statement(study(failed()))


def test_the_command_prints_it(capsys, tmp_path):
    run = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps()})
    code, out, err = call(capsys, "statement", run.folder)
    assert (code, out, err) == (0, statement_text(run), "")
    assert call(capsys, "statement", run.folder, "--format", "latex")[1] == statement_text(run, "latex")
    assert call(capsys, "statement", tmp_path)[0] == 2


def test_the_examples_hold():
    assert doctest.testmod(module).failed == 0
