"""A `Document` as one self-contained page: prints, works offline, fetches and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

from mainstay.render.templates import environment, static

if TYPE_CHECKING:
    from mainstay.render.document import Document


def to_html(document: Document) -> str:
    """Draw a document as a complete HTML page.

    Every value is escaped; the style sheet is inside and named by its hash in the page's own policy, which forbids
    scripts and fetching altogether.

    Examples
    --------
    >>> from mainstay.render.document import Document, Text
    >>> "<b>" in to_html(Document("<b>", (Text("& so on"),)))
    False

    """
    css = static("page.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = environment().get_template("document.html")
    return page.render(
        document=document,
        blocks=[(block.__struct_config__.tag, block) for block in document.blocks],
        css=Markup(css),  # noqa: S704 - our own file
        digest=digest,
    )
