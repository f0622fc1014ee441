"""The ways the log can be kept."""

from __future__ import annotations

UNLOGGED = "none"
DEFAULT = "process"
MODES = (UNLOGGED, DEFAULT, "disk", "async")
WORDS = {
    UNLOGGED: "no log",
    "process": "process (default): survives the process",
    "disk": "disk: survives a power cut, group fsync",
    "async": "async: written behind the answers",
}


def settings_of(mode: str, more: str = "") -> str:
    """Give the lines of a project's file."""
    return "" if mode == UNLOGGED else f'[events]\ndurability = "{mode}"\n{more}'
