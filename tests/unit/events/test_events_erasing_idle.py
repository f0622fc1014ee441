from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING

from mainstay.contract import Contract, Number, Text
from mainstay.contract.personal import personal_in
from mainstay.events import EventLog, IdMaker, Prediction
from mainstay.events.erasing.idle import destroy_idle
from mainstay.events.sealing import seal
from mainstay.events.segments import remove_segment, segments
from mainstay.events.table.shipping import ship

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = Contract((Text(name="customer", role="id"), Number(name="income", personal=True)))
new_id = IdMaker()


def write(log: EventLog, person: str) -> None:
    event = Prediction(
        id=new_id(), at=dt.datetime.now(dt.UTC), model="m", version=1, role="champion", score=0.5, prediction="Yes",
        decision="offer", features={"income": 98765.4321}, entity=person,
    )  # fmt: skip
    with closing(log.persons) as persons:
        log.append("predictions", seal([event], personal_in(CONTRACT), persons))


def test_keys_go_with_the_last_event_and_not_before(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events")
    shipped, waiting, gone = (f"{number:032x}" for number in range(1, 4))
    write(log, shipped)
    log.close()
    ship(log, contract_of=lambda _: CONTRACT)
    for path in segments(log.root / "predictions"):
        remove_segment(path)
    write(log, waiting)
    with closing(log.persons) as persons:
        persons.keys([gone])
        assert destroy_idle(log) == 1
        assert persons.everybody() == [shipped, waiting]
        assert destroy_idle(log) == 0
    log.close()
