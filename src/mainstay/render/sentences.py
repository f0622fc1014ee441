"""The sentences of the overview: which model, since when, how much, what to press. Pure: rows in, words out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.measures.finding import Interval
from mainstay.render import numbers
from mainstay.render.document import Status, Tone

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.render.overview import Amount, Change, ModelRow, Overview, Timeline

_ORDER = ("losing", "unsure", "trial", "idle", "earning")
_TONES: dict[str, Tone] = {"losing": "bad", "unsure": "warn", "trial": "warn", "idle": "none", "earning": "good"}
FIRST_COMMAND = "mainstay init data.csv --target COLUMN"


def worst_first(models: tuple[ModelRow, ...]) -> tuple[ModelRow, ...]:
    """Order models by how much they need a person; what answers before what doesn't; then by name."""
    return tuple(sorted(models, key=lambda m: (_ORDER.index(m.state), m.version is None, m.name)))


def status(row: ModelRow) -> Status:
    """Give the pill of a model: a word and its tone. Without money nothing is "earned"; it holds or it doesn't."""
    words = {"losing": "Losing", "unsure": "Unsure", "trial": "Trial", "idle": "Idle", "earning": "Earning"}
    if row.value is None or not row.value.in_money:
        words |= {"losing": "Worse", "earning": "Holding"}
    return Status(words[row.state], _TONES[row.state])


def headline(overview: Overview) -> str:
    """Write the first line of the overview."""
    if overview.sentence:
        return overview.sentence
    models, needs = overview.models, overview.needing
    if not models:
        return "There is no model yet"
    if len(models) == 1:
        return model_headline(models[0])
    return f"{needs} of {len(models)} models {'needs' if needs == 1 else 'need'} you" if needs else _calm(models)


def _calm(models: tuple[ModelRow, ...]) -> str:
    """Write the first line where nobody is needed."""
    n = len(models)
    if all(model.state == "earning" for model in models):
        earned = all(model.value is not None and model.value.in_money for model in models)
        return f"All {n} models {'earn' if earned else 'hold up'}"
    if unread := sum(model.unread for model in models):
        return f"{unread} of {n} models can't be looked at now"
    answering = sum(model.version is not None for model in models)
    if answering < n:
        return f"{answering} of {n} models {'answers' if answering == 1 else 'answer'}; none needs you"
    return f"None of {n} models needs you"


def model_headline(row: ModelRow) -> str:
    """Write the first line of a model's page."""
    if row.state == "losing":
        return f"{row.name} needs you"
    if row.version is None:
        unread = "can't be looked at now; its servers go on with what they have"
        return f"{row.name} {unread if row.unread else 'answers nothing yet'}"
    if row.state == "idle":
        return f"{row.name} is released, but nobody asks it"
    if row.state == "unsure":
        return f"{row.name} answers; whether it pays is not known yet"
    if row.state == "trial":
        return f"{row.name} is on trial"
    return f"{row.name} earns its keep" if status(row).word == "Earning" else f"{row.name} holds up"


def lead(overview: Overview) -> str:
    """Write the second line: the worst model's facts, or how to begin."""
    if overview.lead:
        return overview.lead
    if not overview.models:
        return "One command drafts a project from a table of past cases; the next one trains on it."
    return model_lead(worst_first(overview.models)[0], overview.at)


def model_lead(row: ModelRow, now: dt.datetime) -> str:
    """Say of one model what it does to its owner's money, since when, and who answers."""
    if row.version is None:
        return row.note or f"**{row.name}** has no released version, so it answers nothing and earns nothing."
    parts = [_change_words(row, row.change, now)] if row.change is not None else [_value_words(row, now)]
    if row.note:
        parts.append(row.note)
    return " ".join(parts)


def answers(row: ModelRow, now: dt.datetime) -> str:
    """Say who answers now, since when, released by whom."""
    if row.version is None:
        return nobody(row)
    parts = [numbers.since(row.since, now)] if row.since is not None else []
    parts += [f"released by {row.by}"] if row.by else []
    return " · ".join(parts)


def nobody(row: ModelRow) -> str:
    """Say who answers where that is no version: nobody yet, or nobody knows."""
    return "unknown" if row.unread else "nobody yet"


def causes(row: ModelRow, now: dt.datetime) -> tuple[str, ...]:
    """Say what came together with the change, and that coming together is not causing."""
    if row.causes:
        return row.causes
    change, timeline = row.change, row.timeline
    if change is None or timeline is None:
        return ()
    said = []
    released = _release_before(timeline, change.since)
    if released is not None:
        version, at = released
        said.append(f"It began {_gap(at, change.since, timeline)} **v{version}** was released.")
    alarms = [
        (min(cell.at for cell in heat.cells if cell.alarm), heat.feature)
        for heat in timeline.heat
        if any(cell.alarm for cell in heat.cells)
    ]
    said += [
        f"**{feature}** raised its first drift alarm {_when(at, timeline, now)}." for at, feature in sorted(alarms)[:3]
    ]
    if released is not None and alarms:
        said.append(
            "The new version and the new data came together: this page cannot tell them apart; "
            f"v{row.rollback_to} as a shadow can."
            if row.rollback_to is not None
            else "The new version and the new data came together: this page cannot tell them apart."
        )
    elif not said:
        said.append(
            "No release and no drift alarm lies near it: look outside the model (prices, campaigns, the caller)."
        )
    return tuple(said)


def freshness(overview: Overview) -> str:
    """Say up to when the data goes and whether anybody is watching."""
    now = overview.at
    if overview.models and all(model.unread for model in overview.models):
        return "nothing can be read now"
    if overview.data_to is None:
        seen = "no prediction yet"
    else:
        age = (now - overview.data_to).total_seconds()
        seen = f"data to {numbers.moment(overview.data_to, now)}, {numbers.duration(max(age, 0))} ago"
    if overview.watched_at is None:
        return f"{seen} · nobody is watching"
    if overview.stale:
        return f"{seen} · stale: last look {numbers.moment(overview.watched_at, now)}"
    return seen


def _change_words(row: ModelRow, change: Change, now: dt.datetime) -> str:
    difference = change.difference
    about = "an estimated " if change.estimated else "about "
    size = _size(difference)
    if difference.in_money:
        way = "less" if difference.value < 0 else "more"
        said = f"**{row.name}** earns {about}**{size} {way}**"
    else:
        way = "higher" if difference.value > 0 else "lower"
        name = numbers.measure_name(difference.measure)
        said = f"The {name} of **{row.name}** is {about}**{size} {way}** (not money)"
    said += f" since {_when(change.since, row.timeline, now)}"
    released = _release_before(row.timeline, change.since) if row.timeline else None
    if released is not None:
        said += f", {_gap(released[1], change.since, row.timeline)} **v{released[0]}** was released"
    elif row.version is not None:
        said += f"; **v{row.version}** answers"
    said += f", against {change.against}." if change.against else "."
    if change.total is not None:
        word = "Lost" if change.total.value < 0 else "Gained"
        said += f" {word} so far: about {numbers.amount(abs(change.total.value), change.total.unit)}."
    return said


def _value_words(row: ModelRow, now: dt.datetime) -> str:
    who = f"**v{row.version}**{' (a trial: its gates did not have to pass)' if row.trial else ''}"
    answering = f"{who} of **{row.name}** answers"
    if row.since is not None:
        answering += f" {numbers.since(row.since, now)}"
    value = row.value
    if value is None:
        return f"{answering}. What it is worth is not known yet."
    basis = "estimated, outcomes are not in yet" if row.estimated else "measured"
    if value.in_money:
        verb = "earns" if value.value >= 0 else "loses"
        return f"{answering} and {verb} about **{_size(value)}** ({basis}) against doing nothing."
    size = numbers.with_interval(value.value, value.interval, value.unit) + numbers.per_words(value.per)
    return f"{answering}; its {numbers.measure_name(value.measure)} is **{size}** ({basis}; not money)."


def _size(difference: Amount) -> str:
    """Print a difference without its sign, which the sentence says in words."""
    value, interval = difference.value, difference.interval
    if value < 0 and interval is not None:
        interval = Interval(-interval.high, -interval.low, interval.level)
    return numbers.with_interval(abs(value), interval, difference.unit) + numbers.per_words(difference.per)


def _when(at: dt.datetime, timeline: Timeline | None, now: dt.datetime) -> str:
    """Name a moment as finely as the windows allow."""
    return numbers.day(at, now) if timeline is not None and timeline.window >= 86_400 else numbers.moment(at, now)


def _gap(before: dt.datetime, after: dt.datetime, timeline: Timeline | None) -> str:
    """Say how long after: within one window nobody can tell."""
    seconds = (after - before).total_seconds()
    window = timeline.window if timeline is not None else 0.0
    if seconds < window:
        return "the day" if window == 86_400 else "just when"
    return f"{numbers.duration(seconds)} after"


def _release_before(timeline: Timeline, at: dt.datetime) -> tuple[int, dt.datetime] | None:
    """Find the champion's release that came last before `at`, within a tenth of the axis or two windows."""
    near = max((timeline.end - timeline.start).total_seconds() / 10, 2 * timeline.window)
    champions = [s for s in timeline.releases if s.role == "champion" and timeline.start < s.start]
    before = [s for s in champions if 0 <= (at - s.start).total_seconds() + timeline.window / 2 <= near]
    return (before[-1].version, before[-1].start) if before else None
