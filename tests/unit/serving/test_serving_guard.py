"""API keys: made, kept, asked for, and counted."""

from __future__ import annotations

import datetime as dt
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mainstay.cli.program import program
from mainstay.errors import CorruptError, InputError, NotFoundError, SetupError
from mainstay.serving.call import Call
from mainstay.serving.guard import Guard, KeyFile, key_file
from mainstay.serving.guard.keys import ApiKey, make_key, matches
from mainstay.serving.guard.rates import KEYS, SHARED, Rates, place_of
from mainstay.serving.guard.store import any_keys, demand_mounted
from mainstay.serving.guard.strangers import PATIENCE
from mainstay.serving.replies import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "books" / "api-keys.json")


def call(token: str = "", header: str = "authorization", peer: str = "10.0.0.1") -> Call:
    head = {header.encode(): (f"Bearer {token}" if header == "authorization" else token).encode()} if token else {}
    made = Call("POST", "/predict", head)
    made.peer = peer
    return made


def refused(guard: Guard, made: Call, scope: str = "predict", model: str = "") -> Refused:
    with pytest.raises(Refused) as caught:
        guard.admit(made, scope, model)  # type: ignore[arg-type]
    return caught.value


def test_without_a_file_everybody_is_let_in(file: KeyFile) -> None:
    guard = Guard([(file, frozenset())])
    guard.admit(call(), "admin")
    assert not guard.asks
    assert guard.knows(call(), "read")


def test_a_key_opens_its_scopes_and_names_its_consumer(file: KeyFile) -> None:
    _, token = file.add("billing", ("feedback", "predict"), now=NOW)
    guard = Guard([(file, frozenset())])
    for header in ("authorization", "x-api-key"):
        for _ in range(2):  # looked up, then remembered
            made = call(token, header)
            guard.admit(made, "predict")
            assert made.consumer == "billing"
    error = refused(guard, call(token), "read")
    assert (error.status, error.cause) == (403, "scope")
    assert b'scope="read"' in dict(error.headers)[b"www-authenticate"]
    assert guard.knows(call(token), "predict")
    assert not guard.knows(call(token), "read")
    assert not guard.knows(call(), "predict")


def test_the_file_holds_no_secret_and_is_its_owners_alone(file: KeyFile) -> None:
    kept, token = file.add("billing", ("predict",), now=NOW)
    text = file.path.read_text()
    assert token not in text
    assert token.rpartition("_")[2] not in text
    assert kept.hash in text
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "shown",
    [b"", b"Bearer", b"Bearer ", b"Basic dXNlcjpwYXNz", b"Bearer ms_00000000_", b"Bearer \xff\x00", b"ms_1_2",
     b"Bearer ms_" + b"0" * 8 + b"_" + b"0" * 40, b"Bearer " + b"a" * 60_000],
)  # fmt: skip
def test_whatever_is_no_key_is_refused(file: KeyFile, shown: bytes) -> None:
    file.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    for header in (b"authorization", b"x-api-key"):
        error = refused(guard, Call("POST", "/predict", {header: shown}))
        assert (error.status, error.cause) == (401, "auth")
        assert dict(error.headers)[b"www-authenticate"].startswith(b'Bearer realm="mainstay"')


@given(st.binary(max_size=80))
def test_no_bytes_open_a_key(shown: bytes) -> None:
    kept, _ = make_key("billing", ("predict",), number=0, now=NOW)
    assert not matches(kept, shown)
    assert not matches(None, shown)


def test_a_right_id_with_another_secret_is_refused_as_an_unknown_one_is(file: KeyFile) -> None:
    kept, token = file.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    guard.admit(call(token), "predict")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    other = token.replace(kept.id, "00000000" if kept.id != "00000000" else "11111111")
    first, second = refused(guard, call(wrong)), refused(guard, call(other))
    assert (first.status, first.detail, first.headers) == (second.status, second.detail, second.headers)
    assert not matches(None, token.encode())


def test_a_revoked_key_opens_nothing_as_soon_as_the_file_is_read_again(file: KeyFile) -> None:
    kept, token = file.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    guard.admit(call(token), "predict")
    assert not guard.look()
    file.revoke(kept.id, now=NOW)
    assert guard.look()
    assert "revoked" in refused(guard, call(token)).detail
    _, other = file.add("billing", ("predict",), now=NOW)
    assert guard.look()
    guard.admit(call(other), "predict")


def test_a_key_expires_while_it_is_remembered(file: KeyFile) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.3)
    _, token = file.add("billing", ("predict",), now=NOW, expires=soon)
    guard = Guard([(file, frozenset())])
    guard.admit(call(token), "predict")
    while dt.datetime.now(dt.UTC) < soon:
        pass
    assert "expired" in refused(guard, call(token)).detail


def test_a_file_that_goes_or_breaks_opens_nothing(file: KeyFile, capfd: pytest.CaptureFixture[str]) -> None:
    _, token = file.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    content = file.path.read_bytes()
    file.path.write_bytes(b"{")
    assert not guard.look()
    guard.admit(call(token), "predict")  # a damaged file changes nothing
    assert "stay as they were" in capfd.readouterr().err
    with pytest.raises(CorruptError, match="isn't a file of API keys"):
        Guard([(file, frozenset())])
    file.path.unlink()
    assert guard.look()
    assert refused(guard, call(token)).status == 401
    file.path.write_bytes(content)
    assert guard.look()
    guard.admit(call(token), "predict")


def test_a_key_of_one_project_opens_its_model_only(file: KeyFile, tmp_path: Path) -> None:
    other = KeyFile(tmp_path / "credit" / "api-keys.json")
    _, churn = file.add("billing", ("predict", "read"), now=NOW)
    _, credit = other.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset({"churn"})), (other, frozenset({"credit"}))])
    guard.admit(call(churn), "predict", "churn")
    guard.admit(call(credit), "predict", "credit")
    guard.admit(call(churn), "read")
    error = refused(guard, call(churn), model="credit")
    assert error.status == 403
    assert "credit" in error.detail


def test_more_than_the_rate_is_told_to_wait(file: KeyFile) -> None:
    _, token = file.add("billing", ("predict",), now=NOW, rate=2)
    _, free = file.add("reports", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    for _ in range(2):
        guard.admit(call(token), "predict")
    error = refused(guard, call(token))
    heads = dict(error.headers)
    assert (error.status, error.cause) == (429, "rate")
    assert heads[b"retry-after"] == b"1"
    assert heads[b"ratelimit-policy"] == b'"key";q=2;w=1'
    assert heads[b"ratelimit"] == b'"key";r=0;t=1'
    for _ in range(50):
        guard.admit(call(free), "predict")


_TAKE = """
from mainstay.serving.guard.rates import Rates
rates = Rates.of_environment()
print(sum(rates.take(3, 0.01) == 0.0 for _ in range(500)))
"""


def test_workers_share_one_limit() -> None:
    rates = Rates.shared()
    environment = {**os.environ, SHARED: str(rates.file)}
    workers = [
        subprocess.Popen([sys.executable, "-c", _TAKE], env=environment, pass_fds=[rates.file], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    # 0.01 a second: however slow this machine is, no second one comes free during the test.
    taken = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert 1 <= sum(taken) <= 2  # two that came in the very same moment
    assert rates.take(3, 0.01) > 0
    rates.close()


def test_a_burst_is_what_a_second_gives() -> None:
    rates = Rates()
    taken = sum(rates.take(0, 20.0) == 0.0 for _ in range(100))
    assert 20 <= taken <= 40  # and what came free while this ran
    assert rates.take(1, 20.0) == 0.0
    rates.close()
    assert place_of(0, 1) != place_of(1, 1)
    assert place_of(0, KEYS - 1) + 1 == place_of(1, 0)


def test_strangers_wait_and_those_with_a_key_dont(file: KeyFile, capfd: pytest.CaptureFixture[str]) -> None:
    _, token = file.add("billing", ("predict",), now=NOW)
    guard = Guard([(file, frozenset())])
    wrong = token[:-4] + "beef"
    seen = [refused(guard, call(wrong)).status for _ in range(PATIENCE + 1)]
    assert seen == [401] * PATIENCE + [429]
    assert refused(guard, call(wrong, peer="10.0.0.2")).status == 401
    guard.admit(call(token), "predict")
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "10.0.0.1" in said
    assert "beef" not in said


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "ä", "x" * 65, "-a", "a\x00"])
def test_a_name_that_could_forge_a_line_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="can't be the name of a consumer"):
        make_key(name, ("predict",), number=0, now=NOW)


def test_commands_at_once_lose_no_key(file: KeyFile) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: file.add(f"c{number}", ("read",), now=NOW), range(12)))
    keys = file.read()
    assert sorted(key.name for key in keys) == sorted(f"c{number}" for number in range(12))
    assert sorted(key.number for key in keys) == list(range(12))


def test_a_newer_form_and_an_unknown_id_are_told(file: KeyFile) -> None:
    file.add("billing", ("predict",), now=NOW)
    with pytest.raises(NotFoundError, match="'00000000'"):
        file.revoke("00000000", now=NOW)
    file.path.write_bytes(file.path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(CorruptError, match="newer"):
        file.read()


def test_a_file_named_in_the_environment_must_be_there(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand_mounted()
    assert not any_keys([project])
    monkeypatch.setenv("MAINSTAY_API_KEYS", str(tmp_path / "mounted.json"))
    with pytest.raises(SetupError, match="no such file"):
        demand_mounted()
    key_file(project).add("billing", ("predict",), now=NOW)
    demand_mounted()
    assert any_keys([project])
    assert not (project.books / "api-keys.json").exists()


def test_the_command_makes_lists_and_revokes(project: Project) -> None:
    where = ["--project", str(project.root)]
    run, said = CliRunner(), ["admin", "api-keys"]
    words = ["new", "billing", "--scope", "predict", "--rate", "5", "--expires", "90d"]
    made = run.invoke(program, [*said, *words, *where])
    assert made.exit_code == 0, made.output
    token = made.stdout.splitlines()[0]
    (kept,) = key_file(project).read()
    assert matches(kept, token.encode())
    assert kept.rate == 5
    assert kept.expires is not None
    assert (kept.expires - kept.made).days == 90
    listed = run.invoke(program, [*said, "list", "--json", *where]).stdout
    assert kept.hash not in listed
    assert msgspec.json.decode(listed)[0]["state"] == "good"
    assert run.invoke(program, [*said, "revoke", kept.id, *where]).exit_code == 0
    shown = run.invoke(program, [*said, "list", *where]).stdout
    assert "revoked" in shown
    assert "billing" in shown


@pytest.mark.parametrize(
    "words", [["--expires", "soon"], ["--expires", "0d"], ["--rate", "0"], ["--rate", "nan"], ["--scope", "all"], []]
)
def test_the_command_refuses_in_words(project: Project, words: list[str]) -> None:
    done = CliRunner().invoke(program, ["admin", "api-keys", "new", "billing", *words, "--project", str(project.root)])
    assert done.exit_code != 0
    assert not key_file(project).read()


def test_what_is_kept_survives_its_file(file: KeyFile) -> None:
    kept, _ = file.add("billing", ("admin", "predict"), now=NOW, rate=0.5, expires=NOW + dt.timedelta(days=1))
    assert file.read() == (kept,)
    assert kept.scopes == ("predict", "admin")
    assert isinstance(kept, ApiKey)
