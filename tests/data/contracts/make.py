"""The real libraries that wrote the files beside this one: ``python make.py pandera|great_expectations|pydantic``.

Run in an environment that has the library; each writes its own files, byte for byte the same each time.
"""

# ruff: noqa: PLC0415, TC003 - each library is there in an environment of its own alone
# mypy: ignore-errors

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def pandera() -> None:
    import pandas as pd
    import pandera.pandas as pa
    import pandera.polars as pp
    import polars as pl

    frame = pa.DataFrameSchema(
        {
            "customer": pa.Column(str, pa.Check.str_matches(r"^[0-9]{4}-[A-Z]{5}$"), unique=True),
            "tenure": pa.Column("int64", pa.Check.in_range(0, 100, include_max=False), description="Months."),
            "seats": pa.Column(int, [pa.Check.gt(0), pa.Check.notin([13])]),
            "charges": pa.Column(float, pa.Check.ge(0), nullable=True, coerce=True),
            "score": pa.Column(float, pa.Check.lt(5, raise_warning=True)),
            "joined": pa.Column("datetime64[ns]", pa.Check.ge(pd.Timestamp("2020-01-01"))),
            "active": pa.Column(bool),
            "plan": pa.Column("category", pa.Check.isin(["basic", "full"])),
            "note": pa.Column(str, pa.Check.str_length(1, 200), nullable=True, required=False),
            "^v_.*": pa.Column(float, regex=True),
        },
        checks=pa.Check.unique_values_eq(["x"]),
        index=pa.Index(int, name="row"),
        unique=["tenure", "plan"],
        strict=True,
        ordered=True,
    )
    (HERE / "pandera-pandas.yaml").write_text(frame.to_yaml())
    (HERE / "pandera-pandas.json").write_text(frame.to_json())
    polars = pp.DataFrameSchema(
        {
            "customer": pp.Column(pl.String, unique=True),
            "tenure": pp.Column(pl.UInt8, pp.Check.le(100)),
            "charges": pp.Column(pl.Float64, pp.Check.in_range(0, 10, include_min=False), nullable=True),
            "discount": pp.Column(pl.Float64, default=0.0),
            "plan": pp.Column(pl.Enum(["basic", "full"])),
            "joined": pp.Column(pl.Datetime("us")),
            "day": pp.Column(pl.Date),
            "image": pp.Column(pl.Array(pl.Float32, 3)),
            "tags": pp.Column(pl.List(pl.String)),
            "active": pp.Column(bool, nullable=True),
        }
    )
    (HERE / "pandera-polars.yaml").write_text(polars.to_yaml())


def great_expectations() -> None:
    import great_expectations as gx

    if gx.__version__.startswith("0."):
        _old_suite()
        return
    import great_expectations.expectations as gxe

    gx.get_context(mode="ephemeral")
    expectations = [
        gxe.ExpectColumnToExist(column="customer"),
        gxe.ExpectColumnValuesToBeUnique(column="customer"),
        gxe.ExpectColumnValueLengthsToBeBetween(column="customer", min_value=3, max_value=20),
        gxe.ExpectColumnValuesToBeOfType(column="age", type_="int64"),
        gxe.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120, strict_max=True),
        gxe.ExpectColumnValuesToNotBeNull(column="age"),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1, mostly=0.99),
        gxe.ExpectColumnValuesToBeInSet(column="plan", value_set=["basic", "full"]),
        gxe.ExpectColumnValuesToNotBeInSet(column="plan", value_set=["gone"]),
        gxe.ExpectColumnValuesToNotBeNull(column="plan", severity="warning"),
        gxe.ExpectColumnValuesToMatchRegex(column="zip", regex="^[0-9]{5}$"),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="total", column_B="charge", or_equal=True),
        gxe.ExpectMulticolumnSumToEqual(column_list=["adults", "children"], sum_total=4),
        gxe.ExpectColumnMeanToBeBetween(column="age", min_value=20, max_value=60),
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["zip", "plan"]),
    ]
    suite = gx.ExpectationSuite(name="customers", expectations=expectations)
    _write("great-expectations-1.json", suite.to_json_dict())


def _old_suite() -> None:
    from great_expectations.core import ExpectationConfiguration, ExpectationSuite

    told: list[tuple[str, dict[str, Any]]] = [
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["customer", "age", "fare", "plan"]}),
        ("expect_column_values_to_be_unique", {"column": "customer"}),
        ("expect_column_values_to_be_in_type_list", {"column": "age", "type_list": ["INTEGER", "int64"]}),
        ("expect_column_values_to_be_between", {"column": "age", "min_value": 0, "max_value": 120, "strict_min": True}),
        ("expect_column_values_to_not_be_null", {"column": "age"}),
        ("expect_column_values_to_be_of_type", {"column": "fare", "type_": "float64"}),
        ("expect_column_values_to_be_in_set", {"column": "plan", "value_set": ["basic", "full"], "mostly": 0.9}),
        ("expect_column_value_lengths_to_equal", {"column": "customer", "value": 10}),
        ("expect_column_median_to_be_between", {"column": "age", "min_value": 20, "max_value": 60}),
    ]
    suite = ExpectationSuite("passengers")
    for kind, kwargs in told:
        suite.add_expectation(ExpectationConfiguration(expectation_type=kind, kwargs=kwargs))
    _write("great-expectations-0.json", suite.to_json_dict())


def pydantic() -> None:
    import datetime as dt
    import enum
    from typing import Annotated, Literal

    from pydantic import BaseModel, Field

    class Plan(enum.StrEnum):
        BASIC = "basic"
        FULL = "full"

    class Address(BaseModel):
        street: str

    class Customer(BaseModel):
        customer: Annotated[str, Field(pattern=r"^[0-9]{4}-[A-Z]{5}$")]
        tenure: Annotated[int, Field(ge=0, lt=100, description="Months.")]
        charges: Annotated[float, Field(gt=0)] | None
        plan: Plan
        old_plan: Plan | None = None
        season: Literal[1, 2, 3, 4]
        active: bool = True
        joined: dt.datetime
        born: dt.date | None = None
        position: Annotated[list[Annotated[float, Field(ge=-1, le=1)]], Field(min_length=3, max_length=3)]
        address: Address
        either: int | str = 0

    _write("pydantic.json", Customer.model_json_schema())


def _write(name: str, document: dict[str, Any]) -> None:
    for each in document.get("expectations", []):
        each.pop("id", None)  # drawn anew each time
    document.pop("id", None)
    (HERE / name).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    {"pandera": pandera, "great_expectations": great_expectations, "pydantic": pydantic}[sys.argv[1]]()
