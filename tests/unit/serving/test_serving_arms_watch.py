"""What a server tells of its arms: to the operator, /readyz, the metrics and the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.events import EventLog, findings
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import Route
from mainstay.serving import App, Served
from mainstay.serving.testing import register_model, release_now

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from mainstay.project import Project
    from mainstay.serving.testing import Got


def test_an_arm_that_is_taken_out_and_comes_back_is_told(
    project: Project, ask: Callable[..., Got], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = register_model(project, ConstantModel(0.1)), register_model(project, ConstantModel(0.9))
    release_now(project, first, Route(second, "canary", 0.5))
    served = Served(project, loopback=True)
    served.look()
    app = App([served], loopback=True)
    assert served.lineup is not None
    arm = next(arm for arm in served.lineup.arms if arm.route.role == "canary")
    app.heed()
    assert capsys.readouterr().err == ""
    for _ in range(4):
        arm.breaker.asked += 1
        arm.breaker.failed("ValueError: odd")
    for _ in range(3):
        app.heed()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "churn: version 2 (canary) is out of rotation: 100 % failed. The champion answers meanwhile." in said
    assert ask(app, "/readyz").json["models"]["churn"]["arms"] == [
        {"version": first, "role": "champion", "breaker": "closed"},
        {"version": second, "role": "canary", "breaker": "open"},
    ]
    arm.breaker._until = 0.0
    while not arm.breaker.closed:
        assert arm.breaker.admits()
        arm.breaker.passed()
    app.heed()
    app.heed()
    assert capsys.readouterr().err == "mainstay: churn: version 2 (canary) answers again.\n"
    told = [finding for _, finding in findings(EventLog(project.books / "events"))]
    key = "server/failing/version 2"
    assert [(finding.key, finding.ok) for finding in told] == [(key, False), (key, True)]


def test_a_release_that_cannot_be_loaded_is_found(project: Project) -> None:
    release_now(project, register_model(project, ConstantModel(0.1)))
    served = Served(project, loopback=True)
    served.look()
    number = register_model(project, ConstantModel(0.5))
    path = project.books / "store" / "churn" / str(number) / "model" / "model.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    release_now(project, number)
    served.look()
    for _ in range(3):
        served.heed()
    (found,) = findings(EventLog(project.books / "events"))
    assert found[1].key == f"server/loaded/version {number}"
    assert "model.json" in found[1].note
