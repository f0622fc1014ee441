"""The templates: compiled once, everything escaped unless it is a picture we drew."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from mainstay.render import cells, numbers, svg
from mainstay.render.document import Status
from mainstay.render.inline import clean, runs

if TYPE_CHECKING:
    from mainstay.render.document import Figure, Panel

_HERE = Path(__file__).parent
_STATE_MARKS = {"Losing": "▼", "Worse": "▼", "Earning": "●", "Holding": "●", "Unsure": "?", "Trial": "△", "Idle": "○"}


@functools.cache
def environment() -> jinja2.Environment:
    """Make the environment: autoescape on, a missing name is an error and not an empty string."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "cell_text": cells.cell_text,
        "clean": clean,
        "count": numbers.count,
        "failed_first": cells.failed_first,
        "figure_svg": figure_svg,
        "finding_value": numbers.finding_value,
        "in_order": cells.in_order,
        "is_number": cells.is_number,
        "is_status": lambda value: isinstance(value, Status),
        "limit_words": numbers.limit_words,
        "measure_name": numbers.measure_name,
        "number_columns": cells.number_columns,
        "runs": runs,
        "status_mark": status_mark,
        "verdict": cells.verdict,
    }
    return made


@functools.cache
def static(name: str) -> str:
    """Read one of the files beside the templates: ``page.css``, ``page.js``, ``icon.svg``."""
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def status_mark(status: Status) -> str:
    """Give the mark of a status: a model's state has its own shape, everything else that of its tone."""
    return _STATE_MARKS.get(status.word, cells.MARKS[status.tone])


def figure_svg(figure: Figure | Panel) -> Markup:
    """Give a figure's picture, once it is sure that it holds nothing that runs or fetches."""
    return Markup(svg.checked(figure.svg))  # noqa: S704 - checked against a list of allowed elements


def picture(drawn: str) -> Markup:
    """Mark a picture of `mainstay.render.svg` as markup; its words were escaped where they were drawn."""
    return Markup(drawn)  # noqa: S704 - drawn by us, every word in it escaped by svg.text and svg.title
