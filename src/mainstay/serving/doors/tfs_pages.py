"""What TensorFlow Serving's REST API tells of a model: the state of its versions, and its signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import Boolean, Integer, Number, Tensor
from mainstay.contract.formats.mlflow import SCORE_OF
from mainstay.serving.arms import pin
from mainstay.serving.doors.tfs import SIGNATURES, refuse
from mainstay.serving.refusals import unreleased
from mainstay.serving.replies import Refused, Reply, json_reply

if TYPE_CHECKING:
    from mainstay.contract import AnyColumn, Contract
    from mainstay.models.task import Task
    from mainstay.serving.doors.tfs import Place
    from mainstay.serving.lineup import Arm, Lineup
    from mainstay.serving.served import Served

_ELEMENTS = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE"}


def page(served: Served, place: Place, *, draining: bool = False) -> Reply:
    """Answer a GET: the status, or with ``/metadata`` the signatures.

    Parameters
    ----------
    served : Served
        The model.
    place : Place
        What the address says.
    draining : bool
        Whether the server is on its way out.

    """
    try:
        told = _metadata(served, place) if place.what == "metadata" else _status(served, place, draining=draining)
    except Refused as refused:
        return refuse(refused)
    return json_reply(told)


def _status(served: Served, place: Place, *, draining: bool) -> dict[str, object]:
    """Tell the state of each version: AVAILABLE, UNLOADING as the server leaves, END where it can't be loaded."""
    lineup = served.lineup
    good = "UNLOADING" if draining else "AVAILABLE"
    states = [_state(arm.version, good) for arm in _arms(lineup) if _meant(arm, place)] if lineup else []
    if served.refused is not None:
        loaded = {arm.version for arm in _arms(lineup)} if lineup else set()
        states += [
            _state(route.version, "END", served.trouble)
            for route in served.refused.routes
            if route.version not in loaded
            and place.version in (None, route.version)
            and place.role in (None, route.role)
        ]
    if not states:
        raise _none(served, place)
    return {"model_version_status": states}


def _state(version: int, state: str, trouble: str = "") -> dict[str, object]:
    status = {"error_code": "FAILED_PRECONDITION" if trouble else "OK", "error_message": trouble}
    return {"version": str(version), "state": state, "status": status}


def _metadata(served: Served, place: Place) -> dict[str, object]:
    lineup = served.lineup
    if lineup is None:
        raise unreleased(served)
    arm = pin(lineup, place.version, place.role) or lineup.champion
    signatures = _signatures(arm.bundle.contract, arm.bundle.policy.task)
    return {
        "model_spec": {"name": served.name, "signature_name": "", "version": str(arm.version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _signatures(contract: Contract, task: Task) -> dict[str, object]:
    inputs = {column.name: _tensor(column.name, *_kind(column)) for column in contract.features}
    outputs = {name: _tensor(name, kind) for name, kind in _outputs(task).items()}
    known = {
        "serving_default",
        "tensorflow/serving/regress" if task.kind == "regression" else "tensorflow/serving/classify",
    }
    return {
        name: {"inputs": inputs, "outputs": outputs, "method_name": f"tensorflow/serving/{verb}"}
        for name, verb in SIGNATURES.items()
        if name in known
    }


def _outputs(task: Task) -> dict[str, str]:
    """Name what `mainstay.serving.doors.flat` answers, with its types."""
    plain = "DT_DOUBLE" if task.kind == "regression" else "DT_STRING"
    shares = {f"{SCORE_OF}{label}": "DT_DOUBLE" for label in task.labels}
    notes = {"degraded": "DT_BOOL", "warnings": "DT_STRING", "version": "DT_INT64", "id": "DT_STRING"}
    return {"prediction": plain, "score": "DT_DOUBLE", "decision": plain, **shares, **notes}


def _kind(column: AnyColumn) -> tuple[str, tuple[int, ...]]:
    if isinstance(column, Tensor):
        return _ELEMENTS.get(column.dtype, f"DT_{column.dtype.upper()}"), column.shape
    kinds: dict[type, str] = {Integer: "DT_INT64", Number: "DT_DOUBLE", Boolean: "DT_BOOL"}
    return next((name for kind, name in kinds.items() if isinstance(column, kind)), "DT_STRING"), ()


def _tensor(name: str, dtype: str, shape: tuple[int, ...] = ()) -> dict[str, object]:
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]
    return {"dtype": dtype, "tensor_shape": {"dim": sizes, "unknown_rank": False}, "name": name}


def _arms(lineup: Lineup) -> tuple[Arm, ...]:
    return (*lineup.arms, *lineup.shadows)


def _meant(arm: Arm, place: Place) -> bool:
    return place.version in (None, arm.version) and place.role in (None, arm.route.role)


def _none(served: Served, place: Place) -> Refused:
    asked = "" if place.version is None and place.label is None else f" as {place.label or place.version}"
    lineup = served.lineup
    known = ", ".join(f"{arm.version} ({arm.route.role})" for arm in _arms(lineup)) if lineup else "none yet"
    return Refused(404, "version", f"No version of {served.name} is served{asked}.", f"Served: {known}.")
