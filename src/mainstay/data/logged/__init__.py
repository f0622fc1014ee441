"""The event log as a source: records as they were served, with the outcomes that came in since.

::

    span       which part of the log, and what was known when
    reading    from the log to rows: read this one first
    effects    which answers an action may have had a hand in
    treated    which rows show the effect of an action, and what stands for them
    columns    what the log adds to a row, under names that no feature has
"""

from mainstay.data.logged.columns import ENTITY, ID, TIME, WEIGHT, split_of, stands_of, traceless
from mainstay.data.logged.reading import Logged, from_events, open_events
from mainstay.data.logged.span import EVENTS, Span, read_span

__all__ = [
    "ENTITY",
    "EVENTS",
    "ID",
    "TIME",
    "WEIGHT",
    "Logged",
    "Span",
    "from_events",
    "open_events",
    "read_span",
    "split_of",
    "stands_of",
    "traceless",
]
