"""A window of what was served becomes findings: quality, drift, performance, money, system; and the overview of it all.

::

    windows:   settings + when         -> the next span to look at            (pure)
    look:      Window + Bundle         -> Findings                            (pure)
    document:  Findings                -> the page `mainstay monitor` prints  (pure)
    overview:  the books of projects   -> Overview: who answers, what it earns, what changed

Nothing here acts; that is `mainstay.decisions`.
"""

from mainstay.monitoring.document import look_document
from mainstay.monitoring.look import look
from mainstay.monitoring.settings import MonitoringSettings, length
from mainstay.monitoring.windows import Span, next_span

__all__ = ["MonitoringSettings", "Span", "length", "look", "look_document", "next_span"]
