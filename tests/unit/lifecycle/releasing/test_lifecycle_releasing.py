"""What a release is held against, seen beforehand and at the moment itself."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.unit.lifecycle.releasing.asked import asked

from mainstay import lifecycle
from mainstay.contract import Contract, Integer
from mainstay.errors import MainstayError, ReleaseError
from mainstay.lifecycle import Wish, foresee_release, foreseen_document, foreseen_plain
from mainstay.lifecycle.releasing.verb import answered_golden
from mainstay.models.report import Verdict
from mainstay.registry import Golden
from mainstay.release import open_books
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import TINY_CONTRACT, TINY_MODEL, register_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project

    Configure = Callable[[Project, str], Project]

NOW = dt.datetime.now(dt.UTC)
ASKING = '[release]\napprovals = ["owner", "risk"]\npeople = { owner = ["anna", "ben"] }'


def wish(version: int = 2, **more: Any) -> Wish:
    return Wish(version=version, reason="better", by="me", **more)


def yes(project: Project, by: str, role: str = "", version: int = 2) -> Verdict:
    return lifecycle.approve(project, version, reason="read the card", now=dt.datetime.now(dt.UTC), by=by, role=role)


def judged(project: Project, contract: Contract) -> int:
    number = register_model(project, TINY_MODEL, contract=contract)
    with open_books(project) as books:
        books.registry.add_verdict(project.name, number, Verdict(ok=True, findings=(), at=NOW, by="anna"))
    return number


def test_a_dry_run_shows_everything_and_changes_nothing(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    asked(two, [3, 4])
    seen = foresee_release(two, wish(canary=0.1))
    assert seen.error is None
    assert seen.row is not None
    assert [(route.version, route.weight) for route in seen.row.routes] == [(1, 0.9), (2, 0.1)]
    assert (seen.before.id if seen.before else 0, seen.golden, seen.tried.asked, seen.differences) == (1, 20, 2, ())
    assert len(lifecycle.history(two)) == 1
    page = to_markdown(foreseen_document(seen))
    for words in ("would be done", "Version 1 answers 90 %", "its contract takes all of the last 2 requests"):
        assert words in page
    plain = msgspec.json.decode(msgspec.json.encode(foreseen_plain(seen)))
    assert (plain["refused"], plain["row"]["routes"][1]["role"], plain["tried"]["asked"]) == (None, "canary", 2)


def test_a_dry_run_of_what_would_be_refused_says_why_beside_what_was_found(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    with open_books(two) as books:
        books.registry.add_verdict(two.name, 2, Verdict(ok=False, findings=(), at=NOW, by="anna"))
    seen = foresee_release(two, wish())
    assert seen.golden == 20
    assert "mainstay gate 2" in str(seen.error)
    page = to_markdown(foreseen_document(seen))
    assert "would be refused" in page
    assert msgspec.json.decode(msgspec.json.encode(foreseen_plain(seen)))["refused"]["error"] == "ReleaseError"


def test_the_share_that_would_be_refused_is_held_against_its_limit(two: Project, configure: Configure) -> None:
    wide = Contract((Integer(name="tenure", min=0, max=200), *TINY_CONTRACT.columns[2:]))
    first = judged(two, wide)
    lifecycle.release(two, first, reason="first", by="anna")
    asked(two, [150, 3, 4, 5], version=first)
    # By now a narrower one answers, on trial: compared with it nothing is refused, and yet callers send more.
    narrow, after = judged(two, TINY_CONTRACT), judged(two, TINY_CONTRACT)
    lifecycle.release(two, narrow, reason="a look", by="anna", trial=True)
    seen = foresee_release(two, wish(after))
    assert seen.differences == ()
    assert (seen.tried.refused, seen.tried.asked) == (1, 4)
    with pytest.raises(ReleaseError, match=r"refuses 1 of the last 4 requests \(25 %\): 'tenure' in 1") as told:
        lifecycle.release(two, after, reason="better", by="anna")
    assert "max_refused" in told.value.cure
    assert foresee_release(two, wish(after, trial=True)).error is None
    allowing = configure(two, "[release]\nmax_refused = 0.25")
    assert lifecycle.release(allowing, after, reason="better", by="anna").champion == after


def test_a_version_that_answers_otherwise_than_it_did_is_never_released(two: Project) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    with open_books(two) as books:
        bundle = books.registry.load_bundle(two.name, 2)
    wrong = Golden(bundle.golden[0].record, 0.123)
    object.__setattr__(bundle, "golden", (wrong,))
    with pytest.raises(ReleaseError, match="no longer answers as it did"):
        answered_golden(bundle)


def test_each_role_wants_another_persons_yes_and_the_row_keeps_them(two: Project, configure: Configure) -> None:
    project = configure(two, ASKING)
    with pytest.raises(ReleaseError, match="not approved as owner and risk") as told:
        lifecycle.release(project, 2, reason="better", by="me")
    assert "--role owner" in told.value.cure
    verdict = yes(project, "ben", "owner")
    assert [finding.note for finding in verdict.failed] == [
        'ben (owner): read the card. Nobody has yet as risk: mainstay approve VERSION --role risk --reason "…"'
    ]
    with pytest.raises(ReleaseError, match="fails approved"):
        lifecycle.release(project, 2, reason="better", by="me")
    assert yes(project, "ben", "risk").ok is False  # one person stands for one role
    assert yes(project, "dora", "risk").ok
    row = lifecycle.release(project, 2, reason="better", by="me")
    given = {(one.role, one.by, one.reason) for one in row.approvals}
    assert given == {(role, by, "read the card") for role, by in (("owner", "ben"), ("risk", "ben"), ("risk", "dora"))}
    assert lifecycle.history(project)[0].approvals == row.approvals
    assert lifecycle.release(project, 1, reason="a look", by="me", trial=True).approvals == ()


def test_a_demand_that_is_newer_than_the_verdict_holds_too(two: Project, configure: Configure) -> None:
    with pytest.raises(ReleaseError, match="approved by 0 of the 2 people"):
        lifecycle.release(configure(two, "[evaluation]\napprove = 2"), 2, reason="better", by="me")


def test_a_new_judgement_carries_no_approval_over(two: Project, configure: Configure) -> None:
    project = configure(two, f"{ASKING}\n[evaluation]\nrehearse = false")
    yes(project, "ben", "owner")
    yes(project, "dora", "risk")
    assert foresee_release(project, wish()).error is None
    lifecycle.gate(project, 2, now=dt.datetime.now(dt.UTC), by="me")
    seen = foresee_release(project, wish())
    assert seen.approvals == ()
    assert seen.verdict is not None
    assert [finding.measure for finding in seen.verdict.failed if finding.measure == "approved"] == ["approved"]
    yes(project, "ben", "owner")  # he may say it again, of what the gates say now


def test_who_made_a_version_does_not_approve_it(two: Project) -> None:
    with pytest.raises(ReleaseError, match="a test made version 2"):
        yes(two, "a test")


def test_a_canary_without_a_share_takes_the_first_step(two: Project, configure: Configure) -> None:
    assert lifecycle.first_step(two) == (0.1, ())
    stepping = configure(two, "[release]\nsteps = [0.05, 0.25]")
    assert lifecycle.first_step(stepping) == (0.05, (0.25, 1.0))


def test_a_test_is_ended_whatever_is_wrong_with_its_versions(two: Project, configure: Configure) -> None:
    lifecycle.release(two, 1, reason="first", by="anna")
    lifecycle.release(two, 2, reason="compare", by="anna", ab=0.3)
    project = configure(two, ASKING)
    for number in (1, 2):
        with open_books(project) as books:
            books.registry.add_verdict(project.name, number, Verdict(ok=False, findings=(), at=NOW, by="anna"))
        path = project.books / "store" / project.name / str(number) / "model" / "model.json"
        path.chmod(0o600)
        path.write_bytes(b"{}")
    seen = foresee_release(project, wish(2, ab=0.0))
    assert seen.error is None
    assert "nobody answers then who doesn't answer now" in to_markdown(foreseen_document(seen))
    assert foresee_release(project, wish(1)).error is None
    with pytest.raises(MainstayError):
        lifecycle.release(project, 2, reason="more", by="anna", ab=0.4)
    assert lifecycle.release(project, 2, reason="it lost", by="anna", ab=0.0).routes[0].weight == 1.0


def test_a_champion_on_trial_is_released_for_real_through_every_demand(two: Project) -> None:
    lifecycle.release(two, 1, reason="a look", by="anna", trial=True)
    with open_books(two) as books:
        books.registry.add_verdict(two.name, 1, Verdict(ok=False, findings=(), at=NOW, by="anna"))
    assert "mainstay gate 1" in str(foresee_release(two, wish(1)).error)
