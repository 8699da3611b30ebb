"""Commands as a user can paste them into a shell."""

from __future__ import annotations

import os
import re
import shlex

_PLAIN = re.compile(r"[\w@%+=:,./~-]+")


def shell(*words: object, encoding: str = "utf-8") -> str:
    r"""Return words of a command, quoted for a shell where they need it.

    A word that a terminal cannot show (bytes that are no text, control characters, letters that its encoding lacks) is
    written as the bytes that it stands for, in the form `$'...'` of bash, zsh and others.

    Args:
        words: the words of the command, in order.
        encoding: the encoding of the terminal.

    >>> shell("saliencynoise", "show", "runs/two class names", "runs/\udcff")
    "saliencynoise show 'runs/two class names' $'runs/\\377'"
    """
    return " ".join(_quoted(str(word), encoding) for word in words)


def _quoted(word: str, encoding: str) -> str:
    if os.name == "nt":
        return word if _PLAIN.fullmatch(word) else f'"{word}"'
    try:
        word.encode(encoding)
    except UnicodeEncodeError:
        return _as_bytes(word)
    return shlex.quote(word) if word.isprintable() else _as_bytes(word)


def _as_bytes(word: str) -> str:
    """Return a word by its bytes, in octal: after a hexadecimal escape a letter could be taken for one more digit."""
    try:
        content = os.fsencode(word)
    except UnicodeEncodeError:  # half of a character, which no file name holds
        content = word.encode("utf-8", "surrogatepass")
    written = "".join(_byte(value) for value in content)
    return f"$'{written}'"


def _byte(value: int) -> str:
    character = chr(value)
    plain = character.isascii() and character.isprintable() and character not in "\\'"
    return character if plain else f"\\{value:03o}"
