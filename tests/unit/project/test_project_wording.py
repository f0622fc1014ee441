"""What a decoder refuses is said in the words of the file."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from mainstay.project.wording import allowed_keys, explain

Length = Annotated[str, msgspec.Meta(pattern="^[0-9]+d$", description="a number of days such as '3d'")]


class Inner(msgspec.Struct, frozen=True):
    per: Literal["week", "day"]
    n: Annotated[int, msgspec.Meta(ge=1)] = 1


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    window: Length | None = None
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]$")] = "a"
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("a",)
    by_name: dict[str, float] = {}
    split: Literal["random"] | int = "random"


@pytest.mark.parametrize(
    ("raw", "path", "told"),
    [
        ({"inner": {"per": "wek"}}, "inner.per", ("is 'wek'.", "Did you mean 'week'? Allowed: 'day', 'week'.")),
        ({"inner": {"per": "week", "n": 0}}, "inner.n", ("is 0.", "Allowed: a whole number of at least 1.")),
        ({"inner": {}}, "inner", ("lacks 'per'.", "Add it.")),
        ({"many": [{"per": "x"}]}, "many[0].per", ("is 'x'.", "Allowed: 'day', 'week'.")),
        ({"window": "soon"}, "window", ("is 'soon'.", "Allowed: a number of days such as '3d'.")),
        ({"code": "AB"}, "code", ("is 'AB'.", "Allowed: a text in quotes of the form '^[a-z]$'.")),
        ({"names": []}, "names", ("is [].", "Allowed: a list in [ ] of at least 1 entries or characters.")),
        ({"names": [True]}, "names[0]", ("holds true.", "Allowed: a text in quotes.")),
        ({"by_name": {"x": "y"}}, "by_name[...]", ("holds 'y'.", "Allowed: a number.")),
        ({"split": "rondom"}, "split", ("is 'rondom'.", "Did you mean 'random'? Allowed: 'random'.")),
    ],
)
def test_a_refusal_says_what_is_allowed(raw: dict[str, object], path: str, told: tuple[str, str]) -> None:
    found: object = raw
    for step in path.replace("[0]", ".0").replace("[...]", ".x").split("."):
        if isinstance(found, list):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found[step]
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(raw, Outer)
    said = str(refused.value).split(" - at ")[0]
    assert explain(said, Outer, path, found) == told


def test_the_keys_of_a_table_are_known_by_its_path() -> None:
    assert allowed_keys(Outer, "inner") == allowed_keys(Outer, "many[2]") == ["per", "n"]
    assert allowed_keys(Outer, "")[:2] == ["inner", "many"]
