"""`data export`: what a model takes and gives, in the words of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import FILE, Integer, Number, json_schema, load_contract
from mainstay.contract.formats import inference_metadata, mlflow_signature
from mainstay.data import DataSettings
from mainstay.data.classes import natural_order
from mainstay.extras import own_version
from mainstay.serving.openapi import openapi_of
from mainstay.serving.settings import ServingSettings

if TYPE_CHECKING:
    from mainstay.contract import Contract
    from mainstay.project import Project


def described_for(kind: str, project: Project) -> object:
    """Describe what a project's model takes and gives.

    Parameters
    ----------
    kind : {"json-schema", "openapi", "mlflow", "oip"}
        For whom: JSON Schema of one record; OpenAPI 3.1 of the address that predicts; MLflow's signature; the metadata
        of the Open Inference Protocol.
    project : Project
        Whose contract is read.

    """
    contract = load_contract(project.root / FILE)
    amounts = _answers_amounts(project, contract)
    if kind == "json-schema":
        return json_schema(contract)
    if kind == "mlflow":
        return mlflow_signature(contract, amounts=amounts)
    if kind == "oip":
        return inference_metadata(contract, project.name, amounts=amounts)
    most = project.section("serving", ServingSettings).max_records
    labels = natural_order(project.money.matrix)  # all that is known of several classes before anything is trained
    return openapi_of(contract, project.name, amounts=amounts, most=most, version=own_version(), labels=labels)


def _answers_amounts(project: Project, contract: Contract) -> bool:
    """Say whether amounts are predicted; the project says so before anything is trained."""
    settings, cost = project.section("data", DataSettings), project.money.cost
    if settings.positive or settings.classes or project.money.matrix:
        return False
    told = next((column for column in contract.columns if column.role == "target"), None)
    if told is not None:
        return isinstance(told, Integer | Number)
    return cost is not None and (cost.under is not None or cost.over is not None)
