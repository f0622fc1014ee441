from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay import lifecycle
from mainstay.errors import ProjectError
from mainstay.lifecycle.checking import ROOMS
from mainstay.project import open_project
from mainstay.project.project import SECTIONS
from mainstay.render.markdown import to_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project


def test_every_section_of_a_project_is_checked() -> None:
    assert set(ROOMS) == set(SECTIONS)


def test_every_setting_is_shown_and_whether_it_is_the_default(untrained: Project) -> None:
    checked = lifecycle.check(untrained)
    named = {(each.section, each.name): each for each in checked.settings}
    assert set(named) == {
        (section, field.name) for section, kind in ROOMS.items() for field in msgspec.structs.fields(kind)
    }
    assert (named["monitoring", "window"].value, named["monitoring", "window"].default) == ("1d", True)
    assert (named["money", "value"].value, named["money", "value"].default) == ("300.0", False)
    assert named["data", "split_by"].default is False
    page = to_markdown(lifecycle.check_document(checked)).replace("\\", "")  # its escapes
    missing = [f"[{each.section}] {each.name}" for each in checked.settings if each.name not in page]
    assert missing == []
    assert "churn is in order" in page


def test_limits_of_zero_are_shown(untrained: Project) -> None:
    said = {name: words for name, _, _, words in lifecycle.check(untrained).contract}
    assert "min 0" in said["tenure_months"]
    assert "max 200" in said["tenure_months"]
    assert "reject" in said["tenure_months"]  # a default


def test_a_secret_is_shown_by_the_name_of_its_variable(
    untrained: Project, configure: Callable[[Project, str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_HOOK", "https://hooks.example/T0/very-secret")
    project = configure(untrained, '[decisions]\nalert = ["log", "${ALERT_HOOK}"]')
    checked = lifecycle.check(project)
    assert b"very-secret" not in msgspec.json.encode(checked)
    shown = next(each.value for each in checked.settings if each.name == "alert")
    assert shown == "log, ${ALERT_HOOK}"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("[monitoring]\nwindw = 3", r"\[monitoring\] windw has no setting.*Did you mean 'window'"),
        ('[monitoring]\nwindow = "a day"', r"mainstay\.toml, line \d+: \[monitoring\] window is 'a day'"),
        ("[release]\ncanary = 2", r"\[release\] canary is 2"),
        ('[decisions]\nalert = ["mail"]', r"\[decisions\] alert is"),
        ('[events]\ndurability = "never"', r"\[events\] durability"),
    ],
)
def test_a_wrong_setting_is_refused_by_line(
    untrained: Project, configure: Callable[[Project, str], Project], lines: str, why: str
) -> None:
    with pytest.raises(ProjectError, match=why):
        lifecycle.check(configure(untrained, lines))


def test_a_wrong_section_is_refused_with_the_nearest(untrained: Project) -> None:
    with (untrained.root / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write("\n[monitorng]\n")
    with pytest.raises(ProjectError, match=r"\[monitorng\].*Did you mean \[monitoring\]"):
        open_project(untrained.root)
