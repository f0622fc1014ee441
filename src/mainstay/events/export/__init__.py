"""Taking events out of the log: a file with one row per event, first column ``id``.

::

    fields    which columns a stream has, and where in a line they come from
    rows      the rows of a stream, as many at a time as are held in memory
    cells     what a cell of a csv file says
    envelope  rows as CloudEvents
    files     csv, parquet and JSON lines, written whole or not at all

Imports Polars; a serving worker never imports this package.
"""

from mainstay.events.export.envelope import Envelope
from mainstay.events.export.fields import Described
from mainstay.events.export.files import FORMATS, Format, Whole, write
from mainstay.events.export.rows import Asked, Rows

__all__ = ["FORMATS", "Asked", "Described", "Envelope", "Format", "Rows", "Whole", "write"]
