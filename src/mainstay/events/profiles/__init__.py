"""Stored profiles: what happened in each hour, as counts and sums, so that a window is a sum and not a scan.

A profile holds, by version, role, consumer and segment, how many answers there were (each as often as it stands for,
where answers are sampled), how many were degraded, refused, labelled and followed, histograms of latencies and scores,
labels by decisions, sums of KPIs, and how the watched features fell into the bins of the version's own reference. All
of it are whole numbers, or sums of floats kept as such, so that the order of adding changes nothing, to the last bit.

They lie below the log's folder, a file per UTC day, and each slice knows a digest of the lines it was computed from,
wherever they lie. What changes one of these (a new line, late or corrected feedback about its answers, an erased
person) makes that slice dirty, and no other; shipping and compacting make none. Deleting the folder loses nothing.

Imports Polars where rows are read (`mainstay.events.profiles.keeper`); a serving worker never imports this package.
"""

from mainstay.events.profiles.exact import Moments
from mainstay.events.profiles.keeper import Profiles
from mainstay.events.profiles.lens import Lens, View
from mainstay.events.profiles.profile import Cell, Count, Key, Outcome, Profile, Spread, merge, merge_cells

__all__ = [
    "Cell",
    "Count",
    "Key",
    "Lens",
    "Moments",
    "Outcome",
    "Profile",
    "Profiles",
    "Spread",
    "View",
    "merge",
    "merge_cells",
]
