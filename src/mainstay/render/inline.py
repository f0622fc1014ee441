"""The two marks a paragraph may carry, ``**bold**`` and `` `code` ``, and the cleaning every printed text gets."""

from __future__ import annotations

import re
from typing import Literal

from mainstay.errors import UNSAFE

Run = tuple[Literal["plain", "bold", "code"], str]
_MARK = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|`(?P<code>[^`]+)`")


def clean(text: str) -> str:
    r"""Replace characters that would command the terminal or the reading direction.

    Examples
    --------
    >>> clean("churn\x1b[2J")
    'churn\ufffd[2J'

    """
    return UNSAFE.sub("\ufffd", text)


def runs(text: str) -> list[Run]:
    """Split a paragraph at its marks.

    Examples
    --------
    >>> runs("**v7** answers, see `mainstay status`")
    [('bold', 'v7'), ('plain', ' answers, see '), ('code', 'mainstay status')]

    """
    found: list[Run] = []
    at = 0
    text = clean(text)
    for match in _MARK.finditer(text):
        if match.start() > at:
            found.append(("plain", text[at : match.start()]))
        found.append(("bold", match["bold"]) if match["bold"] else ("code", match["code"]))
        at = match.end()
    if at < len(text):
        found.append(("plain", text[at:]))
    return found
