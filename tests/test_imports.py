"""Nothing heavy is imported before it is needed, so that `--help` answers at once."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

HEAVY = {
    "torch", "torchvision", "timm", "captum", "shap", "lime", "pandas", "matplotlib", "numpy", "scipy",
    "sklearn", "zarr", "xarray", "pyarrow", "safetensors", "PIL",
}  # fmt: skip

LIGHT = {
    "the package": ["-c", "import saliencynoise"],
    "the API": ["-c", "from saliencynoise import Study, bench, compare, explain, frontier, sanity, variance"],
    "hookimpl": ["-c", "from saliencynoise import hookimpl, UsageError"],
    "the interfaces": ["-c", "import saliencynoise.interfaces"],
    "the registry": ["-c", "import saliencynoise.registry.catalogue"],
    "all specs": [
        "-c",
        (
            "from saliencynoise.registry.catalogue import catalogue as c\n"
            "[c().names(kind) for kind in ('models', 'methods', 'aggregators', 'samplers', 'datasets', 'commands')]"
        ),
    ],
    "the pools": [
        "-c",
        "import saliencynoise.store.pool, saliencynoise.store.maps, saliencynoise.store.export",
    ],
    "the command line": ["-c", "import saliencynoise.cli"],
    "--help": ["-m", "saliencynoise", "--help"],
    "--version": ["-m", "saliencynoise", "--version"],
    "a command's --help": ["-m", "saliencynoise", "bench", "--help"],
    "the help of the kit": ["-m", "saliencynoise", "plugins", "check", "--help"],
}


def imported(arguments: list[str]) -> set[str]:
    """The top-level packages that Python imports when it is started with these arguments."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return set(re.findall(r"^import time:\s*\d+ \|\s*\d+ \|\s*(\w+)", result.stderr, re.MULTILINE))


@pytest.mark.parametrize("what", LIGHT)
def test_nothing_heavy_is_imported(what):
    assert imported(LIGHT[what]) & HEAVY == set()


def test_this_test_can_fail():
    assert imported(["-c", "import numpy"]) & HEAVY == {"numpy"}
    assert "saliencynoise" in imported(LIGHT["the package"])
    assert "pluggy" in imported(LIGHT["the registry"])
    assert "typer" in imported(LIGHT["--help"])
