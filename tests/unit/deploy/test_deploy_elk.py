"""What is written for Elasticsearch, against what the log writes, ECS, and the programs' own forms."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner
from tests.mapping import ecs_fields, not_ecs, refusals
from tests.unit.deploy.kinds import bare, full

from mainstay.cli.program import program
from mainstay.deploy import Shipment, elk_files
from mainstay.deploy.elk.fields import CONSTANTS, FIELDS, datasets, mapped
from mainstay.deploy.elk.index import MOST_FIELDS
from mainstay.deploy.elk.kibana import panels
from mainstay.errors import InputError
from mainstay.events import STREAMS, encode_events
from mainstay.serving.testing import tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.events import Event

SHIPMENT = Shipment(
    model='ünlike "any" other',
    events="/books/a b/events",
    state="/books/a b/state",
    elasticsearch="https://es.example:9243",
    keep=400 * 86_400.0,
)
FILES = elk_files(SHIPMENT)
PATHS = [f"/books/a b/events/{stream}/*.jsonl" for stream in STREAMS]
EVENTS = (*full(), *bare())
# After https://www.elastic.co/guide/en/elasticsearch/reference/8.17/indices-put-template.html
TEMPLATE_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["index_patterns", "template"],
    "properties": {
        "index_patterns": {"type": "array", "items": {"type": "string", "pattern": "^[a-z][a-z0-9._-]*\\*$"}},
        "priority": {"type": "integer", "minimum": 0},
        "_meta": {"type": "object"},
        "template": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "settings": {"type": "object", "patternProperties": {"^index\\.": {}}, "additionalProperties": False},
                "mappings": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "dynamic": {"enum": [True, False, "strict", "runtime"]},
                        "_meta": {"type": "object"},
                        "properties": {"$ref": "#/$defs/properties"},
                    },
                },
            },
        },
    },
    "$defs": {
        "properties": {"type": "object", "additionalProperties": {"$ref": "#/$defs/field"}},
        "field": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "type": {
                    "enum": [
                        "keyword",
                        "constant_keyword",
                        "match_only_text",
                        "flattened",
                        "nested",
                        "object",
                        "date",
                        "long",
                        "double",
                        "boolean",
                    ]
                },
                "properties": {"$ref": "#/$defs/properties"},
                "ignore_above": {"type": "integer"},
                "index": {"type": "boolean"},
                "doc_values": {"type": "boolean"},
                "enabled": {"type": "boolean"},
                "value": {"type": "string"},
            },
        },
    },
}


def _document(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode_events([event]))
    return found


def _mappings(dataset: str) -> dict[str, Any]:
    content = json.loads(FILES[f"index-{dataset.replace('.', '-')}.json"])
    found: dict[str, Any] = content["template"]["mappings"]
    return found


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{type(event).__name__}-{event.model}")
def test_every_line_is_ecs_and_fits_its_mapping(event: Event) -> None:
    document = _document(event)
    assert list(not_ecs(document)) == []
    assert list(refusals(_mappings(document["event.dataset"]), document)) == []


def test_the_full_events_have_every_field_there_is() -> None:
    """So that a field that is added to a record is added here, and to the mapping."""
    for event in full():
        names = {field.encode_name for field in msgspec.structs.fields(event)}
        assert names <= set(_document(event)), type(event)
        assert names <= set(mapped(type(event))), type(event)
    used = {name for kind in datasets().values() for name in mapped(kind)}
    assert set(FIELDS) <= used


def test_a_document_that_does_not_fit_is_told_by_the_test_itself() -> None:
    mappings, document = _mappings("mainstay.predictions"), _document(full()[0])
    wrong = {
        "mainstay.version": "three",
        "mainstay.features": [1],
        "event.duration": 1.5,
        "@timestamp": 17,
        "mainstay.new": 1,
        "event.kind": "alert",
        "mainstay.degraded": 1,
    }
    for name, value in wrong.items():
        assert len(list(refusals(mappings, document | {name: value}))) == 1, name
    assert [*not_ecs({"mine": 1, "event.outcome": "so", "message": ["a"], "event.id": {}})] == [
        "mine is no field of ECS",
        "event.outcome is 'so', which isn't allowed",
        "message is an array",
        "event.id is {}, not of type keyword",
    ]


def test_the_mapping_has_ecs_own_types_and_constants() -> None:
    for name, field in FIELDS.items():
        if not name.startswith("mainstay."):
            assert ecs_fields()[name].type == field["type"], name
    for constants in CONSTANTS.values():
        assert [*not_ecs(dict(constants))] == []
    assert {dataset.rpartition(".")[2] for dataset in datasets()} == set(STREAMS)


def test_templates_are_of_elasticsearchs_form_and_bounded() -> None:
    for dataset, kind in datasets().items():
        content = json.loads(FILES[f"index-{dataset.replace('.', '-')}.json"])
        jsonschema.validate(content, TEMPLATE_SCHEMA)
        mappings = content["template"]["mappings"]
        assert mappings["dynamic"] is False  # a feature more is no field more
        assert _count(mappings) < MOST_FIELDS, kind
        assert content["index_patterns"] == [f"{dataset}-*"]


def _count(field: dict[str, Any]) -> int:
    """Count fields as ``index.mapping.total_fields.limit`` does: objects as well."""
    return sum(1 + _count(below) for below in field.get("properties", {}).values())


@pytest.mark.parametrize(("keep", "age"), [(400 * 86_400.0, "431d"), (3600.0, "32d"), (None, None)])
def test_indices_live_as_long_as_their_youngest_event_must(keep: float | None, age: str | None) -> None:
    content = json.loads(elk_files(msgspec.structs.replace(SHIPMENT, keep=keep))["lifecycle.json"])
    phases = content["policy"]["phases"]
    assert (phases["delete"]["min_age"] if "delete" in phases else None) == age


def test_the_pipeline_is_the_one_that_the_templates_name() -> None:
    content = json.loads(FILES["pipeline.json"])
    (script,) = [each["script"] for each in content["processors"]]
    assert "ctx['_id'] = id" in script["source"]
    assert script["ignore_failure"]  # else an event would be refused for it
    for dataset in datasets():
        settings = json.loads(FILES[f"index-{dataset.replace('.', '-')}.json"])["template"]["settings"]
        assert settings["index.default_pipeline"] == "mainstay"
        assert settings["index.lifecycle.name"] == "mainstay"
    assert "put _ingest/pipeline/mainstay pipeline.json" in FILES["README.md"]
    assert "put _ilm/policy/mainstay lifecycle.json" in FILES["README.md"]
    assert {name for name in FILES if name.endswith("json")} <= set(re.findall(r"[\w.-]+json\b", FILES["README.md"]))


def test_the_dashboard_asks_for_fields_that_are_mapped() -> None:
    lines = [json.loads(line) for line in FILES["kibana.ndjson"].splitlines()]
    there = {(each["type"], each["id"]) for each in lines}
    assert len(there) == len(lines) == len(panels()) + 2
    texts = {name for name, field in FIELDS.items() if field.get("type") == "match_only_text"}
    known = {name for kind in datasets().values() for name in _leaves(mapped(kind))}
    for each in lines:
        assert {(one["type"], one["id"]) for one in each["references"]} <= there
        about = each["attributes"]
        source = json.loads(about.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
        asked = set(re.findall(r"((?:mainstay|event|user)\.[\w.]+)\s*:", json.dumps(each)))
        asked |= set(about.get("columns", ()))
        drawn = json.dumps(json.loads(about.get("visState", "{}")))
        added_up = set(re.findall(r'"(?:terms_)?field": "([^"]+)"', drawn))
        assert asked | added_up <= known, each["id"]
        assert not added_up & texts
        assert "query" in source or each["type"] == "index-pattern"
    (board,) = [each for each in lines if each["type"] == "dashboard"]
    places = [tuple(panel["gridData"].values())[:2] for panel in json.loads(board["attributes"]["panelsJSON"])]
    assert len(set(places)) == len(panels())


def _leaves(fields: dict[str, Any]) -> set[str]:
    found = set(fields)
    for name, field in fields.items():
        found |= {f"{name}.{below}" for below in _leaves(field.get("properties", {}))}
    return found


def test_the_yaml_of_the_shippers_says_what_it_should() -> None:
    beat = yaml.safe_load(FILES["filebeat.yml"])
    (read,) = beat["filebeat.inputs"]
    assert read["paths"] == PATHS
    assert read["parsers"][0]["ndjson"]["target"] == ""
    assert beat["output.elasticsearch"]["hosts"] == ["https://es.example:9243"]
    assert beat["processors"][0]["copy_fields"]["fields"] == [{"from": "event.id", "to": "@metadata._id"}]

    vector = yaml.safe_load(FILES["vector.yaml"])
    sink = vector["sinks"]["mainstay_elasticsearch"]
    assert sink["bulk"] == {"action": "create", "index": "{{ dataset }}-%Y.%m"}
    assert sink["inputs"] == list(vector["transforms"])
    assert [*vector["sources"]] == vector["transforms"]["mainstay_events"]["inputs"]
    assert vector["sources"]["mainstay_files"]["include"] == PATHS

    bit = yaml.safe_load(FILES["fluent-bit.yaml"])
    tags = [each["tag"] for each in bit["pipeline"]["inputs"]]
    assert tags == [each["match"] for each in bit["pipeline"]["outputs"]] == list(datasets())
    for each in bit["pipeline"]["outputs"]:
        assert (each["host"], each["port"], each["tls"]) == ("es.example", 9243, True)
        assert (each["write_operation"], each["id_key"]) == ("create", "event.id")


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="the distribution's package rsyslog isn't installed")
def test_rsyslog_passes_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "state" / "rsyslog").mkdir(parents=True)  # as rsyslog.sh does
    shipment = msgspec.structs.replace(SHIPMENT, events=str(tmp_path / "events"), state=str(tmp_path / "state"))
    (tmp_path / "rsyslog.conf").write_text(elk_files(shipment)["rsyslog.conf"])
    words = ["rsyslogd", "-N1", "-f", str(tmp_path / "rsyslog.conf")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.strip().splitlines()) == 2, done.stderr  # it began, and it ended: no warning between


def test_the_command_writes_the_files_and_replaces_its_own_alone(tmp_path: Path) -> None:
    project = tiny_project(tmp_path, more='[events]\nkeep = "90d"\n')
    words = ["export", "elk", "--project", str(project.root), "--elasticsearch", "http://es.example:9200/"]
    for _ in range(2):
        done = CliRunner().invoke(program, [*words, "--json"])
        assert done.exit_code == 0, done.output
    folder = project.root / "elk"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert len(json.loads(done.output)["files"]) == len(FILES)
    assert '"121d"' in (folder / "lifecycle.json").read_text()
    assert f"{project.books.resolve()}/events/audit/*.jsonl" in (folder / "filebeat.yml").read_text()
    assert '"http://es.example:9200"' in (folder / "rsyslog.conf").read_text()
    (folder / "vector.yaml").write_text("theirs: 1")
    refused = CliRunner().invoke(program, words)
    assert refused.exit_code != 0
    assert (folder / "vector.yaml").read_text() == "theirs: 1"


@pytest.mark.parametrize("address", ["es.example:9200", "ftp://es", "http://", 'http://a"b', "http://a:port"])
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    project = tiny_project(tmp_path)
    words = ["export", "elk", "--show", "--project", str(project.root), "--elasticsearch", address]
    done = CliRunner().invoke(program, words)
    assert isinstance(done.exception, InputError)
    assert "is no address of Elasticsearch" in str(done.exception)
