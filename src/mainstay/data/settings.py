"""`DataSettings`: the ``[data]`` section of the project file."""

from __future__ import annotations

from typing import Literal

import msgspec


class SplitBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column decides who is held out: the latest rows by `time`, or whole groups by `group`.

    Parameters
    ----------
    time : str
        Column that says when a row was known; the last rows are held out, as production is always later.
    group : str
        Column that says whose row it is; a household, patient or machine is never on both sides.

    """

    time: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse none and both."""
        if bool(self.time) == bool(self.group):
            raise ValueError('name one column: { time = "column" } or { group = "column" }')


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[data]`` section.

    Parameters
    ----------
    source : str
        Path of a csv or parquet file; a relative one starts at the project's folder.
    target : str
        Column that holds the truth.
    positive : str
        Label that counts as yes; empty for an amount, or to have it guessed (and said).
    entity : str
        Column that says who a record is about: sticky routing, joins, privacy.
    split_by : "random" or SplitBy
        Who is held out.
    segments : tuple of str
        Columns whose groups are judged apart.
    missing : tuple of str
        Texts in the source that stand for a missing value, such as ``"?"``; blank cells always do.
    test_share : float
        Share of rows held out, 0.05 to 0.5.
    seed : int
        Seed of the split.

    """

    source: str = ""
    target: str = ""
    positive: str = ""
    entity: str = ""
    split_by: Literal["random"] | SplitBy = "random"
    segments: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    test_share: float = 0.25
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing to learn from or to judge on."""
        if not 0.05 <= self.test_share <= 0.5:
            raise ValueError(f"test_share is {self.test_share}, allowed is 0.05 to 0.5")
