"""Values to text, tables, SVG, HTML, Markdown: every report, card, page and terminal table is drawn here.

The types (`Document` and its blocks, `Overview` and its parts) cost nothing to import; what draws them needs Jinja2
or rich and is loaded when first asked for, so that a room may build a document without paying for a page.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mainstay.render.document import (
    Block,
    Cell,
    Command,
    Document,
    Facts,
    Figure,
    Findings,
    Heading,
    Items,
    Panel,
    Panels,
    Status,
    Table,
    Text,
)
from mainstay.render.overview import Overview

if TYPE_CHECKING:
    from mainstay.render.html import to_html
    from mainstay.render.markdown import to_markdown
    from mainstay.render.overview_terminal import print_overview
    from mainstay.render.page import Assets, confirm_page, message_page, model_page, overview_page
    from mainstay.render.sample import sample_overview
    from mainstay.render.terminal import console, print_document, to_terminal

__all__ = [
    "Assets",
    "Block",
    "Cell",
    "Command",
    "Document",
    "Facts",
    "Figure",
    "Findings",
    "Heading",
    "Items",
    "Overview",
    "Panel",
    "Panels",
    "Status",
    "Table",
    "Text",
    "confirm_page",
    "console",
    "message_page",
    "model_page",
    "overview_page",
    "print_document",
    "print_overview",
    "sample_overview",
    "to_html",
    "to_markdown",
    "to_terminal",
]

_LAZY = {
    "Assets": "page",
    "confirm_page": "page",
    "console": "terminal",
    "message_page": "page",
    "model_page": "page",
    "overview_page": "page",
    "print_document": "terminal",
    "print_overview": "overview_terminal",
    "sample_overview": "sample",
    "to_html": "html",
    "to_markdown": "markdown",
    "to_terminal": "terminal",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
