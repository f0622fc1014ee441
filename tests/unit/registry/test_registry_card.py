from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import msgspec

from mainstay.project import Problem
from mainstay.registry import Entry, card_markdown

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_the_front_matter_names_library_task_and_measures(entry: Entry) -> None:
    front = card_markdown(entry, NOON).split("---\n")[1]
    assert front.splitlines() == [
        "library_name: mainstay",
        'model_name: "churn"',
        "pipeline_tag: tabular-classification",
        "tags:",
        "  - tabular-classification",
        '  - "linear"',
        "model-index:",
        '  - name: "churn"',
        "    results:",
        "      - task:",
        "          type: tabular-classification",
        "        dataset:",
        '          name: "churn.csv"',
        '          type: "f00d"',
        "        metrics:",
        '          - type: "log_loss"',
        "            value: 0.41",
    ]


def test_the_card_says_what_for_how_well_and_where_from(entry: Entry) -> None:
    card = card_markdown(entry, NOON)
    for said in (
        "Offer a discount",
        "a@b.example",
        "not said",
        "250 held-out rows",
        "tenure",
        "not money",
        "churn.csv",
        "not under git",
        "no code is run when it is loaded",
        "2026-11-22 12:00 UTC",
    ):
        assert said in card


def test_an_amount_is_a_regression(entry: Entry) -> None:
    task = msgspec.structs.replace(entry.candidate.policy.task, kind="regression")
    policy = msgspec.structs.replace(entry.candidate.policy, task=task, shift=2.5)
    report = msgspec.structs.replace(entry.report, policy=policy, measures=())
    card = card_markdown(replace(entry, candidate=replace(entry.candidate, policy=policy), report=report), NOON)
    assert "pipeline_tag: tabular-regression" in card
    assert "model-index" not in card
    assert "Shift" in card


def test_no_text_of_a_person_breaks_out_of_its_place(entry: Entry) -> None:
    evil = 'x"\n---\nlicense: "mine\n# <script>alert(1)</script> | [a](javascript:b)\x1b[2J'
    lineage = msgspec.structs.replace(entry.lineage, source=evil, by=evil)
    problem = Problem(decision=evil, action=evil, owner=evil, limitations=evil)
    card = card_markdown(replace(entry, lineage=lineage, problem=problem), NOON)
    front, body = card.split("\n---\n", 1)
    assert "\nlicense" not in card
    assert "<script>" not in body
    assert "\x1b" not in card
    name = next(
        line for line in front.splitlines() if "name: " in line and "churn" not in line and "library" not in line
    )
    assert json.loads(name.split("name: ", 1)[1]).startswith('x"\n---\nlicense')
