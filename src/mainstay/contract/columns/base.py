"""The base every kind of column stands on."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["feature", "id", "time", "ignored"]


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """One column of a record.

    Parameters
    ----------
    role : {"feature", "id", "time", "ignored"}
        What the column is for. Only features reach the model.
    missing : {"reject", "impute", "allow"}
        What happens to a record without it: refused; filled with `fill` and the answer flagged as degraded; or
        passed to the model as missing, which it has seen in training.
    fill : float or str, optional
        What `impute` fills in; learned from the training rows where it isn't given.
    unit, description, owner, source : str
        For the reader: months, what it says, who answers for it, where it comes from.
    personal, sensitive : bool
        Whether it identifies a person; whether its groups are watched for inclusion.

    """

    name: str = ""
    role: Role = "feature"
    missing: Literal["reject", "impute", "allow"] = "reject"
    fill: float | str | None = None
    unit: str = ""
    description: str = ""
    owner: str = ""
    source: str = ""
    personal: bool = False
    sensitive: bool = False
