"""What a network's output is: a probability, a logit, an amount; found out, held against real rows, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec
import numpy as np

from mainstay.errors import InputError
from mainstay.models.answers import label_order, labels_of
from mainstay.models.columns import label_text
from mainstay.models.convert.graph import class_labels, ends_in
from mainstay.models.frameworks.onnx import Link

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

Output = Literal["probability", "logit", "amount"]
_SLACK = 1e-4  # float32 sums of probabilities
_ENOUGH = 20  # rows before "all of them lie between 0 and 1" says something


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where the scores are, and how to read them: see `mainstay.models.frameworks.onnx.Header`."""

    output: str
    columns: tuple[int, ...]
    link: Link


def find_output(names: Sequence[str], wanted: str = "") -> str:
    """Find the output that holds the scores among those that are numbers: the one named, the only one, probabilities.

    Raises
    ------
    InputError
        Naming those there are.

    """
    likely = [name for name in names if "prob" in name.lower()]
    if wanted in names:
        return wanted
    if not wanted and (len(names) == 1 or len(likely) == 1):
        return likely[0] if likely else names[0]
    said = f"no output '{wanted}'" if wanted else "several outputs that could be the scores"
    raise InputError(
        f"The network has {said}; those that are numbers: {', '.join(names) or 'none'}.", "Name the one: output_name=."
    )


def read_head(proto: Any, task: Task, output: str, *, labels: Sequence[str | int] = (), said: str = "") -> Head:
    """Read from a graph where the scores are and what they are.

    Parameters
    ----------
    proto : ModelProto
        The graph, without ZipMaps.
    task : Task
        What is predicted.
    output : str
        Which output.
    labels : sequence of str or int
        The label of each column, where something said so.
    said : {"", "probability", "logit", "amount"}
        What it is; empty: what the graph's last operator says.

    Raises
    ------
    InputError
        Where it can't be what was said.

    """
    if said and said not in get_args(Output):
        raise InputError(f"An output can't be '{said}'.", f"Say one of {', '.join(get_args(Output))}.")
    if task.kind == "regression":
        if said in {"probability", "logit"}:
            raise InputError(
                f"'{task.target}' is an amount, and the output is said to be a {said}.", 'Say output="amount".'
            )
        return Head(output=output, columns=(), link="none")
    if said == "amount":
        raise InputError(f"'{task.target}' is a label, and the output is said to be an amount.", 'Say "probability".')
    labels = labels or class_labels(proto)
    bounded = ends_in(proto, output) in {"Sigmoid", "Softmax", "TreeEnsembleClassifier", "LinearClassifier"}
    logits = said == "logit" or (not said and not bounded and not labels)
    if task.kind == "binary":
        return Head(output=output, columns=_positive(task, labels), link="sigmoid" if logits else "none")
    return Head(output=output, columns=_ordered(task, labels), link="softmax" if logits else "none")


def held_against(head: Head, raw: Floats, task: Task) -> Head:
    """Hold a head against what the network really gives for real rows, and complete it.

    Parameters
    ----------
    head : Head
        As it was read.
    raw : array, shape (n, columns)
        The output, before anything is done to it.
    task : Task
        What is predicted.

    Raises
    ------
    InputError
        Where the output has another width than the task has labels, isn't finite, isn't a probability though it was
        said to be one, or is one though it was said not to be.

    """
    width = raw.shape[1]
    _demand_width(width, head, task)
    if not np.isfinite(raw).all():
        bad = int((~np.isfinite(raw)).any(axis=1).sum())
        raise InputError(
            f"The network gives no finite number for {bad} of {len(raw)} rows.",
            'A network can\'t read missing values: let the contract fill them in (missing = "impute").',
        )
    if task.kind == "regression":
        return head
    if width == 2 and task.kind == "binary":
        columns = head.columns if len(head.columns) == 1 else (1,)
        head = msgspec.structs.replace(head, columns=columns, link="softmax" if head.link == "sigmoid" else head.link)
    elif task.kind == "binary":
        head = msgspec.structs.replace(head, columns=())
    elif head.link == "sigmoid":
        head = msgspec.structs.replace(head, link="softmax")
    _demand_range(head, raw)
    return head


def _demand_width(width: int, head: Head, task: Task) -> None:
    allowed = {"binary": (1, 2), "regression": (1,)}.get(task.kind, (len(head.columns),))
    if width not in allowed:
        wants = {"binary": "1 or 2 numbers", "regression": "1 number"}.get(task.kind, f"{len(head.columns)} numbers")
        raise InputError(
            f"The network's output '{head.output}' has {width} numbers a record; for '{task.target}' it must have "
            f"{wants}.",
            "Name another output (output_name=), or give the network such a last layer.",
        )


def _demand_range(head: Head, raw: Floats) -> None:
    inside = bool((raw >= -_SLACK).all() and (raw <= 1 + _SLACK).all())
    sums = bool(raw.shape[1] == 1 or np.allclose(raw.sum(axis=1), 1.0, atol=1e-3))
    if head.link == "none" and not (inside and sums):
        what = (
            f"lies between {raw.min():.3g} and {raw.max():.3g}" if not inside else "doesn't sum to one in each record"
        )
        raise InputError(
            f"The output '{head.output}' can't be probabilities: it {what}.",
            'Say output="logit" if a sigmoid or softmax is still to come.',
        )
    if head.link != "none" and inside and sums and len(raw) >= _ENOUGH:
        raise InputError(
            f"The output '{head.output}' is taken for logits, yet all of {len(raw)} rows lie between 0 and 1, as "
            "probabilities do.",
            'Say output="probability" if it is one already.',
        )


def _positive(task: Task, labels: Sequence[str | int]) -> tuple[int, ...]:
    """Name the column of the positive label; the second where nobody says, as everywhere in the field."""
    return _ordered(task, labels)[1:] if len(labels) == 2 else ()


def _ordered(task: Task, labels: Sequence[str | int]) -> tuple[int, ...]:
    """Name the column of each label of the task; codes are labels in its own order."""
    plain = tuple(range(len(labels_of(task))))
    own = sorted(labels_of(task)) == sorted(map(label_text, labels))
    if not labels or (not own and [label_text(label) for label in labels] == [str(code) for code in plain]):
        return plain
    return label_order(labels, task)
