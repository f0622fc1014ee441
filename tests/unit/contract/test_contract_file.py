from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.contract import (
    Boolean,
    Category,
    Contract,
    Datetime,
    Integer,
    Number,
    Text,
    dumps,
    from_json,
    load_contract,
    loads,
    to_json,
)
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path

ALL = Contract(
    (
        Text(name="customerID", role="id", personal=True),
        Datetime(name="signed up", role="time", format="%m/%d/%Y"),
        Integer(name="tenure", min=0, max=100, outside="clip", unit="months", missing="impute", fill=29),
        Number(name="default.payment", min=-1.5, max=1e300, source="ledger"),
        Boolean(name="Partner", true="Yes", false="No", sensitive=True),
        Boolean(name="SeniorCitizen", true=1, false=0),
        Category(name="größe", values=("S", 'X"L', "a\\b", "tab\tx", "\x7f"), unknown="reject", missing="allow"),
        Text(name="", role="ignored", description='with "quotes"\nand lines', owner="me"),
    )
)


def test_a_contract_survives_its_file_and_its_json(tmp_path: Path) -> None:
    path = tmp_path / "contract.toml"
    path.write_text(dumps(ALL), encoding="utf-8")
    assert load_contract(path) == ALL
    assert from_json(to_json(ALL)) == ALL


def test_a_date_of_toml_itself_is_a_limit_of_a_time(tmp_path: Path) -> None:
    path = tmp_path / "contract.toml"
    path.write_text('[at]\ntype = "datetime"\nmin = 2020-01-01\nmax = 2024-12-31T23:00:00+01:00\n', encoding="utf-8")
    assert load_contract(path) == Contract((Datetime(name="at", min="2020-01-01", max="2024-12-31T23:00:00+01:00"),))


def test_the_file_says_only_what_deviates_from_a_default() -> None:
    assert dumps(Contract((Integer(name="tenure"), Category(name="a b", values=("x",))))) == (
        '[tenure]\ntype = "integer"\n\n["a b"]\ntype = "category"\nvalues = ["x"]\n'
    )


def test_columns_are_told_apart_by_role() -> None:
    assert ALL.feature_names == ("tenure", "default.payment", "Partner", "SeniorCitizen", "größe")
    assert ALL.entity is not None
    assert ALL.entity.name == "customerID"
    assert ALL.column("tenure").unit == "months"
    with pytest.raises(ContractError, match="no column called 'nope'"):
        ALL.column("nope")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[a]\ntype = "integer"\n\n[b]\ntype = "integr"\n',
            r"contract.toml, line 5: \[b\] type is 'integr'. Did you mean 'integer'",
        ),
        ("[a]\nmin = 1\n", r"line 1: \[a\] type is missing. Kinds of column: integer, number"),
        ('[a]\ntype = ["x"]\n', r"line 2: \[a\] type is \['x'\]"),
        ('[a]\ntype = "integer"\nmni = 1\n', r"line 3: \[a\] has no setting called 'mni'. Did you mean 'min'"),
        ('[a]\ntype = "integer"\nmin = 5\nmax = 1\n', r"line 3: \[a\] min is 5, above max = 1"),
        ('[a]\ntype = "integer"\nmin = 5.5\n', r"line 3: \[a\] min is 5.5. Allowed: a whole number."),
        (
            '[a]\ntype = "integer"\nmax = 99999999999999999999\n',
            r"line 3: \[a\] max is 99999999999999999999, which is more than 64",
        ),
        ('[a]\ntype = "number"\nmax = nan\n', r"line 3: \[a\] max is nan, which is no finite number"),
        ('[a]\ntype = "number"\nfill = inf\n', r"line 3: \[a\] fill is inf"),
        (
            '[a]\ntype = "integer"\nmax = 3\nfill = 4\n',
            r"line 4: \[a\] fill is 4, but this column takes a whole number of at most 3",
        ),
        ('[a]\ntype = "integer"\nfill = "x"\n', r"line 3: \[a\] fill is 'x'"),
        ('[a]\ntype = "category"\n', r"line 1: \[a\] values is empty"),
        ('[a]\ntype = "category"\nvalues = ["x", "x"]\n', r"line 3: \[a\] values holds 'x' twice"),
        (
            '[a]\ntype = "category"\nvalues = ["x", " "]\n',
            r"line 3: \[a\] values holds ' ': a blank always stands for a missing",
        ),
        ('[a]\ntype = "category"\nvalues = [1, 2]\n', r"line 3: \[a\] values holds 1. Allowed: a text in quotes"),
        (
            '[a]\ntype = "category"\nvalues = ["x"]\nfill = "y"\n',
            r"line 4: \[a\] fill is 'y', but this column takes one of 'x'",
        ),
        ('[a]\ntype = "boolean"\ntrue = 1\nfalse = "1"\n', r"line 3: \[a\] true is 1, the same as false"),
        ('[a]\ntype = "boolean"\ntrue = ""\n', r"line 3: \[a\] true is blank"),
        (
            '[a]\ntype = "datetime"\nrole = "target"\n',
            r"line 3: \[a\] role is 'target', which a column of type 'datetime' can't be yet: feature, time,",
        ),
        ('[a]\ntype = "datetime"\nformat = "%d"\n', r"line 3: \[a\] format is '%d', which lacks a year"),
        ('[a]\ntype = "datetime"\nmin = "soon"\n', r"line 3: \[a\] min is 'soon', which is no time in ISO 8601"),
        ('[a]\ntype = "text"\npattern = "(a+)+"\n', r"line 3: \[a\] pattern is '\(a\+\)\+', which repeats what is"),
        ('[a]\ntype = "tensor"\n', r"line 1: \[a\] shape is \[\]"),
        (
            '[a]\ntype = "tensor"\nshape = [2]\ndtype = "flaot32"\n',
            r"line 4: \[a\] dtype is 'flaot32'. Did you mean 'float32'",
        ),
        (
            '[a]\ntype = "integer"\noutside = "clipp"\n',
            r"line 3: \[a\] outside is 'clipp'. Did you mean 'clip'\? Allowed: 'clip', 'fallback'",
        ),
        ('[a]\ntype = "integer"\npersonal = "yes"\n', r"line 3: \[a\] personal is 'yes'. Allowed: true or false"),
        (
            '[a]\ntype = "integer"\nrole = "target"\n[b]\ntype = "integer"\nrole = "target"\n',
            r"line 6: \[b\] role is 'target', as that of 'a' is: there can be one",
        ),
        ('[a]\ntype = "integer"\nmissing = "drop"\n', r"line 3: \[a\] missing is 'drop'"),
        ('[a]\ntype = "integer"\nname = "b"\n', r"line 3: \[a\] name can't be set"),
        ("a = 1\n", r"must be a table \[a\]"),
        ('[a]\ntype = "text"\nrole = "id"\n', "has no feature"),
        ("", "has no feature"),
        ("[a\n", "isn't valid TOML"),
    ],
)
def test_a_wrong_contract_is_told_by_line_and_cure(text: str, said: str) -> None:
    with pytest.raises(ContractError, match=said) as refused:
        loads(text)
    assert refused.value.exit_code == 2


def test_a_contract_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"There is no contract.toml in .*mainstay init"):
        load_contract(tmp_path / "contract.toml")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"columns": 1}', b'{"columns": [{"type": "nope"}]}', b"\xff", b"[" * 9999]
)
def test_json_that_is_no_contract_is_told(content: bytes) -> None:
    with pytest.raises(ContractError, match="isn't a contract"):
        from_json(content)


def test_json_of_a_contract_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ContractError, match="Column 'a': name is there twice"):
        from_json(to_json(Contract((Integer(name="a"), Integer(name="a")))))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[x]\ntype = "number"\n\nunknown = "other"\n', "line 4: [x] has no setting called 'unknown'. Columns of type"),
        ('[x]\ntype = "number"\nfill = 3\n', "line 3: [x] fill is 3, but nothing is ever filled in"),
        ('[x]\ntype = "category"\nvalues = ["a", "a"]\n', "holds 'a' twice. Mend this line."),
        ('[x]\ntype = "number"\nmin = 3\nmax = 1\n', "Mend one of the two."),
        ('[x]\ntype = "number"\nmin = 3\nmin = 1\n', "[x] min is there twice, lines 3 and 4. Remove one of them."),
    ],
)
def test_the_cure_fits_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        loads(text)
    assert says in str(caught.value)
