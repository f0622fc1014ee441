"""The pages: what a stranger reads first, what they may press, and that unknown is never shown as good."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from html.parser import HTMLParser

import msgspec
import pytest

from mainstay.measures.finding import Interval
from mainstay.render import confirm_page, model_page, overview_page, sample_overview
from mainstay.render.numbers import THIN
from mainstay.render.overview import Amount, Change, ModelRow, Overview, Span, State
from mainstay.render.templates import static

SAMPLE = sample_overview()
NOW = SAMPLE.at
MONEY = Amount(value=1200, interval=Interval(900, 1500), unit="EUR", per="day", n=900)


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str] = []
        self.nodes = 0
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.nodes += 1
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.said).replace(THIN, " "))


def read(page: str) -> Words:
    words = Words()
    words.feed(page)
    return words


def only(**more: object) -> Overview:
    row = msgspec.structs.replace(ModelRow(name="churn", state="idle"), **more)
    return Overview(at=NOW, models=(row,), watched_at=NOW, data_to=NOW)


def test_a_stranger_reads_model_version_loss_and_action_first() -> None:
    said = read(overview_page(SAMPLE)).text
    first = said[said.index("1 of 3 models needs you") :][:400]
    for part in ("churn", "€ 1 910 ± 650 a day less", "v7", "Lost so far: about € 23 000", "Roll back churn to v6…"):
        assert part in first


def test_the_interval_of_a_difference_is_its_own() -> None:
    said = read(overview_page(SAMPLE)).text
    assert "€ 1 910 ± 650 a day less" in said  # the change
    assert "€ 7 540 ± 620 a day" in said  # the level


def test_worst_comes_first() -> None:
    page = overview_page(SAMPLE)
    rows = re.findall(r'<th scope="row">.*?/models/([a-z-]+)"', page)
    assert rows == ["churn", "demand", "credit-risk"]


def test_an_empty_house_shows_the_one_command() -> None:
    said = read(overview_page(Overview(at=NOW))).text
    assert "There is no model yet" in said
    assert "mainstay init" in said
    assert "nobody is watching" in said


def test_an_unreleased_model_shows_what_releases_it_and_no_rollback() -> None:
    command = "mainstay release 1 --project churn"
    words = read(overview_page(only(command=command)))
    assert "churn answers nothing yet" in words.text
    assert command in words.text
    assert not [link for link in words.links if "rollback" in link]


def test_without_money_nothing_is_earned_or_lost() -> None:
    value = Amount(value=0.41, interval=Interval(0.39, 0.43), measure="log_loss", better="lower", n=500)
    said = read(overview_page(only(state="earning", version=1, since=NOW, value=value))).text
    assert "not money" in said
    assert "log loss" in said
    assert "earn" not in said.lower().replace("learn", "")


def test_a_trial_is_called_one_everywhere() -> None:
    overview = only(state="trial", version=2, since=NOW - dt.timedelta(hours=3), trial=True, value=MONEY)
    row = overview.models[0]
    for page in (overview_page(overview), model_page(overview, row)):
        assert "trial" in read(page).text.lower()


def test_an_unknown_value_is_said_to_be_unknown() -> None:
    said = read(overview_page(only(state="unsure", version=1, since=NOW, note="Outcomes take 30 days."))).text
    assert "What it is worth is not known yet" in said
    assert "Outcomes take 30 days." in said


def test_a_negative_value_is_a_loss_in_words() -> None:
    value = Amount(value=-300, interval=Interval(-500, -100), unit="EUR", per="day")
    said = read(overview_page(only(state="unsure", version=1, since=NOW, value=value))).text
    assert "loses about € 300 ± 200 a day" in said


def test_nothing_is_red_that_needs_nobody() -> None:
    page = overview_page(only(state="earning", version=2, since=NOW, value=MONEY, rollback_to=1))
    assert 'class="button bad"' not in page
    assert "Roll back" not in page
    calm = model_page(*((o := only(state="earning", version=2, since=NOW, value=MONEY, rollback_to=1)), o.models[0]))
    assert 'class="button"' in calm


def test_a_stale_page_turns_its_header() -> None:
    old = msgspec.structs.replace(SAMPLE, watched_at=NOW - dt.timedelta(minutes=4), every=60.0)
    assert 'class="stale"' in overview_page(old)
    assert "stale: last look" in read(overview_page(old)).text
    assert 'class="stale"' not in overview_page(SAMPLE)


def test_a_change_without_cause_sends_the_reader_outside() -> None:
    timeline = SAMPLE.models[0].timeline
    change = Change(difference=Amount(value=-5, unit="EUR"), since=NOW - dt.timedelta(days=1))
    said = read(overview_page(only(state="losing", version=2, change=change, timeline=timeline))).text
    assert "look outside the model" in said


def test_a_thousand_models_come_in_pages_of_fifty_with_a_true_total() -> None:
    rows = tuple(ModelRow(name=f"m{i:04}", state="idle") for i in range(1000))
    overview = Overview(at=NOW, models=rows)
    last = read(overview_page(overview, page=20))
    assert "50 of 1 000 models" in last.text
    assert "m0999" in last.text
    assert "m0000 " not in last.text.split("Model", 1)[1]
    assert read(overview_page(overview, page=999)).text == last.text  # a page too far is the last one
    assert last.nodes < 1500


@pytest.mark.parametrize("which", ["overview", "model"])
def test_pages_are_light_and_carry_no_styles_or_handlers(which: str) -> None:
    row = SAMPLE.model("churn")
    assert row is not None
    page = overview_page(SAMPLE) if which == "overview" else model_page(SAMPLE, row)
    words = read(page)
    weight = len(gzip.compress((page + static("page.css") + static("page.js") + static("icon.svg")).encode(), 9))
    assert weight <= 60_000
    assert words.nodes <= 1500
    assert "style" not in words.attributes
    assert not [name for name in words.attributes if name.startswith("on")]
    assert not re.search(r"(?:src|href|action)=\"?(?:https?:)?//", page)


def test_ids_are_unique_on_a_page() -> None:
    for row in SAMPLE.models:
        for page in (overview_page(SAMPLE), model_page(SAMPLE, row)):
            ids = re.findall(r' id="([^"]+)"', page)
            assert len(ids) == len(set(ids))


def test_a_rollback_says_effect_time_way_back_and_asks_why() -> None:
    row = SAMPLE.model("churn")
    assert row is not None
    page = confirm_page(SAMPLE, row, token="t<>", by="ana", reason='"><x', wrong="no")  # noqa: S106 - no secret
    said = read(page).text
    for part in ("v6 answers every request", "about a second", "mainstay release 7", "as done by ana", "Why?"):
        assert part in said
    assert "required" in page
    assert 'value="&#34;&gt;&lt;x"' in page


def test_a_rollback_that_only_ends_a_test_names_who_leaves_as_the_way_back() -> None:
    row = SAMPLE.model("churn")
    assert row is not None
    assert row.timeline is not None
    arm = Span(version=8, start=SAMPLE.at, share=0.25, role="challenger")
    timeline = msgspec.structs.replace(row.timeline, releases=(*row.timeline.releases[:1], arm))
    same = msgspec.structs.replace(row, rollback_to=row.version, timeline=timeline, command="")
    said = read(confirm_page(SAMPLE, same, token="", by="ana")).text
    assert "instead of" not in said
    assert "the A/B test ends too" in said
    assert 'v8 can be released again: mainstay release 8 --ab 25 --reason "…"' in said
    assert 'in the project\'s folder: mainstay rollback --reason "…"' in said


def test_a_model_whose_books_cant_be_read_is_unknown_not_nothing() -> None:
    row = ModelRow(name="churn", state="unsure", note="The registry can't be reached.", unread=True)
    overview = Overview(at=NOW, models=(row,))
    for page in (overview_page(overview), model_page(overview, row)):
        said = read(page).text
        assert "churn can't be looked at now; its servers go on with what they have" in said
        assert "The registry can't be reached." in said
        for untrue in ("nothing yet", "nobody", "Nothing", "Nobody", "no prediction", "mainstay train"):
            assert untrue not in said
    two = Overview(at=NOW, models=(row, SAMPLE.models[1]))
    assert "none needs you" not in read(overview_page(two)).text


def test_hostile_names_stay_words() -> None:
    bad = "<script>alert(1)</script>"
    row = msgspec.structs.replace(
        SAMPLE.models[1], by=bad, note=bad, command=bad, owner=bad, decision=bad, causes=(bad,)
    )
    overview = msgspec.structs.replace(SAMPLE, models=(row,), environment=bad)
    for page in (overview_page(overview), model_page(overview, row), confirm_page(overview, row, token="", by=bad)):
        assert "<script>alert" not in page


def test_the_overview_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(SAMPLE), type=Overview) == SAMPLE


@pytest.mark.parametrize(
    ("states", "first"),
    [
        (["earning", "earning"], "All 2 models hold up"),
        (["earning", "unsure"], "None of 2 models needs you"),
        (["idle", "earning"], "1 of 2 models answers; none needs you"),
        (["losing", "losing", "earning"], "2 of 3 models need you"),
    ],
)
def test_the_first_line_counts_truly(states: list[State], first: str) -> None:
    rows = tuple(
        ModelRow(name=f"m{i}", state=state, version=None if state == "idle" else 1) for i, state in enumerate(states)
    )
    assert first in read(overview_page(Overview(at=NOW, models=rows))).text
