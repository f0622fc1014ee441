"""The event log as a source: what was served is what is learned from, whenever it is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mainstay.contract import Category, Contract, Integer, Number, Text, compile_request, dumps
from mainstay.contract.table import encode_table
from mainstay.data import DataSettings, data_findings, from_events, read_span, take_snapshot
from mainstay.data.logged import ENTITY, ID, TIME, WEIGHT
from mainstay.errors import DataError, InputError, ProjectError
from mainstay.events import EventLog, Feedback, IdMaker, Prediction, decode_event, encode_events, open_log
from mainstay.events.segments import segment_name
from mainstay.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.project import Project

BEGIN = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
UNTIL = BEGIN + 100 * DAY
CONTRACT = Contract(
    (
        Text(name="customer", role="id"),
        Integer(name="tenure", min=0, max=100, outside="clip", missing="impute", fill=7),
        Number(name="charge", missing="allow"),
        Category(name="plan", values=("basic", "full"), unknown="other"),
    )
)
TOML = """
[problem]
name = "churn"
action = "offer"
[data]
source = "events"
target = "churned"
positive = "Yes"
entity = "customer"
until = "2026-09-09T00:00:00Z"
{data}
[monitoring]
label_delay = "30d"
"""


class World:
    """A project with a log that a test writes into, as a server would."""

    def __init__(self, root: Path, data: str = "", contract: Contract = CONTRACT) -> None:
        root.mkdir(exist_ok=True)
        (root / "mainstay.toml").write_text(TOML.format(data=data))
        (root / "contract.toml").write_text(dumps(contract))
        self.project: Project = open_project(root)
        self.log: EventLog = open_log(self.project)
        self.make = IdMaker()
        self.decode = compile_request(contract)

    def answer(self, day: float, record: dict[str, Any] | None = None, **changes: Any) -> Prediction:
        """Serve one record: its features and what the model saw are the request decoder's own."""
        row = self.decode.read_record(record or {"tenure": 3, "charge": 19.5, "plan": "basic"})
        plain: dict[str, Any] = {
            "id": self.make(),
            "at": BEGIN + day * DAY,
            "model": "churn",
            "version": 1,
            "role": "champion",
            "score": 0.2,
            "prediction": "No",
            "decision": "none",
            "features": row.features,
            "encoded": tuple(None if np.isnan(x) else float(x) for x in row.encoded),
            "degraded": row.degraded,
            "fallback": row.fallback,
        }
        return Prediction(**(plain | changes))

    def tell(self, about: Prediction, label: str | None, *, after: float = 31, at: float = 31, **said: Any) -> Feedback:
        """Say what became of it: true `at` days after it was asked, heard of `after` days after."""
        return Feedback(
            id=about.id,
            event=self.make(),
            model="churn",
            received=about.at + after * DAY,
            at=about.at + at * DAY,
            label=label,
            **said,
        )

    def write(self, *events: Prediction | Feedback) -> None:
        """Put events into a segment that was begun at the beginning of this world."""
        for stream, kind in (("predictions", Prediction), ("feedback", Feedback)):
            lines = encode_events([one for one in events if isinstance(one, kind)])
            if lines:
                path = self.log.root / stream / segment_name(BEGIN, self.make())
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(lines)

    def past(self, n: int, **changes: Any) -> list[Prediction]:
        """Write `n` answers with their outcomes, a bit of everything."""
        rng = np.random.default_rng(1)
        asked = []
        for k in range(n):
            record = {
                "tenure": int(rng.integers(0, 120)),
                "charge": None if k % 9 == 0 else float(np.round(rng.random() * 90, 2)),
                "plan": ["basic", "full", "strange"][int(rng.integers(3))],
            }
            if k % 11 == 0:
                del record["tenure"]
            asked.append(self.answer(60 * k / n, record, **changes))
        self.write(*asked, *(self.tell(one, "Yes" if rng.random() < 0.4 else "No") for one in asked))
        return asked


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., World]:
    def build(data: str = "", contract: Contract = CONTRACT, name: str = "churn") -> World:
        return World(tmp_path / name, data, contract)

    return build


def test_the_model_learns_from_what_the_model_saw(world: Callable[..., World]) -> None:
    here = world()
    asked = {one.id: one for one in here.past(300)}
    snapshot = take_snapshot(here.project, CONTRACT)
    seen = 0
    for side in (snapshot.train, snapshot.test):
        for place, name in enumerate(side.frame[ID].to_list()):
            encoded = asked[name].encoded
            assert encoded is not None
            was = np.array([np.nan if x is None else x for x in encoded])
            np.testing.assert_array_equal(side.X[place], was)
            seen += 1
    assert seen == 300
    assert snapshot.stands == ""
    assert snapshot.train.stands is None  # each is one record


def test_a_snapshot_is_the_same_whenever_it_is_taken(world: Callable[..., World]) -> None:
    here = world()
    asked = here.past(120)
    before = from_events(here.project, None, UNTIL)
    later: list[Prediction | Feedback] = [
        here.tell(asked[0], "Yes", after=120, at=31.5),  # corrected after the span's end
        here.tell(asked[1], "No", after=140),
        here.tell(asked[2], None, after=110, followed=False),
        here.answer(100.5, {"tenure": 99, "charge": 1.0, "plan": "full"}),  # the same customers, changed since
    ]
    here.write(*later)
    assert_frame_equal(from_events(here.project, None, UNTIL).frame, before.frame)
    assert from_events(here.project, None, UNTIL).ledger == before.ledger
    then = from_events(here.project, None, UNTIL, known_at=UNTIL + 90 * DAY).frame
    label = dict(zip(then[ID].to_list(), then["churned"].to_list(), strict=True))
    assert label[asked[0].id] == "Yes"


def test_of_several_outcomes_the_latest_that_was_known_counts(world: Callable[..., World]) -> None:
    here = world()
    one, other = here.answer(1), here.answer(2)
    here.write(
        one,
        other,
        here.tell(one, "No", after=31, at=20),
        here.tell(one, "Yes", after=32, at=25),
        here.tell(one, "No", after=99.5, at=28),  # heard of after the end
        here.tell(other, "Yes", after=40, at=30),
        here.tell(other, "Yes", after=40, at=30),
    )
    found = from_events(here.project, None, UNTIL).frame
    assert found["churned"].to_list() == ["Yes", "Yes"]


def test_early_outcomes_are_left_out_and_counted(world: Callable[..., World]) -> None:
    here = world()
    here.past(60)
    young = [here.answer(80), here.answer(81), here.answer(82)]
    here.write(*young, here.tell(young[0], "Yes", after=2, at=2))
    ledger = from_events(here.project, None, UNTIL).ledger
    step = next(line for line in ledger if line.step == "young")
    assert (step.rows_in, step.rows_out) == (63, 60)
    assert "the outcome of 1 is known" in step.reason


def test_shadows_and_second_tries_are_no_rows(world: Callable[..., World]) -> None:
    here = world()
    asked = here.past(60)
    here.write(here.answer(3, role="shadow", answer=asked[0].id), here.answer(3, role="shadow"), asked[5])
    found = from_events(here.project, None, UNTIL)
    assert found.frame.height == found.frame[ID].n_unique() == 60
    assert [(line.step, line.rows_in, line.rows_out) for line in found.ledger] == [
        ("logged", 62, 62),
        ("shadow", 62, 60),
    ]


def test_steps_of_the_log_are_no_loss_and_their_ends_meet(world: Callable[..., World]) -> None:
    here = world()
    asked = here.past(200)
    here.write(here.answer(3, role="shadow", answer=asked[0].id), *(here.answer(85) for _ in range(40)), here.answer(4))
    snapshot = take_snapshot(here.project, CONTRACT)
    for before, after in zip(snapshot.ledger, snapshot.ledger[1:], strict=False):
        assert before.rows_out == after.rows_in
    assert snapshot.ledger[0].rows_in == 242
    assert (snapshot.rows_read, snapshot.rows_lost, snapshot.rows_unlabelled) == (201, 1, 1)
    loss = next(one for one in data_findings(snapshot) if one.measure == "row_loss")
    assert loss.ok


def test_whoever_is_asked_about_twice_is_on_one_side(world: Callable[..., World]) -> None:
    here = world()
    rng = np.random.default_rng(4)
    for k in range(200):
        one = here.answer(k / 4, entity=f"p{rng.integers(60)}" if k % 10 else None)
        here.write(one, here.tell(one, "Yes" if rng.random() < 0.5 else "No"))
    snapshot = take_snapshot(here.project, CONTRACT)
    assert snapshot.split_kind == "group"
    early, late = (set(side.frame[ENTITY].to_list()) for side in (snapshot.train, snapshot.test))
    assert not early & late
    assert snapshot.rows_lost == 0  # nobody knows whom some are about: each of those is alone


def test_a_time_that_is_no_feature_is_that_of_the_answer(world: Callable[..., World]) -> None:
    here = world('split_by = { time = "signed_up" }')
    here.past(200)
    snapshot = take_snapshot(here.project, CONTRACT)
    assert (snapshot.split_kind, snapshot.time) == ("time", TIME)
    assert snapshot.train.frame[TIME].max() < snapshot.test.frame[TIME].min()  # type: ignore[operator]


def test_logged_by_chance_stands_for_those_that_were_not(world: Callable[..., World]) -> None:
    here = world()
    here.past(200, sampled=0.25)
    found = from_events(here.project, None, UNTIL)
    assert found.frame[WEIGHT].unique().to_list() == [4.0]
    snapshot = take_snapshot(here.project, CONTRACT)
    assert snapshot.train.stands is not None
    assert snapshot.train.fit_weights is not None
    assert (snapshot.train.fit_weights == 1).all()


def _acting(here: World, n: int, control: float, sampled: float = 1.0) -> list[Prediction]:
    """Write answers of which a third were meant for an action, some of those kept from it."""
    rng = np.random.default_rng(2)
    asked = []
    for k in range(n):
        meant, held = k % 3 == 0, rng.random() < control
        asked.append(
            here.answer(
                50 * k / n,
                {"tenure": k % 90, "charge": 50.0 + meant, "plan": "full"},
                decision="offer" if meant and not held else "none",
                control=held,
                intended="offer" if meant and held else None,
                sampled=sampled,
            )
        )
    here.write(*asked, *(here.tell(one, "Yes" if rng.random() < 0.4 else "No") for one in asked))
    return asked


def test_who_was_acted_on_is_left_out_and_the_control_share_stands_for_them(world: Callable[..., World]) -> None:
    here = world()
    asked = _acting(here, 900, 0.2)
    found = from_events(here.project, None, UNTIL)
    kept = {one.id for one in asked if one.decision == "none"}
    assert set(found.frame[ID].to_list()) == kept
    meant = found.frame.filter(pl.col("charge") == 51.0)
    assert found.frame[WEIGHT].sum() == pytest.approx(900)
    assert meant[WEIGHT].sum() == pytest.approx(300)
    assert (found.frame.filter(pl.col("charge") == 50.0)[WEIGHT] == 1).all()
    assert "of the control share stand for themselves and for" in found.words
    snapshot = take_snapshot(here.project, CONTRACT)
    assert found.words in snapshot.stands
    step = next(line for line in snapshot.ledger if line.step == "treated")
    assert step.rows_out == len(kept)


def test_what_the_caller_did_otherwise_is_left_out(world: Callable[..., World]) -> None:
    here = world()
    asked = _acting(here, 600, 0.3)
    offered = next(one for one in asked if one.decision == "offer")
    quiet = next(one for one in asked if one.decision == "none" and not one.control)
    spoilt = next(one for one in asked if one.intended)
    here.write(*(here.tell(one, None, followed=False) for one in (offered, quiet, spoilt)))
    found = from_events(here.project, None, UNTIL)
    names = set(found.frame[ID].to_list())
    assert not names & {offered.id, quiet.id, spoilt.id}
    assert found.frame.filter(pl.col("charge") == 51.0)[WEIGHT].sum() == pytest.approx(200)
    step = next(line for line in found.ledger if line.step == "treated")
    assert "the caller did otherwise than was decided (3 rows)" in step.reason


def test_an_action_reaches_as_far_as_outcomes_take(world: Callable[..., World]) -> None:
    here = world()
    asked = _acting(here, 600, 0.3)
    offered = here.answer(20, entity="anna", decision="offer")
    close, far = (here.answer(day, entity="anna") for day in (45, 51))
    before = here.answer(1, entity="anna")
    spared = [
        here.answer(20, entity="ben", control=True, intended="offer"),
        here.answer(45, entity="ben", control=True),
    ]
    rest = [offered, close, far, before, *spared]
    here.write(*rest, *(here.tell(one, "No") for one in rest))
    found = from_events(here.project, None, UNTIL)
    left = dict(zip(found.frame[ID].to_list(), found.frame[WEIGHT].to_list(), strict=True))
    assert offered.id not in left
    assert close.id not in left
    assert before.id not in left  # its outcome came after the offer
    assert left[far.id] == 1
    assert left[spared[0].id] == left[spared[1].id] > 2  # they stand for her two
    assert found.frame[WEIGHT].sum() == pytest.approx(len(asked) + 6)
    step = next(line for line in found.ledger if line.step == "treated")
    assert "about somebody who was acted on within 30 days of it (2 rows)" in step.reason
    later = from_events(here.project, BEGIN + 40 * DAY, UNTIL)  # the offer was made before this span
    assert close.id not in later.frame[ID].to_list()
    assert far.id in later.frame[ID].to_list()


def test_without_a_control_share_it_is_refused_with_the_cure(world: Callable[..., World]) -> None:
    here = world()
    _acting(here, 300, 0.0)
    with pytest.raises(DataError, match=r"100 of 300 rows of the log were acted on.*control = 0.05"):
        from_events(here.project, None, UNTIL)


def test_actions_that_change_no_outcome_are_kept(world: Callable[..., World]) -> None:
    here = world('treated = "keep"')
    _acting(here, 300, 0.0, sampled=0.5)
    found = from_events(here.project, None, UNTIL)
    assert found.frame.height == 300
    assert found.frame[WEIGHT].unique().to_list() == [2.0]


def test_amounts_are_planned_and_nothing_is_acted_on(world: Callable[..., World]) -> None:
    here = world()
    (here.project.root / "mainstay.toml").write_text(TOML.format(data="").replace('positive = "Yes"\n', ""))
    project = open_project(here.project.root)
    asked = [here.answer(k / 10, prediction=float(k), decision=float(k) + 1, score=float(k)) for k in range(120)]
    here.write(*asked, *(here.tell(one, 3.5 * k) for k, one in enumerate(asked)))  # type: ignore[arg-type]
    snapshot = take_snapshot(project, CONTRACT)
    assert snapshot.task.kind == "regression"
    assert len(snapshot.train) + len(snapshot.test) == 120
    assert max([*snapshot.train.y, *snapshot.test.y]) == 3.5 * 119


def test_of_several_classes_the_usual_action_is_none(world: Callable[..., World]) -> None:
    here = world()
    money = (
        '[money]\ndefault_action = "wait"\nactions = { a = "wait", b = "call", c = "visit" }\n'
        "[money.matrix]\n"
        + "".join(f"{label} = {{ wait = {k}, call = 1, visit = 2 }}\n" for k, label in enumerate("abc"))
    )
    (here.project.root / "mainstay.toml").write_text(TOML.format(data="").replace('positive = "Yes"\n', "") + money)
    project = open_project(here.project.root)
    rng = np.random.default_rng(3)
    asked = []
    for k in range(300):
        meant = ("wait", "call", "visit")[k % 3]
        held = k % 4 == 0
        intended = meant if held and meant != "wait" else None
        asked.append(here.answer(k / 10, decision="wait" if held else meant, control=held, intended=intended))
    here.write(*asked, *(here.tell(one, "abc"[int(rng.integers(3))]) for one in asked))
    found = from_events(project, None, UNTIL)
    assert set(found.frame[ID].to_list()) == {one.id for one in asked if one.decision == "wait"}
    assert found.frame[WEIGHT].sum() == pytest.approx(300)


def test_rows_of_the_log_in_a_file_give_the_same_snapshot(world: Callable[..., World], tmp_path: Path) -> None:
    here = world()
    _acting(here, 600, 0.2)
    straight = take_snapshot(here.project, CONTRACT)
    from_events(here.project, None, UNTIL).frame.write_parquet(tmp_path / "rows.parquet")
    again = take_snapshot(here.project, CONTRACT, source=tmp_path / "rows.parquet")
    assert again.fingerprint == straight.fingerprint
    np.testing.assert_array_equal(again.train.X, straight.train.X)
    np.testing.assert_array_equal(again.train.stands, straight.train.stands)
    found = from_events(here.project, None, UNTIL)
    assert take_snapshot(here.project, CONTRACT, source=found).fingerprint == straight.fingerprint


def test_who_read_is_written_down(world: Callable[..., World]) -> None:
    here = world()
    here.past(60)
    from_events(here.project, BEGIN, UNTIL, by="anna")
    lines = [line for path in here.log.segments("audit") for line in path.read_bytes().splitlines()]
    read = decode_event(lines[-1])
    assert (read.kind, read.by, read.events) == ("train", "anna", 60)  # type: ignore[union-attr]
    assert read.subject == "from 2026-06-01T00:00:00Z until 2026-09-09T00:00:00Z"  # type: ignore[union-attr]


def test_an_empty_span_and_one_without_due_outcomes_say_so(world: Callable[..., World]) -> None:
    here = world()
    with pytest.raises(DataError, match="holds no answer until"):
        from_events(here.project, None, UNTIL)
    here.write(here.answer(90))
    with pytest.raises(DataError, match=r"None of 1 row of the event log .*younger than outcomes take"):
        from_events(here.project, None, UNTIL)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"since": "yesterday"}, "no moment"),
        ({"until": "2999-01-01"}, "still to come"),
        ({"since": "2026-10-01", "until": "2026-09-01"}, "nothing between"),
        ({"since": "9999999999w"}, "longer than the calendar"),
    ],
)
def test_a_span_that_cannot_be_meant_is_refused(world: Callable[..., World], said: dict[str, str], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        read_span(world().project, **said, now=UNTIL + 90 * DAY)  # type: ignore[arg-type]


def test_a_span_rolls(world: Callable[..., World]) -> None:
    now = UNTIL + 90 * DAY
    span = read_span(world('since = "30d"').project, now=now)
    assert (span.since, span.until, span.known_at) == (UNTIL - 30 * DAY, UNTIL, UNTIL)
    assert read_span(world('since = "30d"').project, until="2026-09-10", now=now).until == UNTIL + DAY


def test_the_setting_is_one_of_two() -> None:
    assert DataSettings().treated == "drop"


def test_a_wrong_delay_is_told_with_its_line(world: Callable[..., World]) -> None:
    here = world()
    text = (here.project.root / "mainstay.toml").read_text().replace('"30d"', '"soon"')
    (here.project.root / "mainstay.toml").write_text(text)
    here.past(60)
    with pytest.raises(ProjectError, match="label_delay"):
        from_events(open_project(here.project.root), None, UNTIL)


def test_a_row_that_the_fallback_answered_is_what_it_is(world: Callable[..., World]) -> None:
    contract = Contract((*CONTRACT.columns[:2], Number(name="charge", missing="fallback"), CONTRACT.columns[3]))
    here = world(contract=contract, name="fallen")
    asked = here.past(100)
    failed = here.answer(5, {"tenure": 1, "charge": 2.0, "plan": "full"}, fallback=True)  # the model failed
    here.write(failed, here.tell(failed, "No"))
    snapshot = take_snapshot(here.project, contract)
    names = {*snapshot.train.frame[ID].to_list(), *snapshot.test.frame[ID].to_list()}
    gaps = {one.id for one in asked if one.features["charge"] is None}
    assert gaps
    assert failed.id in names
    assert not names & gaps  # no model answers these, so none learns from them
    assert snapshot.rows_lost == 0


def test_a_refused_row_leaves_no_more_than_its_id(world: Callable[..., World]) -> None:
    here = world()
    here.past(80)
    wrong = here.answer(4, features={"tenure": 3, "charge": 1.0, "plan": None})
    here.write(wrong, here.tell(wrong, "No"))
    snapshot = take_snapshot(here.project, CONTRACT)
    assert snapshot.quarantine is not None
    refused = pl.read_csv(snapshot.quarantine)
    assert refused.columns == ["row", "rules", ID]
    assert refused.select("rules", ID).rows() == [("plan: missing", wrong.id)]


def test_encoded_again_it_is_the_same(world: Callable[..., World]) -> None:
    here = world()
    here.past(50)
    frame = from_events(here.project, None, UNTIL).frame
    span = replace(from_events(here.project, None, UNTIL).span, contract=CONTRACT)
    assert span.contract is CONTRACT
    assert encode_table(CONTRACT, frame).shape == (50, 3)
