"""`Foreseen`: what a release or a rollback would do, and everything it was held against, before it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from mainstay.lifecycle.releasing.recent import Tried
from mainstay.release import Release, explain
from mainstay.render.document import Document, Status, Table, Text
from mainstay.render.numbers import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.errors import MainstayError
    from mainstay.models.report import Verdict
    from mainstay.release import Approval


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A release that somebody asks for.

    Parameters
    ----------
    version : int
        Which version is to answer.
    reason, by : str
        Why, and who asks.
    canary, ab : float, optional
        The share it is to get as a canary, or as an arm of an A/B test; everything where neither is given.
    shadow, trial : bool
        Whether unseen; whether without the demands on a release.
    steps : tuple of float
        Shares the canary is to get by itself afterwards.

    """

    version: int
    reason: str
    by: str
    canary: float | None = None
    ab: float | None = None
    shadow: bool = False
    trial: bool = False
    steps: tuple[float, ...] = ()

    @property
    def beside(self) -> bool:
        """Whether somebody else stays champion."""
        return self.canary is not None or self.ab is not None or self.shadow


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What a release or a rollback would do.

    Parameters
    ----------
    model : str
        Name of the model.
    version : int
        Which version would be released, or gone back to.
    before : Release or None
        What is in force; None before the first.
    row : Release or None
        The row that would be written; None where it can't be.
    verdict : Verdict or None
        Its latest; None where it was never judged. A rollback doesn't ask.
    approvals : tuple of Approval
        Who has said yes to it as it stands. A rollback doesn't ask.
    differences : tuple of str
        What callers of the champion would notice of its contract.
    tried : Tried
        What its contract says to the requests that were answered lately.
    golden : int
        How many golden records its bundle, read and checked to the last byte, answers as it did; -1: not asked.
    further : tuple of int
        Of a rollback: the destinations that lie further back.
    warnings : tuple of str
        What doesn't stop it, and should be known.
    error : MainstayError or None
        Why it isn't done; None where it may be.
    held_to : bool
        Whether anything is demanded of it: nothing is where nobody answers then who doesn't answer now.

    """

    model: str
    version: int
    before: Release | None
    row: Release | None = None
    verdict: Verdict | None = None
    approvals: tuple[Approval, ...] = ()
    differences: tuple[str, ...] = ()
    tried: Tried = field(default_factory=Tried)
    golden: int = -1
    further: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    error: MainstayError | None = None
    held_to: bool = True

    def demand(self) -> Release:
        """Give the row to write; raises where it isn't to be written."""
        if self.error is not None:
            raise self.error
        assert self.row is not None  # noqa: S101 - without an error there is one
        return self.row


def foreseen_document(seen: Foreseen) -> Document:
    """Lay out what would happen."""
    rows = tuple(_checks(seen))
    blocks = (
        Text(f"Now: {explain(seen.before)}" if seen.before else "Now: nobody answers."),
        *((Text(f"Then: {explain(seen.row)}"),) if seen.row is not None else ()),
        Table(("what", "", "found"), rows),
        *(Text(warning, "warning") for warning in seen.warnings),
    )
    would = "would be done" if seen.error is None else "would be refused"
    return Document(f"{seen.model} version {seen.version}: this {would}. Nothing was changed.", blocks)


def _checks(seen: Foreseen) -> Iterator[tuple[str, Status, str]]:
    rollback = seen.row is not None and seen.row.kind == "rollback"
    if not seen.held_to:
        yield "demands", Status("", "none"), "none: nobody answers then who doesn't answer now"
        return
    if seen.golden >= 0:
        yield (
            "bundle",
            _mark(ok=True),
            f"every byte is what was written; {seen.golden} golden records answered as before",
        )
    else:
        yield "bundle", _mark(ok=False), "isn't to be had as it was"
    if not rollback:
        yield "verdict", *_verdict(seen.verdict)
        yield "approvals", Status("", "none"), "; ".join(map(_said, seen.approvals)) or "none"
        wider = "callers may go on as before" if seen.before else "nobody answers yet"
        yield "contract", _mark(ok=not seen.differences), "; ".join(seen.differences) or wider
    yield "recent requests", _mark(ok=not seen.tried.refused), seen.tried.words()
    if seen.further:
        yield "further back", Status("", "none"), "version " + ", ".join(map(str, seen.further))


def _verdict(verdict: Verdict | None) -> tuple[Status, str]:
    if verdict is None:
        return _mark(ok=False), "never judged"
    failed = ", ".join(f"{finding.measure} ({finding.where})" for finding in verdict.failed)
    return _mark(ok=verdict.ok), failed or f"passes, judged {moment(verdict.at)} by {verdict.by}"


def _said(approval: Approval) -> str:
    return f"{approval.by}{f' as {approval.role}' if approval.role else ''}: {approval.reason}"


def _mark(*, ok: bool) -> Status:
    return Status("ok", "good") if ok else Status("no", "bad")


def foreseen_plain(seen: Foreseen) -> dict[str, object]:
    """Give it for programs: what is to be seen, and why it isn't done as a sentence and its cure."""
    error = seen.error
    told = None if error is None else {"error": type(error).__name__, "message": error.message, "cure": error.cure}
    fields = {name: getattr(seen, name) for name in seen.__dataclass_fields__ if name != "error"}
    return {**fields, "share_refused": seen.tried.share, "refused": told}
