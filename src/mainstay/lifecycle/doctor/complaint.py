"""`Complaint`: what a check found, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

Weight = Literal["broken", "note"]


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """Something that isn't as it should be.

    Parameters
    ----------
    check : str
        Which check found it: ``"database"``, ``"versions"``, ``"releases"``, ``"files"`` ...
    about : str
        What it is about: ``"version 3"``.
    message : str
        What was found, as a sentence.
    cure : str
        What to do about it.
    weight : {"broken", "note"}
        Whether it must be mended, or is only worth knowing.
    repairable : bool
        Whether ``--repair`` mends it.
    repaired : bool
        Whether it was mended.

    """

    check: str
    about: str
    message: str
    cure: str = ""
    weight: Weight = "broken"
    repairable: bool = False
    repaired: bool = False


@dataclass(frozen=True)
class Found:
    """A complaint on its way, with what mends it.

    Parameters
    ----------
    complaint : Complaint
        What was found.
    mend : callable, optional
        Makes it good; what it raises is told. None where nobody but a person can.

    """

    complaint: Complaint
    mend: Callable[[], None] | None = None


def broken(
    check: str, about: str, message: str, cure: str = "", *, mend: Callable[[], None] | None = None, note: bool = False
) -> Found:
    """Say that something is broken, or (`note`) only worth knowing."""
    weight: Weight = "note" if note else "broken"
    complaint = Complaint(
        check=check, about=about, message=message, cure=cure, weight=weight, repairable=mend is not None
    )
    return Found(complaint, mend)
