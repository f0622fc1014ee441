from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from mainstay.client import Patience, UnavailableError, transport
from mainstay.client.talk import Got, Lost, Request, Send, Wait, converse

if TYPE_CHECKING:
    from mainstay.client.talk import Talk

REQUEST = Request(method="POST", path="/predict", body=b"{}", key="k")
PATIENCE = Patience(retries=3, first_wait=0.1, longest_wait=2.0, total=10.0)
GOOD = Got(200, {}, b"{}")
BROKEN = Lost("closed the connection before it answered", again=True)
SLOW = Lost("didn't answer in time", again=False)


def busy(status: int = 503, after: str = "") -> Got:
    body = json.dumps({"type": "urn:mainstay:problem:busy", "detail": "Too much at once.", "cure": "Wait."}).encode()
    return Got(status, {"retry-after": after} if after else {}, body)


def drive(talk: Talk, *came: Got | Lost) -> tuple[Got, list[float], list[Request]]:
    """Answer each try in turn; returns the answer, the waits and what was sent."""
    answers, waits, sent = list(came), [], []
    step = next(talk)
    while True:
        try:
            if isinstance(step, Wait):
                waits.append(step.seconds)
                step = talk.send(None)
            else:
                assert isinstance(step, Send)
                sent.append(step.request)
                step = talk.send(answers.pop(0))
        except StopIteration as end:
            assert not answers
            return end.value, waits, sent


@pytest.mark.parametrize("status", [200, 400, 401, 404, 413, 422, 500])
def test_an_answer_is_given_whatever_it_says(status: int) -> None:
    assert drive(converse(REQUEST, PATIENCE), Got(status, {}, b""))[0].status == status


@pytest.mark.parametrize("first", [BROKEN, busy(), busy(429), busy(502), busy(504), busy(409)])
def test_what_passes_is_tried_again_with_the_same_key(first: Got | Lost) -> None:
    got, waits, sent = drive(converse(REQUEST, PATIENCE), first, GOOD)
    assert got is GOOD
    assert sent == [REQUEST, REQUEST]
    assert 0 <= waits[0] <= 0.1


def test_waits_are_drawn_from_twice_as_much_each_time() -> None:
    waits = [drive(converse(REQUEST, PATIENCE), BROKEN, BROKEN, BROKEN, GOOD)[1] for _ in range(200)]
    for place, most in enumerate((0.1, 0.2, 0.4)):
        drawn = [each[place] for each in waits]
        assert max(drawn) <= most
        assert max(drawn) > 0.8 * most
        assert min(drawn) < 0.2 * most


def test_retry_after_is_kept_to() -> None:
    _, waits, _ = drive(converse(REQUEST, PATIENCE), busy(after="1"), GOOD)
    assert 1.0 <= waits[0] <= 1.1


def test_a_server_that_wants_to_be_left_alone_for_long_is() -> None:
    with pytest.raises(UnavailableError) as caught:
        drive(converse(REQUEST, PATIENCE), busy(429, after="60"))
    error = caught.value
    assert (error.status, error.cause, error.key, error.retry_after) == (429, "busy", "k", 60.0)
    assert str(error) == "Too much at once. Wait."


def test_what_a_certificate_lacks_is_told_at_the_first_try() -> None:
    lost = transport.lost(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), PATIENCE)
    assert lost is not None
    with pytest.raises(UnavailableError, match=r"isn't trusted here .* Client\(url, ca=FILE\)"):
        drive(converse(REQUEST, PATIENCE), lost)
    plain = transport.lost(httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), PATIENCE)
    assert plain is not None
    assert (plain.again, "http://" in plain.cure) == (False, True)
    refused = transport.lost(httpx.ConnectError("[Errno 111] Connection refused"), PATIENCE)
    assert refused is not None
    assert refused.again


def test_who_is_slow_is_not_asked_again() -> None:
    with pytest.raises(UnavailableError, match=r"The server didn't answer in time\.") as caught:
        drive(converse(REQUEST, PATIENCE), SLOW)
    assert (caught.value.status, caught.value.key) == (0, "k")


def test_tries_end() -> None:
    with pytest.raises(UnavailableError, match=r"before it answered \(4 tries\)"):
        drive(converse(REQUEST, PATIENCE), *[BROKEN] * 4)


def test_no_wait_is_begun_that_the_whole_time_has_no_room_for() -> None:
    hurried = Patience(total=0.5, longest_wait=5.0)
    with pytest.raises(UnavailableError):
        drive(converse(REQUEST, hurried), busy(after="1"))


def test_a_proxys_page_is_told_by_its_status() -> None:
    with pytest.raises(UnavailableError, match="The server answers 502"):
        drive(converse(REQUEST, Patience(retries=0)), Got(502, {}, b"<html>Bad gateway</html>"))
