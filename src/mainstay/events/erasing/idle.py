"""Keys of persons of whom the log holds nothing any more, because it got too old, are destroyed.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import polars as pl

from mainstay.events.erasing.lines import files_of, mapped
from mainstay.events.table.place import address_of, open_table, options_of

if TYPE_CHECKING:
    from mainstay.events.log import EventLog

_PERSON = re.compile(rb'"user\.hash":"([0-9a-f]{32})"')


def destroy_idle(log: EventLog) -> int:
    """Destroy the keys of those whom no prediction of the log is about; gives how many.

    For after events were deleted because of their age. Keys are listed before the log is looked at, and one that was
    made meanwhile isn't among them; what is sealed with a listed key in this very moment is lost at worst, so that it
    is called seldom, and never while the log can't be read whole. Keys that machines share stay until somebody
    is erased: what others haven't shipped yet isn't seen from here.

    Raises
    ------
    StoreError
        Where the keys or the log can't be read.

    """
    with closing(log.persons) as persons:
        if persons.shared:
            return 0
        idle = set(persons.everybody())
        if not idle:
            return 0
        idle -= _in_table(log)
        for stream, path in files_of(log):
            if stream == "predictions" and idle:
                with mapped(path) as data:
                    idle -= {match[1].decode() for match in _PERSON.finditer(data)}
        return persons.destroy(idle) if idle else 0


def _in_table(log: EventLog) -> set[str]:
    table = open_table(log, "predictions")
    if table is None:
        return set()
    rows = pl.scan_delta(table, storage_options=options_of(address_of(log, "predictions")), credential_provider=None)
    return set(rows.select(pl.col("entity").drop_nulls().unique()).collect()["entity"].to_list())
