"""The ``[registry]`` section."""

from __future__ import annotations

from typing import Annotated

import msgspec

Days = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[registry]`` section: what ``mainstay admin gc`` leaves where it is.

    Parameters
    ----------
    keep_days : int
        A bundle younger than this stays, and so does every one that had a part in answering within that time.
    keep_versions : int
        The newest so many versions stay, and as many of the last champions, however old they are.

    """

    keep_days: Days = 90
    keep_versions: Count = 10
