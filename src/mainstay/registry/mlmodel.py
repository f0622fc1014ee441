"""A bundle is an MLflow model too: ``MLmodel`` and what goes with it, written without MLflow and without PyYAML.

Everything is what the version itself says, so the same version has the same bytes: no ids of runs, no clock.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mainstay.contract import Tensor
from mainstay.contract.formats import mlflow_signature

if TYPE_CHECKING:
    import datetime as dt

    from mainstay.registry.entry import Entry

NAME = "MLmodel"
LOADER = "mainstay.serving.mlflow"
"""The module by which MLflow loads a bundle. Bundles never change: it must be found there for good."""
BESIDE = frozenset({"registered_model_meta"})
"""What MLflow itself writes beside a model that it downloads."""
_EXAMPLE = "input_example.json"
_SERVED = "serving_input_example.json"


def mlflow_files(entry: Entry, created: dt.datetime, requirements: str) -> dict[str, bytes]:
    """Give the files that make a bundle an MLflow model, by name.

    Parameters
    ----------
    entry : Entry
        What the version is made of.
    created : datetime
        When it is registered, UTC.
    requirements : str
        Name of the file beside them that says what serves it.

    """
    files = _example(entry)
    task = entry.candidate.policy.task
    signature = mlflow_signature(entry.contract, amounts=task.kind == "regression", labels=task.labels, untouched=True)
    lines = [
        "flavors:",
        "  python_function:",
        "    env:",
        "      virtualenv: python_env.yaml",
        f"    loader_module: {LOADER}",
        f"    python_version: {_text(entry.lineage.python or '3.11')}",
    ]
    if files:
        lines += [
            "saved_input_example_info:",
            f"  artifact_path: {_EXAMPLE}",
            "  pandas_orient: split",
            f"  serving_input_path: {_SERVED}",
            "  type: dataframe",
        ]
    lines += [
        "signature:",
        f"  inputs: {_text(_plain(signature.inputs))}",
        f"  outputs: {_text(_plain(signature.outputs))}",
        "  params: null",
        f"utc_time_created: {_text(f'{created:%Y-%m-%d %H:%M:%S.%f}')}",
    ]
    environment = (
        f"python: {_text(entry.lineage.python or '3.11')}",
        "build_dependencies:",
        "- pip",
        "dependencies:",
        f"- -r {requirements}",
        "- mlflow>=3",  # what serves it is mainstay; what asks is MLflow, with frames
        "- pandas",
    )
    return {
        NAME: ("\n".join(lines) + "\n").encode(),
        "python_env.yaml": ("\n".join(environment) + "\n").encode(),
        **files,
    }


def _example(entry: Entry) -> dict[str, bytes]:
    """Give a record to try it with, as a frame and as what a client sends: a golden one, so it is nobody's."""
    features = entry.contract.features
    if not entry.golden or all(isinstance(column, Tensor) for column in features):
        return {}
    record = entry.golden[0].record
    names = [name for name in entry.contract.names if name in record]
    split = {"columns": names, "data": [[record[name] for name in names]]}
    return {
        _EXAMPLE: json.dumps(split, ensure_ascii=False).encode(),
        _SERVED: json.dumps({"dataframe_split": split}, ensure_ascii=False).encode(),
    }


def _plain(described: str) -> str:
    """Write JSON again in ASCII, with which YAML has no quarrel."""
    return json.dumps(json.loads(described))


def _text(text: str) -> str:
    """Write an ASCII text without control characters as YAML's single-quoted scalar."""
    return "'" + text.replace("'", "''") + "'"
