from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from mainstay.contract import Contract, Number, Text
from mainstay.contract.personal import Personal
from mainstay.events import EventLog
from mainstay.serving.hiding import Hiding

if TYPE_CHECKING:
    from pathlib import Path

WHO = Text(name="customer", role="id")
PERSONAL = Contract((WHO, Number(name="income", personal=True)))
DROPPED = Contract((WHO, Number(name="income", personal="drop"), Number(name="tenure")))


def hiding(books: Path, *contracts: Contract) -> Hiding:
    made = Hiding(EventLog(books / "events").persons)
    made.learn(contracts)
    return made


def test_what_any_version_calls_personal_stays_so(tmp_path: Path) -> None:
    one = hiding(tmp_path, PERSONAL)
    one.learn([Contract((WHO, Number(name="income")))])
    assert one.personal.sealed == {"income"}
    one.learn([DROPPED])
    assert one.personal == Personal(frozenset(), frozenset({"income"}))


def test_fields_that_a_caller_made_up_are_in_no_refusal(tmp_path: Path) -> None:
    fields = ("income", "anna.smith@b.example", "label", "kpis.anna", "anna")
    assert hiding(tmp_path, PERSONAL).known(fields) == ("income", "label", "kpis")
    assert hiding(tmp_path, Contract((Number(name="tenure"),))).known(fields) == fields


def test_what_encrypts_is_loaded_with_the_first_version_that_needs_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from mainstay.contract import Contract, Number, Text; from mainstay.events import EventLog\n"
        "import mainstay.serving.process.server; from mainstay.serving.hiding import Hiding\n"
        f"hiding = Hiding(EventLog(Path({str(tmp_path)!r})).persons)\n"
        "who, said = Text(name='customer', role='id'), []\n"
        "for personal in (False, 'drop', True):\n"
        "    hiding.learn([Contract((who, Number(name=f'n{len(said)}', personal=personal)))])\n"
        "    said.append('cryptography' in sys.modules)\n"
        "print(said)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, False, True]\n"
