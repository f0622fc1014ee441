"""What lies in the project's books: nothing half-made, nothing that others can write, everything readable."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import load_contract
from mainstay.errors import MainstayError
from mainstay.lifecycle.doctor.complaint import broken
from mainstay.registry import trusted_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.lifecycle.doctor.complaint import Found
    from mainstay.registry.store import Store
    from mainstay.release import Books

_CHECK = "files"
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_MOST = 20


def check_files(books: Books) -> Iterator[Found]:
    """Check the files beside both books."""
    yield from _readable(books)
    yield from _writable_by_others(books.project.books)
    yield from _leftovers(books)


def _readable(books: Books) -> Iterator[Found]:
    try:
        load_contract(books.project.root / CONTRACT)
    except MainstayError as error:
        yield broken(_CHECK, CONTRACT, error.message, error.cure)
    try:
        trusted_by(books.project)()
    except MainstayError as error:
        yield broken(_CHECK, "trust", error.message, error.cure)


def _writable_by_others(folder: Path) -> Iterator[Found]:
    """Find what another user of this machine could change."""
    found = [path for path in _everything(folder) if path.lstat().st_mode & _OTHERS and not path.is_symlink()]
    for path in found[:_MOST]:
        inside = path.relative_to(folder).as_posix()
        yield broken(
            _CHECK, inside, f"Other users of this machine can write {path}.",
            "mainstay admin doctor --repair takes that right away.",
            mend=partial(path.chmod, path.stat().st_mode & ~_OTHERS),
        )  # fmt: skip
    if len(found) > _MOST:
        yield broken(_CHECK, "…", f"So can they {len(found) - _MOST} more.", f"chmod -R go-w '{folder}'")


def _leftovers(books: Books) -> Iterator[Found]:
    store, model = books.registry.store, books.project.name
    for left in store.sweep(model, dry=True):
        yield broken(
            _CHECK, left.name, f"{left.name} is what a registration left that was killed.",
            "The next one removes it, and so does mainstay admin doctor --repair.", note=True,
            mend=partial(_sweep, store, model),
        )  # fmt: skip


def _sweep(store: Store, model: str) -> None:
    store.sweep(model)


def _everything(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            yield Path(place) / name
