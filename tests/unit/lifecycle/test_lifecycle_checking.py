from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay import lifecycle
from mainstay.data.versions import keep_source
from mainstay.errors import ProjectError
from mainstay.lifecycle.checking import ROOMS
from mainstay.lifecycle.origins import bring_back
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
    for whole in (True, False):  # a line each, or the defaults of a section in one
        page = to_markdown(lifecycle.check_document(checked, settings=whole)).replace("\\", "")  # its escapes
        missing = [f"[{each.section}] {each.name}" for each in checked.settings if each.name not in page]
        assert missing == []
        assert "churn is in order" in page.splitlines()[0]
        assert "churn is in order" in page.rstrip().splitlines()[-1]  # where it can't scroll away
    assert page.count("\n| [") < 30


def test_limits_of_zero_are_shown(untrained: Project) -> None:
    said = {name: words for name, _, _, words in lifecycle.check(untrained).contract}
    assert "min 0" in said["tenure_months"]
    assert "max 200" in said["tenure_months"]
    assert "reject" in said["tenure_months"]  # a default


def test_policies_are_shown_as_they_act(untrained: Project) -> None:
    file = untrained.root / "contract.toml"
    rule = '[[rule]]\nname = "calls"\nholds = "support_calls < 100"\notherwise = "flag"\n'
    file.write_text(file.read_text(encoding="utf-8") + rule, encoding="utf-8")
    said = {name: words for name, _, _, words in lifecycle.check(untrained).contract}
    assert "missing reject, malformed reject" in said["tenure_months"]
    assert "missing allow" in said["customer_id"]  # an id may be absent
    assert "reject" not in said["observed_at"]
    assert said["calls"] == "support_calls < 100; otherwise flag"


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
        ("[monitoring]\nwindw = 3", r"\[monitoring\] has no setting called 'windw'.*Did you mean 'window'"),
        ('[monitoring]\nwindow = "a day"', r"mainstay\.toml, line \d+: \[monitoring\] window is 'a day'"),
        ("[release]\ncanary = 2", r"\[release\] canary is 2"),
        ('[decisions]\nalert = ["mail"]', r"\[decisions\] alert holds 'mail'. Allowed: 'log', or an address http"),
        ('[events]\ndurability = "never"', r"\[events\] durability"),
    ],
)
def test_a_wrong_setting_is_refused_by_line(
    untrained: Project, configure: Callable[[Project, str], Project], lines: str, why: str
) -> None:
    with pytest.raises(ProjectError, match=why):
        lifecycle.check(configure(untrained, lines))


def test_amounts_cant_be_held_back(untrained: Project, configure: Callable[[Project, str], Project]) -> None:
    file, contract = untrained.root / "mainstay.toml", untrained.root / "contract.toml"
    text = re.sub(r"(?m)^target = .*$", 'target = "monthly_price"', file.read_text(encoding="utf-8"))
    file.write_text(re.sub(r"(?ms)^(positive = .*?$|\[money\].*?(?=^\[))", "", text), encoding="utf-8")
    text = re.sub(r"(?ms)^\[monthly_price\].*?(?=^\[)", "", contract.read_text(encoding="utf-8"))
    contract.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=r"line \d+: \[release\] control holds decisions back"):
        lifecycle.check(configure(open_project(untrained.root), "[release]\ncontrol = 0.1"))


def test_a_wrong_section_is_refused_with_the_nearest(untrained: Project) -> None:
    with (untrained.root / "mainstay.toml").open("a", encoding="utf-8") as file:
        file.write("\n[monitorng]\n")
    with pytest.raises(ProjectError, match=r"\[monitorng\].*Did you mean \[monitoring\]"):
        open_project(untrained.root)


def test_what_policies_did_is_counted_and_too_much_of_it_fails(untrained: Project) -> None:
    file = untrained.root / "contract.toml"
    text = file.read_text(encoding="utf-8")
    shorter = re.sub(r"(?s)(\[tenure_months\].*?)max = 200\b", r'\1outside = "clip"\nmax = 20', text)
    assert shorter != text
    file.write_text(shorter, encoding="utf-8")
    checked = lifecycle.check(untrained)
    bent = next(finding for finding in checked.findings if finding.measure == "policies")
    assert bent.where == "tenure_months"
    assert bent.failed
    assert "above 20, clipped" in bent.note
    [line] = [line for line in checked.ledger if line.startswith("contract: ")]
    assert line.startswith("contract: 2 000 rows, 2 000 kept. accepted by a policy: tenure_months: above 20, clipped (")
    last = to_markdown(lifecycle.check_document(checked)).rstrip().splitlines()[-1]
    assert "policies (tenure" in last


def test_a_source_that_was_deleted_comes_back_and_that_is_said(untrained: Project) -> None:
    rows = untrained.root / "data" / "rows.csv"
    rows.parent.mkdir(exist_ok=True)
    rows.write_bytes(b"a,b\n1,2\n")
    file = untrained.root / "mainstay.toml"
    text = re.sub(r"(?m)^source = .*$", 'source = "data/rows.csv"', file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    keep_source(rows, untrained.root)
    project, told = open_project(untrained.root), list[str]()
    bring_back(project, told.append)
    assert told == []  # it is there
    rows.unlink()
    bring_back(project, told.append)
    assert rows.read_bytes() == b"a,b\n1,2\n"
    assert told == ["data/rows.csv wasn't there: restored from the cache, as its pointer says"]
