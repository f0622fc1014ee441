"""The trace a call belongs to, where the caller has one."""

from __future__ import annotations

import sys


def current_trace() -> str | None:
    """Give the W3C ``traceparent`` of OpenTelemetry's current span; None without one, and where it was never imported.

    Examples
    --------
    >>> current_trace() is None
    True

    """
    # Who never imported it has no span; so it isn't imported for a look.
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
