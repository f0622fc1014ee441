"""What a record must look like: one source, compiled for a table, for one request, for OpenAPI, and for drift.

The law of this room: a record is accepted by the request decoder exactly when the one-row table is accepted by the
table check, and both encode to the same bits. That is what removes training/serving skew.

What needs Polars lives in `mainstay.contract.table`, which a serving worker never imports.
"""

from mainstay.contract.columns import AnyColumn, Boolean, Category, Column, Datetime, Integer, Number, Tensor, Text
from mainstay.contract.contract import Contract, from_json, to_json
from mainstay.contract.file import FILE, dumps, load_contract, loads
from mainstay.contract.profile import ColumnProfile, Profile, count_like, count_watched, merge, profile_rows, watch
from mainstay.contract.request import BodyError, RequestDecoder, Row, compile_request
from mainstay.contract.row import Deed, PlainRow
from mainstay.contract.rules import Rule
from mainstay.contract.schema import json_schema

__all__ = [
    "FILE",
    "AnyColumn",
    "BodyError",
    "Boolean",
    "Category",
    "Column",
    "ColumnProfile",
    "Contract",
    "Datetime",
    "Deed",
    "Integer",
    "Number",
    "PlainRow",
    "Profile",
    "RequestDecoder",
    "Row",
    "Rule",
    "Tensor",
    "Text",
    "compile_request",
    "count_like",
    "count_watched",
    "dumps",
    "from_json",
    "json_schema",
    "load_contract",
    "loads",
    "merge",
    "profile_rows",
    "to_json",
    "watch",
]
