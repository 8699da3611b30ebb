"""Pages from templates. Texts from users and plugins are escaped, and only the page's own script can run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from saliencynoise.display.page.links import parts_of
from saliencynoise.records.common import Record
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

LONGEST = 600
"""Characters of a name or a message that a page shows; a plugin's may be of any length."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def render(template: str, **values: Any) -> str:
    """Return a page. Values are escaped; a missing value of the template is an error.

    Args:
        template: name of a file beside this one, as "explain.html"; it extends "base.html".
        values: by the names of the template.
    """
    return _environment().get_template(template).render(**values)


def write_page(path: Path, template: str, **values: Any) -> Path:
    """Write a page, and return its path.

    Raises:
        UsageError: if the path cannot be written.
    """
    write_bytes(path, render(template, **values).encode("utf-8", errors="replace"))
    return path


def data_uri(content: bytes, kind: str) -> str:
    """Return content as an address that a page can hold.

    >>> data_uri(b"a,b", "text/csv")
    'data:text/csv;base64,YSxi'
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def shown(text: str) -> str:
    r"""Return a text with a sign for each character that no page or XML may hold, or that reverses the text.

    >>> shown("a\x00b")
    'a\ufffdb'
    """
    # names and keys mostly, for which the pattern takes several times as long
    return text if text.isascii() and text.isprintable() else _UNSHOWABLE.sub("\ufffd", text)


def shown_in(document: Any) -> Any:
    """Return a document with all its texts as `shown`."""
    kind = type(document)
    if kind is float or kind is int:  # most values of a study, and a result may hold millions
        return document
    if kind is str:
        return shown(document)
    if isinstance(document, Mapping):
        return {shown(key): shown_in(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return kind(shown_in(value) for value in document)
    if isinstance(document, Record):
        return kind(**{name: shown_in(getattr(document, name)) for name in document.__struct_fields__})
    return shown(document) if isinstance(document, str) else document


def truncate_middle(text: str) -> str:
    """Return a name or a message, without its middle if it is too long to be read.

    >>> truncate_middle("a" * 10_000)[-40:]
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
    """
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} … ({len(text):,} characters) … {text[-half:]}"


def breakable_html(text: str) -> Markup:
    """Return a name, shortened and escaped, with line breaks allowed after its marks, for labels in narrow columns.

    >>> str(breakable_html("a_b<"))
    'a_<wbr>b&lt;'
    """
    return Markup("<wbr>").join(re.findall("[^_(,/=]*[_(,/=]?", shown(truncate_middle(text)))[:-1])


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only where pages are made

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # of plain strings only: what was escaped is of a class of its own, which must be kept
        finalize=lambda value: shown(value) if type(value) is str else value,
    )
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment.filters |= {"truncate_middle": truncate_middle, "breakable_html": breakable_html, "parts": parts_of}
    environment.globals |= {
        "style": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "script": script,
        # only the script with this hash runs, even if a user's markup were not escaped
        "policy": "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'",
    }
    return environment
