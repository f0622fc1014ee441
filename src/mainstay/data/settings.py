"""`DataSettings`: the ``[data]`` section of the project file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Length = Annotated[
    str, msgspec.Meta(pattern=r"^([0-9]+(\.[0-9]+)?[smhdw])?$", description="a length such as '6h', '1d' or '2w'")
]
"""A length of time, ``"12h"`` or ``"7d"``; empty: never."""


class SplitBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column decides who is held out: the latest rows by `time`, or whole groups by `group`.

    Parameters
    ----------
    time : str, or tuple of str
        Column that says when a row was known; the last rows are held out, as production is always later. Several where
        a time is split over columns, the most significant first: ``["year", "month", "day"]``.
    group : str
        Column that says whose row it is; a household, patient or machine is never on both sides.

    """

    time: str | tuple[str, ...] = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse none and both, and a column that orders the rows twice."""
        if bool(self.times) == bool(self.group):
            raise ValueError('name one column: { time = "column" } or { group = "column" }')
        if "" in self.times or len(set(self.times)) < len(self.times):
            raise ValueError("time names a column twice, or none: name each part of it once, the year before the month")

    @property
    def times(self) -> tuple[str, ...]:
        """Columns that order the rows, the most significant first; none where groups are held out."""
        return ((self.time,) if self.time else ()) if isinstance(self.time, str) else self.time

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that decide who is held out."""
        return self.times or (self.group,)


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[data]`` section.

    Parameters
    ----------
    source : str
        Where the rows are: path of a csv, parquet or Arrow file, of a folder of them or of a Delta table (a relative
        one starts at the project's folder), or an address ``s3://``, ``gs://``, ``az://``, ``postgresql://`` or
        ``sqlite:///``; or ``"events"``, the records that were answered, with the outcomes that came in since (a folder
        of that name is ``"./events"``).
    since : str
        Of ``"events"``: the first moment (ISO 8601), or how far back from `until`: ``"90d"``; all there is where empty.
    until : str
        Of ``"events"``: the moment (ISO 8601) before which records were answered and outcomes came in; now where empty.
    treated : {"drop", "keep"}
        Of ``"events"``: what becomes of records that were acted on. Their outcomes are those of the action, so they are
        left out, and those of the control share (``[release] control``) stand for them. "keep" says that an action
        changes no outcome.
    query : str
        What a database is asked for.
    as_of : int or str
        Version or moment (ISO 8601) of a Delta table; the latest where empty.
    header : bool
        Whether the first line of a text names the columns; else they are ``column_1``, ``column_2``, …
    names : tuple of str
        Names of the columns of a text without a header line, one for each.
    decimal : "," or empty
        ``","`` where a text writes numbers as ``1.234,50``.
    separator : str
        What separates the cells of a text; found out where empty.
    encoding : str
        Of a text, as Python names it; found out where empty.
    max_rows : int
        Most rows to learn from and judge on, drawn evenly by content where the source holds more; 0: 250 000,
        and fewer where the table is wider than 100 columns.
    target : str
        Column that holds the truth.
    positive : str
        Label that counts as yes; empty for an amount, or to have it guessed (and said).
    classes : bool
        Whether numbers in the target are labels, each a class of its own, and not amounts.
    entity : str
        Column that says who a record is about: sticky routing, joins, privacy.
    split_by : "random" or SplitBy
        Who is held out.
    prior : float, optional
        True share of positives, where the source was made by taking one label more often than it occurs. Scores,
        measures and money are brought back to it.
    sampled : dict of str to float
        The same said otherwise: for each label the share of its rows that were kept, ``{ No = 0.1 }``; 1 for a label
        that isn't named.
    segments : tuple of str
        Columns whose groups are judged apart.
    missing : tuple of str
        Texts in the source that stand for a missing value, such as ``"?"``; blank cells always do.
    test_share : float
        Share of rows held out, 0.05 to 0.5.
    seed : int
        Seed of the split.
    keep : bool
        Whether training keeps the source it read: a copy in DVC's cache, and its pointer beside it.
    audit_every : str
        How often the controller audits the source: ``"7d"``, ``"12h"``; never where empty.
    quality_at_least : float
        Data-quality score (0 to 100) below which an audit fails.

    """

    source: str = ""
    since: str = ""
    until: str = ""
    treated: Literal["drop", "keep"] = "drop"
    query: str = ""
    as_of: int | str = ""
    header: bool = True
    names: tuple[str, ...] = ()
    decimal: Literal["", ","] = ""
    separator: str = ""
    encoding: str = ""
    max_rows: int = 0
    target: str = ""
    positive: str = ""
    classes: bool = False
    entity: str = ""
    split_by: Literal["random"] | SplitBy = "random"
    prior: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    sampled: dict[str, Annotated[float, msgspec.Meta(gt=0, le=1)]] = {}
    segments: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    test_share: float = 0.25
    seed: int = 7
    keep: bool = True
    audit_every: Length = ""
    quality_at_least: Annotated[float, msgspec.Meta(ge=0, le=100)] = 60.0

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing to learn from or to judge on."""
        if not 0.05 <= self.test_share <= 0.5:
            raise ValueError(f"test_share is {self.test_share}, allowed is 0.05 to 0.5")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed is {self.seed}, allowed is 0 to {2**31 - 1}")
        if self.max_rows < 0:
            raise ValueError(f"max_rows is {self.max_rows}, allowed is 0 (as many as fit) or more")
        if self.prior is not None and self.sampled:
            raise ValueError("prior says the same as sampled in another way: set one of them")
        if len(self.separator.encode()) > 1:
            raise ValueError(f"separator is '{self.separator}', allowed is one letter such as ';'")
