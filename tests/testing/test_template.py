"""The plugin template as a third party would use it: its own tests pass, and fail when the method is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "examples" / "plugin-template"


@pytest.fixture
def template(tmp_path):
    """A copy of the template."""
    folder = tmp_path / "plugin"
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def environment(folder: Path) -> dict[str, str]:
    """An environment in which the template is installed, as pip would have left it."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    ((name, module),) = project["entry-points"]["saliencynoise"].items()
    info = folder / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "entry_points.txt").write_text(f"[saliencynoise]\n{name} = {module}\n")
    return {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_own_tests_pass(template):
    done = run(template, "pytest", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    passed, skipped = (int(re.search(rf"(\d+) {word}", done.stdout)[1]) for word in ("passed", "skipped"))
    assert passed == 2 * 20 + 2  # 20 checks of a pass method for each layer, the claim, the paper's property
    assert skipped == 2 * 8 - 1
    assert "its spec does not claim it" in done.stdout


def test_its_tests_see_a_broken_method(template):
    method = template / "src" / "saliencynoise_hirescam" / "method.py"
    right = "(tap.grad * tap.value)"
    assert right in method.read_text()
    method.write_text(method.read_text().replace(right, "(tap.grad.mul_(tap.value))"))
    done = run(template, "pytest", "-p", "no:cacheprovider", "-k", "unchanged")
    assert done.returncode == 1
    assert "2 failed" in done.stdout
    assert "changed: grad at 'top'" in done.stdout
    assert "contract: All pass methods that are asked for together share that pass." in done.stdout


def test_the_command_line_checks_it(template):
    done = run(template, "saliencynoise", "plugins", "check", "hirescam")
    assert done.returncode == 0, done.stderr
    assert "ok      method hirescam/hires_cam(layer=top): 21 checks executed, 21 passed" in done.stdout
    assert "total: 1 method, 0 architectures, 0 failed" in done.stdout


def test_its_command_is_listed_and_runs(template):
    listed = run(template, "saliencynoise", "--help")
    assert listed.returncode == 0, listed.stderr
    assert "hires-versus-gradcam" in listed.stdout
    shutil.rmtree(next(template.glob("src/*.dist-info")))
    done = run(template, "saliencynoise", "hires-versus-gradcam", "--members", "2", "--images", "2", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    figures = re.findall(r"^(\S+): r (-?\d+\.\d{3}) from 2 members$", done.stdout, re.MULTILINE)
    assert [method for method, _ in figures] == [
        "hirescam/hires_cam(layer=intermediate)",
        "gradcam(layer=intermediate)",
    ]


def test_its_command_refuses_one_member(template):
    done = run(template, "saliencynoise", "hires-versus-gradcam", "--members", "1")
    assert done.returncode == 2
    assert done.stderr == (
        "error: --members 1 is not possible; give 2 or more, since noise is what members differ by\n"
    )
