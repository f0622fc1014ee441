"""Learning what a model sees of feature code, and holding the code to one rule: each row by itself, always the same.

That rule is what stops a whole-table statistic (a mean, a rank) from leaking into a row that will be alone in
production. It is tested on the training rows: shuffled, in two halves, and row by row must all give the same bits.
Imports Polars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.columns import Boolean, Category, Datetime, Number, Tensor
from mainstay.contract.columns.base import LONGEST
from mainstay.contract.contract import Contract, require_sound
from mainstay.contract.personal import with_derived
from mainstay.errors import DataError
from mainstay.models.features.code import FILE
from mainstay.models.features.features import Features
from mainstay.models.features.run import Function, Runner, is_unchanged, plain, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn
    from mainstay.models.features.code import FeatureCode

MOST_LABELS = 1000
_MOST_SHUFFLED = 100_000
_ALONE = 24
_ALONE_PER_GAP = 2


def learn_features(
    code: FeatureCode, contract: Contract, served: pl.DataFrame, learned: NDArray[np.bool_], *, target: str = ""
) -> tuple[Features, pl.DataFrame]:
    """Run feature code on all rows and learn from the training rows what a model sees of it.

    Parameters
    ----------
    code : FeatureCode
        The file.
    contract : Contract
        What a record must look like.
    served : DataFrame
        Features of the good rows, as served.
    learned : array of bool
        True for training rows: kinds and labels are learned from these alone.
    target : str
        Name of the target, which no derived column may have.

    Returns
    -------
    features : Features
        The code with its inputs, ready to run.
    derived : DataFrame
        What the model sees, one row each.

    Raises
    ------
    DataError
        Where the code fails, gives columns that no model can use, or computes a row from others.
    ProjectError
        Where it isn't Python, or has no function `features`.
    SetupError
        Where it wants pandas and that isn't here.

    """
    function = Function(code, contract)
    raw = function(served)
    if not raw.width:
        raise DataError(f"{FILE} gives no column.", "Return at least one column a model can learn from.")
    if target in raw.columns:
        raise DataError(f"{FILE} gives a column called '{target}', which is the target.", "Leave it out, or rename it.")
    passed = _passed(contract, raw, served)
    described = (passed.get(name) or _described(raw.get_column(name), learned) for name in raw.columns)
    inputs = with_derived(contract, Contract(tuple(described)))
    require_sound(inputs)
    running = Runner(function, inputs)
    derived = plain(raw, inputs.features, served)
    _require_each_row_alone(running, served, derived)
    return Features(code, inputs, running), derived


def _passed(contract: Contract, raw: pl.DataFrame, served: pl.DataFrame) -> dict[str, AnyColumn]:
    """Find the tensors and times that the code leaves as they are: a model reads them as without feature code.

    The policies of the contract have been applied by then; what is left missing may be missing.
    """
    passed: dict[str, AnyColumn] = {}
    for column in contract.features:
        if not isinstance(column, Tensor | Datetime) or column.name not in raw.columns:
            continue
        if is_unchanged(column, raw.get_column(column.name), served):
            passed[column.name] = (
                Tensor(name=column.name, shape=column.shape, dtype=column.dtype, missing="allow")
                if isinstance(column, Tensor)
                else Datetime(name=column.name, missing="allow")
            )
    return passed


def _described(cells: pl.Series, learned: NDArray[np.bool_]) -> AnyColumn:
    name, kind = cells.name, cells.dtype
    if not name:
        raise DataError(f"{FILE} gives a column without a name.", "Give it one: .alias('name').")
    if kind == pl.Boolean:
        column: AnyColumn = Boolean(name=name, missing="allow")
    elif kind.is_numeric():
        column, cells = Number(name=name, missing="allow"), tidy(cells.cast(pl.Float64))
    elif kind in {pl.String, pl.Categorical, pl.Enum}:
        cells = tidy(cells.cast(pl.String))
        column = Category(name=name, values=_labels(cells.filter(pl.Series(learned))), missing="allow")
    elif kind == pl.Null:
        raise _all_missing(name)
    elif kind.is_nested():
        raise DataError(
            f"{FILE} gives '{name}' as {kind}: a cell must hold one value, but for a tensor of the contract that is "
            "passed through unchanged.",
            "Give each of them a column of its own.",
        )
    else:
        raise DataError(f"{FILE} gives '{name}' as {kind}, which no model can read.", _cure(kind))
    if cells.filter(pl.Series(learned)).null_count() == learned.sum():
        raise _all_missing(name)
    return column


def _labels(cells: pl.Series) -> tuple[str, ...]:
    labels = cells.drop_nulls().unique().sort().to_list()
    if len(labels) > MOST_LABELS or any(len(label) > LONGEST for label in labels):
        what = f"{len(labels)} different texts" if len(labels) > MOST_LABELS else f"texts of over {LONGEST} characters"
        raise DataError(
            f"{FILE} gives '{cells.name}' with {what}: free text, which no model can read.",
            f"Derive numbers or a few labels from it (.str.len_chars(), .str.contains(…)) and drop it: "
            f'frame.drop("{cells.name}").',
        )
    return tuple(labels)


def _all_missing(name: str) -> DataError:
    return DataError(
        f"{FILE} gives '{name}' as missing (or not finite) in every training row.", "Mend it, or leave it out."
    )


def _cure(kind: pl.DataType) -> str:
    if kind.is_temporal():
        return (
            "Derive numbers from it: .dt.epoch('s'), .dt.hour(), .dt.total_days(); and drop it. A datetime of the "
            "contract can be passed through, but unchanged and under its own name."
        )
    return "Cast it to a number, a boolean or a text."


def _require_each_row_alone(running: Runner, served: pl.DataFrame, derived: pl.DataFrame) -> None:
    """Refuse code whose row depends on other rows, on their order, or on chance."""
    for places, what in _parts(served):
        try:
            again = running.table(served[places])
        except DataError as error:
            raise DataError(f"For {what}, not for the whole table: {error.message}", error.cure) from None
        for name in derived.columns:
            wrong = differ(derived[name].gather(places), again[name])
            if wrong.any():
                place = int(wrong.arg_max() or 0)
                raise DataError(
                    f"{FILE} computes '{name}' from more than its own row: a record gets "
                    f"{derived[name][int(places[place])]!r} in the whole table and {again[name][place]!r} in {what}.",
                    "Use each row's own values alone; keep a mean or a ranking as numbers written in the file.",
                )


def _parts(served: pl.DataFrame) -> Iterator[tuple[NDArray[np.int64], str]]:
    """Give the rows to compute again, and how to call them."""
    dice = np.random.default_rng(7)
    some = dice.permutation(served.height)[:_MOST_SHUFFLED]
    for place in _worth_alone(served, some):
        yield np.asarray([place], dtype=np.int64), "a table of its own"
    yield np.sort(some[::2]), "one half of it"
    yield np.sort(some[1::2]), "the other half of it"
    yield some, "another order of rows"


def _worth_alone(served: pl.DataFrame, some: NDArray[np.int64]) -> list[int]:
    """Choose rows at random, and some with a gap in each column that has any: gaps are where means slip in."""
    chosen = dict.fromkeys(some[:_ALONE].tolist())
    for name in served.columns:
        gaps = np.flatnonzero(served.get_column(name).is_null().to_numpy())
        chosen |= dict.fromkeys(gaps[:_ALONE_PER_GAP].tolist())
    return list(chosen)


def differ(a: pl.Series, b: pl.Series) -> pl.Series:
    """Say where two columns differ, numbers to the bit."""
    if a.dtype == pl.Float64:
        a, b = _bits(a), _bits(b)
    return ~a.eq_missing(b)


def _bits(cells: pl.Series) -> pl.Series:
    whole = pl.Series(cells.fill_null(0.0).to_numpy().view(np.int64))
    return whole.set(cells.is_null(), None)
