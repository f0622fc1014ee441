from __future__ import annotations

import sys

import pytest

from mainstay import client
from mainstay.client import AsyncClient, Client, RefusedError
from mainstay.client.calls import Calls, Options, _answer, _decoded
from mainstay.client.errors import CallError, DeniedError
from mainstay.client.talk import Got, Request
from mainstay.errors import InputError, MainstayError, NotFoundError, RecordError, SetupError


def test_options_are_written_as_a_query() -> None:
    assert Options().query == ""
    assert Options(version=3, role="canary", explain=True).query == "?version=3&role=canary&explain=true"
    assert Options(label="so & so").query == "?label=so+%26+so"


def test_the_key_comes_from_the_environment_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_API_KEY", "from-there")
    assert Calls().headers == {"Authorization": "Bearer from-there"}
    assert Calls(api_key="mine").headers == {"Authorization": "Bearer mine"}
    assert Calls(api_key="").headers == {}
    with pytest.raises(RefusedError, match="API key"):
        Calls(api_key="mine\r\nX: y")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://host", "http://", "http://host:port"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_what_is_no_address_is_refused(kind: type[Client | AsyncClient], url: str) -> None:
    with pytest.raises(RefusedError, match="is no address"):
        kind(url)


def test_a_missing_file_of_certificates_is_told() -> None:
    with pytest.raises(RefusedError, match="can't be read"):
        Client("https://127.0.0.1", ca="/no/such/file.pem")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_without_httpx_it_is_said_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, kind: type[Client | AsyncClient]
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)  # as Python itself marks what can't be imported
    with pytest.raises(SetupError, match=r"pip install 'mainstay\[client\]'"):
        kind("http://127.0.0.1:8000")


def test_a_key_that_may_not_ask_for_names_is_told_to_give_one() -> None:
    asking = Calls(api_key="ms_1")._name()
    next(asking)
    refused = b'{"type": "urn:mainstay:problem:scope", "detail": "It doesn\'t open \'read\'."}'
    with pytest.raises(DeniedError, match=r"name must be given\. .*model=") as caught:
        asking.send(Got(403, {}, refused))
    assert (caught.value.status, caught.value.cause) == (403, "scope")
    asking = Calls()._name()
    next(asking)
    with pytest.raises(DeniedError, match="asks for an API key"):
        asking.send(Got(401, {}, b'{"detail": "This server asks for an API key."}'))


def test_what_answers_but_is_not_mainstay_is_told() -> None:
    with pytest.raises(CallError, match="isn't mainstay"):
        _decoded(Got(200, {}, b"<html>Hello</html>"), _answer, Request(method="POST", path="/predict?explain=true"))


def test_errors_are_of_our_tree() -> None:
    assert issubclass(client.FieldsError, RecordError)
    assert issubclass(client.NoSuchError, NotFoundError)
    assert issubclass(client.DeniedError, InputError)
    assert issubclass(client.UnavailableError, MainstayError)
    assert not issubclass(client.UnavailableError, InputError)
