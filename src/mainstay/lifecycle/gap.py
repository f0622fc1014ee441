"""The four-way gap of a version: training rows, held-out rows, later rows, live answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
import polars as pl

from mainstay.contract.table import as_served, check_table
from mainstay.data import DataSettings, judged_on, take_snapshot
from mainstay.data.source import open_source, source_of
from mainstay.data.target import encode_target, find_target
from mainstay.errors import DataError, NotFoundError
from mainstay.evaluation.gaps import Gaps, Seen, measure_gaps
from mainstay.events.read import FEATURE, SHARE
from mainstay.events.window import take_window
from mainstay.lifecycle.served_rows import same_rows
from mainstay.measures.catalogue import DEFAULT, measure_of
from mainstay.measures.intervals import which_hang_together
from mainstay.models.features.run import encode_rows
from mainstay.models.yardstick import Answers, Yardstick, choose_yardstick
from mainstay.release import open_books
from mainstay.render.document import Block, Document, Findings, Text
from mainstay.render.numbers import count, measure_name, with_interval

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.data import Rows, Snapshot
    from mainstay.evaluation.gaps import Gap, Stage
    from mainstay.measures.intervals import Clusters
    from mainstay.models import Task
    from mainstay.project import Project
    from mainstay.registry import Bundle
    from mainstay.release import Books

    Floats = NDArray[np.float64]

_FEWEST = 30
_CLOSE = 1e-6
_BY_TIME = (
    "overfitting, or the world moving: the held-out rows are later ones, so the two can't be told apart here; "
    "if later labelled rows (--next) are as much worse again, it is the world"
)


class FourWay(msgspec.Struct, frozen=True, kw_only=True):
    """What `gap` found.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Which version was looked at.
    measures : tuple of Gaps
        The version's primary measure first, then, where that is money, the usual one.
    notes : tuple of str
        What isn't there, and what would bring it.

    """

    model: str
    version: int
    measures: tuple[Gaps, ...]
    notes: tuple[str, ...] = ()


def gap(
    project: Project,
    *,
    now: dt.datetime,
    number: int | None = None,
    later: Path | None = None,
    holdout: Path | None = None,
) -> FourWay:
    """Measure a version on the rows it learned from, on those held out, on later ones, and live.

    Parameters
    ----------
    project : Project
        Which one.
    now : datetime
        When this is, UTC.
    number : int, optional
        The version; the champion, or where nothing is released the newest, by default.
    later : Path, optional
        Labelled rows from after the training data.
    holdout : Path, optional
        The rows the version was judged on, where those weren't held out of its source.

    Raises
    ------
    DataError
        Where the source isn't what the version was trained on, or is split in another way.
    NotFoundError
        Where there is no version.

    """
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, number or _default(books))
        snapshot = as_trained(project, bundle, holdout)
        live, words = _live(books, bundle, now)
    sides: tuple[tuple[Literal["training", "held out"], Rows], ...] = (
        ("training", snapshot.train),
        ("held out", snapshot.test),
    )
    stages = [_rows(stage, bundle, side, snapshot.stand_for(side)) for stage, side in sides]
    notes = []
    if later is not None:
        stages.append(_later(project, bundle, later))
    else:
        notes.append("Later rows: give them with --next FILE, labelled, from after the training data.")
    if live is not None:
        stages.append(live)
    else:
        notes.append(words)
    measured = tuple(measure_gaps(stages, stick) for stick in _yardsticks(bundle))
    _demand_same_split(measured[0], bundle)
    measured = tuple(_told(gaps, by_time=snapshot.split_kind == "time") for gaps in measured)
    return FourWay(model=project.name, version=bundle.version.number, measures=measured, notes=tuple(notes))


def gap_document(found: FourWay) -> Document:
    """Lay the four stages out, with what each gap means."""
    name = f"{found.model} version {found.version}"
    told = "; ".join(filter(None, (_headline(found, place) for place in range(len(found.measures[0].gaps)))))
    title = f"{name}: {told}" if told else f"{name}: no gap that chance doesn't explain"
    blocks: list[Block] = []
    for gaps in found.measures:
        blocks.append(Findings(gaps.stages, caption=gaps.measure))
        blocks.append(Findings(tuple(each.worse for each in gaps.gaps), caption="How much worse, from stage to stage"))
        blocks += [
            Text(
                f"**{each.before} to {each.after}**: {measure_name(gaps.stages[0].measure)} is worse by "
                f"{with_interval(each.worse.value, each.worse.interval, each.worse.unit)}. That is {each.meaning}.",
                "warning",
            )
            for each in gaps.gaps
            if each.meaning
        ]
    blocks += [Text(note, "note") for note in found.notes]
    return Document(title, tuple(blocks))


def _told(gaps: Gaps, *, by_time: bool) -> Gaps:
    """Say what the gaps mean here. They have no limit to keep to, so none of them fails: that is for gates to say."""
    told = []
    for each in gaps.gaps:
        later = by_time and each.meaning and (each.before, each.after) == ("training", "held out")
        reported = msgspec.structs.replace(each.worse, ok=None)
        told.append(msgspec.structs.replace(each, worse=reported, meaning=_BY_TIME if later else each.meaning))
    return msgspec.structs.replace(gaps, gaps=tuple(told))


def _headline(found: FourWay, place: int) -> str:
    """Say from where to where the version is worse, and by what where another measure doesn't agree."""
    steps = [(gaps.stages[0].measure, gaps.gaps[place]) for gaps in found.measures]
    worse = [measure_name(measure) for measure, step in steps if step.meaning]
    if not worse:
        return ""
    between = f"worse from {steps[0][1].before} to {steps[0][1].after}"
    if len(worse) == len(steps):
        return between
    better = [measure_name(measure) for measure, step in steps if _is_better(step)]
    but = f", {' and '.join(better)} better" if better else ""
    return f"{' and '.join(worse)} {between}{but}"


def _is_better(step: Gap) -> bool:
    return step.worse.interval is not None and step.worse.interval.high < 0


def _default(books: Books) -> int:
    current = books.releases.current(books.project.name)
    if current is not None:
        return current.champion
    versions = books.registry.versions(books.project.name)
    if not versions:
        raise NotFoundError(f"{books.project.name} has no version yet.", "Make one: mainstay train")
    return versions[-1].number


def as_trained(project: Project, bundle: Bundle, holdout: Path | None = None) -> Snapshot:
    """Take the version's rows again, those it was judged on from `holdout` where they are others than the source's.

    Refused where they, or how they are split, aren't the same.
    """
    snapshot = take_snapshot(project, bundle.contract, source=same_rows(project, bundle.lineage))
    trained_on = bundle.lineage.data_fingerprint
    number = bundle.version.number
    if snapshot.fingerprint != trained_on:
        raise DataError(
            f"The source isn't what version {number} was trained on: its fingerprint is {snapshot.fingerprint[:12]}, "
            f"that one's was {trained_on[:12]}.",
            "Bring the rows back first; mainstay data list names them.",
        )
    sides = (len(snapshot.train), len(snapshot.test))
    if bundle.report.train_rows == sum(sides):
        return _judged_elsewhere(project, bundle, snapshot, holdout)
    if sides != (bundle.report.train_rows, bundle.report.test_rows):
        raise _other_split(number)
    return snapshot


def _judged_elsewhere(project: Project, bundle: Bundle, snapshot: Snapshot, holdout: Path | None) -> Snapshot:
    number, wanted = bundle.version.number, bundle.report.test_rows
    if holdout is None:
        raise DataError(
            f"Version {number} learned from all rows of the source and was judged on others, which aren't kept here.",
            "Name their file: --holdout FILE.",
        )
    found = judged_on(snapshot, take_snapshot(project, snapshot.contract, source=holdout))
    if len(found.test) != wanted:
        raise DataError(
            f"Version {number} was judged on {wanted} rows, and {holdout.name} has {len(found.test)}.",
            "Name the file it was judged on.",
        )
    return found


def _demand_same_split(gaps: Gaps, bundle: Bundle) -> None:
    """Refuse where the held-out rows don't give the version's own number again: then they weren't those held out."""
    told = bundle.report.measure(gaps.stages[0].measure)
    again = next(each for each in gaps.stages if each.where == "held out")
    if told is None or told.value is None or again.value is None:
        return
    if abs(told.value - again.value) > _CLOSE * max(1.0, abs(told.value)):
        raise _other_split(bundle.version.number)


def _other_split(number: int) -> DataError:
    return DataError(
        f"The rows are split in another way than for version {number}, so what it learned from isn't known any more.",
        "Set split_by, test_share and seed in [data] back to what they were.",
    )


def _rows(stage: Literal["training", "held out"], bundle: Bundle, rows: Rows, weights: Floats | None) -> Seen:
    clusters = which_hang_together(len(rows), rows.groups, rows.times)
    words = {"training": "the rows it learned from", "held out": "the rows held out"}[stage]
    return replace(_seen(stage, bundle, rows.frame, rows.y, clusters, words), weights=weights)


def _seen(  # noqa: PLR0917 - the fields of a `Seen`
    stage: Stage, bundle: Bundle, frame: pl.DataFrame, truth: Floats, clusters: Clusters | None, note: str
) -> Seen:
    """Answer rows as the version does."""

    def served() -> pl.DataFrame:
        return as_served(bundle.contract, check_table(bundle.contract, frame).good)

    answers = Answers.of(scores_of(bundle, frame), bundle.policy, served)
    pricing = bundle.report.pricing
    amounts = None if pricing is None else pricing.of_table(served()).amounts
    return Seen(stage, truth, answers, clusters, note, amounts)


def _later(project: Project, bundle: Bundle, path: Path) -> Seen:
    """Read later rows: held against the version's contract, scored by it."""
    settings = project.section("data", DataSettings)
    opened = open_source(replace(source_of(path), missing=settings.missing))
    frame, task = opened.whole(), bundle.policy.task
    find_target(frame.columns, task.target, opened.source.name)
    truth = encode_target(frame[task.target], task)
    checked = check_table(bundle.contract, frame)
    good = checked.rows.to_numpy()
    known = ~np.isnan(truth[good])
    if known.sum() < _FEWEST:
        raise DataError(
            f"Only {int(known.sum())} of {frame.height} rows of {opened.source.name} keep to the contract and say what "
            f"'{task.target}' was; at least {_FEWEST} are needed.",
            "Give more labelled rows.",
        )
    lost = frame.height - int(known.sum())
    note = f"{opened.source.name}; {count(lost)} of {count(frame.height)} rows refused or without a label"
    return _seen("next", bundle, checked.good.filter(pl.Series(known)), truth[good][known], None, note)


def _live(books: Books, bundle: Bundle, now: dt.datetime) -> tuple[Seen | None, str]:
    """Take what this version answered to callers and is known to have happened."""
    task, number = bundle.policy.task, bundle.version.number
    window = take_window(books.log, bundle.contract, task, bundle.version.created, now, model=books.project.name)
    answered = window.frame.filter((pl.col("version") == number) & (pl.col("role") != "shadow"))
    known = answered.filter(pl.col("label").is_not_null() & pl.col("score").is_not_null())
    if known.height < _FEWEST:
        return None, (
            f"Live: {count(known.height)} of {count(answered.height)} answers of version {number} have an outcome, and "
            f"{_FEWEST} are needed. Outcomes come in by mainstay feedback FILE."
        )
    share = 100 * known.height / max(answered.height, 1)
    note = f"answers to callers; the outcome of {share:.3g} % of them is known"
    truth, scores = known["label"].cast(pl.Float64).to_numpy(), _logged(known, task)
    pricing = bundle.report.pricing
    served = known.select(pl.col(FEATURE + name).alias(name) for name in bundle.contract.feature_names)
    amounts = None if pricing is None else pricing.of_table(served).amounts
    return Seen("live", truth, Answers.of(scores, bundle.policy, lambda: served), None, note, amounts), ""


def _logged(known: pl.DataFrame, task: Task) -> Floats:
    """Give the scores as they were logged; of several classes shape (n, k)."""
    names = [SHARE + label for label in task.labels] or ["score"]
    scores = known.select(names).cast(pl.Float64).to_numpy()
    return scores if task.labels else scores[:, 0]


def scores_of(bundle: Bundle, frame: pl.DataFrame) -> Floats:
    """Score rows as the version answers them: by its contract, its feature code, its fallback."""
    checked = check_table(bundle.contract, frame)
    if checked.failing.height:
        raise DataError(
            f"Version {bundle.version.number} refuses {checked.failing.height} rows that its own training accepted.",
            "Its contract and the source no longer fit; train again.",
        )
    fallen = checked.fallback.to_numpy()
    scores = bundle.policy.left_to_fallback(checked.good.height)
    asked = encode_rows(bundle.contract, bundle.features, checked.good.filter(pl.Series(~fallen)))
    scores[~fallen] = bundle.model.scores(asked)
    return scores


def _yardsticks(bundle: Bundle) -> Iterator[Yardstick]:
    task, report = bundle.policy.task, bundle.report
    if report.in_money:
        yield choose_yardstick(task, bundle.money, report.base_rate, shares=report.shares)
        yield choose_yardstick(task, bundle.money, report.base_rate, DEFAULT[task.kind], shares=report.shares)
    else:
        # A measure of the project's own isn't part of a bundle: the usual one stands in.
        name = report.primary if measure_of(report.primary, task.kind) else DEFAULT[task.kind]
        yield choose_yardstick(task, bundle.money, report.base_rate, name, shares=report.shares)
