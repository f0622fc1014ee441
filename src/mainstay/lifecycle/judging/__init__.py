"""A version before its gates.

::

    verb       judge and approve: read this one first
    evidence   what is looked at beside the report
    rehearsal  the version served for a moment: latency, memory, golden records over HTTP
"""

from mainstay.lifecycle.judging.verb import approve, judge_version, loaded, sound_champion, standing

__all__ = ["approve", "judge_version", "loaded", "sound_champion", "standing"]
