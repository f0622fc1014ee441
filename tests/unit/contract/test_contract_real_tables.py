"""Contracts over public tables: every row is accepted, and every row of them is answered alike one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract import (
    AnyColumn,
    Boolean,
    Category,
    Contract,
    Integer,
    Number,
    Text,
    compile_request,
    dumps,
    loads,
    profile_rows,
)
from mainstay.contract.table import check_table, encode_table, learn_fills

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAMPLE = 300


def yes_no(name: str) -> AnyColumn:
    return Boolean(name=name, true="Yes", false="No")


def labels_of(frame: pl.DataFrame, *names: str) -> list[AnyColumn]:
    return [Category(name=name, values=tuple(frame[name].unique().sort().to_list())) for name in names]


def agrees_row_by_row(contract: Contract, path: Path) -> pl.DataFrame:
    """Hold a file as text, as typed by Polars and as single requests against each other; returns the good rows."""
    assert loads(dumps(contract)) == contract
    texts = check_table(contract, pl.read_csv(path, infer_schema=False))
    typed = check_table(contract, pl.read_csv(path, infer_schema_length=None))
    learned = learn_fills(contract, texts.good)
    encoded = encode_table(learned, texts.good)
    assert encoded.tobytes() == encode_table(learned, typed.good).tobytes()
    assert texts.counts == typed.counts

    decoder = compile_request(learned)
    places = np.linspace(0, encoded.shape[0] - 1, SAMPLE).astype(int)
    for source in (pl.read_csv(path, infer_schema=False), pl.read_csv(path, infer_schema_length=None)):
        good = source[texts.rows]
        for place in places:
            (row,) = decoder.decode(msgspec.json.encode(good.row(int(place), named=True)))
            assert row.encoded.tobytes() == encoded[place].tobytes()
    assert profile_rows(learned, encoded).rows == texts.good.height
    return texts.good


def test_telco_churn_with_its_eleven_blanks(telco_csv: Path) -> None:
    frame = pl.read_csv(telco_csv, infer_schema=False)
    contract = Contract(
        (
            Text(name="customerID", role="id"),
            Boolean(name="SeniorCitizen", true=1, false=0),
            *map(yes_no, ("Partner", "Dependents", "PhoneService", "PaperlessBilling")),
            Integer(name="tenure", min=0, max=100),
            *labels_of(frame, "gender", "InternetService", "OnlineSecurity", "Contract", "PaymentMethod"),
            Number(name="MonthlyCharges", min=0.0),
            Number(name="TotalCharges", missing="impute"),
        )
    )
    assert agrees_row_by_row(contract, telco_csv).height == 7043
    assert check_table(contract, frame).flags == {"TotalCharges: filled in": 11}


def test_credit_default_with_its_coded_columns(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("credit-default/UCI_Credit_Card.csv")
    frame = pl.read_csv(path, infer_schema=False)
    numbers = [name for name in frame.columns if name.startswith(("BILL", "PAY_AMT", "LIMIT"))]
    contract = Contract(
        (
            Integer(name="ID", role="id"),
            *labels_of(frame, "SEX", "EDUCATION", "MARRIAGE", "PAY_0"),
            Integer(name="AGE", min=18, max=120),
            *(Number(name=name) for name in numbers),
        )
    )
    assert agrees_row_by_row(contract, path).height == 30_000


def test_bike_sharing_with_its_seasons(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("bike-sharing/hour.csv")
    frame = pl.read_csv(path, infer_schema=False)
    contract = Contract(
        (
            *labels_of(frame, "season", "weekday", "weathersit"),
            Boolean(name="holiday", true="1", false="0"),
            Integer(name="hr", min=0, max=23),
            *(Number(name=name, min=0.0, max=1.0) for name in ("temp", "atemp", "hum", "windspeed")),
        )
    )
    assert agrees_row_by_row(contract, path).height == 17_379
