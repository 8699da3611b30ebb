"""Templates to pages. Whatever comes from a user or a plugin is escaped, and no script but the page's own can run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Return a page. Values are escaped; a value that the template names and that is not given is an error.

    Args:
        template: name of a file beside this one, as "explain.html"; it extends "base.html".
        values: by the names of the template.
    """
    return _environment().get_template(template).render(**values)


def write_page(path: Path, template: str, **values: Any) -> Path:
    """Write a page, and return where.

    Raises:
        UsageError: if the place cannot be written.
    """
    write_bytes(path, render(template, **values).encode("utf-8", errors="replace"))
    return path


def data_uri(content: bytes, kind: str) -> str:
    """Return content as an address that a page can hold.

    >>> data_uri(b"a,b", "text/csv")
    'data:text/csv;base64,YSxi'
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only where pages are made

    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )  # fmt: skip
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    made.globals |= {
        "style": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "script": script,
        # scripts by this hash only, so that even markup that slipped through could run nothing
        "policy": f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    }
    return made
