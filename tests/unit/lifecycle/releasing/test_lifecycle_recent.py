"""The logged requests, sent through another version's contract."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.contract import Boolean, Category, Contract, Datetime, Integer, Number, Text, compile_request
from mainstay.contract.columns import Tensor
from mainstay.contract.rules import Rule
from mainstay.events import IdMaker, Prediction
from mainstay.lifecycle.releasing.recent import Tried, try_recent
from mainstay.models.frameworks.constant import ConstantModel
from mainstay.release import open_books
from mainstay.serving.testing import TINY_CONTRACT, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
EVERY = Contract(
    (
        Text(name="customer", role="id"),
        Integer(name="count", min=0, max=9, outside="clip"),
        Number(name="share", missing="impute", fill=0.5),
        Boolean(name="paid", true="Y", false="N"),
        Category(name="plan", values=("basic", "full"), unknown="other"),
        Datetime(name="since", format="%d.%m.%Y"),
        Text(name="word", missing="allow"),
        Tensor(name="image", shape=(2, 2)),
    )
)


def ask(project: Project, contract: Contract, records: list[dict[str, Any]], version: int = 1) -> None:
    """Log records as a server would, after the contract's policies."""
    decoder, make = compile_request(contract), IdMaker()
    rows = [decoder.read_record(dict(record)) for record in records]
    with open_books(project) as books:
        books.log.append(
            "predictions",
            [
                Prediction(
                    id=make(),
                    at=NOW + dt.timedelta(seconds=place),
                    model=project.name,
                    version=version,
                    role="champion",
                    score=0.1,
                    prediction="No",
                    decision="none",
                    features=row.features,
                )
                for place, row in enumerate(rows)
            ],
        )


def tried(project: Project, contract: Contract, **more: float) -> Tried:
    with open_books(project) as books:
        return try_recent(books, contract, **more)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(0.1)))
    return project


def test_a_contract_takes_back_what_it_logged_of_every_kind_of_column(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, ConstantModel(0.1), contract=EVERY))
    ask(
        project,
        EVERY,
        [
            {
                "customer": "a",
                "count": place,
                "share": None if place % 3 else 0.25,
                "paid": "Y" if place % 2 else "N",
                "plan": ("basic", "full", "gold")[place % 3],
                "since": f"{1 + place:02}.11.2026",
                "word": None if place % 2 else "ünfug",
                "image": [[0.5, 1], [2, -3.25]],
            }
            for place in range(20)
        ],
    )
    found = tried(project, EVERY)
    assert (found.asked, found.refused, found.left_out, found.since) == (20, 0, 0, NOW)
    assert found.words() == "its contract takes all of the last 20 requests"


def test_what_would_be_refused_is_counted_by_field(project: Project) -> None:
    ask(
        project,
        TINY_CONTRACT,
        [{"tenure": place, "charge": 10.0 * place, "plan": ("basic", "full")[place % 2]} for place in range(40)],
    )
    columns = (
        Integer(name="tenure", min=0, max=29),
        Number(name="charge", min=0, max=350, outside="reject"),
        Category(name="plan", values=("basic", "full")),
    )
    found = tried(project, Contract(columns))
    assert (found.asked, found.refused, found.share) == (40, 10, 0.25)
    assert found.fields == (("tenure", 10), ("charge", 4))
    assert found.words() == "its contract refuses 10 of the last 40 requests (25 %): 'tenure' in 10, 'charge' in 4"
    assert "tenure" in found.example


def test_a_new_field_that_is_needed_and_a_rule_that_must_hold_refuse_everybody_they_meet(project: Project) -> None:
    ask(project, TINY_CONTRACT, [{"tenure": place, "charge": 1.0, "plan": "basic"} for place in range(10)])
    assert tried(project, Contract((*TINY_CONTRACT.columns, Integer(name="age")))).fields == (("age", 10),)
    rule = Rule(name="long enough", holds="tenure >= 4")
    assert tried(project, Contract(TINY_CONTRACT.columns, (rule,))).refused == 4


def test_an_id_that_is_needed_is_no_reason_to_refuse_since_the_log_has_none(project: Project) -> None:
    ask(project, TINY_CONTRACT, [{"tenure": 1, "charge": 1.0, "plan": "basic"}])
    strict = Contract((Text(name="customer", role="id"), *TINY_CONTRACT.columns[1:]))
    assert tried(project, strict).words() == "its contract takes the last request"


def test_only_the_newest_answers_that_somebody_got_count(project: Project) -> None:
    records = [{"tenure": place, "charge": 1.0, "plan": "basic"} for place in range(30)]
    ask(project, TINY_CONTRACT, records)
    assert tried(project, TINY_CONTRACT, most=10).since == NOW + dt.timedelta(seconds=20)
    assert tried(project, TINY_CONTRACT, seconds=0.0).asked == 0


def test_what_a_version_that_is_gone_was_asked_is_no_reason_to_refuse_another(project: Project) -> None:
    records = [{"tenure": place, "charge": 1.0, "plan": "basic"} for place in range(10)]
    ask(project, TINY_CONTRACT, records, version=9)
    narrow = Contract((Integer(name="tenure", min=0, max=6), *TINY_CONTRACT.columns[2:]))
    found = tried(project, narrow)
    assert (found.asked, found.refused, found.left_out) == (7, 0, 3)


def test_an_empty_log_says_so(project: Project) -> None:
    found = tried(project, TINY_CONTRACT)
    assert (found, found.share) == (Tried(), 0.0)
    assert "holds no request" in found.words()
