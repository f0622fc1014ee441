"""What is exported for Vector, Logstash and Elasticsearch, against their own language, grammar and types.

The programs themselves can't be had here. Vector's language is compiled and run by Vector's own library, Logstash's
file is parsed by its grammar, and what is put into Elasticsearch is held against the types of Elastic's own client.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]
from tests.peers import peer
from tests.unit.deploy.kinds import bare, full

from mainstay.deploy import Shipment, elk_files
from mainstay.events import STREAMS, encode_events

if TYPE_CHECKING:
    from pathlib import Path

SHIPMENT = Shipment(
    model="churn",
    events='/a "b"/events',
    state="/books/state",
    elasticsearch="https://es.example:9243",
    keep=400 * 86_400.0,
)
FILES = elk_files(SHIPMENT)
_REMAP = """
import json, sys
from pyvrl import Transform
source, *lines = json.load(sys.stdin)
run = Transform(source + "\\n.").remap
made = [run({"message": line, "file": "f", "host": "h"}) for line in lines]
print(json.dumps(made, default=lambda at: at.isoformat()))
"""
_PARSE = """
import json, sys
from logstash_pipeline_parser.tree import AST
print(json.dumps(AST().parse_config(json.load(sys.stdin))))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """Give the interpreter that has the peers' libraries."""
    return peer("shippers") / "python"


def ask(python: Path, program: str, given: Any) -> Any:
    done = subprocess.run(
        [str(python), "-I", "-c", program], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_vectors_language_makes_of_each_line_its_document(python: Path) -> None:
    vector = yaml.safe_load(FILES["vector.yaml"])
    source = vector["transforms"]["mainstay_events"]["source"]
    sink = vector["sinks"]["mainstay_elasticsearch"]
    assert sink["id_key"] in sink["encoding"]["except_fields"]
    lines = encode_events([*full(), *bare()]).decode().splitlines()
    for line, made in zip(lines, ask(python, _REMAP, [source, *lines]), strict=True):
        document = json.loads(line)
        assert made["document"] == document["event.id"]
        assert made["dataset"] == document["event.dataset"]
        assert made["timestamp"].startswith(document["@timestamp"].rstrip("Z"))
        assert {
            name: value for name, value in made.items() if name not in sink["encoding"]["except_fields"]
        } == document


def test_logstashs_grammar_takes_its_file(python: Path) -> None:
    parsed = ask(python, _PARSE, FILES["logstash.conf"])
    assert [section for section, _ in parsed] == ["input", "filter", "output"]
    plugins = {plugin: dict(values) for _, section in parsed for plugin, values in section}
    assert plugins["file"]["path"] == [[f'/a "b"/events/{stream}/*.jsonl' for stream in STREAMS]]
    send = plugins["elasticsearch"]
    assert send["hosts"] == [["https://es.example:9243"]]
    assert send["document_id"] == ["%{[event.id]}"]
    assert send["action"] == ["create"]
    assert send["data_stream"] == [False]


@pytest.mark.full
@pytest.mark.skipif(shutil.which("npm") is None, reason="NOT TESTED against Elastic's own types: npm isn't there")
def test_elastics_own_types_take_what_is_put(tmp_path: Path) -> None:
    parts = ["import type { estypes } from '@elastic/elasticsearch';"]
    kinds = {
        "lifecycle.json": "Omit<estypes.IlmPutLifecycleRequest, 'name'>",
        "pipeline.json": "Omit<estypes.IngestPutPipelineRequest, 'id'>",
    }
    templates = [name for name in FILES if name.startswith("index-")]
    kinds |= dict.fromkeys(templates, "Omit<estypes.IndicesPutIndexTemplateRequest, 'name'>")
    parts += [f"export const it{n}: {kind} = {FILES[name]};" for n, (name, kind) in enumerate(kinds.items())]
    good = "\n".join(parts)
    (tmp_path / "good.ts").write_text(good, encoding="utf-8")
    (tmp_path / "bad.ts").write_text(good.replace('"flattened"', '"flatened"'), encoding="utf-8")
    packages = ["@elastic/elasticsearch@8.17", "typescript@5", "@types/node@20"]
    words = ["npm", "install", "--no-audit", "--silent", *packages]
    npm = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    if npm.returncode:
        pytest.skip(f"NOT TESTED against Elastic's own types: npm can't install them ({npm.stderr.decode()[-200:]})")
    check = ["npx", "tsc", "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "node"]
    done = subprocess.run([*check, "good.ts"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert subprocess.run([*check, "bad.ts"], cwd=tmp_path, capture_output=True, check=False).returncode != 0
