"""Files of skops whose bytes follow from the estimator alone: equal estimators, equal files.

skops names parts by where they lay in memory and stamps them with the time, so two files of one estimator never are the
same. Numbered in the order they appear in, and stamped alike, they are.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

_SCHEMA = "schema.json"
_ID, _FILE = "__id__", "file"
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say


def steadied(content: bytes) -> bytes:
    """Write a file of skops again, its parts numbered in the order they appear in.

    Parameters
    ----------
    content : bytes
        As skops wrote it.

    Raises
    ------
    ValueError, KeyError, zipfile.BadZipFile
        Where it isn't one of skops.

    """
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as target:
        schema = json.loads(source.read(_SCHEMA))
        ids: dict[int, int] = {}
        names: dict[str, str] = {}
        _number(schema, ids, names)
        left = [name for name in sorted(source.namelist()) if name not in names and name != _SCHEMA]
        for old, new in (*names.items(), *((name, name) for name in left)):
            target.writestr(zipfile.ZipInfo(new, _STAMP), source.read(old))
        target.writestr(zipfile.ZipInfo(_SCHEMA, _STAMP), json.dumps(schema, indent=2))
    return sink.getvalue()


def _number(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Give the parts of a node, and of what it holds, their numbers in place; the same part gets the same again."""
    pending = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            if isinstance(here.get(_ID), int):
                here[_ID] = ids.setdefault(here[_ID], len(ids) + 1)
            if isinstance(name := here.get(_FILE), str) and "__loader__" in here:
                here[_FILE] = names.setdefault(name, f"{len(names) + 1}.{name.rpartition('.')[2]}")
            pending += reversed(list(here.values()))
        elif isinstance(here, list):
            pending += reversed(here)
