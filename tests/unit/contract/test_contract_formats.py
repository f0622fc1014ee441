"""Contracts of other tools, from files their own libraries wrote (see tests/data/contracts/make.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mainstay.contract import (
    AnyColumn,
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Tensor,
    Text,
    loads,
)
from mainstay.contract.formats import Imported, read_foreign
from mainstay.contract.rules import Rule
from mainstay.errors import ContractError

FILES = Path(__file__).resolve().parents[2] / "data" / "contracts"


def imported(tmp_path: Path, document: object) -> Imported:
    path = tmp_path / "document"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_foreign(path)


def of_schema(tmp_path: Path, properties: dict[str, Any], **more: Any) -> Imported:
    return imported(tmp_path, {"type": "object", "properties": properties, "required": list(properties), **more})


def told(found: Imported, *words: str) -> bool:
    """Whether one note holds all of the words."""
    return any(all(word in note for word in words) for note in found.notes)


@pytest.mark.parametrize("name", ["pandera-pandas.yaml", "pandera-pandas.json"])
def test_a_pandera_schema_for_pandas_becomes_a_contract(name: str) -> None:
    found = read_foreign(FILES / name)
    assert found.format == "pandera"
    assert found.contract.columns == (
        Text(name="customer", role="id", unique=True, pattern="[0-9]{4}-[A-Z]{5}"),
        Integer(name="tenure", min=0, max=99, description="Months."),
        Integer(name="seats", min=1),
        Number(name="charges", min=0.0, missing="allow"),
        Number(name="score", max=4.999999999999999, outside="flag"),
        Datetime(name="joined", min="2020-01-01T00:00:00"),
        Boolean(name="active"),
        Category(name="plan", values=("basic", "full"), unknown="reject"),
        Text(name="note", min_length=1, max_length=200, missing="allow"),
    )
    assert found.contract.rules == (Rule(name="seats notin", holds="not (`seats` in [13])"),)
    assert told(found, "^v_.*")
    assert told(found, "unique_values_eq")
    assert told(found, "unique = ['tenure', 'plan']")
    assert told(found, "strict")
    assert told(found, "ordered")
    assert told(found, "index")
    assert told(found, "charges", "coerce")


def test_a_pandera_schema_for_polars_becomes_a_contract() -> None:
    found = read_foreign(FILES / "pandera-polars.yaml")
    assert found.contract.columns == (
        Text(name="customer", role="id", unique=True),
        Integer(name="tenure", min=0, max=100),
        Number(name="charges", min=5e-324, max=10.0, missing="allow"),
        Number(name="discount", missing="impute", fill=0.0),
        Category(name="plan", values=("basic", "full"), unknown="reject"),
        Datetime(name="joined"),
        Datetime(name="day"),
        Tensor(name="image", shape=(3,), dtype="float32"),
        Boolean(name="active", missing="allow"),
    )
    assert told(found, "tags", "List(String)")
    assert told(found, "tenure", "UInt8")


def test_checks_of_older_pandera_versions_are_read_too(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        """
schema_type: dataframe
version: 0.20.4
columns:
  age:
    title: null
    dtype: int64
    nullable: false
    checks:
      greater_than_or_equal_to: 0
      less_than: 120
  plan:
    dtype: object
    checks:
    - value: [basic, full]
      options: {check_name: isin, raise_warning: true}
    - options: {check_name: my_own}
checks: null
index: null
coerce: false
strict: filter
""",
    )
    assert found.contract.columns == (
        Integer(name="age", min=0, max=119),
        Category(name="plan", values=("basic", "full"), unknown="other"),
    )
    assert told(found, "plan", "my_own")


def test_a_suite_of_great_expectations_1_becomes_a_contract() -> None:
    found = read_foreign(FILES / "great-expectations-1.json")
    assert found.format == "Great Expectations"
    assert found.contract.columns == (
        Text(name="customer", role="id", unique=True, min_length=3, max_length=20),
        Integer(name="age", min=0, max=119),
        Number(name="score", min=0.0, max=1.0, outside="flag", missing="allow"),
        Category(name="plan", values=("basic", "full"), unknown="reject", missing="flag"),
        Text(name="zip", pattern="[0-9]{5}", missing="allow"),
        Number(name="total", missing="allow"),
        Number(name="charge", missing="allow"),
        Number(name="adults", missing="allow"),
        Number(name="children", missing="allow"),
    )
    assert [rule.holds for rule in found.contract.rules] == [
        "not (`plan` in ['gone'])",
        "`total` >= `charge`",
        "`adults` + `children` == 4.0",
    ]
    for dropped in ("expect_column_mean", "expect_table_row_count", "expect_compound_columns", "mostly = 0.99"):
        assert told(found, dropped), dropped


def test_a_suite_of_great_expectations_0_becomes_a_contract() -> None:
    found = read_foreign(FILES / "great-expectations-0.json")
    assert found.contract.columns == (
        Text(name="customer", role="id", unique=True, min_length=10, max_length=10),
        Integer(name="age", min=1, max=120),
        Number(name="fare", missing="allow"),
        Category(name="plan", values=("basic", "full"), unknown="other", missing="allow"),
    )
    assert told(found, "expect_column_median")


def test_where_a_column_warns_and_refuses_the_refusal_holds_and_the_warning_is_named(tmp_path: Path) -> None:
    kwargs = {"column": "age", "min_value": 0}
    suite = {
        "expectations": [
            {"type": "expect_column_values_to_be_between", "kwargs": {**kwargs, "max_value": 150}},
            {"type": "expect_column_values_to_be_between", "kwargs": {**kwargs, "max_value": 100, "mostly": 0.9}},
            {"type": "expect_column_values_to_be_between", "kwargs": {**kwargs, "row_condition": 'plan=="a"'}},
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "age", "min_value": {"$PARAMETER": "x"}},
            },
            {"type": "expect_column_values_to_be_of_my_own", "kwargs": {"column": "age"}},
        ]
    }
    found = imported(tmp_path, suite)
    assert found.contract.columns == (Number(name="age", min=0.0, max=150.0, missing="allow"),)
    assert told(found, "it only warns")
    assert told(found, "row_condition")
    assert told(found, "parameter")
    assert told(found, "expect_column_values_to_be_of_my_own")


def test_the_json_schema_of_a_pydantic_model_becomes_a_contract() -> None:
    found = read_foreign(FILES / "pydantic.json")
    assert found.format == "JSON Schema"
    assert found.contract.columns == (
        Text(name="customer", pattern="[0-9]{4}-[A-Z]{5}"),
        Integer(name="tenure", min=0, max=99, description="Months."),
        Number(name="charges", min=5e-324, missing="allow"),
        Category(name="plan", values=("basic", "full"), unknown="reject"),
        Category(name="old_plan", values=("basic", "full"), unknown="reject", missing="allow", description="Plan"),
        Integer(name="season", min=1, max=4),
        Boolean(name="active", missing="allow"),
        Datetime(name="joined"),
        Datetime(name="born", format="%Y-%m-%d", missing="allow"),
        Tensor(name="position", shape=(3,), dtype="float64", min=-1.0, max=1.0),
        Text(name="either", missing="allow"),
    )
    assert told(found, "address", "object")
    assert told(found, "either", "anyOf")


@pytest.mark.parametrize(
    ("schema", "column"),
    [
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, Integer(min=1)),  # draft 4
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 9.5}, Integer(min=1, max=9)),
        ({"type": "integer", "minimum": 0.5}, Integer(min=1)),
        ({"type": "integer", "minimum": -1e300, "maximum": 10**30}, Integer()),
        ({"type": ["number", "null"], "minimum": 0}, Number(min=0.0, missing="allow")),
        ({"type": "number", "nullable": True}, Number(missing="allow")),  # OpenAPI 3.0
        ({"allOf": [{"type": "number", "minimum": 0}, {"minimum": 1, "maximum": 5}]}, Number(min=1.0, max=5.0)),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, Category(values=("a", "b"), unknown="reject")),
        ({"enum": ["a", "b", None]}, Category(values=("a", "b"), unknown="reject", missing="allow")),
        ({"enum": [True, False, "Yes", "No"]}, Boolean(true="Yes", false="No")),
        ({"enum": [False, True, 0, 1]}, Boolean(true=1, false=0)),
        ({"type": "integer", "enum": [1, 5, 9]}, Category(values=("1", "5", "9"), unknown="reject")),
        ({"type": "integer", "enum": [1, 2, 3], "minimum": 2}, Integer(min=2, max=3)),
        ({"type": ["string", "integer"], "enum": ["1", "2", 1, 2]}, Category(values=("1", "2"), unknown="reject")),
        ({"type": "string", "pattern": "ab"}, Text(pattern=r"[\s\S]*ab[\s\S]*")),
        ({"type": "string", "pattern": "^a|b$"}, Text(pattern=r"(a[\s\S]*)|([\s\S]*b)")),
        ({"type": "string", "pattern": "^(a|b)$", "maxLength": 3}, Text(pattern="(a|b)", max_length=3)),
        ({"type": "string", "format": "date-time"}, Datetime()),
        ({"type": "string", "format": "date"}, Datetime(format="%Y-%m-%d")),
        (
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
            Tensor(shape=(2,), dtype="int64", min=0, max=9),
        ),
        ({"$ref": "#/$defs/a~1b%20c"}, Integer(min=0)),
    ],
    ids=lambda each: json.dumps(each)[:60] if isinstance(each, dict) else "",
)
def test_what_one_field_may_be_is_carried_over_without_a_word(
    tmp_path: Path, schema: dict[str, Any], column: AnyColumn
) -> None:
    defs = {"a/b c": {"type": "integer", "minimum": 0}}
    found = of_schema(tmp_path, {"it": schema}, **{"$defs": defs})
    assert found.contract.columns == (msgspec.structs.replace(column, name="it"),)
    assert not [note for note in found.notes if "free text" not in note and "not absent" not in note]


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "integer", "not": {"const": 3}}, "not"),
        ({"type": "integer", "if": {}}, "if"),
        ({"type": "integer", "myOwn": 3}, "myOwn"),
        ({"type": "number", "multipleOf": 0.1}, "multipleOf"),
        ({"type": "string", "format": "email"}, "email"),
        ({"type": "string", "pattern": "(?=a)b"}, "pattern"),
        ({"type": "integer", "$ref": "https://example.com/x.json"}, "https://example.com/x.json"),
        ({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^x"}]}, "anyOf"),
        ({"type": "object", "properties": {"a": {}}}, "object"),
        ({"type": "array", "items": {"type": "number"}}, "array"),
        ({"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string"}}, "array"),
        ({"type": ["integer", "boolean"]}, "types"),
        ({"enum": ["a", ""]}, "value"),
        ({"enum": [0.5, 1.5]}, "values"),
        ({"$ref": "#/properties/it"}, "itself"),
    ],
    ids=lambda each: json.dumps(each)[:60] if isinstance(each, dict) else each,
)
def test_what_cant_be_carried_over_is_named(tmp_path: Path, schema: dict[str, Any], word: str) -> None:
    found = of_schema(tmp_path, {"it": schema, "other": {"type": "integer"}})
    assert told(found, "it:", word), found.notes


def test_what_binds_the_whole_record_is_named(tmp_path: Path) -> None:
    found = of_schema(
        tmp_path,
        {"a": {"type": "integer"}},
        additionalProperties=False,
        minProperties=1,
        dependentRequired={"a": ["b"]},
        oneOf=[{"required": ["a"]}],
        required=["a", "c"],
    )
    for word in ("additionalProperties", "minProperties", "dependentRequired", "oneOf", "c: required"):
        assert told(found, word), word


def test_multiples_and_refused_values_become_rules(tmp_path: Path) -> None:
    found = of_schema(tmp_path, {"seats": {"type": "integer", "multipleOf": 2}})
    assert [rule.holds for rule in found.contract.rules] == ["`seats` % 2 == 0"]
    assert not found.notes


def test_an_array_of_records_is_read_as_its_items_are(tmp_path: Path) -> None:
    items = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    found = imported(tmp_path, {"$schema": "x", "type": "array", "items": items})
    assert found.contract.columns == (Integer(name="a"),)


def test_beside_a_reference_older_drafts_ignore_everything(tmp_path: Path) -> None:
    schema = {"$ref": "#/definitions/n", "minimum": 5}
    definitions = {"n": {"type": "integer"}}
    old = of_schema(
        tmp_path, {"a": schema}, **{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions}
    )
    new = of_schema(tmp_path, {"a": schema}, definitions=definitions)
    assert old.contract.columns == (Integer(name="a"),)
    assert new.contract.columns == (Integer(name="a", min=5),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no mapping"),
        ("[]", "no mapping"),
        ("{", "can't be read"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ("{}", "no schema known here"),
        ('{"openapi": "3.1.0", "paths": {}}', "whole service"),
        ('{"expectations": {}}', "expected a list"),
        ('{"expectations": [3]}', "expectation 0"),
        ('{"columns": 3}', "columns"),
        ('{"columns": {"a": {"dtype": "int64", "greater_than": []}}}', "greater_than"),
        ('{"properties": {"a": {"type": "integer", "minimum": "low"}}}', "minimum"),
        ('{"properties": {"a": {"$ref": "#/$defs/gone"}}}', "#/$defs/gone"),
        ('{"properties": {}}', "no column"),
        ('{"properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}}', "above max"),
        ('{"properties": {"a": {"enum": []}}}', "no value at all"),
        ("[" * 100_000, "too deeply"),
        ("a: &a [b]\na: *a\n", "twice"),
        ("a: &a [[b]]\nb: *a\n", "alias"),
        ("a: !!python/object/apply:os.system [ls]\n", "can't be read"),
        ("\x00", "can't be read"),
        ("a: [b", "can't be read"),
    ],
)
def test_what_is_no_schema_is_refused_by_a_sentence(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ContractError, match=r".") as refused:
        imported(tmp_path, content)
    assert words in str(refused.value)


def test_files_that_arent_there_or_arent_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b" " * 5_000_000)
    for name in ("gone", "bytes", "large", "."):
        with pytest.raises(ContractError):
            read_foreign(tmp_path / name)


def test_references_that_multiply_are_refused_in_time(tmp_path: Path) -> None:
    defs: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 4} for n in range(25)}
    defs["a25"] = {"type": "integer"}
    with pytest.raises(ContractError, match="too often"):
        of_schema(tmp_path, {"a": {"$ref": "#/$defs/a0"}}, **{"$defs": defs})


def test_the_written_contract_says_what_was_left_and_reads_back() -> None:
    for name in ("pandera-pandas.yaml", "great-expectations-1.json", "pydantic.json"):
        found = read_foreign(FILES / name)
        text = found.written()
        assert loads(text) == found.contract
        assert all(f"# {note}\n" in text for note in found.notes)


def test_names_of_a_file_cant_steer_a_terminal(tmp_path: Path) -> None:
    found = of_schema(tmp_path, {"a\x1b[31m\nb = 1": {"type": "integer", "not": {}}})
    assert all(note.isprintable() for note in found.notes)
    assert loads(found.written()) == found.contract


def test_without_pyyaml_the_cure_is_named(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("columns: {}\n", encoding="utf-8")
    code = (
        "import sys; sys.modules['yaml'] = None\n"
        "from pathlib import Path\nfrom mainstay.contract.formats import read_foreign\n"
        "from mainstay.errors import SetupError\n"
        "try: read_foreign(Path(sys.argv[1]))\nexcept SetupError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "schema.yaml")], capture_output=True, text=True, check=True
    )
    assert "pip install 'mainstay[yaml]'" in done.stdout


def test_an_empty_contract_isnt_imported(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no column"):
        imported(tmp_path, {"columns": {"tags": {"dtype": "List(String)"}}})
    assert Contract(()).columns == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"type": "object",\n "properties": }', "isn't valid JSON: line 2, at character 16, can't be read."),
        ("columns:\n  a: [1\n  b: 2\n", "can't be read: line 3: "),
    ],
)
def test_no_word_of_a_parser_reaches_the_reader(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "schema"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_foreign(file)
    assert says in caught.value.message
    assert "Expecting value" not in str(caught.value)
    assert "<unicode string>" not in str(caught.value)
