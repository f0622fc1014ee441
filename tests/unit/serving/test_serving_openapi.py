from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.serving import App, Served
from mainstay.serving.openapi import Described, openapi
from mainstay.serving.openapi.parts import ASKING, CAUSES, READING, body, operation, ref, refusals, told
from mainstay.serving.testing import GOOD_RECORD, Got

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METHODS = ("get", "post", "put", "delete")


class Echo:
    """A door that says what it is told."""

    def describe(self) -> Described:
        """Describe one call, refused in words of its own."""
        words = refusals((400, 503), ref("echo.Error"), "application/json")
        answers = {"200": told("The same", ref("echo.Text")), **words}
        sends = body(ref("echo.Text"))
        return Described(
            paths={"/echo": {"post": operation("Say it again", "echo", answers, sends=sends, keyed=True)}},
            schemas={"echo.Text": {"type": "string"}, "echo.Error": {"type": "object"}},
        )


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_each_call_has_a_name_of_its_own_and_says_how_it_is_refused(served: Served) -> None:
    document = openapi([served], "1", [Echo(), *App([served], loopback=True).doors])
    names = [each["operationId"] for _, _, each in operations(document)]
    assert len(names) == len(set(names)) > 8
    for path, method, each in operations(document):
        codes = {int(code) for code in each["responses"]}
        if path != "/echo":
            # Where a protocol has no 422, a wrong field is 400.
            assert codes >= {200, *(ASKING if method == "post" else READING)} - {422}
        # Where it is asked whether all is well, 503 is an answer.
        for code in codes & {429, 503} - ({503} if "ready" in path else set()):
            assert "Retry-After" in each["responses"][str(code)]["headers"]


def test_every_reference_leads_somewhere(served: Served) -> None:
    document: Any = openapi([served], "1", [Echo(), *App([served], loopback=True).doors])
    found = set(re.findall(r"'#/components/(\w+)/([^']+)'", str(document)))
    assert ("schemas", "echo.Error") in found
    for kind, name in found:
        assert name in document["components"][kind]


def test_a_door_describes_itself(served: Served) -> None:
    document: Any = openapi([served], "1", [Echo()])
    post = document["paths"]["/echo"]["post"]
    assert {each["$ref"].rsplit("/", 1)[1] for each in post["parameters"]} == {
        "RequestId",
        "Traceparent",
        "IdempotencyKey",
    }
    assert list(post["responses"]["503"]["content"]) == ["application/json"]
    assert "/echo" not in str(openapi([served], "1"))


def test_every_address_that_is_always_the_same_is_described(served: Served) -> None:
    app = App([served], loopback=True)
    described = openapi([served], "1", app.doors)
    assert set(app.router.exact) - set(described["paths"]) == {  # type: ignore[call-overload]
        "/",
        "/v1/models/churn:regress",  # labels aren't amounts: always refused
    }


def test_each_status_is_put_in_words() -> None:
    assert set(ASKING) | set(READING) <= set(CAUSES)


@pytest.mark.parametrize("path", ["/models", "/models/churn", "/livez", "/readyz"])
def test_what_is_read_keeps_to_its_description(served: Served, ask: Callable[..., Got], path: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    app = App([served], loopback=True)
    document = ask(app, "/openapi.json").json
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(ask(app, path).json, {**schema, "components": document["components"]})


def test_a_refusal_keeps_to_its_description(served: Served, ask: Callable[..., Got]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    app = App([served], loopback=True)
    document = ask(app, "/openapi.json").json
    got = ask(app, "/predict", GOOD_RECORD | {"tenure": 500})
    answer = document["paths"]["/predict"]["post"]["responses"][str(got.status)]
    ((kind, described),) = answer["content"].items()
    assert got.headers["content-type"] == kind
    jsonschema.validate(got.json, {**described["schema"], "components": document["components"]})
