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
    source : str
        Where they came from.
    data_md5 : str
        Of the file or folder they were in; empty where there was none.
    data_size, data_rows : int or None
        Its bytes and its rows; None in versions made before this was recorded.
    data_pointer : str
        The file that names this version in git, from the project's folder; empty where none does.
    made : str
        How: ``"trained"``, ``"adopted"``, ``"shipped"``, ``"optimized"``, ``"policy"``, ``"imported"``; empty in
        versions made before this was recorded.
    signer : str
        Id of the key that signed it; empty where nobody did.
    removed : datetime or None
        When its bundle was removed, UTC; the row stays.
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
    source: str = ""
    data_md5: str = ""
    data_size: int | None = None
    data_rows: int | None = None
    data_pointer: str = ""
    made: str = ""
    signer: str = ""
    removed: dt.datetime | None = None
