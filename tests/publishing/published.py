"""Studies for the tests of what goes into a paper."""

from __future__ import annotations

from typing import Any

from saliencynoise.api import Study
from tests.report.printed import cell
from tests.report.printed import study as study_with
from tests.studies import estimate

WORDS = "for other networks and other images"


def made(method: str = "gradient", **changes: Any) -> dict[str, Any]:
    """A cell with all that the table for a paper shows."""
    whole = cell(method, **changes)
    if whole["status"] == "ok":
        snr = {**estimate(0.56, 0.444, 0.674), "words": WORDS}
        figures = whole["figures"]
        whole["figures"] = {**figures, "estimates": {**figures["estimates"], "snr": snr}}
    return whole


def failed(method: str = "lime", reason: str = "out of memory") -> dict[str, Any]:
    """A cell that could not be computed."""
    return made(method, status="failed", reason=reason, figures=None, details=None, classes=None, seconds=None)


def study(*cells: dict[str, Any], members: int = 8, flag: str | None = None, **parts: Any) -> Study:
    """A study of networks trained from scratch, of cells as `made` makes them; the last network may be flagged."""
    cells = cells or (made(),)
    flags = [None] * (members - 1) + [flag]
    networks = [{"index": index, "flag": text, "accuracy": 0.99} for index, text in enumerate(flags)]
    architectures = [
        {"label": name, "name": f"timm/{name}", "plugin": "timm", "short_name": name, "members": networks}
        for name in dict.fromkeys(cell["architecture"] for cell in cells)
    ]
    return study_with(*cells, members=members, **{"architectures": architectures, **parts})
