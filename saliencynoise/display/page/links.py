"""Links in the text on a paper. A page links to http, https, DOI and arXiv addresses and to no others."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(
    r"(?P<url>https?://[\w.-]+(?:/[\w./?%&=+~:#-]*)?)"
    r"|doi:\s?(?P<doi>10\.\d{4,9}/[\w.()/:-]+)"
    r"|arXiv:\s?(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?)",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Words of a text, with the address they lead to; None for plain words."""

    text: str
    address: str | None = None


def parts_of(text: str) -> list[Part]:
    """Return a text in parts, links apart from words.

    >>> parts_of("Simonyan 2014, arXiv:1312.6034")[-1].address
    'https://arxiv.org/abs/1312.6034'
    >>> [part.address for part in parts_of("javascript:alert(1)")]
    [None]
    """
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:")
        parts.append(Part(text=text[end : match.start()]))
        parts.append(Part(text=address, address=_address(match, address)))
        end = match.start() + len(address)
    return [part for part in [*parts, Part(text=text[end:])] if part.text]


def _address(match: re.Match[str], text: str) -> str:
    if match["url"]:
        return text
    name = text.partition(":")[2].strip()
    return f"https://doi.org/{name}" if match["doi"] else f"https://arxiv.org/abs/{name}"
