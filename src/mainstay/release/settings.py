"""The ``[release]`` section."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class ReleaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[release]`` section: what holds for every release of this project.

    Parameters
    ----------
    canary : float
        Share of the first step, between 0 and 1, where something other than a person releases.

    """

    canary: Share = 0.1
