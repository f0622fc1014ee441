"""Events as rows: each once, in order, with columns that a reader expects, and cells that do no harm."""

from __future__ import annotations

import csv
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import polars as pl
import pytest

from mainstay.errors import InputError, StoreError
from mainstay.events import EventLog, Found, Refusal, encode_events
from mainstay.events.export import Asked, Described, Rows, Whole, write
from mainstay.events.export.cells import as_cells
from mainstay.events.export.rows import AT_ONCE
from mainstay.measures.finding import Finding, Interval, Limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Feedback, Prediction
    from mainstay.events.export import Envelope, Format

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DESCRIBED = Described({"tenure": pl.Int64(), "charge": pl.Float64(), "plan": pl.String()})
# CloudEvents 1.0.2, section 3 (required and optional attributes, naming) and JSON Event Format, section 3: an attribute
# is a string, a number, a boolean, or absent; its name is lower case letters and digits; data or data_base64, not both.
CLOUD_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "specversion": {"const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "pattern": "^[a-z]+/[a-z+.-]+"},
        "dataschema": {"type": "string", "format": "uri", "minLength": 1},
        "subject": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "data": {},
        "data_base64": {"type": "string", "contentEncoding": "base64"},
    },
    "patternProperties": {"^(?!data$)[a-z0-9]{1,20}$": {"type": ["string", "number", "boolean"]}},
    "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
    "not": {"required": ["data", "data_base64"]},
    "additionalProperties": False,
}


def _taken(
    log: EventLog, out: Path, asked: Asked | None = None, envelope: Envelope | None = None, more: str = ""
) -> Rows:
    asked = asked or Asked()
    features = {**DESCRIBED.features, more: pl.String()} if more else DESCRIBED.features
    rows = Rows(log, asked, Described(features))
    kind: Format = out.suffix[1:]  # type: ignore[assignment]
    with Whole(out) as file:
        write(rows, file.half, kind, asked.stream, envelope)
        file.keep()
    return rows


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_prediction_is_one_row_and_its_id_comes_first(
    log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    answer = prediction(raw={"charge": "12,5"}, degraded=True, warnings=("charge: read as 12.5",), consumer="shop")
    log.append("predictions", [answer])
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        assert _taken(log, tmp_path / name).count == 1
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert frame.columns[:3] == ["id", "time", "model"]
    assert frame.schema["time"] == pl.Datetime("us", "UTC")
    assert frame.schema["features.tenure"] == pl.Int64
    assert frame.schema["warnings"] == pl.List(pl.String)
    (row,) = frame.rows(named=True)
    assert (row["id"], row["time"], row["features.charge"], row["latency_us"]) == (answer.id, answer.at, 19.5, 21.0)
    assert (row["consumer"], row["control"], row["sampled"]) == ("shop", False, 1.0)
    (line,) = _lines(tmp_path / "a.jsonl")
    assert list(line) == frame.columns
    assert dt.datetime.fromisoformat(line["time"]) == answer.at
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert list(cells) == frame.columns
    assert json.loads(cells["warnings"]) == ["charge: read as 12.5"]
    assert json.loads(cells["raw"]) == {"charge": "12,5"}
    assert dt.datetime.fromisoformat(cells["time"]) == answer.at


def test_rows_of_several_writers_are_in_order_of_time(
    log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    writers = [log.writer("predictions", str(number)) for number in range(3)]
    for number in range(60):
        at = NOW + dt.timedelta(milliseconds=number)
        writers[number * 7 % 3].append(encode_events([prediction(id=str(number), at=at)]))
    _taken(log, tmp_path / "a.jsonl")
    assert [row["id"] for row in _lines(tmp_path / "a.jsonl")] == [str(number) for number in range(60)]


def test_what_a_retry_wrote_again_is_one_row(
    log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    first, later = prediction(at=NOW), prediction(at=NOW + dt.timedelta(minutes=1))
    shadows = [prediction(at=NOW, role="shadow", answer=first.id, version=2) for _ in range(2)]
    told = feedback(first.id)
    for part in ([first, shadows[0]], [later], [first, shadows[1]]):
        writer = log.writer("predictions")
        writer.append(encode_events(part))
        writer.close()
    log.append("feedback", [told, told, feedback(first.id)])
    assert _taken(log, tmp_path / "a.jsonl").count == 3
    assert {row["id"] for row in _lines(tmp_path / "a.jsonl")} == {first.id, shadows[0].id, later.id}
    assert _taken(log, tmp_path / "b.jsonl", Asked("feedback")).count == 2


def test_only_what_is_asked_for_is_taken(log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]) -> None:
    hour = dt.timedelta(hours=1)
    log.append(
        "predictions",
        [
            prediction(id=f"{version}-{age}", version=version, at=NOW - age * hour)
            for version in (1, 2)
            for age in (0, 2)
        ]
        + [prediction(id="beside", version=2, role="shadow", answer="1-0", at=NOW)],
    )
    asked = [
        (Asked(since=NOW - hour), {"1-0", "2-0", "beside"}),
        (Asked(until=NOW), {"1-2", "2-2"}),
        (Asked(version=2, role="champion"), {"2-0", "2-2"}),
    ]
    for number, (wanted, expected) in enumerate(asked):
        _taken(log, tmp_path / f"{number}.jsonl", wanted)
        assert {row["id"] for row in _lines(tmp_path / f"{number}.jsonl")} == expected


def test_more_rows_than_are_given_at_once_come_in_parts(
    log: EventLog, prediction: Callable[..., Prediction], tmp_path: Path
) -> None:
    head = encode_events([prediction(id="number")]).split(b',"event.hash"')[0]
    lines = b"".join(head.replace(b"number", b"%06d" % place) + b"}\n" for place in range(60_000))
    log.writer("predictions").append(lines)
    parts = [frame.height for frame in Rows(log, Asked(), DESCRIBED)]
    assert max(parts) <= AT_ONCE
    assert sum(parts) == 60_000
    _taken(log, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet")["id"].is_sorted()


@pytest.mark.parametrize("odd", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\t=1", "\r=1", "\n=1", "\uff1d1+1"])
def test_a_cell_that_begins_like_a_formula_is_a_text(
    odd: str, log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    features = {"tenure": -3, "charge": -1.5, "plan": odd, "=tricky": odd}
    log.append("predictions", [prediction(features=features, decision=odd, prediction="-5.25")])
    _taken(log, tmp_path / "a.csv", more="=tricky")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    assert cells["features.plan"] == cells["decision"] == cells["features.=tricky"] == f"'{odd}"
    assert (cells["features.tenure"], cells["features.charge"], cells["prediction"]) == ("-3", "-1.5", "-5.25")
    assert not [name for name in cells if name[0] in "=+-@"]


def test_numbers_stay_numbers() -> None:
    cells = pl.DataFrame({"a": ["-1", "+2.5", "-1e-5", ".5", "-.5", "--5", "-", "+a"]})
    assert as_cells(cells)["a"].to_list() == ["-1", "+2.5", "-1e-5", ".5", "-.5", "'--5", "'-", "'+a"]


@pytest.mark.parametrize("stream", ["predictions", "feedback", "refusals", "findings", "actions", "audit"])
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_of_nothing_a_file_is_written_that_says_its_columns(
    stream: Any, ending: str, log: EventLog, tmp_path: Path
) -> None:
    out = tmp_path / f"a.{ending}"
    assert _taken(log, out, Asked(stream)).count == 0
    if ending == "jsonl":
        assert out.read_bytes() == b""
    else:
        frame = pl.read_csv(out) if ending == "csv" else pl.read_parquet(out)
        assert frame.height == 0
        assert frame.columns[0] == "id"


def test_findings_and_refusals_have_a_column_for_each_part(log: EventLog, tmp_path: Path) -> None:
    finding = Finding(
        measure="psi",
        where="tenure",
        value=0.3,
        interval=Interval(0.1, 0.5),
        limit=Limit("at_most", 0.2),
        ok=False,
        n=9,
    )
    log.append("findings", [Found(event="1", at=NOW, model="churn", finding=finding)])
    log.append("refusals", [Refusal(id="2", at=NOW, model="churn", status=422, cause="fields", fields=("a", "b"))])
    _taken(log, tmp_path / "f.jsonl", Asked("findings"))
    _taken(log, tmp_path / "r.jsonl", Asked("refusals"))
    (row,) = _lines(tmp_path / "f.jsonl")
    assert (row["measure"], row["low"], row["high"], row["limit"], row["limit_sense"]) == (
        "psi",
        0.1,
        0.5,
        0.2,
        "at_most",
    )
    (row,) = _lines(tmp_path / "r.jsonl")
    assert (row["fields"], row["status"], row["consumer"]) == (["a", "b"], 422, "")


@pytest.mark.parametrize("envelope", ["cloudevents", "kserve"])
def test_cloud_events_are_as_the_specification_wants_them(
    envelope: Envelope, log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    answers = [prediction(id=f"a-{number}", at=NOW, raw={"charge": 900}) for number in range(3)]
    log.append("predictions", answers)
    _taken(log, tmp_path / "a.jsonl", envelope=envelope)
    events = _lines(tmp_path / "a.jsonl")
    check = jsonschema.Draft202012Validator(CLOUD_EVENT, format_checker=jsonschema.FormatChecker())
    for event in events:
        check.validate(event)
    assert len({(event["source"], event["id"]) for event in events}) == len(events)
    with pytest.raises(jsonschema.ValidationError):
        check.validate({**events[0], "specversion": "0.3"})
    with pytest.raises(jsonschema.ValidationError):
        check.validate({**events[0], "Trace_Id": "x"})
    if envelope == "cloudevents":
        assert [event["type"] for event in events] == ["mainstay.prediction"] * 3
        assert events[0]["data"]["features"] == {"tenure": 3, "charge": 19.5, "plan": "basic"}
        assert events[0]["data"]["raw"] == {"charge": 900}
    else:
        request, response = events[:2]
        assert request["type"] == "org.kubeflow.serving.inference.request"
        assert response["type"] == "org.kubeflow.serving.inference.response"
        assert request["id"] == response["id"] == "a-0"
        assert request["data"] == {"instances": [{"tenure": 3, "charge": 19.5, "plan": "basic"}]}
        assert response["data"]["predictions"][0]["score"] == 0.25
        assert (request["inferenceservicename"], request["endpoint"]) == ("churn", "default")


def test_feedback_as_a_cloud_event_is_about_its_answer(
    log: EventLog, tmp_path: Path, feedback: Callable[..., Feedback]
) -> None:
    told = feedback("the-answer")
    log.append("feedback", [told])
    _taken(log, tmp_path / "a.jsonl", Asked("feedback"), "cloudevents")
    (event,) = _lines(tmp_path / "a.jsonl")
    jsonschema.validate(event, CLOUD_EVENT)
    assert (event["id"], event["subject"]) == (told.event, "the-answer")


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.csv"

    def half_written() -> None:
        with Whole(out) as file:
            file.half.write_text("half", encoding="utf-8")
            raise RuntimeError

    def too_late() -> None:
        with Whole(out.with_name("b.csv")) as file:
            file.half.write_text("half", encoding="utf-8")
            out.with_name("b.csv").write_text("somebody was faster", encoding="utf-8")
            file.keep()

    with pytest.raises(RuntimeError):
        half_written()
    assert list(out.parent.iterdir()) == []
    with Whole(out) as file:
        file.half.write_text("first", encoding="utf-8")
        file.keep()
    with pytest.raises(InputError, match="is there already"), Whole(out):
        pass
    with pytest.raises(InputError, match="is there already"):
        too_late()
    with Whole(out, force=True) as file:
        file.half.write_text("second", encoding="utf-8")
        assert out.read_text(encoding="utf-8") == "first"
        file.keep()
    assert out.read_text(encoding="utf-8") == "second"
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in out.parent.iterdir()) == ["a.csv", "b.csv"]
    with pytest.raises(StoreError, match="can't be written"), Whole(out / "c.csv"):
        pass


def test_what_fails_while_rows_are_read_is_told_as_it_was(
    log: EventLog, tmp_path: Path, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction()])
    (path,) = log.segments("predictions")
    rows = Rows(log, Asked(), DESCRIBED)
    assert rows.empty().height == 0
    path.unlink()
    path.mkdir()
    for name in ("a.parquet", "a.csv"):
        with pytest.raises(StoreError), Whole(tmp_path / name) as file:
            write(rows, file.half, name[2:], "predictions")  # type: ignore[arg-type]
    assert not list(tmp_path.glob("*a.*"))
