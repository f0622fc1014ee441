"""Feature code in the hand: what it may give, what it is held to, and the same bits one by one and all at once."""

from __future__ import annotations

import textwrap

import numpy as np
import polars as pl
import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number
from mainstay.contract.columns import Tensor
from mainstay.contract.table import as_served, check_table, encode_table
from mainstay.errors import DataError, MainstayError, ProjectError, SetupError
from mainstay.models.features import FeatureCode, Features, load_features
from mainstay.models.features.compiled import compile_code, imports
from mainstay.models.features.learn import MOST_LABELS, learn_features
from mainstay.models.features.run import encode_rows

CONTRACT = Contract(
    (
        Integer(name="a", min=0),
        Number(name="b", missing="allow"),
        Category(name="c", values=("x", "y")),
        Boolean(name="d"),
    )
)
ROWS = 300
POLARS = """
    import polars as pl
    def features(frame):
        return frame.select(
            "a", "b", "d", "c",
            (pl.col("a") / pl.col("b")).alias("ratio"),
            (pl.col("b").exp() - 1).alias("grown"),
            (pl.col("c") + pl.when(pl.col("a") > 40).then(pl.lit("!")).otherwise(pl.lit(""))).alias("mark"),
        )
"""
PANDAS = """
    from __future__ import annotations
    from typing import TYPE_CHECKING
    import numpy as np
    if TYPE_CHECKING:
        import pandas as pd
    def features(frame: pd.DataFrame) -> pd.DataFrame:
        frame["ratio"] = np.log1p(frame["a"]) / frame["b"]
        frame["big"] = frame["b"] > 0
        frame["loud"] = frame["c"].str.upper()
        return frame
"""


def rows() -> pl.DataFrame:
    dice = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "a": dice.integers(0, 50, ROWS),
            "b": [None if dice.random() < 0.1 else float(dice.normal()) for _ in range(ROWS)],
            "c": dice.choice(["x", "y", "z"], ROWS),
            "d": dice.random(ROWS) < 0.5,
        }
    )


def learn(text: str, target: str = "left") -> tuple[Features, pl.DataFrame]:
    code = FeatureCode(textwrap.dedent(text).encode())
    return learn_features(code, CONTRACT, as_served(CONTRACT, rows()), np.arange(ROWS) < 200, target=target)


@pytest.mark.parametrize("text", [POLARS, PANDAS], ids=["polars", "pandas"])
def test_a_table_and_single_records_give_the_same_bits(text: str) -> None:
    features, derived = learn(text)
    served = as_served(CONTRACT, rows())
    whole = encode_rows(CONTRACT, features, rows())
    for place in range(0, ROWS, 7):
        seen = features.runner.records([served.row(place, named=True)])
        assert seen.encoded.tobytes() == whole[[place]].tobytes()
        assert seen.values == [derived.row(place, named=True)]
    assert features.runner.records(served.to_dicts()).encoded.tobytes() == whole.tobytes()


def test_what_the_model_sees_is_learned_from_the_training_rows_alone() -> None:
    features, derived = learn(POLARS)
    kinds = {column.name: (column.type, column.missing) for column in features.inputs.columns}
    assert kinds["ratio"] == ("number", "allow")
    assert kinds["d"] == ("boolean", "allow")
    (mark,) = [column for column in features.inputs.columns if column.name == "mark"]
    assert isinstance(mark, Category)
    assert mark.values == tuple(sorted(derived["mark"].head(200).unique().to_list()))
    assert mark.unknown == "other"


def test_numbers_that_are_not_finite_and_blank_texts_are_missing() -> None:
    text = "import polars as pl\ndef features(f):\n    x = pl.col('a') / (pl.col('a') % 2)\n"
    features, derived = learn(
        text + "    return f.select(x.alias('x'), pl.when(pl.col('d')).then(pl.lit(' ')).otherwise('c').alias('t'))"
    )
    assert derived["x"].null_count() == (rows()["a"] % 2 == 0).sum()
    assert derived["t"].null_count() == rows()["d"].sum()
    assert np.isnan(features.runner.encode(derived)[:, 0]).sum() == derived["x"].null_count()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("return frame.with_columns(pl.col('b').fill_null(pl.col('b').mean()))", "computes 'b' from more than its own"),
        ("return frame.with_columns(pl.col('a').rank())", "computes 'a' from more than its own row"),
        ("return frame.with_columns(pl.col('b').shift().alias('was'))", "computes 'was' from more than its own row"),
        ("return frame.with_columns(z=pl.col('a').max().over('c'))", "computes 'z' from more than its own row"),
        ("return frame.with_columns(t=pl.lit(time.time_ns() % 997))", "computes 't' from more than its own row"),
        ("return frame.filter(pl.col('a') > 3)", r"makes \d+ rows of 300"),
        ("return frame.lazy()", r"LazyFrame and not a Polars DataFrame\. Add \.collect"),
        ("return None", "gives a NoneType"),
        ("return frame.with_columns(pl.col('zz'))", r"features\.py, line 3: ColumnNotFoundError"),
        ("raise SystemExit(3)", r"line 3: SystemExit: 3"),
        ("return frame.with_columns(l=pl.concat_list('a', 'b'))", "'l' as List.*one value"),
        ("return frame.with_columns(l=None)", "'l' as missing"),
        ("return frame.with_columns(l=pl.lit(0.0) / 0)", "'l' as missing"),
        ("return frame.with_columns(l=pl.lit(1).cast(pl.Date))", r"'l' as Date.*\.dt\."),
        ("return frame.with_columns(left=pl.lit(1))", "'left', which is the target"),
        ("return frame.select()", "makes 0 rows|gives no column"),
        ("return frame.select(pl.col('a').alias(''))", "without a name"),
    ],
)
def test_code_that_no_model_can_live_with_is_refused_with_the_cure(line: str, why: str) -> None:
    with pytest.raises(DataError, match=why) as refused:
        learn(f"import time, polars as pl\ndef features(frame):\n    {line}\n")
    assert refused.value.cure


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def other(frame): return frame", "no function 'features'"),
        ("features = 3", "no function 'features'"),
        ("def features(frame)\n    return frame", "line 1: expected ':'"),
        ("import helper_of_theirs", "line 1: ModuleNotFoundError.*single file"),
        ("x = 1\nx / 0", "line 2: ZeroDivisionError"),
    ],
)
def test_code_that_is_no_feature_code_is_refused_by_line(text: str, why: str) -> None:
    with pytest.raises(ProjectError, match=why):
        learn(text)


def test_texts_that_are_all_different_are_refused() -> None:
    served = pl.DataFrame({"a": np.arange(MOST_LABELS + 1)})
    code = FeatureCode(b"import polars as pl\ndef features(f):\n    return f.select(pl.col('a').cast(pl.String))")
    contract = Contract((Integer(name="a"),))
    with pytest.raises(DataError, match="1001 different texts") as refused:
        learn_features(code, contract, served, np.ones(served.height, dtype=bool))
    assert 'frame.drop("a")' in refused.value.cure


def test_a_kind_that_changes_from_record_to_record_is_no_answer() -> None:
    features, _ = learn("import polars as pl\ndef features(f):\n    return f.select('a', 'b')\n")
    fickle = FeatureCode(
        b"import polars as pl\ndef features(f):\n    return f.select(pl.col('a').cast(pl.String), 'b')"
    )
    loaded = load_features(fickle, CONTRACT, features.inputs)
    with pytest.raises(DataError, match="'a' as String for these records"):
        loaded.runner.records([as_served(CONTRACT, rows()).row(0, named=True)])


def test_two_columns_of_one_name_are_refused() -> None:
    text = "import pandas as pd\ndef features(frame: pd.DataFrame):\n    frame.columns = ['a', 'a', 'c', 'd']\n"
    with pytest.raises(MainstayError, match="two columns called 'a'"):
        learn(text + "    return frame\n")


def test_code_that_was_only_looked_at_does_not_run() -> None:
    with pytest.raises(SetupError, match="doesn't run here"):
        _ = Features(FeatureCode(b""), CONTRACT).runner


def test_what_it_imports_is_known_without_running_it() -> None:
    assert imports(FeatureCode(b"import os, numpy as np\nfrom scipy.special import expit\nraise ValueError")) == (
        "numpy",
        "scipy",
    )
    assert imports(FeatureCode(b"def (")) == ()


PASSING = Contract(
    (
        Integer(name="a", min=0),
        Tensor(name="img", shape=(2, 2), dtype="float32", missing="allow"),
        Tensor(name="codes", shape=(3,), dtype="int64"),
        Datetime(name="at", missing="allow"),
    )
)


def passing_rows(rows: int = 60) -> pl.DataFrame:
    dice = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "a": dice.integers(0, 50, rows),
            "img": [None if k % 9 == 4 else dice.normal(size=(2, 2)).tolist() for k in range(rows)],
            "codes": [dice.integers(0, 5, 3).tolist() for _ in range(rows)],
            "at": [None if k % 7 == 3 else f"2026-01-{k % 28 + 1:02}T03:04:05.678901Z" for k in range(rows)],
        }
    )
    checked = check_table(PASSING, frame)
    assert checked.failing.is_empty()
    return checked.good


def learn_passing(text: str) -> tuple[Features, pl.DataFrame]:
    served = as_served(PASSING, passing_rows())
    code = FeatureCode(textwrap.dedent(text).encode())
    return learn_features(code, PASSING, served, np.arange(served.height) < 40)


@pytest.mark.parametrize(
    "text",
    [
        "def features(frame):\n    return frame.with_columns(b=frame['a'] * 2)",
        "import pandas as pd\ndef features(frame: pd.DataFrame):\n    frame['b'] = frame['a'] * 2\n    return frame",
    ],
    ids=["polars", "pandas"],
)
def test_tensors_and_times_that_are_left_alone_are_encoded_as_without_feature_code(text: str) -> None:
    features, derived = learn_passing(text)
    assert [column.type for column in features.inputs.columns] == ["number", "tensor", "tensor", "datetime", "number"]
    good = passing_rows()
    whole = encode_rows(PASSING, features, good)
    assert whole[:, :-1].tobytes() == encode_table(PASSING, good).tobytes()
    for place in range(good.height):
        seen = features.runner.records([as_served(PASSING, good).row(place, named=True)])
        assert seen.encoded.tobytes() == whole[[place]].tobytes()
        assert seen.values == [derived.row(place, named=True)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("frame.with_columns(pl.col('codes').arr.reverse())", "'codes' as Array.*passed through unchanged"),
        ("frame.with_columns(pl.col('at').dt.offset_by('1d'))", "'at' as Datetime.*unchanged and under its own name"),
        ("frame.with_columns(new=pl.col('at'))", "'new' as Datetime"),
    ],
)
def test_tensors_and_times_that_are_changed_are_refused(line: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        learn_passing(f"import polars as pl\ndef features(frame):\n    return {line}\n")


def test_a_record_whose_tensor_is_changed_after_all_is_no_answer() -> None:
    features, _ = learn_passing("def features(frame):\n    return frame")
    fickle = FeatureCode(
        b"import polars as pl\ndef features(f):\n    return f.with_columns(pl.col('codes').arr.reverse())"
    )
    loaded = load_features(fickle, PASSING, features.inputs)
    record = as_served(PASSING, passing_rows()).row(0, named=True) | {"codes": [1, 2, 3]}
    seen = loaded.runner.attempt_records([record, record | {"codes": [1, 2, 1]}])
    assert list(seen.failed) == [0]
    assert "changes 'codes'" in seen.failed[0].message
    assert seen.encoded.shape == (1, PASSING.width)


def test_what_fails_is_found_and_the_rest_gets_the_same_bits() -> None:
    text = """
        import polars as pl
        def features(frame):
            if frame["a"].is_in([7, 13]).any():
                raise BaseException("a person's name")
            return frame.with_columns(pl.col("b").exp())
    """
    features, _ = learn("def features(frame):\n    return frame")
    loaded = load_features(FeatureCode(textwrap.dedent(text).encode()), CONTRACT, features.inputs)
    served = as_served(CONTRACT, rows())
    derived, failures = loaded.runner.attempt(served)
    assert sorted(failures) == served["a"].is_in([7, 13]).arg_true().to_list() != []
    assert {error.kind for error in failures.values()} == {"features.py, line 5: BaseException"}
    sound = served.filter(~pl.Series(np.isin(np.arange(ROWS), list(failures))))
    assert derived.equals(loaded.runner.table(sound))
    nothing, all_of_them = loaded.runner.attempt(served.filter(pl.col("a") == 7))
    assert (nothing.height, len(all_of_them)) == (0, (served["a"] == 7).sum())
    assert loaded.runner.attempt_records(served.filter(pl.col("a") == 7).to_dicts()).encoded.shape == (0, 4)


def test_a_persons_ctrl_c_is_not_taken_for_the_codes_failure() -> None:
    text = "import signal\ndef features(f):\n    signal.raise_signal(signal.SIGINT)\n    return f"
    features, _ = learn("def features(frame):\n    return frame")
    loaded = load_features(FeatureCode(text.encode()), CONTRACT, features.inputs)
    with pytest.raises(KeyboardInterrupt):
        loaded.runner.attempt_records([{"a": 999, "b": 1.0, "c": "x", "d": True}])


def test_what_feature_code_prints_stays_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    code = FeatureCode(b"print('loaded')\ndef features(frame):\n    print('called', end='!')\n    return frame\n")
    compile_code(code)("a frame")
    assert capsys.readouterr() == ("", "loaded\ncalled!")
