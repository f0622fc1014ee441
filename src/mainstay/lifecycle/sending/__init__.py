"""events send: the event log to an OpenTelemetry collector, by a process of its own.

`records` makes log records of lines; `otlp` is the collector, spoken to over HTTP; `verb` goes through the log.
"""

from mainstay.lifecycle.sending.otlp import Collector
from mainstay.lifecycle.sending.verb import Sent, send_events, sent_line

__all__ = ["Collector", "Sent", "send_events", "sent_line"]
