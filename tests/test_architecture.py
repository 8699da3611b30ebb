"""Imports point down only; plugins touch the public rooms only. Read from the source, so nothing escapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "saliencynoise"

LEVELS = (
    {"interfaces"},
    {"store"},
    {"records"},
    {"registry", "scoring", "statistics", "data", "weights"},
    {"architectures", "methods", "aggregators", "samplers", "training"},
    {"testing"},  # it tries samplers with the training that the engine gives them
    {"display"},
    {"engine"},
    {"analyses", "attributing", "explanation", "measuring"},
    {"report"},
    {"publishing"},  # what goes into a paper: its paragraphs repeat the report's warnings
    {"api"},  # a module: the functions and the class that a user's script calls
    {"cli"},
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Built-ins are found by name, through the registry, as anybody's plugins are
BY_NAME_ONLY = (
    *("architectures", "methods", "aggregators", "samplers", "registry.builtins"),
    *("data.digits", "data.folder", "data.cifar10", "data.imagenette", "data.shapes"),
)

# What a plugin may import, and of the registry this name only
PUBLIC = ("saliencynoise.interfaces", "saliencynoise.testing")

# What a plugin of this project that brings a command may import besides (docs/decisions/0022)
COMMAND_PLUGINS = {"saliencynoise-dream": (), "saliencynoise-paper": ("saliencynoise_dream",)}
FOR_COMMANDS = (
    *(f"saliencynoise.{room}" for room in ("data", "display", "engine", "records", "report", "scoring", "statistics")),
    *("saliencynoise.api", "saliencynoise.store", "saliencynoise.training.recipes"),
    *(f"saliencynoise.registry.{module}" for module in ("bound", "catalogue", "parameters")),
    *("saliencynoise.cli.options", "saliencynoise.cli.output"),
)


def imports(source: str, module: str) -> set[str]:
    """The modules and names of this project that a module imports anywhere, lazily and for typing too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "saliencynoise"}


def wrong_imports(source: str, module: str) -> list[str]:
    """What a module of the core imports that it must not, in words (`module` is its full name)."""
    own = module.split(".")[1]
    wrong = []
    for name in sorted(imports(source, module)):
        path = name.removeprefix("saliencynoise.")
        room = path.split(".")[0]
        if room not in LEVEL:
            wrong.append(f"{module} imports {name}, which is in no room")
        elif room != own and LEVEL[room] >= LEVEL[own]:
            wrong.append(f"{module} imports {name}, which is not below it")
        elif any(f"{path}.".startswith(f"{hidden}.") for hidden in BY_NAME_ONLY if hidden.split(".")[0] != own):
            wrong.append(f"{module} imports the built-in {name} by path")
    return wrong


def wrong_plugin_imports(source: str, module: str) -> list[str]:
    """What a module of a plugin imports from the core that it must not."""
    return [
        name
        for name in sorted(imports(source, module))
        if name not in {"saliencynoise.registry.hookimpl", "saliencynoise.hookimpl"} and not _within(name, PUBLIC)
    ]


def wrong_command_imports(source: str, module: str) -> list[str]:
    """What a module of a plugin of `COMMAND_PLUGINS` imports from the core that it must not."""
    hidden = tuple(f"saliencynoise.{path}" for path in BY_NAME_ONLY)
    return [
        name
        for name in wrong_plugin_imports(source, module)
        if not _within(name, FOR_COMMANDS) or _within(name, hidden)
    ]


def _within(name: str, modules: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


def packages(source: str) -> set[str]:
    """The packages of this project that a module imports anywhere."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split(".")[0] for name in names if name.startswith("saliencynoise")}


def plugin_of(path: Path) -> str:
    return path.relative_to(ROOT / "plugins").parts[0]


def graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """The modules that each module imports anywhere, lazily and for typing too, from sources by full name."""
    return {
        module: {name for wanted in imports(source, module) if (name := longest(wanted, sources)) not in {None, module}}
        for module, source in sources.items()
    }


def longest(name: str, modules: Collection[str]) -> str | None:
    """The module of an imported name: itself, or the one that defines it."""
    parts = name.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules), None)


def circles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The sets of modules that import each other, directly or through others: components of more than one module."""
    reached = {module: reachable(module, edges) for module in edges}
    found = {frozenset({module, *(other for other in reached[module] if module in reached[other])}) for module in edges}
    return sorted(sorted(component) for component in found if len(component) > 1)


def reachable(module: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    seen, waiting = set(), [module]
    while waiting:
        new = set(edges[waiting.pop()]) - seen
        seen |= new
        waiting += new
    return seen


def module_of(path: Path, top: Path) -> str:
    parts = path.relative_to(top.parent).with_suffix("").parts
    return ".".join(parts)


def without_mirror(modules: Collection[str], tests: Collection[str]) -> list[str]:
    """The files of a room that have no file of tests by their name, from the names of both."""
    return sorted(name for name in modules if name != "__init__.py" and f"test_{name}" not in tests)


CORE = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem == "api")
PLUGINS = sorted(ROOT.glob("plugins/*/src/**/*.py"))


def test_every_module_is_in_a_room():
    rooms = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in CORE}
    assert rooms <= LEVEL.keys(), "give the new room a level in this file, and a line in the design"
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "api.py"}
    assert {"interfaces", "registry", "engine", "cli"} <= rooms


def test_contributing_names_every_room_from_the_lowest_to_the_highest():
    table = re.findall(r"^\| `saliencynoise/(\w+)/` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert set(table) == {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert [LEVEL[room] for room in table] == sorted(LEVEL[room] for room in table)


def test_the_picture_of_the_rooms_shows_them_all():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert LEVEL.keys() <= set(re.findall(r"\w+", page.partition("```text")[2].partition("```")[0]))
    named = [name for name in re.findall(r"`([a-z]+/\w+\.py)`", page) if not name.startswith("tests/")]
    assert named
    assert [name for name in named if not (PACKAGE / name).is_file()] == []


def test_every_module_of_the_engine_has_a_file_of_tests_by_its_name():
    modules, tests = (
        {path.name for path in folder.glob("*.py")} for folder in (PACKAGE / "engine", ROOT / "tests/engine")
    )
    assert "study.py" in modules
    assert without_mirror(modules, tests) == []


def test_a_module_without_a_file_of_tests_is_seen():
    modules = {"__init__.py", "plan.py", "clock.py", "run.py"}
    assert without_mirror(modules, {"conftest.py", "test_run.py", "clock.py"}) == ["clock.py", "plan.py"]
    assert without_mirror(modules, {"test_run.py", "test_plan.py", "test_clock.py"}) == []


def test_imports_point_down():
    assert [fault for path in CORE for fault in wrong_imports(path.read_text(), module_of(path, PACKAGE))] == []


def test_no_module_is_in_a_circle_of_imports():
    paths = {module_of(path, PACKAGE).removesuffix(".__init__"): path for path in PACKAGE.rglob("*.py")}
    sources = {module: path.read_text() for module, path in paths.items()}
    edges = graph(sources)
    assert {"saliencynoise.engine.study", "saliencynoise.interfaces"} <= edges["saliencynoise.api"]
    assert circles(edges) == []


@pytest.mark.parametrize(
    "source",
    [
        "from p.b import name",
        "from p import b",
        "import p.b",
        "from . import b",
        "def f():\n    from p.b import name",
        "if TYPE_CHECKING:\n    from p.b import name",
    ],
)
def test_a_circle_is_seen_however_it_is_imported(source):
    texts = {"a": source, "b": "import p.c", "c": "from p.a import x", "d": "import p.a, p.e", "e": ""}
    sources = {f"saliencynoise.{name}": re.sub(r"\bp\b", "saliencynoise", text) for name, text in texts.items()}
    assert circles(graph(sources)) == [["saliencynoise.a", "saliencynoise.b", "saliencynoise.c"]]
    assert circles(graph({**sources, "saliencynoise.c": "import saliencynoise.e"})) == []


def test_plugins_import_the_public_rooms_only():
    rules = {
        path: wrong_command_imports if plugin_of(path) in COMMAND_PLUGINS else wrong_plugin_imports for path in PLUGINS
    }
    found = {str(path): rule(path.read_text(), module_of(path, path.parents[0])) for path, rule in rules.items()}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_there_are_plugins_to_test():
    assert {plugin_of(path) for path in PLUGINS} >= {"saliencynoise-timm", *COMMAND_PLUGINS}


def test_the_core_imports_no_plugin_and_plugins_import_those_they_name():
    """But for the public names that a plugin brings, which the package loads when they are first used."""
    assert [str(path) for path in CORE if packages(path.read_text()) - {"saliencynoise"}] == []
    for path in PLUGINS:
        plugin = plugin_of(path)
        known = {"saliencynoise", plugin.replace("-", "_"), *COMMAND_PLUGINS.get(plugin, ())}
        assert packages(path.read_text()) <= known, path
    assert packages("def f():\n    import saliencynoise_dream.run") == {"saliencynoise_dream"}


def test_the_rule_for_commands_can_be_broken():
    allowed = "from saliencynoise.engine.plan import x\nfrom saliencynoise.cli import options\nimport torch"
    assert wrong_command_imports(allowed, "p.q") == []
    for module in (
        *(
            "saliencynoise",
            "saliencynoise.cli.bench",
            "saliencynoise.analyses.frontier.run",
            "saliencynoise.training.loop",
        ),
        *("saliencynoise.methods.gradient", "saliencynoise.data.digits", "saliencynoise.registry.loader"),
    ):
        assert wrong_command_imports(f"import {module}", "p.q") == [module]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import saliencynoise.engine.run", "saliencynoise.engine.run, which is not below it"),
        ("from saliencynoise.engine import plan", "saliencynoise.engine.plan, which is not below it"),
        ("from saliencynoise import cli", "saliencynoise.cli, which is not below it"),
        ("from saliencynoise import engine", "saliencynoise.engine, which is not below it"),
        ("from ..report import table", "saliencynoise.report.table, which is not below it"),
        ("from .. import report", "saliencynoise.report, which is not below it"),
        (
            "def f():\n    from saliencynoise.engine import x",
            "saliencynoise.engine.x, which is not below it",
        ),
        ("if TYPE_CHECKING:\n    import saliencynoise.cli", "saliencynoise.cli, which is not below it"),
        (
            "import saliencynoise.methods.gradient",
            "saliencynoise.methods.gradient, which is not below it",
        ),
        ("import saliencynoise.training.loop", "saliencynoise.training.loop, which is not below it"),
        ("from saliencynoise.data import tensors", "saliencynoise.data.tensors, which is not below it"),
        ("from saliencynoise import UsageError", "saliencynoise.UsageError, which is in no room"),
    ],
)
def test_the_rule_can_be_broken(source, wrong):
    (found,) = wrong_imports(source, "saliencynoise.scoring.scorer")
    assert found == f"saliencynoise.scoring.scorer imports {wrong}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from saliencynoise.methods.gradient import Gradient", "saliencynoise.methods.gradient.Gradient"),
        ("import saliencynoise.aggregators.mean", "saliencynoise.aggregators.mean"),
        ("from saliencynoise.data import digits", "saliencynoise.data.digits"),
        ("from saliencynoise.registry.builtins import x", "saliencynoise.registry.builtins.x"),
    ],
)
def test_built_ins_are_imported_by_nobody(source, name):
    assert wrong_imports(source, "saliencynoise.engine.plan") == [
        f"saliencynoise.engine.plan imports the built-in {name} by path"
    ]


def test_imports_down_and_within_a_room_are_free():
    source = "import torch\nfrom saliencynoise.data.tensors import x\nfrom saliencynoise.training import recipes"
    assert wrong_imports(source, "saliencynoise.training.loop") == []
    assert wrong_imports("from saliencynoise.data.digits import x", "saliencynoise.data.loading") == []


def test_the_rule_for_plugins_can_be_broken():
    allowed = (
        "import torch\nfrom saliencynoise.interfaces import Tap\n"
        "from saliencynoise.interfaces.specs import ModelSpec\n"
        "from saliencynoise.registry import hookimpl\nimport saliencynoise.testing\nfrom . import names\n"
    )
    assert wrong_plugin_imports(allowed, "saliencynoise_x.plugin") == []
    assert wrong_plugin_imports("from saliencynoise.registry import catalogue", "p.q") == [
        "saliencynoise.registry.catalogue"
    ]
    for module in ("saliencynoise.scoring", "saliencynoise.engine.plan", "saliencynoise"):
        assert wrong_plugin_imports(f"def f():\n    import {module}", "p.q") == [module]
