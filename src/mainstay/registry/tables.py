"""The tables of this room, as the files of ``state/migrations`` make them."""

from __future__ import annotations

import sqlalchemy as sa

VERSIONS = sa.table(
    "versions",
    *(
        sa.column(name)
        for name in (
            "model",
            "number",
            "created",
            "author",
            "parent",
            "digest",
            "data_fingerprint",
            "git_commit",
            "dirty",
            "candidate",
            "primary_finding",
            "source",
            "data_md5",
            "data_size",
            "data_rows",
            "data_pointer",
            "made",
            "signer",
            "removed",
        )
    ),
)
VERDICTS = sa.table(
    "verdicts", *(sa.column(name) for name in ("model", "number", "id", "at", "author", "ok", "findings"))
)
INGREDIENTS = sa.table("ingredients", *(sa.column(name) for name in ("model", "number", "kind", "name", "value")))
_LATEST = (
    sa.select(VERDICTS.c.ok)
    .where(VERDICTS.c.model == VERSIONS.c.model, VERDICTS.c.number == VERSIONS.c.number)
    .order_by(VERDICTS.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("ok")
)
MODEL: sa.BindParameter[str] = sa.bindparam("model")
NUMBER: sa.BindParameter[int] = sa.bindparam("number")

ALL = sa.select(VERSIONS, _LATEST).where(VERSIONS.c.model == MODEL).order_by(VERSIONS.c.number)
ONE = sa.select(VERSIONS, _LATEST).where(VERSIONS.c.model == MODEL, VERSIONS.c.number == NUMBER)
NEWEST = ALL.order_by(None).order_by(VERSIONS.c.number.desc()).limit(sa.bindparam("most", type_=sa.Integer))
COUNT = sa.select(sa.func.count()).where(VERSIONS.c.model == MODEL)
MODELS = sa.select(VERSIONS.c.model).distinct().order_by(VERSIONS.c.model)
HIGHEST = sa.select(sa.func.coalesce(sa.func.max(VERSIONS.c.number), 0)).where(VERSIONS.c.model == MODEL)
REMOVED = (
    sa.update(VERSIONS)
    .where(VERSIONS.c.model == sa.bindparam("whose"), VERSIONS.c.number == sa.bindparam("which"))
    .values(removed=sa.bindparam("at"))
)
OF_VERSION = sa.select(VERDICTS).where(VERDICTS.c.model == MODEL, VERDICTS.c.number == NUMBER).order_by(VERDICTS.c.id)
LAST = OF_VERSION.order_by(None).order_by(VERDICTS.c.id.desc()).limit(1)
MADE_OF = (
    sa.select(INGREDIENTS)
    .where(INGREDIENTS.c.model == MODEL, INGREDIENTS.c.number == NUMBER)
    .order_by(INGREDIENTS.c.kind, INGREDIENTS.c.name)
)
"""Each statement of the room, compiled once."""


def signed(model: str, number: int, by: str) -> sa.Update:
    """Write down which key signed a version."""
    return sa.update(VERSIONS).where(VERSIONS.c.model == model, VERSIONS.c.number == number).values(signer=by)
