"""The pages: the overview, a model, the question before a rollback, a message. Values in, HTML text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.render import numbers, sentences, views
from mainstay.render.document import Status
from mainstay.render.templates import environment

if TYPE_CHECKING:
    from mainstay.render.overview import ModelRow, Overview, Span, VersionRow

PER_PAGE = 50
_IN_NAV = 5
_VERSIONS = 20
_TESTED = {"canary": "canary", "challenger": "A/B test"}


@dataclass(frozen=True)
class Assets:
    """Where the style sheet, the script and the icon lie; the names hold their hashes."""

    css: str = "/static/page.css"
    js: str = "/static/page.js"
    icon: str = "/static/icon.svg"


def overview_page(overview: Overview, *, assets: Assets | None = None, page: int = 1) -> str:
    """Draw the overview.

    Parameters
    ----------
    overview : Overview
        What to show.
    assets : Assets, optional
        Where style sheet and script lie.
    page : int
        Which fifty models, from 1.

    """
    models = sentences.worst_first(overview.models)
    pages = max(1, -(-len(models) // PER_PAGE))
    page = min(max(page, 1), pages)
    worst = models[0] if models else None
    shown = models[(page - 1) * PER_PAGE : page * PER_PAGE]
    # The overview tells one story: that of the worst model, or of the first that has any.
    told = worst if worst is not None and worst.timeline is not None else None
    return (
        environment()
        .get_template("overview.html")
        .render(
            **_frame(overview, assets, ""),
            sentence=sentences.headline(overview),
            lead=sentences.lead(overview),
            first_command=sentences.FIRST_COMMAND,
            rows=[views.model_line(row, overview.at) for row in shown],
            worst=worst,
            trial=Status("Trial", "warn"),
            value_heading=_value_heading(shown),
            spark_heading=_spark_heading(shown),
            total=len(models),
            page=page,
            pages=pages,
            drawn=views.draw(told.timeline, "o") if told is not None and told.timeline is not None else None,
            causes=sentences.causes(told, overview.at) if told is not None else (),
        )
    )


def model_page(overview: Overview, row: ModelRow, *, assets: Assets | None = None, done: str = "") -> str:
    """Draw one model's page; `done` is what was just done to it, for the top of the page."""
    now = overview.at
    return (
        environment()
        .get_template("model.html")
        .render(
            **_frame(overview, assets, row.name),
            row=row,
            done=done,
            sentence=sentences.model_headline(row),
            lead=sentences.model_lead(row, now),
            facts=views.facts(row, now),
            drawn=views.draw(row.timeline, "m") if row.timeline is not None else None,
            causes=sentences.causes(row, now),
            versions=[views.version_line(v, now) for v in row.versions[:_VERSIONS]],
            version_total=len(row.versions),
            primary_heading=_primary_heading(row.versions),
        )
    )


def confirm_page(
    overview: Overview,
    row: ModelRow,
    *,
    token: str,
    by: str,
    assets: Assets | None = None,
    reason: str = "",
    wrong: str = "",
) -> str:
    """Draw the question before a rollback: effect, time, way back, and why.

    Parameters
    ----------
    overview : Overview
        For the frame.
    row : ModelRow
        Which model; it must have somewhere to go back to.
    token : str
        The form's proof that it came from this process.
    by : str
        Whom the history will name.
    assets : Assets, optional
        Where style sheet and script lie.
    reason : str
        What was typed already.
    wrong : str
        Why the form came back.

    """
    spans = row.timeline.releases if row.timeline is not None else ()
    running = next((span for span in spans if span.role in _TESTED and span.end is None), None)
    command = row.command if "rollback" in row.command else 'mainstay rollback --reason "…"'
    return (
        environment()
        .get_template("confirm.html")
        .render(
            **_frame(overview, assets, row.name, live=False),
            row=row,
            lead=sentences.model_lead(row, overview.at),
            token=token,
            by=by,
            reason=reason,
            wrong=wrong,
            split=_TESTED[running.role] if running is not None else "",
            command=command,
            back=_way_back(row, running),
        )
    )


def _way_back(row: ModelRow, running: Span | None) -> tuple[int | None, str]:
    """Give the version that answers now and would not any more, and how it is released again."""
    if row.version != row.rollback_to or running is None:
        return row.version, f'mainstay release {row.version} --reason "…"'
    how = "canary" if running.role == "canary" else "ab"
    return running.version, f'mainstay release {running.version} --{how} {running.share * 100:g} --reason "…"'


def message_page(sentence: str, cure: str, *, code: int, assets: Assets | None = None) -> str:
    """Draw a message: what happened, what to do, and the code."""
    return (
        environment()
        .get_template("message.html")
        .render(
            sentence=sentence,
            cure=cure,
            code=code,
            assets=assets or Assets(),
            environment="",
            every=60.0,
            stale=False,
            fresh="",
            names=(),
            here=None,
            live=False,
        )
    )


def _frame(overview: Overview, assets: Assets | None, here: str, *, live: bool = True) -> dict[str, object]:
    names = [model.name for model in sentences.worst_first(overview.models)][:_IN_NAV]
    return {
        "assets": assets or Assets(),
        "environment": overview.environment,
        "every": overview.every,
        "stale": overview.stale,
        "fresh": sentences.freshness(overview),
        "names": names if here in {"", *names} else [*names, here],
        "here": here,
        "live": live,
        "made": numbers.moment(overview.at, overview.at),
    }


def _value_heading(rows: tuple[ModelRow, ...]) -> str:
    values = [row.value for row in rows if row.value is not None]
    windows = {value.per for value in values if value.in_money}
    return (
        f"Value{numbers.per_words(windows.pop())}" if len(windows) == 1 and all(v.in_money for v in values) else "Value"
    )


def _spark_heading(rows: tuple[ModelRow, ...]) -> str:
    spans = {numbers.duration((t.end - t.start).total_seconds()) for row in rows if (t := row.timeline) is not None}
    return f"Last {spans.pop()}" if len(spans) == 1 else "Over time"


def _primary_heading(versions: tuple[VersionRow, ...]) -> str:
    names = {v.primary.measure for v in versions if v.primary is not None}
    return f"{numbers.measure_name(names.pop())}, held out" if len(names) == 1 else "Primary measure, held out"
