"""The protocols the server speaks, one file each. A door reads its own words and answers in them; it holds no logic."""

from mainstay.serving.doors.door import Asked, Door, First

__all__ = ["Asked", "Door", "First"]
