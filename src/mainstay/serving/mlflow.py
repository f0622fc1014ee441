"""The door MLflow comes in by: ``MLmodel`` of every bundle names this module, and MLflow calls its `_load_pyfunc`.

Nothing of MLflow is imported until a record has to be refused. The module must stay where it is: bundles never change.

Whose code runs here, and whose versions are loaded, is said by the project whose folder the environment variable
MAINSTAY_PROJECT names (its ``[serving] trust`` and ``keys``, and what was trained there), never by the bundle; without
it a version that brings code isn't loaded.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contract import compile_request
from mainstay.contract.formats.mlflow import SCORE_OF
from mainstay.errors import InputError, MainstayError, RecordError, TrustError
from mainstay.extras import need
from mainstay.models.trust import nobody
from mainstay.project import open_project
from mainstay.registry import ProjectKeys, trusted_by
from mainstay.registry.loose import read_loose
from mainstay.registry.signing import anybody
from mainstay.release import Release, Route
from mainstay.serving.answers import ClassAnswer, make_answers
from mainstay.serving.cases import Case, Cases, refusal, unanswerable
from mainstay.serving.dataplane import score_cases
from mainstay.serving.lineup import Arm, Lineup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract import Row
    from mainstay.models.trust import Trusted
    from mainstay.registry import Bundle
    from mainstay.registry.signing import Keys
    from mainstay.serving.answers import Answer

PROJECT = "MAINSTAY_PROJECT"
_MOST_PROBLEMS = 100
_NOBODY_ASKED = "the project's folder named by MAINSTAY_PROJECT, which isn't set here."


class Answering:
    """A version as MLflow asks it: frames in, frames out; the answers are those of mainstay's own server.

    Parameters
    ----------
    bundle : Bundle
        The version.

    """

    def __init__(self, bundle: Bundle) -> None:
        route = Route(bundle.version.number, "champion", 1.0)
        arm = Arm(route, bundle, compile_request(bundle.contract))
        alone = Release(
            id=0,
            model=bundle.version.model,
            kind="release",
            routes=(route,),
            at=bundle.version.created,
            by="",
            reason="",
        )
        self.bundle = bundle
        self._lineup = Lineup(alone, (arm,), (), arm, uniform=True, salt="")

    def predict(self, model_input: Any) -> Any:
        """Answer each row of a frame.

        Parameters
        ----------
        model_input : pandas.DataFrame, or mapping of str to array
            A row is a record; of a mapping, what stands at the same place of each array.

        Returns
        -------
        pandas.DataFrame
            ``prediction``, ``score``, ``decision``, of several classes ``score <label>`` for each, ``degraded`` and
            ``warnings`` (one text, parted by ``; ``); the index is that of the input.

        Raises
        ------
        mlflow.exceptions.MlflowException
            Where the contract refuses a row, or the version can't answer; for all rows, naming row and field.

        """
        frame = need("pandas", "Answering MLflow").DataFrame
        index = getattr(model_input, "index", None)
        try:
            answers = self.answer(list(records_of(model_input)))
        except MainstayError as error:
            refused = need("mlflow.exceptions", "Answering MLflow", "mlflow")
            raise refused.MlflowException.invalid_parameter_value(_anonymous(str(error))) from error
        labels = self.bundle.policy.task.labels
        columns = ("prediction", "score", "decision", *(f"{SCORE_OF}{label}" for label in labels))
        return frame([_cells(each) for each in answers], columns=[*columns, "degraded", "warnings"], index=index)

    def answer(self, records: list[dict[str, object]]) -> list[Answer]:
        """Answer records, each by itself.

        Raises
        ------
        RecordError
            Where the contract refuses some; names up to 100 problems.
        ScoringError
            Where the model fails at one.

        """
        arm = self._lineup.champion
        cases = Cases([Case(str(place), row, arm) for place, row in enumerate(self._rows(records))], True, [])  # noqa: FBT003 - fields, in their order
        if any(unanswerable(case) for case in cases.cases):
            raise refusal(cases.cases)
        if cases.cases:
            score_cases(self._lineup, cases)
        return make_answers(cases.cases)

    def _rows(self, records: list[dict[str, object]]) -> list[Row]:
        rows, problems, total = [], [], 0
        read = self._lineup.champion.decoder.read_record
        for place, record in enumerate(records):
            try:
                rows.append(read(record))
            except RecordError as error:
                total += error.total
                problems += [msgspec.structs.replace(each, record=place) for each in error.problems]
        if problems:
            raise RecordError(problems[:_MOST_PROBLEMS], total)
        return rows


def records_of(given: Any) -> Iterator[dict[str, object]]:
    """Give the rows of a frame, or of a mapping of arrays, as records of plain values; a gap is None.

    Raises
    ------
    InputError
        Where it is neither, or the arrays differ in length.

    """
    if hasattr(given, "columns"):
        columns = {str(name): _plain(given[name]) for name in given.columns}
        yield from (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        return
    if not isinstance(given, dict):
        raise InputError(f"A {type(given).__name__} holds no named columns.", "Give a DataFrame.")
    arrays = {name: np.asarray(values) for name, values in given.items()}
    if len({len(values) if values.ndim else -1 for values in arrays.values()}) != 1:
        raise InputError("The arrays don't hold one value for each record.", "Make them equally long.")
    for place in count():
        if place >= len(next(iter(arrays.values()))):
            return
        yield {name: values[place].tolist() for name, values in arrays.items()}


def _plain(series: Any) -> list[Any]:
    """Give the cells of a column as Python has them: no scalars or arrays of NumPy, gaps as None."""
    cells = series.astype(object).where(series.notna(), None).tolist()
    return [cell.tolist() if isinstance(cell, np.generic | np.ndarray) else cell for cell in cells]


def _cells(answer: Answer) -> tuple[Any, ...]:
    shares = answer.scores.values() if isinstance(answer, ClassAnswer) else ()
    return (
        answer.prediction, answer.score, answer.decision, *shares, answer.degraded, "; ".join(answer.warnings)
    )  # fmt: skip


def _anonymous(sentence: str) -> str:
    """Say "this version" of one whose number nobody here knows: it has the number 0."""
    return sentence.replace("Version 0", "This version").replace("version 0", "this version")


def _configured() -> tuple[Trusted, Keys]:
    """Give whose code runs here, and whose versions are loaded."""
    folder = os.environ.get(PROJECT)
    if not folder:
        return nobody, anybody
    project = open_project(Path(folder))
    return trusted_by(project), ProjectKeys(project).trusted


def _load_pyfunc(path: str) -> Answering:
    """Load a bundle for MLflow: checked against its manifest, trusted where this machine says so, proved, then used.

    Parameters
    ----------
    path : str
        The bundle's folder.

    Raises
    ------
    CorruptError, TrustError, InputError, SetupError
        See `mainstay.registry.loose.read_loose`.

    """
    trusted, keys = _configured()
    try:
        return Answering(read_loose(Path(path), trusted, keys))
    except TrustError as error:
        if trusted is nobody:
            raise TrustError(error.message, f"{error.cure} Here that is {_NOBODY_ASKED}") from None
        raise
