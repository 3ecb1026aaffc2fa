"""Names that people type or files have: suggestions, spelling, and text for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import PurePath
from reprlib import Repr
from typing import Any

LONGEST = 2000  # letters of an error: NumPy's quote what they do not understand

_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxdict = 2, 10
_SHORT.maxlist = _SHORT.maxtuple = 20
_SHORT.maxstring = _SHORT.maxother = 200


def near_names(name: str, names: Sequence[str]) -> str:
    """Suggest the names that are similar to a mistyped one, or list all where none is."""
    by_fold = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(repr(by_fold[match]) for match in near)}?"
    return f"Choose from: {', '.join(names)}."


def plural(count: int, noun: str) -> str:
    """Write a number with a noun whose plural ends in s: "1 image", "2,000 images"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def plain_name(name: str) -> str:
    """Spell a data set's name in lower case with underscores: "Fashion-MNIST" → "fashion_mnist"."""
    return name.lower().replace("-", "_")


def is_utf8(name: str) -> bool:
    """Whether a name is UTF-8: that of a file may hold other bytes, which Python escapes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str | PurePath) -> str:
    """Return a name or message of others as text that any terminal prints in one line."""
    text = str(name).encode(errors="surrogateescape").decode(errors="replace")
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def short(value: Any) -> str:
    """Return a value as an error shows it: a part of a long or deeply nested one."""
    return printable(_SHORT.repr(value))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    line, _, _ = str(error).strip().partition("\n")  # names may have other line breaks
    return cut(printable(line.rstrip()) or type(error).__name__, LONGEST)


def cut(text: str, longest: int) -> str:
    """Return a text, or the first letters of one that is too long."""
    return text if len(text) <= longest else f"{text[:longest]} …"
