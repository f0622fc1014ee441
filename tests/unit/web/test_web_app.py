"""The doors: what is shown where, and that a rollback takes a reason, a token, our own page and an unchanged world."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay.errors import LockedError, ReleaseError
from mainstay.render import Overview
from mainstay.render.overview import ModelRow

if TYPE_CHECKING:
    from tests.unit.web.conftest import House

ROLLBACK = "/models/churn/rollback"


def form(house: House, **more: str) -> dict[str, str]:
    page = house.get(ROLLBACK).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    return {**fields, "reason": "it loses money", **more}


@pytest.mark.parametrize("path", ["/", "/models/churn", ROLLBACK, "/livez", "/index.json", "/models/credit-risk.json"])
def test_every_address_answers_with_the_safety_headers(house: House, path: str) -> None:
    answer = house.get(path)
    assert answer.status == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_the_files_of_a_page_are_there_and_cached_for_ever(house: House) -> None:
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', house.get("/").text)
    assert len(links) == 3
    for link in links:
        answer = house.get(link)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
    assert house.get("/static/../app.py").status == 404


def test_the_twin_says_the_same_as_the_page(house: House) -> None:
    assert msgspec.json.decode(house.get("/index.json").text, type=Overview) == house.overview
    assert msgspec.json.decode(house.get("/models/churn.json").text, type=ModelRow) == house.overview.model("churn")


def test_a_rollback_by_the_form_happens_and_is_told(house: House) -> None:
    answer = house.post(ROLLBACK, form(house), origin="http://127.0.0.1:8001", sec_fetch_site="same-origin")
    assert answer.status == 303
    assert house.rolled == [("churn", "it loses money", "ana (dashboard)")]
    after = house.get(answer.headers["location"]).text
    assert "Rolled back: v6 answers now." in after


def test_what_was_done_is_told_only_where_it_is_true(house: House) -> None:
    assert "Rolled back" not in house.get("/models/churn?now=6").text


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_happens(house: House, reason: str) -> None:
    answer = house.post(ROLLBACK, form(house, reason=reason))
    assert answer.status == 422
    assert "A reason is needed" in answer.text
    assert not house.rolled


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused(house: House, headers: dict[str, str]) -> None:
    answer = house.post(ROLLBACK, form(house), **headers)
    assert answer.status == 403
    assert not house.rolled


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_form_without_this_process_s_token_is_refused(house: House, token: str) -> None:
    assert house.post(ROLLBACK, form(house, token=token)).status == 403
    assert not house.rolled


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1.evil.example", "", "[::1"])
def test_a_name_that_is_not_ours_is_refused_on_every_method(house: House, host: str) -> None:
    fields = form(house)
    assert house.get("/", host=host).status == 421
    assert house.post(ROLLBACK, fields, host=host, origin=f"http://{host}").status == 421
    assert not house.rolled


@pytest.mark.parametrize("host", ["localhost:8001", "[::1]:8001", "127.0.0.1"])
def test_our_own_names_are_answered(house: House, host: str) -> None:
    assert house.get("/", host=host).status == 200


def test_a_world_that_moved_on_is_not_rolled_back(house: House) -> None:
    seen = form(house)
    house.rollback("churn", "somebody was faster", "leo")
    answer = house.post(ROLLBACK, seen)
    assert answer.status == 409
    assert len(house.rolled) == 1


def test_two_presses_roll_back_once(house: House) -> None:
    seen = form(house)
    assert house.post(ROLLBACK, seen).status == 303
    assert house.post(ROLLBACK, seen).status == 409
    assert len(house.rolled) == 1


def test_getting_the_question_changes_nothing(house: House) -> None:
    house.get(ROLLBACK)
    house.get(ROLLBACK + "?reason=x&token=y")
    assert not house.rolled


def test_a_refusal_of_the_books_is_told_in_its_own_words(house: House) -> None:
    fields = form(house)
    house.fails = ReleaseError("A promotion is running.", "Wait for it.")
    answer = house.post(ROLLBACK, fields)
    assert answer.status == 409
    assert "A promotion is running." in answer.text
    assert "Wait for it." in answer.text


def test_locked_books_are_no_crash(house: House) -> None:
    house.fails = LockedError("Another process holds the books.", "Try again.")
    assert house.get("/").status == 503
    assert house.get("/index.json").headers["content-type"] == "application/problem+json"


def test_a_crash_tells_nothing_of_our_insides(house: House) -> None:
    house.fails = RuntimeError("/root/secret/path.py")
    answer = house.get("/")
    assert answer.status == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/models/nobody", "/models/nobody.json", "/models/nobody/rollback", "/nowhere"])
def test_what_is_not_there_is_told(house: House, path: str) -> None:
    assert house.get(path).status == 404


def test_an_address_that_is_no_page_number_shows_the_first(house: House) -> None:
    for page in ("x", "-1", "0", "²", "9" * 30):
        assert house.get(f"/?page={page.encode().decode('latin-1')}").status == 200


def test_a_body_that_is_no_form_is_refused(house: House) -> None:
    assert house.post(ROLLBACK, b"{}", content_type="application/json").status == 415
    assert house.post(ROLLBACK, b"a=" + b"x" * 20_000).status == 413
    assert house.post(ROLLBACK, b"&".join(b"a=1" for _ in range(100))).status == 400
    assert house.post(ROLLBACK, b"\xff\xfe\x00").status == 403
    assert not house.rolled


def test_a_model_with_nowhere_to_go_says_so(house: House) -> None:
    house.rollback("churn", "once", "leo")
    answer = house.get(ROLLBACK)
    assert answer.status == 409
    assert "nothing to roll back to" in answer.text


def test_a_long_reason_is_cut_and_a_strange_one_kept(house: House) -> None:
    house.post(ROLLBACK, form(house, reason="ü<>" + "x" * 2000))
    assert len(house.rolled[0][1]) == 500
    assert house.rolled[0][1].startswith("ü<>x")
