"""BibTeX entries: read strictly, found by DOI, arXiv number or key, and written in one form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

REFERENCES = Path(__file__).with_name("references.bib")

_IDENTIFIER = re.compile(r"(?i)\b(arxiv:|doi:|bib:|https?://)\s*([^\s;,]+)")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry: its kind ("article"), its key, and its fields, with their braces."""

    kind: str
    key: str
    fields: tuple[tuple[str, str], ...]

    @property
    def identifiers(self) -> set[str]:
        """What it is found by: "doi:...", "arxiv:...", its address and "bib:KEY", in small letters."""
        named = dict(self.fields)
        found = {f"bib:{self.key}"}
        found |= {f"doi:{named['doi']}"} if "doi" in named else set()
        found |= {f"arxiv:{named['eprint']}"} if "eprint" in named else set()
        found |= {named["url"]} if "url" in named else set()
        return {identifier.lower() for identifier in found}

    def __str__(self) -> str:
        """Return the entry as BibTeX reads it, a field a line."""
        lines = [f"  {name} = {{{value}}}," for name, value in self.fields]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def identifiers_in(paper: str) -> list[str]:
    """Return the DOIs, arXiv numbers, addresses and keys in the text on a paper, in small letters.

    >>> identifiers_in("Lundberg and Lee 2017, arXiv:1705.07874; a book, doi:10.1/ABC.")
    ['arxiv:1705.07874', 'doi:10.1/abc']
    """
    return [f"{kind}{value.rstrip('.)')}".lower() for kind, value in _IDENTIFIER.findall(paper)]


@lru_cache(maxsize=1)
def known_entries() -> tuple[Entry, ...]:
    """Return the entries of `references.bib`."""
    return tuple(entries_in(REFERENCES.read_text(encoding="utf-8")))


def entry_of(identifier: str, entries: Iterable[Entry]) -> Entry | None:
    """Return the entry with an identifier as `identifiers_in` returns it; None where there is none."""
    return next((entry for entry in entries if identifier in entry.identifiers), None)


def entries_in(text: str) -> list[Entry]:
    """Read BibTeX; text between entries is a comment.

    Raises:
        ValueError: naming what cannot be read.

    >>> entries_in("@misc{a, title = {On {B}}, year = 2020}")
    [Entry(kind='misc', key='a', fields=(('title', 'On {B}'), ('year', '2020')))]
    """
    entries = []
    for match in re.finditer(r"@(\w+)\s*\{\s*([^\s,{}]+)\s*,", text):
        body = _braced(text, match.end(), match[2])
        entries.append(Entry(kind=match[1].lower(), key=match[2], fields=tuple(_fields(body, match[2]))))
    if not entries:
        raise ValueError("no BibTeX entry, as @article{key, title = {...}}")
    keys = [entry.key for entry in entries]
    repeated = next((key for key in keys if keys.count(key) > 1), None)
    if repeated:
        raise ValueError(f"the key {repeated} is there twice")
    return entries


def _braced(text: str, start: int, key: str) -> str:
    """Return the text from `start` to the brace that closes what was opened before it."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    raise ValueError(f"the braces of {key} do not close")


def _fields(body: str, key: str) -> Iterator[tuple[str, str]]:
    place = 0
    while rest := body[place:].strip(" \t\r\n,"):
        place = body.index(rest[0], place)
        match = re.compile(r"([A-Za-z][\w-]*)\s*=\s*").match(body, place)
        if match is None:
            raise ValueError(f"{key}: '{rest[:20]}' is no field, as title = {{...}}")
        start = match.end()
        opening = body[start : start + 1]
        if opening == "{":
            value = _braced(body, start + 1, key)
            place = start + len(value) + 2
        elif opening == '"':
            end = body.find('"', start + 1)
            if end < 0:
                raise ValueError(f"{key}: the quotes of {match[1]} do not close")
            value, place = body[start + 1 : end], end + 1
        else:
            bare = re.compile(r"[^\s,{}]*").match(body, start)
            value = bare[0] if bare else ""
            place = start + len(value)
        if not value.strip():
            raise ValueError(f"{key}: {match[1]} is empty")
        yield match[1].lower(), " ".join(value.split())
