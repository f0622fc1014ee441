"""`Version`: a row of the registry: what was built."""

from __future__ import annotations

import datetime as dt

import msgspec

from mainstay.measures.finding import Finding


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What was built, in a line.

    Parameters
    ----------
    model : str
        Name of the model.
    number : int
        1, 2, 3 ... per model; never used again.
    created : datetime
        When it was registered, UTC.
    by : str
        Who registered it.
    parent : int or None
        The version that was champion when it was trained.
    digest : str
        sha256 of its manifest, which lists the sha256 of everything else: equal digests, equal bundles.
    data_fingerprint : str
        Of the rows it was trained on.
    git_commit : str
        Of the project's folder; empty where it isn't under git.
    dirty : bool
        Whether something there wasn't committed.
    candidate : str
        Name of the chosen candidate: ``"lightgbm"``.
    primary : Finding or None
        The primary measure on held-out rows.
    ok : bool or None
        What its latest verdict says; None before the first.

    """

    model: str
    number: int
    created: dt.datetime
    by: str
    parent: int | None
    digest: str
    data_fingerprint: str
    git_commit: str
    dirty: bool
    candidate: str
    primary: Finding | None
    ok: bool | None = None
