"""Text from users and plugins made safe for terminals and figures, which obey some characters."""

from __future__ import annotations

import re
import unicodedata

KEPT = "\n\t"

OBEYED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of control characters, halves of characters (bytes that are no UTF-8), and line separators."""

TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that change the direction of the following text, so that a name looks different from its characters."""

UNKNOWN = "\ufffd"
"""The sign in figures for a character that no text can hold."""

LONGEST_WORD = 4096
"""The largest length of a path."""

SUBSTITUTES = {"∞": "inf", "²": "2", "…": "~", "×": "x", "±": "+-", "│": "|", "─": "-"}
"""ASCII replacements of this project's signs, for encodings that lack them."""


def visible(text: str, *, encoding: str = "utf-8") -> str:
    r"""Return a text whose control characters are shown, as \x1b, instead of obeyed; line breaks and tabs stay.

    Args:
        text: from anywhere.
        encoding: of the terminal; signs that it cannot carry become ASCII.

    >>> visible("\x1b[2Jgone"), visible("r ∞, ü", encoding="ascii")
    ('\\x1b[2Jgone', 'r inf, \\xfc')
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character, encoding) for character in text)


def one_visible_line(text: str) -> str:
    r"""Return the same in one line.

    >>> one_visible_line("a\nb\r")
    'a b'
    """
    return visible(" ".join(text.split()))


def printable(text: str) -> str:
    r"""Return a text with `UNKNOWN` in place of control characters, direction marks and halves of characters.

    >>> printable("a\x1bb\nc") == f"a{UNKNOWN}b\nc"
    True
    """
    if text.isprintable():
        return text
    unknown = {sign for sign in text if sign in TURNING or unicodedata.category(sign) in {"Cc", "Cs"}} - {"\n"}
    return "".join(UNKNOWN if sign in unknown else sign for sign in text)


def shortened(text: str) -> str:
    """Return a text whose words of more than `LONGEST_WORD` letters keep their ends; no path is as long.

    >>> len(shortened("no '" + 10**6 * "b" + "'; name another"))
    159
    """
    return re.sub(rf"[^\s'\":;,]{{{LONGEST_WORD + 1},}}", _ends, text)


def _ends(word: re.Match[str]) -> str:
    return f"{word[0][:80]}...{word[0][-40:]} ({len(word[0])} letters)"


def _shown(character: str, encoding: str) -> str:
    if character in KEPT:
        return character
    if character in TURNING or unicodedata.category(character) in OBEYED:
        return _escaped(character)
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return SUBSTITUTES.get(character, _escaped(character))
    return character


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
