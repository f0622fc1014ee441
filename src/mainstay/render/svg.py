"""SVG text from numbers: pure functions, presentation attributes and classes, never ``style=``.

Each mark carries the light colours as attributes, so that it is readable in an e-mail or a notebook, and a class, so
that a page's style sheet can turn it dark. Text is escaped here and nowhere else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET  # what is parsed is what we drew ourselves

from markupsafe import escape

from mainstay.render.axes import ValueScale, value_scale
from mainstay.render.inline import clean
from mainstay.render.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

Anchor = Literal["start", "middle", "end"]
_LOOKS: dict[str, dict[str, str]] = {
    "line": {"fill": "none", "stroke": "#1f5fbf", "stroke-width": "2", "stroke-linejoin": "round"},
    "line guess": {"fill": "none", "stroke": "#1f5fbf", "stroke-width": "2", "stroke-dasharray": "5 4"},
    "band": {"fill": "#1f5fbf", "fill-opacity": ".18"},
    "band guess": {"fill": "#1f5fbf", "fill-opacity": ".1"},
    "dot": {"fill": "#1f5fbf"},
    "dot guess": {"fill": "#fff", "stroke": "#1f5fbf", "stroke-width": "2"},
    "grid": {"stroke": "#dfe2e6"},
    "zero": {"stroke": "#59616b"},
    "target": {"stroke": "#177245", "stroke-width": "1.5", "stroke-dasharray": "2 3"},
    "release": {"stroke": "#1a1d21"},
    "incident": {"fill": "#b42318"},
    "note": {"fill": "#8a5200"},
    "span": {"fill": "#d6e3f5"},
    "span now": {"fill": "#1f5fbf"},
    "span canary": {"fill": "#5585c9"},
    "span arm": {"fill": "#8fb0dd", "stroke": "#1f5fbf", "stroke-width": ".5"},
    "span shadow": {"fill": "none", "stroke": "#59616b", "stroke-dasharray": "3 2"},
    "alarm": {"fill": "#1a1d21"},
    "hatch": {"stroke": "#59616b", "stroke-opacity": ".45"},
    "bar": {"fill": "#1f5fbf"},
    "bar loss": {"fill": "#b42318"},
    "bar was": {"fill": "none", "stroke": "#1a1d21", "stroke-width": "1.2"},
    "t": {"fill": "#59616b", "font-size": "12"},
    "t ink": {"fill": "#1a1d21", "font-size": "12"},
    "t strong": {"fill": "#1a1d21", "font-size": "12", "font-weight": "600"},
    "t on": {"fill": "#fff", "font-size": "12", "font-weight": "600"},
    "t bad": {"fill": "#b42318", "font-size": "12", "font-weight": "600"},
    "t good": {"fill": "#177245", "font-size": "12"},
    **{f"h{i}": {"fill": c} for i, c in enumerate(("#8c96a3", "#6f9ad6", "#5585c9", "#3c70ba", "#27589f", "#123f80"))},
}
_ALLOWED = frozenset("svg g path rect line circle text tspan title desc defs pattern".split())  # noqa: SIM905 - reads as a list


def f(value: float) -> str:
    """Print a coordinate to a tenth.

    Examples
    --------
    >>> f(12.0), f(3.1416)
    ('12', '3.1')

    """
    return f"{value:.1f}".removesuffix(".0")


def mark(name: str, look: str = "", content: str = "", **attributes: str | float) -> str:
    """Write one element with its class and its attributes; `content` is markup already."""
    parts = [f'class="{look}"'] if look else []
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    for key, value in {**_LOOKS.get(look.removesuffix(" halo"), {}), **given}.items():
        parts.append(f'{key}="{f(value) if isinstance(value, float) else escape(str(value))}"')
    head = " ".join([name, *parts])
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"


def text(x: float, y: float, words: str, look: str = "t", anchor: Anchor = "start") -> str:
    """Write words at a place."""
    extra: dict[str, str | float] = {} if anchor == "start" else {"text_anchor": anchor}
    return mark("text", look, str(escape(clean(words))), x=float(x), y=float(y), **extra)


def title(words: str) -> str:
    """Give an element its text alternative."""
    return f"<title>{escape(clean(words))}</title>"


def hatch(key: str) -> str:
    """Define the pattern that means "unknown", under the id `key`."""
    stroke = mark("path", "hatch", d="M0 8L8 0", fill="none")
    pattern = mark("pattern", "", stroke, id=key, width="8", height="8", patternUnits="userSpaceOnUse")
    return mark("defs", "", pattern)


def picture(width: float, height: float, content: str, *, alt: str, look: str = "") -> str:
    """Wrap marks into a picture with its text alternative."""
    size = {"width": f(width), "height": f(height), "viewBox": f"0 0 {f(width)} {f(height)}"}
    return mark(
        "svg", look, title(alt) + content, xmlns="http://www.w3.org/2000/svg", role="img", aria_label=clean(alt), **size
    )


def polyline(places: Sequence[tuple[float, float]]) -> str:
    """Write the path data through some places."""
    return "M" + "L".join(f"{f(x)} {f(y)}" for x, y in places)


def cells(places: Sequence[tuple[float, float, float, float]]) -> str:
    """Write the path data of many rectangles (x, y, width, height): one element, however many there are."""
    return "".join(f"M{f(x)} {f(y)}h{f(w)}v{f(h)}h-{f(w)}z" for x, y, w, h in places)


def spark(
    values: Sequence[float | None], *, alt: str, width: float = 120, height: float = 28, guess_from: int | None = None
) -> str:
    """Draw a small line without axes; unknown values leave a gap, estimated ones are dashed.

    Parameters
    ----------
    values : sequence of float or None
        In order of time, evenly spaced.
    alt : str
        The line in a sentence.
    width, height : float
        SVG units.
    guess_from : int, optional
        Index from which the values are estimated.

    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    # A quiet line must look quiet: the range is at least a quarter of the level.
    middle, half = (low + high) / 2, max((high - low) / 2, 0.125 * max(abs(low), abs(high)), 1e-9)
    scale = ValueScale(middle - half, middle + half, 4, height - 4)
    step = (width - 8) / max(len(values) - 1, 1)
    at = [(4 + i * step, scale(value)) if value is not None else None for i, value in enumerate(values)]
    cut = len(values) if guess_from is None else guess_from
    marks = [mark("path", "line", d=polyline(run)) for run in _runs(at[:cut]) if len(run) > 1]
    marks += [mark("path", "line guess", d=polyline(run)) for run in _runs(at[max(cut - 1, 0) :]) if len(run) > 1]
    last = next(place for place in reversed(at) if place is not None)
    marks.append(mark("circle", "dot", cx=last[0], cy=last[1], r="3"))
    return picture(width, height, "".join(marks), alt=alt, look="spark")


def bars(rows: Sequence[tuple[str, float, float]], *, alt: str, width: float = 560, unit: str = "") -> str:
    """Draw horizontal bars with error whiskers, for influences and cells of money.

    Parameters
    ----------
    rows : sequence of (label, value, standard error)
        From top to bottom.
    alt : str
        The picture in a sentence.
    width : float
        SVG units.
    unit : str
        Of the values.

    """
    gutter, tall = 170.0, 24.0
    scale, _ = value_scale([0.0, *(v - e for _, v, e in rows), *(v + e for _, v, e in rows)], width - 70, gutter + 8)
    zero = scale(0.0)
    marks = []
    for i, (label, value, error) in enumerate(rows):
        y = i * tall
        end = scale(value)
        x, wide = min(zero, end), max(abs(end - zero), 1.0)
        marks.append(text(gutter, y + 16, shorten(label, gutter), "t ink", "end"))
        marks.append(mark("rect", "bar" if value >= 0 else "bar loss", x=x, y=y + 5, width=wide, height="14", rx="2"))
        if error > 0:
            whisker = f"M{f(scale(value - error))} {f(y + 12)}H{f(scale(value + error))}"
            marks.append(mark("path", "release", d=whisker, fill="none"))
        words = number(value) + (f" {unit}" if unit else "")
        marks.append(text(max(end, zero, scale(value + error)) + 6, y + 16, words))
    marks.append(mark("line", "zero", x1=zero, x2=zero, y1="0", y2=len(rows) * tall))
    return picture(width, max(len(rows), 1) * tall, "".join(marks), alt=alt, look="bars")


def shorten(words: str, width: float, size: float = 12) -> str:
    """Cut words that would not fit `width` units."""
    most = max(int(width / (0.58 * size)), 1)
    return words if len(words) <= most else words[: most - 1] + "…"


def checked(svg: str) -> str:
    """Give the picture back, if it holds nothing that runs or fetches.

    Raises
    ------
    ValueError
        Naming the element or attribute that has no place in a picture of ours.

    """
    for element in ET.fromstring(svg).iter():  # noqa: S314 - expat expands no external entity, and these are our own
        name = element.tag.rpartition("}")[2]
        if name not in _ALLOWED:
            raise ValueError(f"A picture can't hold <{name}>.")
        for key, value in element.attrib.items():
            if (
                key.lower().startswith("on")
                or "href" in key.lower()
                or key == "style"
                or "url(" in value.replace("url(#", "")
            ):
                raise ValueError(f"A picture can't hold {key}={value!r}.")
    return svg


def finite(value: float | None) -> float | None:
    """Give the number, or None where it is none."""
    return value if value is not None and math.isfinite(value) else None


def _runs(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(place)
    return [run for run in found if run]
