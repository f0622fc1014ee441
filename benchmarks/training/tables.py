"""The public tables of the benchmark, each as a mainstay project and as plain arrays that any peer can read.

Rows are held out as anybody can repeat it: 75/25 by scikit-learn's `train_test_split`, its random state the split's
number, stratified by the label; the bikes once, the latest fifth. Everybody gets the same rows, encoded the same way:
numbers, codes of categories, missing as NaN.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import tomlkit
from sklearn.model_selection import train_test_split

from mainstay.contract import FILE as CONTRACT
from mainstay.contract import Category, load_contract
from mainstay.data import take_snapshot
from mainstay.data.answers import Answers
from mainstay.data.draft import draft_project, write_project
from mainstay.data.rows import Rows
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.data.snapshot import Snapshot
    from mainstay.project import Project

DATA = Path(os.environ.get("MAINSTAY_TEST_DATA", str(Path(__file__).resolve().parents[3] / "shared" / "data")))
GERMAN = [
    "checking_status",
    "duration",
    "credit_history",
    "purpose",
    "credit_amount",
    "savings",
    "employment_since",
    "installment_rate",
    "personal_status_sex",
    "other_debtors",
    "residence_since",
    "property",
    "age",
    "other_installment_plans",
    "housing",
    "existing_credits",
    "job",
    "people_liable",
    "telephone",
    "foreign_worker",
    "class",
]


@dataclass(frozen=True)
class Table:
    """One table.

    Parameters
    ----------
    file : str
        Below the folder of public tables.
    target : str
        Column that holds the truth.
    read : callable
        From the file's path to the rows everybody gets.
    answers : Answers
        What is known beyond the rows: costs.
    splits : int
        How many ways to hold out.
    time : str
        Column that orders the rows; empty where they are held out at random.

    """

    file: str
    target: str
    read: Callable[[Path], pl.DataFrame]
    answers: Answers = field(default_factory=Answers)
    splits: int = 5
    time: str = ""


def _plain(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=None)


def _german(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, new_columns=GERMAN)


def _bikes(path: Path) -> pl.DataFrame:
    rows = pl.read_csv(path).drop("casual", "registered", "instant")
    day = pl.col("dteday").str.to_date("%m/%d/%Y")
    at = (day.cast(pl.Datetime) + pl.duration(hours=pl.col("hr"))).dt.strftime("%Y-%m-%dT%H:%M:%S")
    return rows.with_columns(at=at).drop("dteday")


TABLES = {
    "telco-churn": Table("telco-churn/Telco-Customer-Churn.csv", "Churn", lambda path: _plain(path).drop("customerID")),
    "credit-default": Table(
        "credit-default/UCI_Credit_Card.csv", "default.payment.next.month", lambda path: _plain(path).drop("ID")
    ),
    "german-credit": Table("german-credit/german.csv", "class", _german, Answers(positive="2", fp=1.0, fn=5.0)),
    "california-housing": Table("california-housing/housing.csv", "median_house_value", _plain),
    "bike-sharing": Table("bike-sharing/hour.csv", "cnt", _bikes, splits=1, time="at"),
}


def make_project(name: str, folder: Path) -> Project:
    """Write the table and its project below `folder`; ranked on log loss or RMSE, also where money is known."""
    table = TABLES[name]
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.csv"
    table.read(DATA / table.file).write_csv(source)
    home = folder / "project"
    write_project(draft_project(source, table.target, home, table.answers), home)
    path = home / "mainstay.toml"
    text = tomlkit.parse(path.read_text(encoding="utf-8"))
    data, training = text.setdefault("data", {}), text.setdefault("training", {})
    data["test_share"], data["keep"] = 0.2 if table.time else 0.25, False
    data["split_by"] = {"time": table.time} if table.time else "random"
    training["measure"] = "rmse" if "housing" in name or "bike" in name else "log_loss"
    path.write_text(tomlkit.dumps(text), encoding="utf-8")
    if table.time:
        _ignore(home / CONTRACT, table.time)
    return open_project(home)


def _ignore(path: Path, column: str) -> None:
    """Take a column out of what a model sees: a moment is no feature of the future."""
    text = tomlkit.parse(path.read_text(encoding="utf-8"))
    if column in text:
        text[column]["role"] = "ignored"
        path.write_text(tomlkit.dumps(text), encoding="utf-8")


def snapshot_of(project: Project, name: str, split: int) -> Snapshot:
    """Read the rows and hold some out."""
    snapshot = take_snapshot(project, load_contract(project.root / CONTRACT))
    if TABLES[name].time:
        return snapshot
    whole = _whole(snapshot)
    labels = whole.y if snapshot.task.kind == "binary" else None
    learn, judge = train_test_split(np.arange(len(whole)), test_size=0.25, random_state=split, stratify=labels)
    return replace(snapshot, train=whole.take(np.sort(learn)), test=whole.take(np.sort(judge)))


def _whole(snapshot: Snapshot) -> Rows:
    """Put both sides together again, in the source's order."""
    sides = (snapshot.train, snapshot.test)
    rows = Rows(
        X=np.concatenate([side.X for side in sides]),
        y=np.concatenate([side.y for side in sides]),
        segments={},
        times=None,
        groups=None,
        index=np.concatenate([side.index for side in sides]),
        frame=pl.concat([side.frame for side in sides]),
    )
    return rows.take(np.argsort(rows.index))


def write_arrays(snapshot: Snapshot, path: Path) -> None:
    """Write what everybody gets: encoded rows, truth, which places hold codes, and the order of time where one is."""
    columns = [column for column, _ in snapshot.inputs.slots]
    labels = [len(column.values) + 1 if isinstance(column, Category) else 0 for column in columns]
    np.savez(
        path,
        X=snapshot.train.X,
        y=snapshot.train.y,
        X_test=snapshot.test.X,
        y_test=snapshot.test.y,
        labels=np.asarray(labels),
        names=np.asarray(snapshot.inputs.encoded_names),
        kind=np.asarray(snapshot.task.kind),
        timed=np.asarray(snapshot.train.times is not None),
    )
