import re
import shutil
import subprocess

import pytest

from saliencynoise.publishing.bibtex import REFERENCES, entries_in, entry_of, identifiers_in, known_entries

REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "techreport": {"author", "title", "institution", "year"},
    "misc": {"author", "title", "year"},
}


@pytest.mark.parametrize("entry", known_entries(), ids=lambda entry: entry.key)
def test_every_known_entry_is_complete_and_can_be_found_in_the_world(entry):
    fields = dict(entry.fields)
    assert fields.keys() >= REQUIRED[entry.kind]
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])
    if entry.key != "woerl2023initialization":  # of this one no DOI could be verified
        assert fields.keys() & {"doi", "eprint", "url"}
    assert re.fullmatch(r"10\.\d{4,9}/\S+", fields.get("doi", "10.1000/x"))
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "1705.07874"))
    assert ("eprint" in fields) == (fields.get("archiveprefix") == "arXiv")
    names = [] if fields["author"].startswith("{") else fields["author"].split(" and ")  # in braces: a group
    assert all("," in name or name == "others" for name in names)


def test_no_two_entries_share_an_identifier():
    identifiers = [identifier for entry in known_entries() for identifier in entry.identifiers]
    assert len(identifiers) == len(set(identifiers)) > 80


def test_what_is_written_reads_as_the_same():
    entries = known_entries()
    assert tuple(entries_in("\n".join(map(str, entries)))) == entries
    assert len(entries) == REFERENCES.read_text(encoding="utf-8").count("\n@")


def test_an_entry_is_found_by_each_of_its_identifiers():
    erion = entry_of("doi:10.1038/s42256-021-00343-w", known_entries())
    assert erion is not None
    assert entry_of("arxiv:1906.10670", known_entries()) is erion
    assert entry_of("bib:erion2021improving", known_entries()) is erion
    assert entry_of("arxiv:0000.00000", known_entries()) is None


@pytest.mark.parametrize(
    ("paper", "due"),
    [
        ("A 2017, arXiv:1705.07874; B 2021, arXiv:2012.01536", ["arxiv:1705.07874", "arxiv:2012.01536"]),
        ("C, doi:10.1109/ICCV.2017.74", ["doi:10.1109/iccv.2017.74"]),
        ("D, https://example.org/a.pdf.", ["https://example.org/a.pdf"]),
        ("no source", []),
        ("", []),
    ],
)
def test_identifiers_are_read_from_the_text_on_a_paper(paper, due):
    assert identifiers_in(paper) == due


def test_other_forms_of_bibtex_are_read():
    text = '@Article {k1 , author="A, B",\n title = {On {\\"U}ber {things}}, year=2020 }\n note\n@misc{k2, title={x},}'
    first, second = entries_in(text)
    assert first.kind == "article"
    assert first.fields == (("author", "A, B"), ("title", '{\\"U}'.join(("On ", "ber {things}"))), ("year", "2020"))
    assert second.fields == (("title", "x"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no entry", "no BibTeX entry"),
        ("@misc{a, title = {x", "the braces of a do not close"),
        ('@misc{a, title = "x}', "do not close"),
        ("@misc{a, title}", "is no field"),
        ("@misc{a, title = {}}", "title is empty"),
        ("@misc{a, title={x}} @misc{a, title={y}}", "the key a is there twice"),
    ],
)
def test_broken_bibtex_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        entries_in(text)


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="no BibTeX is installed")
def test_bibtex_reads_every_known_entry(tmp_path):
    (tmp_path / "all.bib").write_text("\n".join(map(str, known_entries())), encoding="utf-8")
    (tmp_path / "page.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n")
    program = str(shutil.which("bibtex"))
    result = subprocess.run([program, "page"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stdout
    assert "Warning" not in result.stdout
    assert (tmp_path / "page.bbl").read_text().count("\\bibitem") == len(known_entries())
