import pytest

from saliencynoise.api import cite
from saliencynoise.interfaces.specs import MethodSpec
from saliencynoise.publishing import citations
from saliencynoise.publishing.bibtex import entries_in, identifiers_in, known_entries
from saliencynoise.publishing.citations import citations_of
from saliencynoise.registry.catalogue import catalogue
from tests.publishing.published import failed, made, study

VERSIONS = {"saliencynoise": "0.1.0", "torch": "2.15.0", "numpy": "2.4.6", "timm": "1.0.31"}


def bench(*cells, **parts):
    """A study of digits with the records of its methods as a bench writes them."""
    methods = [
        {
            "label": cell["method"],
            "name": f"builtin/{cell['method']}",
            "plugin": "builtin",
            "short_name": cell["method"],
            "paper": catalogue().find("methods", cell["method"]).spec.paper,
            "library": None,
        }
        for cell in cells
    ]
    made_parts = {"methods": methods, "versions": VERSIONS}
    return study(*cells, **{**made_parts, **parts})


def keys_by_use(of):
    return {", ".join(uses): entry.key for uses, entry in citations_of(of.result).entries}


def test_each_thing_that_was_used_has_its_entry():
    of = bench(
        made("gradient"), made("lime"), dataset={"asked": "digits", "name": "builtin/digits", "test_images": 360}
    )
    assert keys_by_use(of) == {
        "this program": "saliencynoise",
        "the measure": "woerl2023initialization",
        "method gradient": "simonyan2014deep",
        "method lime": "ribeiro2016why",
        "data set digits": "alpaydin1998optical",
        "catalogue timm": "wightman2019timm",
        "sampler deep_ensemble": "lakshminarayanan2017simple",
        "library torch": "paszke2019pytorch",
        "library numpy": "harris2020array",
    }


def test_what_has_no_entry_is_named_and_not_invented():
    of = bench(made("gradient"), dataset={"asked": "folder:@mine", "name": "builtin/folder:mine", "test_images": 30})
    text = cite(of)
    assert "% Without an entry here; cite their sources:" in text
    assert "% - data set folder:(at)mine: its source is not known here" in text  # an @ would begin an entry
    assert "% - architecture test_resnet: its source is not known here" in text
    assert len(entries_in(text)) == text.count("\n@")


def test_a_failed_method_is_not_cited():
    assert "method lime" not in keys_by_use(bench(made("gradient"), failed("lime")))


def test_one_paper_for_two_things_is_one_entry():
    names = keys_by_use(bench(made("gradcam"), made("guided_gradcam")))
    assert names["method gradcam, method guided_gradcam"] == "selvaraju2017gradcam"


def test_the_version_of_the_program_is_that_of_the_run():
    (_, program), *_ = citations_of(bench(made("gradient")).result).entries
    assert ("note", "Computer program, version 0.1.0") in program.fields


@pytest.mark.parametrize(
    ("bibtex", "paper", "key", "missing"),
    [
        ("@misc{doe, title={A}, doi={10.1/X}}", "Doe 2030, doi:10.1/X", "doe", None),
        ("@misc{doe, title={A}, year={2030}}", "", "doe", None),
        ("", "Doe 2030, doi:10.1/X", None, "Doe 2030, doi:10.1/X"),
        ("@misc{doe", "Doe 2030, doi:10.1/X", None, "the BibTeX of its plugin cannot be read"),
        ("", "arXiv:1703.01365", "sundararajan2017axiomatic", None),
    ],
)
def test_a_plugin_brings_the_entries_of_its_method(monkeypatch, bibtex, paper, key, missing):
    spec = MethodSpec(name="own", summary="own", target="a:b", family="cam", paper=paper, bibtex=bibtex)
    monkeypatch.setattr(citations, "_spec", lambda kind, name: spec if name == "third/own" else None)
    record = {"label": "own", "name": "third/own", "plugin": "third", "short_name": "own", "paper": paper}
    found = citations_of(bench(made("gradient"), methods=[{**record, "label": "gradient"}]).result)
    assert found.keys.get("method gradient") == (None if key is None else [key])
    reasons = [line for line in found.missing if line.startswith("method gradient")]
    assert (missing in reasons[0]) if missing else reasons == []


def test_every_built_in_thing_with_a_paper_has_an_entry():
    for kind in ("methods", "samplers", "datasets", "models"):
        for plugin in catalogue().plugins:
            if plugin.name != "builtin":
                continue
            for spec in plugin.specs[kind]:
                known = {identifier for entry in known_entries() for identifier in entry.identifiers}
                assert set(identifiers_in(spec.paper)) <= known, spec.name
                assert bool(spec.paper) == bool(identifiers_in(spec.paper)), spec.name


def test_libraries_are_known_entries():
    known = {identifier for entry in known_entries() for identifier in entry.identifiers}
    assert set(citations.LIBRARIES.values()) <= known
