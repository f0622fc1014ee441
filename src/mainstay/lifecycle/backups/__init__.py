"""`admin backup` and `admin restore`: the books in one file, and back.

::

    backup     the books as one file
    restoring  that file back, all of it or nothing
    copied     the registry alone, from one of its rolling copies
    standing   what books are there before others take their place
"""

from mainstay.lifecycle.backups.backup import BackedUp, back_up, backup_document
from mainstay.lifecycle.backups.copied import BroughtBack, brought_back_document, restore_copy, restore_newest
from mainstay.lifecycle.backups.restoring import Restored, restore, restored_document

__all__ = [
    "BackedUp",
    "BroughtBack",
    "Restored",
    "back_up",
    "backup_document",
    "brought_back_document",
    "restore",
    "restore_copy",
    "restore_newest",
    "restored_document",
]
