"""The workspace: every plugin is installed and packaged, and nothing names the place it came from."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

# Sites that files may point to; anything else is either a slip or belongs on this list
SITES = (
    "arxiv.org", "cs.toronto.edu", "docs.python.org", "docs.pytorch.org", "doi.org", "github.com",
    "packaging.python.org", "readthedocs.io", "w3.org", "example.org",
    "creativecommons.org", "zenodo.org", "keepachangelog.com", "semver.org",
)  # fmt: skip
SETTINGS = r"(?i)--(?:extra-)?index-url|\[\[tool\.uv\.index\]\]|uv_(?:default_)?index\b|pip_index_url"
HOST = re.compile(r"(?i)\bhttps?://(?:[^\s/@'\"]*@)?([^\s/:'\"`<>)\\]+)")


def pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def tracked() -> list[Path]:
    command = ["git", "ls-files", "-z"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("no git checkout")
    return [ROOT / name for name in result.stdout.split("\0") if name and (ROOT / name).is_file()]


def strangers(text: str) -> list[str]:
    """The hosts and settings in a text that would name a registry."""
    hosts = [host.lower() for host in HOST.findall(text)]
    return re.findall(SETTINGS, text) + [
        host for host in hosts if not any(f".{host}".endswith(f".{site}") for site in SITES)
    ]


def test_the_dev_group_installs_every_plugin():
    names = {pyproject(folder)["project"]["name"] for folder in PLUGINS}
    root = pyproject(ROOT)
    ours = {item for item in root["dependency-groups"]["dev"] if item.startswith("saliencynoise")}
    assert names == ours == {folder.name for folder in PLUGINS}
    assert names >= {"saliencynoise-timm"}
    sources = root["tool"]["uv"]["sources"]
    assert sources == {name: {"workspace": True} for name in {*names, "saliencynoise"}}


def test_every_distribution_names_its_packages():
    """Left to itself, the build takes `plugins` for a package of the core."""
    assert pyproject(ROOT)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["saliencynoise"]
    assert "/plugins" not in str(pyproject(ROOT)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    for folder in PLUGINS:
        package = folder.name.replace("-", "_")
        wheel = pyproject(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]
        assert wheel["packages"] == [f"src/{package}"]
        assert (folder / "src" / package / "__init__.py").is_file()


def test_every_plugin_has_an_entry_point_and_needs_the_core():
    for folder in PLUGINS:
        project = pyproject(folder)["project"]
        assert "saliencynoise" in project["dependencies"]
        (target,) = project["entry-points"]["saliencynoise"].values()
        assert (folder / "src" / Path(*target.split("."))).with_suffix(".py").is_file()


def test_no_version_is_bounded_from_above():
    """A machine without a network brings its own versions."""
    for folder in (ROOT, *PLUGINS):
        for requirement in pyproject(folder)["project"]["dependencies"]:
            assert not re.search(r"<|==|~=", requirement), requirement


def test_no_file_names_a_registry():
    files = tracked()
    assert ROOT / "pyproject.toml" in files
    assert not [path for path in files if path.name in {"uv.lock", "pip.conf", "uv.toml"}]
    found = {}
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__) and strangers(text):
            found[str(path.relative_to(ROOT))] = strangers(text)
    assert found == {}, f"take these out, or add the sites to {Path(__file__).name}"


@pytest.mark.parametrize(
    "text",
    [
        "https://registry.internal/simple",
        "url = 'http://user:secret@10.0.0.7:3141/root/pypi'",
        "https://notarxiv.org/x",
        "pip install --index-url x",
        "[[tool.uv.index]]",
        "UV_INDEX=x",
    ],
)
def test_a_registry_would_be_seen(text):
    assert len(strangers(text)) == 1


def test_sites_that_may_be_named():
    assert strangers("see https://arxiv.org/abs/1 and http://www.w3.org/2000/svg, (https://doi.org/10.1)") == []


def test_every_wheel_of_types_is_marked():
    assert (ROOT / "saliencynoise" / "py.typed").is_file()


def typed_tests(source):
    """The names of test functions and fixtures that have annotations."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [
        function.name
        for function in functions
        if function.name.startswith("test_") or any("fixture" in ast.unparse(line) for line in function.decorator_list)
        if function.returns or any(isinstance(node, ast.arg) and node.annotation for node in ast.walk(function.args))
    ]


def test_tests_and_fixtures_have_no_annotations():
    files = [path for path in tracked() if re.fullmatch(r"test_.*\.py|conftest\.py", path.name)]
    assert len(files) > 300
    assert {str(path.relative_to(ROOT)): names for path in files if (names := typed_tests(path.read_text()))} == {}


def test_an_annotated_test_would_be_seen():
    source = "def test_a(x: int): ...\ndef test_b() -> None: ...\ndef test_c(x): ...\ndef helper(x: int) -> int: ...\n"
    assert typed_tests(source + "@pytest.fixture(scope='module')\ndef study() -> Study: ...\n") == [
        "test_a", "test_b", "study",
    ]  # fmt: skip


def test_every_test_that_runs_on_the_lowest_versions_exists():
    names = re.findall(r"(?:tests|plugins)/[\w./-]+\.py", (ROOT / ".ci/versions").read_text())
    assert len(names) > 15
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_the_citation_file_is_one_of_its_schema():
    """The keys and values that schema 1.2.0 of the Citation File Format allows and requires, as far as we use them."""
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    allowed = {"cff-version", "message", "type", "title", "abstract", "authors", "version", "license", "keywords"}
    assert cited.keys() == allowed | {"references"}
    assert (cited["cff-version"], cited["type"]) == ("1.2.0", "software")
    project = pyproject(ROOT)["project"]
    assert (cited["title"], cited["version"], cited["license"]) == (
        project["name"], project["version"], project["license"],
    )  # fmt: skip
    assert cited["authors"] == project["authors"]
    assert cited["keywords"] == project["keywords"]
    (paper,) = cited["references"]
    assert paper.keys() <= {"type", "scope", "title", "authors", "collection-title", "conference", "year"}
    assert paper.keys() >= {"type", "title", "authors"}
    assert paper["type"] == "conference-paper"
    assert all(person.keys() == {"family-names", "given-names"} for person in paper["authors"])
    assert paper["conference"].keys() == {"name"}
    assert isinstance(paper["year"], int)
