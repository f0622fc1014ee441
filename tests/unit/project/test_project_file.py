"""The project file: what is wrong is named by file, line and key, with the nearest valid spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.data import DataSettings
from mainstay.errors import ProjectError
from mainstay.measures.money import Money
from mainstay.project import Problem, find_project, open_project

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
[problem]
name = "churn"
decision = "Offer a retention discount"
action = "offer"
owner = "retention@example.com"
limitations = "Consumer contracts only"
success = { measure = "money_per_1000", at_least = 900, by = 2027-06-30 }

[money]
currency = "EUR"
value = 300
success_rate = 0.3
action_cost = 15
capacity = { n = 500, per = "week" }
"""


def write(folder: Path, text: str) -> Path:
    (folder / "mainstay.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_good_file_is_read_into_frozen_types(tmp_path: Path) -> None:
    project = open_project(write(tmp_path, GOOD))
    assert project.name == "churn"
    assert project.problem.success is not None
    assert project.problem.success.at_least == 900
    assert project.problem.empty == ()
    assert project.money.capacity is not None
    assert project.money.known


def test_the_folder_names_the_model_where_the_file_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "demand"
    folder.mkdir()
    assert open_project(write(folder, "")).name == "demand"


def decode_all(folder: Path) -> None:
    project = open_project(folder)
    project.section("problem", Problem)
    project.section("money", Money)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[problem]\nname = 3\n", ["mainstay.toml, line 2", "name", "3"]),
        ('[problem]\nowners = "x"\n', ["line 2", "owners", "Did you mean 'owner'?"]),
        ("[mony]\n", ["line 1", "Did you mean [money]?"]),
        ("[nonsense]\n", ["Known sections"]),
        ("[money]\nvalue = \n", ["isn't valid TOML"]),
        ("[money]\ncapacity = { n = 5, per = 'year' }\n", ["line 2", "year"]),
        ("[money]\ncapacity = { m = 5 }\n", ["line 2", "'m'", "Allowed here: n, per, share."]),
        ('[problem]\nname = "../../etc"\n', ["can't be a model's name"]),
        ("[money]\nvalue = 300\nsuccess_rate = 3\n", ["success_rate is 3", "between 0 and 1"]),
        ("[money]\nvalue = -300\n", ["value is -300", "0 or more"]),
        ("[money]\nvalue = nan\n", ["finite"]),
        ("[money]\ncost = { under = -1, over = 1 }\n", ["line 2", "under is -1"]),
        ('[money]\ncurrency = "EURO"\n', ["EURO", "ISO 4217"]),
        ("money = 3\n", ["must be a table [money]"]),
        ('[problem]\nowner = "${MAINSTAY_NOT_SET}"\n', ["line 2", "MAINSTAY_NOT_SET", "export"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_cure(tmp_path: Path, text: str, says: list[str]) -> None:
    write(tmp_path, text)
    with pytest.raises(ProjectError) as caught:
        decode_all(tmp_path)
    for words in says:
        assert words in str(caught.value)


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_OWNER", "ana@example.com")
    project = open_project(write(tmp_path, '[problem]\nname = "churn"\nowner = "${MAINSTAY_OWNER}"\n'))
    assert project.problem.owner == "ana@example.com"


def test_the_nearest_project_at_or_above_is_found(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    deep = tmp_path / "data" / "raw"
    deep.mkdir(parents=True)
    assert find_project(deep).root == tmp_path.resolve()


def test_no_project_anywhere_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="mainstay init"):
        find_project(tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mainstay.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match="UTF-8"):
        open_project(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[money]\ncapacity = { n = 5, per = 'weak' }\n", ["is 'weak'.", "Did you mean 'week'? Allowed: "]),
        ("[problem]\nname = 3\n", ["name is 3. Allowed: a text in quotes."]),
        ("[money]\nvalue = [3]\n", ["value is [3]. Allowed: a number or a text in quotes."]),
        ("[money]\nvalue = '1 +'\n", ["value can't be worked out of '1 +'."]),
        ("[problem]\nsuccess = 3\n", ["success is 3. Allowed: a table in { }."]),
        ("[problem]\nsuccess = { at_least = 3 }\n", ["success lacks 'measure'. Add it."]),
    ],
)
def test_what_is_allowed_is_said_in_the_words_of_the_file(tmp_path: Path, text: str, says: list[str]) -> None:
    write(tmp_path, text)
    with pytest.raises(ProjectError) as caught:
        decode_all(tmp_path)
    for words in says:
        assert words in str(caught.value)
    assert "`" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[money]\nvalue = 300\n\nvalue = 3\n", "isn't valid TOML: [money] value is there twice, lines 2 and 4."),
        ("[money]\nvalue = 300\n[money]\n", "isn't valid TOML: [money] is there twice, lines 1 and 3."),
        ('[money]\ncurrency = "EUR\n', "line 2 has a text whose quote is never closed"),
        ("[money]\nvalue 3\n", "line 2 has no '=' after its key"),
        ("[money]\nvalue = 300\nsuccess_rate = 3\n", "mainstay.toml, line 3: [money] success_rate is 3"),
        ("[money]\nvalue = 1\n\nvaluee = 3\n", "line 4: [money] has no setting called 'valuee'. Did you mean 'value'?"),
    ],
)
def test_no_word_of_a_parser_reaches_the_reader_and_the_line_is_that_of_the_key(
    tmp_path: Path, text: str, says: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(ProjectError) as caught:
        decode_all(tmp_path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("test_share = 2", "line 3: [data] test_share is 2"),
        ("seed = -1", "line 3: [data] seed is -1"),
        ('separator = ";;"', "line 3: [data] separator is ';;'"),
        ('split_by = "tim"', "Allowed: 'random' or { time = … } or { group = … }."),
    ],
)
def test_the_settings_of_data_are_refused_at_their_line(tmp_path: Path, line: str, says: str) -> None:
    write(tmp_path, f'[data]\nsource = "x.csv"\n{line}\n')
    with pytest.raises(ProjectError) as caught:
        open_project(tmp_path).section("data", DataSettings)
    assert says in str(caught.value)
