"""``dvc.yaml`` and ``params.yaml``: a project as a pipeline that ``dvc repro`` runs.

Three stages. *settings* writes ``params.yaml`` from ``mainstay.toml``, with every default in force, so that
``dvc params diff`` shows what really changed and an edit elsewhere in the project file runs nothing else. *check* holds
the data against the contract; *train* makes the next version, and only where the check passed. Both leave a small file
of numbers for ``dvc metrics``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.quarantine import write_whole
from mainstay.data.versions.blocks import scalar
from mainstay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PIPELINE = "dvc.yaml"
PARAMS = "params.yaml"
CHECKED = "metrics/check.json"
TRAINED = "metrics/train.json"
_MARK = "# Written by mainstay export dvc"
_HEAD = f"""{_MARK}; write it again when files come or go. dvc repro runs what has to be run.
"""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a pipeline.

    Parameters
    ----------
    name, cmd : str
        What it is called, and the command line that runs it.
    deps : tuple of str
        Files it reads.
    params : tuple of str
        Keys of ``params.yaml`` it depends on.
    outs, metrics : tuple of str
        Files it writes, which git keeps.

    """

    name: str
    cmd: str
    deps: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def stages_of(source: str, contract: str, code: Sequence[str], training: Sequence[str]) -> tuple[Stage, ...]:
    """Lay out a project's stages.

    Parameters
    ----------
    source : str
        Path of the rows; empty where they are in no file.
    contract : str
        Path of the contract.
    code : sequence of str
        ``features.py`` and ``model.py``, where they are.
    training : sequence of str
        Keys of ``params.yaml`` a training depends on.

    """
    read = tuple(name for name in (source, contract, *code) if name)
    return (
        Stage(name="settings", cmd="mainstay export dvc --settings", deps=("mainstay.toml",), outs=(PARAMS,)),
        Stage(
            name="check",
            cmd=f"mainstay check --metrics {CHECKED}",
            deps=read,
            params=("data",),
            metrics=(CHECKED,),
        ),
        Stage(
            name="train",
            cmd=f"mainstay train --metrics {TRAINED}",
            deps=(*read, CHECKED),
            params=tuple(training),
            metrics=(TRAINED,),
        ),
    )


def pipeline_yaml(stages: Sequence[Stage], note: str = "") -> str:
    """Write ``dvc.yaml``; `note` goes into a comment at its top."""
    lines = [_HEAD + (f"# {note}\n" if note else "") + "stages:"]
    for stage in stages:
        lines += [f"  {stage.name}:", f"    cmd: {scalar(stage.cmd)}"]
        for key, names in (("deps", stage.deps), ("params", stage.params)):
            lines += [f"    {key}:", *(f"    - {scalar(name)}" for name in names)] if names else []
        for key, names in (("outs", stage.outs), ("metrics", stage.metrics)):
            lines += [f"    {key}:"] if names else []
            for name in names:
                # persist: a stage that has to run really runs, and its version is in the registry afterwards; dvc
                # would otherwise put back the file of numbers of an earlier run, and that alone.
                lines += [f"    - {scalar(name)}:", "        cache: false", "        persist: true"]
    return "\n".join(lines) + "\n"


def params_yaml(sections: Mapping[str, Mapping[str, object]]) -> str:
    """Write ``params.yaml``: sections with their settings, one a line.

    Examples
    --------
    >>> print(params_yaml({"training": {"folds": 5, "measure": ""}}), end="")
    training:
      folds: 5
      measure: ""

    """
    lines = []
    for name, values in sections.items():
        lines += [f"{scalar(name)}:" + (" {}" if not values else "")]
        lines += [f"  {scalar(key)}: {_flow(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def write_pipeline(root: Path, pipeline: str, params: str) -> tuple[Path, Path]:
    """Write both files into a project; a ``dvc.yaml`` that isn't ours is never overwritten.

    Raises
    ------
    DataError
        Where there is another ``dvc.yaml`` or ``params.yaml``, or the folder can't be written.

    """
    file = root / PIPELINE
    ours = file.is_file() and file.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
    taken = next((path for path in (file, root / PARAMS) if path.exists()), None)
    if taken is not None and not ours:
        raise DataError(
            f"{taken.name} is there already, and mainstay didn't write it.",
            "See what would be written, and put it there yourself: mainstay export dvc --show",
        )
    write_whole(file, pipeline.encode())
    return file, write_params(root, params)


def write_params(root: Path, params: str) -> Path:
    """Write ``params.yaml`` alone: what the first stage runs."""
    write_whole(root / PARAMS, params.encode())
    return root / PARAMS


def _flow(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)  # a JSON text is a YAML text
