"""`events show`, `events export`: what the log holds, seen by people and taken out; who did is on record.

::

    shown     show_events: everything about one id; read this one first
    seeking   finding the lines
    document  what `show` prints
    taking    export_events: rows into a file
    columns   which columns they have, by the contracts of all versions
    access    who looked, written down before anything is given out
"""

from mainstay.lifecycle.reading.document import shown_document
from mainstay.lifecycle.reading.shown import Answered, Shown, show_events
from mainstay.lifecycle.reading.taking import TakenOut, export_events

__all__ = ["Answered", "Shown", "TakenOut", "export_events", "show_events", "shown_document"]
