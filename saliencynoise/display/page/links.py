"""Papers in words, with those of their addresses that a page may link to: http, https, DOI and arXiv, and no others."""

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
    parts, at = [], 0
    for found in _ADDRESS.finditer(text):
        words = found[0].rstrip(".,;:")
        parts.append(Part(text=text[at : found.start()]))
        parts.append(Part(text=words, address=_address(found, words)))
        at = found.start() + len(words)
    return [part for part in [*parts, Part(text=text[at:])] if part.text]


def _address(found: re.Match[str], words: str) -> str:
    if found["url"]:
        return words
    name = words.partition(":")[2].strip()
    return f"https://doi.org/{name}" if found["doi"] else f"https://arxiv.org/abs/{name}"
