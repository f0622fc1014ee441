"""`events export`: events taken out of the log into a file; who took them is on record.

::

    taking   export_events: rows into a file; read this one first
    columns  which columns they have, by the contracts of all versions
"""

from mainstay.lifecycle.reading.taking import TakenOut, export_events

__all__ = ["TakenOut", "export_events"]
