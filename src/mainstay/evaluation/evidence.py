"""`Evidence`: what was seen outside the report: the serving path, the lock, who approved, what callers would notice."""

from __future__ import annotations

import msgspec

from mainstay.measures.finding import Finding


class Round(msgspec.Struct, frozen=True):
    """Latency of one round of requests at a worker, milliseconds over loopback, the client's part included."""

    requests: int
    p50: float
    p99: float


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What a fresh worker process did with a version: started, asked over HTTP, ended.

    Parameters
    ----------
    asked, right : int
        Golden records that were sent, and how many came back with the score that was recorded.
    rounds : tuple of Round
        Latency, measured several times: machines are noisy.
    memory : float or None
        Megabytes the worker holds after them; None where this system doesn't say.
    seconds : float
        From the start of the process to its first answer.
    trouble : str
        Why nobody answered; empty where one did.

    """

    asked: int = 0
    right: int = 0
    rounds: tuple[Round, ...] = ()
    memory: float | None = None
    seconds: float = 0.0
    trouble: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """What serving a version needs, held against this environment and against the champion's needs.

    Parameters
    ----------
    pinned : int
        How many distributions its ``requirements.txt`` names.
    missing : tuple of str
        Those that aren't installed here.
    moved : tuple of str
        Those of another version here: ``"numpy 2.1.0, here 2.2.0"``.
    since_champion : tuple of str
        What changed against the champion: ``"numpy 2.0.1 -> 2.1.0"``, ``"+ lightgbm 4.6.0"``.

    """

    pinned: int = 0
    missing: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    since_champion: tuple[str, ...] = ()


class Approval(msgspec.Struct, frozen=True):
    """Somebody's yes to a version, and why."""

    by: str
    reason: str
    role: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What gates look at beside the report. None means that nobody looked.

    Parameters
    ----------
    differences : tuple of str or None
        What callers of the champion would notice; None where nothing answers yet.
    rehearsal : Rehearsal or None
        What a fresh worker did.
    lock : Lock or None
        Its dependencies.
    approvals : tuple of Approval or None
        Who said yes.
    roles : tuple of str
        Roles in which somebody must have.
    undescribed : tuple of str or None
        Features of its contract without description or owner.
    live_skew : Finding or None
        What the log says of its live answers.
    cases : tuple of Finding or None
        How it answers the plain records and scenarios the project has today; those of its report where None.

    """

    differences: tuple[str, ...] | None = None
    rehearsal: Rehearsal | None = None
    lock: Lock | None = None
    approvals: tuple[Approval, ...] | None = None
    roles: tuple[str, ...] = ()
    undescribed: tuple[str, ...] | None = None
    live_skew: Finding | None = None
    cases: tuple[Finding, ...] | None = None
