"""version optimize and export onnx: a faster form is a version of its own, or it is refused."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mainstay import lifecycle
from mainstay.data.versions import Kept
from mainstay.errors import DataError, GateError, InputError
from mainstay.lifecycle.gap import as_trained
from mainstay.lifecycle.registering.entry import entry_of
from mainstay.lifecycle.registering.grounds import Grounds
from mainstay.models.adopting import adopt
from mainstay.models.candidate import Candidate
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked, build_model
from mainstay.project import open_project
from mainstay.registry.code import Code
from mainstay.release import open_books
from mainstay.training import TrainingSettings
from mainstay.training import train as fit

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def network(X: np.ndarray, y: np.ndarray, columns: Columns, task: Any, *, blunt: float = 0.0) -> OnnxModel:
    """Fit a network of random layers; `blunt` is a weight nothing goes through, so large that 8 bits lose the rest."""
    rng = np.random.default_rng(0)
    X = np.nan_to_num(X)
    mean, spread = X.mean(axis=0), X.std(axis=0) + 1e-9
    first = rng.normal(size=(X.shape[1], 256)) / 3
    first[:, -1] = 0
    hidden = np.maximum((X - mean) / spread @ first, 0)
    last = np.linalg.solve(hidden.T @ hidden + 30 * np.eye(256), hidden.T @ (4 * y - 2))
    last[-1] = blunt
    weights = {"nothing": 0, "scale": 1 / spread, "shift": -mean / spread, "first": first, "last": last[:, None]}
    nodes = [
        helper.make_node("IsNaN", ["input"], ["gone"]),
        helper.make_node("Where", ["gone", "nothing", "input"], ["filled"]),
        helper.make_node("Mul", ["filled", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["centred"]),
        helper.make_node("MatMul", ["centred", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "last"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", X.shape[1]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.asarray(value, dtype=np.float32), name) for name, value in weights.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return build_model(proto, columns, X, Asked(task=task, output="logit"))


def register_network(project: Project, **options: float) -> int:
    """Register a network that was fitted on the rows of version 1; returns its number."""
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
        snapshot = as_trained(project, bundle)
        settings = TrainingSettings(candidates=("do-nothing", "linear"), studies=False)
        training = fit(snapshot, settings, bundle.money, action=bundle.policy.action)
        rows, columns = snapshot.train, Columns.of(bundle.inputs)
        model = network(rows.X, rows.y, columns, bundle.policy.task, **options)
        chosen = Candidate("network", model, bundle.policy, model.scores(rows.X), np.empty(0))
        training = replace(training, candidates=(*training.candidates, chosen), chosen=chosen)
        report = msgspec.structs.replace(bundle.report, candidate="network")
        kept = Kept(bundle.lineage.source, "", 0)
        entry = entry_of(project, snapshot, training, report, None, grounds=Grounds(kept, Code(), "trained", "anna"))
        return books.registry.register(entry, NOW).number


def optimize(project: Project, number: int, **options: Any) -> lifecycle.Optimized:
    return lifecycle.optimize(project, number, now=NOW, by="anna", **options)


def test_a_linear_version_becomes_a_version_in_onnx_that_decides_alike(trained: Project) -> None:
    made = optimize(trained, 1)
    assert (made.version.number, made.version.parent, made.parent) == (2, 1, 1)
    assert (made.version.candidate, made.version.made) == ("linear-onnx", "optimized")
    found = {(finding.measure, finding.where): finding for finding in made.findings}
    assert found["equal_decisions", "all"].value == 1.0
    assert found["equal_decisions", "all"].ok is True
    assert found["largest_difference", "all"].ok is True
    assert abs(found["lost_money_per_1000", "all"].value or 0) < 1e-9
    for measure in ("latency_p50", "latency_p99", "throughput", "size_on_disk", "money_per_1000", "log_loss"):
        before, after = found[measure, "before"], found[measure, "after"]
        assert before.value
        assert after.value
    with open_books(trained) as books:
        first, second = (books.registry.load_bundle(trained.name, number) for number in (1, 2))
    assert second.model.framework == "onnx"
    assert (second.contract, second.profile, second.money) == (first.contract, first.profile, first.money)
    assert second.policy.threshold == first.policy.threshold
    assert "Version 1 (linear) in another form: onnx" in second.report.why
    assert second.report.optimization == made.findings
    assert made.verdict == second_verdict(trained)
    assert second.report.comparison("over do-nothing") is not None


def second_verdict(project: Project) -> Any:
    with open_books(project) as books:
        return books.registry.latest_verdict(project.name, 2)


def test_a_network_is_quantised_and_says_what_that_costs(trained: Project) -> None:
    number = register_network(trained)
    made = optimize(trained, number, quantized="dynamic", equal_decisions=0.98, tolerance=0.5)
    assert made.version.candidate == "network-onnx-int8-dynamic"
    found = {(finding.measure, finding.where): finding for finding in made.findings}
    assert (found["equal_decisions", "all"].value or 0) >= 0.98
    assert found["equal_decisions", "all"].interval is not None
    assert found["largest_difference", "all"].limit is None
    assert made.report.contenders[-2].name == f"version {number}"
    page = lifecycle.report_document(trained, made.version.number)
    assert any(getattr(block, "text", "") == "Before and after" for block in page.blocks)


def test_a_quantised_network_that_loses_too_much_is_refused_and_nothing_registered(trained: Project) -> None:
    number = register_network(trained, blunt=5000.0)
    with pytest.raises(GateError, match="is refused: equal_decisions is") as refused:
        optimize(trained, number, quantized="dynamic")
    assert "lost_money_per_1000 is" in refused.value.message
    assert refused.value.exit_code == 1
    assert [version.number for version in lifecycle.versions(trained)] == [number, 1]


def test_what_is_in_onnx_already_is_told_so(trained: Project) -> None:
    number = register_network(trained)
    with pytest.raises(InputError, match=f"Version {number} is in ONNX already"):
        optimize(trained, number)
    with pytest.raises(InputError, match="no layer of weights"):
        optimize(trained, 1, quantized="static")


def test_rows_that_have_changed_since_are_told(trained: Project, tmp_path: Path, simulated_csv: Path) -> None:
    other = tmp_path / "other.csv"
    lines = simulated_csv.read_text().splitlines()
    other.write_text("\n".join(lines[:-100]) + "\n")
    file = trained.root / "mainstay.toml"
    file.write_text(file.read_text().replace(str(simulated_csv), str(other)))
    with pytest.raises(DataError, match="isn't what version 1 was trained on"):
        optimize(open_project(trained.root), 1)


def test_an_exported_file_gives_the_scores_by_itself(trained: Project, tmp_path: Path) -> None:
    written = lifecycle.export_onnx(trained, 1, tmp_path / "churn.onnx")
    assert [finding.ok for finding in written.findings] == [True, True]
    with open_books(trained) as books:
        bundle = books.registry.load_bundle(trained.name, 1)
    X = as_trained(trained, bundle).test.X
    session = onnxruntime.InferenceSession(written.path, providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"features": X})
    assert np.abs(scores[:, 0] - bundle.model.scores(X)).max() < 1e-12
    onnx.checker.check_model(onnx.load(written.path))
    with pytest.raises(InputError, match=r"Name it \.onnx"):
        lifecycle.export_onnx(trained, 1, tmp_path / "churn.txt")


def test_the_command_line_optimises_and_exports(trained: Project, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mainstay", *words, "--project", str(trained.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    done = run("export", "onnx", "1", "--out", str(tmp_path / "m.onnx"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size"] == (tmp_path / "m.onnx").stat().st_size
    done = run("version", "optimize", "1")
    assert done.returncode == 0, done.stderr
    assert "Before and after" in done.stdout
    assert "version 2 is registered, made from version 1" in done.stderr + done.stdout
    refused = run("version", "optimize", "2")
    assert refused.returncode == 2
    assert "is in ONNX already" in refused.stderr


FOREST = [
    "sklearn.tree._tree.Tree",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
]


def register_forest(project: Project, *, calibrated: bool) -> tuple[Project, int]:
    """Register a forest of scikit-learn over scaled columns, as it would be adopted; returns its number."""
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415 - only these tests need it
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above
    from sklearn.impute import SimpleImputer  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above

    file = project.root / "mainstay.toml"
    file.write_text(file.read_text() + f"\n[serving]\ntrust = {json.dumps(FOREST)}\n")
    project = open_project(project.root)
    forest: Any = RandomForestClassifier(15, random_state=0)
    forest = CalibratedClassifierCV(forest, cv=2) if calibrated else forest
    with open_books(project) as books:
        bundle = books.registry.load_bundle(project.name, 1)
        snapshot = as_trained(project, bundle)
        settings = TrainingSettings(candidates=("do-nothing", "linear"), studies=False)
        training = fit(snapshot, settings, bundle.money, action=bundle.policy.action)
        rows, columns, task = snapshot.train, Columns.of(bundle.inputs), bundle.policy.task
        labels = np.where(rows.y > 0.5, task.positive, task.negative)
        numbers = [column.name for column in columns.all if column.kind in ("number", "integer")]
        fitted = make_pipeline(SimpleImputer(), StandardScaler(), forest).fit(columns.frame(rows.X)[numbers], labels)
        model = adopt(fitted, columns, task)
        chosen = Candidate("forest", model, bundle.policy, model.scores(rows.X), np.empty(0))
        training = replace(training, candidates=(*training.candidates, chosen), chosen=chosen)
        report = msgspec.structs.replace(bundle.report, candidate="forest")
        grounds = Grounds(Kept("rows.csv", "", 0), Code(), "trained", "anna")
        entry = entry_of(project, snapshot, training, report, None, grounds=grounds)
        return project, books.registry.register(entry, NOW).number


def test_a_slow_pipeline_becomes_many_times_faster_and_decides_alike(trained: Project) -> None:
    project, number = register_forest(trained, calibrated=False)
    made = optimize(project, number)
    found = {(finding.measure, finding.where): finding.value or 0.0 for finding in made.findings}
    assert found["equal_decisions", "all"] == 1.0
    assert found["largest_difference", "all"] < 1e-6
    assert found["latency_p50", "before"] > 5 * found["latency_p50", "after"]
    assert "in a faster form" in lifecycle.optimized_document(project.name, made).title


def test_a_conversion_that_lies_is_refused_on_real_rows(trained: Project, tmp_path: Path) -> None:
    project, number = register_forest(trained, calibrated=True)
    with pytest.raises(
        GateError, match=r"doesn't answer as the original does: on 500 real rows scores differ by up to"
    ):
        optimize(project, number)
    with pytest.raises(GateError, match="nothing was registered or written"):
        lifecycle.export_onnx(project, number, tmp_path / "lie.onnx")
    assert not (tmp_path / "lie.onnx").exists()
    assert [version.number for version in lifecycle.versions(project)] == [number, 1]


def test_a_version_judged_on_other_rows_is_told_apart_from_another_split(trained: Project) -> None:
    with open_books(trained) as books:
        bundle = books.registry.load_bundle(trained.name, 1)
    report = bundle.report
    every = msgspec.structs.replace(report, train_rows=report.train_rows + report.test_rows)
    with pytest.raises(DataError, match="was judged on others, which aren't kept"):
        as_trained(trained, replace(bundle, report=every))


def test_rows_a_version_was_judged_on_are_named_again(trained: Project, simulated_csv: Path, tmp_path: Path) -> None:
    with open_books(trained) as books:
        bundle = books.registry.load_bundle(trained.name, 1)
    total = bundle.report.train_rows + bundle.report.test_rows
    elsewhere = replace(bundle, report=msgspec.structs.replace(bundle.report, train_rows=total, test_rows=total))
    found = as_trained(trained, elsewhere, simulated_csv)  # as many rows as the source, since it is the source
    assert len(found.train) == len(found.test) == total
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(simulated_csv.read_text(encoding="utf-8").splitlines()[:301]), encoding="utf-8")
    with pytest.raises(DataError, match=rf"was judged on {total} rows, and fewer.csv has 300"):
        as_trained(trained, elsewhere, fewer)
