"""Answers for callers who think in tables: one name and one plain value each, whatever the protocol wraps them in."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mainstay.contract.formats.mlflow import SCORE_OF
from mainstay.serving.answers import ClassAnswer
from mainstay.serving.replies import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serving.answers import Answer
    from mainstay.serving.replies import Refused

Plain = str | float | bool | int
_MOST = 10


def flat(answer: Answer) -> dict[str, Plain]:
    """Give what an answer says by name, in the order of a table.

    The first of them are the columns that a version answers as an MLflow model; ``version`` and ``id`` are what
    feedback needs. Numbers are those of the native answer.

    Examples
    --------
    >>> from mainstay.serving.answers import Answer
    >>> list(flat(Answer("01a2", "Yes", 0.7, "offer", 3, degraded=False, warnings=("a", "b"))).values())
    ['Yes', 0.7, 'offer', False, 'a; b', 3, '01a2']

    """
    shares = answer.scores if isinstance(answer, ClassAnswer) else {}
    return {
        "prediction": answer.prediction,
        "score": answer.score,
        "decision": answer.decision,
        **{f"{SCORE_OF}{label}": share for label, share in shares.items()},
        "degraded": answer.degraded,
        "warnings": "; ".join(answer.warnings),
        "version": answer.version,
        "id": answer.id,
    }


def flat_schema(*, amounts: bool, labels: Sequence[str]) -> dict[str, object]:
    """Describe what `flat` gives in JSON Schema: with amounts, or with labels, of which several classes are named."""
    plain = {"type": "number" if amounts else "string"}
    kinds = {
        "prediction": plain,
        "score": {"type": "number"},
        "decision": plain,
        **{f"{SCORE_OF}{label}": {"type": "number"} for label in labels},
        "degraded": {"type": "boolean"},
        "warnings": {"type": "string"},
        "version": {"type": "integer"},
        "id": {"type": "string"},
    }
    return {"type": "object", "required": list(kinds), "properties": kinds}


def columns(answers: Sequence[Answer]) -> dict[str, list[Plain]]:
    """Give what answers say, as one list for each name."""
    rows = [flat(answer) for answer in answers]
    return {name: [row[name] for row in rows] for name in rows[0]}


def lines(answers: Sequence[Answer]) -> bytes:
    """Write answers as CSV without a header: a line for each, in the order of `flat`."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(flat(answer).values() for answer in answers)
    return out.getvalue().encode()


def sentence(refused: Refused) -> str:
    """Say a refusal in one text: what is wrong by record and field, and what to do.

    Examples
    --------
    >>> from mainstay.serving.replies import Refused
    >>> sentence(Refused(400, "syntax", "The body isn't JSON.", "Send JSON."))
    "The body isn't JSON. Send JSON."

    """
    if not refused.errors:
        return f"{refused.detail} {refused.cure}".strip()
    told = [
        f"Record {each.record}, field '{each.field}': {each.message}" if each.field else whole(each)
        for each in refused.errors[:_MOST]
    ]
    rest = refused.total - len(told)
    return " ".join((*told, *([f"({rest} more problems.)"] if rest > 0 else []), refused.cure)).strip()
