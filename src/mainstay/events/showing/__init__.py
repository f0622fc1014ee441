"""`events show`: what the log holds about one id, seen by people; who looked is on record.

::

    shown     show_events: everything about one id; read this one first
    seeking   finding the lines
    document  what it prints
    access    who looked, written down before anything is given out

Needs no Polars before there is a table.
"""

from mainstay.events.showing.access import record_access
from mainstay.events.showing.document import shown_document
from mainstay.events.showing.shown import Answered, Shown, show_events

__all__ = ["Answered", "Shown", "record_access", "show_events", "shown_document"]
