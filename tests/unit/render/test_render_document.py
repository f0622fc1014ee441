"""A document says the same in the terminal, as HTML and as Markdown, and no value breaks out of any of them."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import msgspec
import pytest
from rich.console import Console

from mainstay.measures.finding import Finding, Interval, Limit
from mainstay.render import sample_overview, svg, to_html, to_markdown, to_terminal
from mainstay.render.document import (
    Command,
    Document,
    Facts,
    Figure,
    Findings,
    Heading,
    Items,
    Status,
    Table,
    Text,
)
from mainstay.render.numbers import count, finding_value
from mainstay.render.terminal import console, print_document

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[2J\x1b[31mgone",
    "a | b ` c ** d [x](javascript:alert(1))",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eesrever",
    "[bold red]markup[/]:smile:",
]


def everything(words: str) -> Document:
    finding = Finding(measure=words, where=words, value=0.5, limit=Limit("at_least", 0.7), ok=False, n=10, note=words)
    return Document(
        words,
        (
            Heading(words),
            Text(words),
            Text(words, "warning"),
            Items((words,)),
            Table((words, "n"), ((words, 1200), (Status(words, "bad"), None)), words),
            Findings((finding,), words),
            Figure(svg.spark([1.0, 2.0], alt=words), words, words),
            Command(words, words),
            Facts(((words, words), ("share", 0.123456)), words),
        ),
        words,
    )


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("words", HOSTILE)
def test_no_value_becomes_markup_of_a_page(words: str) -> None:
    seen = Seen()
    seen.feed(to_html(everything(words)))
    assert not seen.tags & {"script", "img", "iframe", "object", "link"}
    assert not [name for name in seen.attributes if name.startswith("on") or name in {"src", "href", "style"}]
    assert "49" not in "".join(seen.words)


@pytest.mark.parametrize("words", HOSTILE)
def test_no_value_commands_the_terminal(words: str) -> None:
    out = io.StringIO()
    print_document(everything(words), out)
    said = out.getvalue()
    assert "\x1b" not in said
    assert "\u202e" not in said
    if words.startswith("[bold"):
        assert words in said  # taken literally


@pytest.mark.parametrize("words", HOSTILE)
def test_no_value_breaks_out_of_its_cell_in_markdown(words: str) -> None:
    said = to_markdown(everything(words))
    outside = "".join(said.split("```")[::2])  # what stands in a fence is shown as it is
    assert "<script" not in outside.replace("\\<", "")
    table = [line for line in said.splitlines() if line.startswith("|")]
    bare = [line.replace("\\|", "") for line in table]
    assert {line.count("|") for line in bare} == {3, 8}


def test_colour_only_where_somebody_looks() -> None:
    document = Document("t", (Findings((Finding(measure="auc", where="all", value=0.5, ok=False),)),))
    piped = io.StringIO()
    print_document(document, piped)
    assert "✗ failed" in piped.getvalue()
    assert "\x1b[" not in piped.getvalue()
    looked = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=100)
    with looked.capture() as seen:
        looked.print(to_terminal(document))
    assert "\x1b[1;31m" in seen.get()


def test_a_pipe_gets_whole_numbers_and_whole_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # make and some terminals set it
    out = io.StringIO()
    long = "a_rather_long_name_of_a_column_that_somebody_chose"
    finding = Finding(
        measure="money_per_1000", where=long, value=1290, interval=Interval(1140, 1440), unit="EUR", n=1760
    )
    print_document(Document("t", (Findings((finding,)),)), out)
    assert long in out.getvalue()
    assert console(out).width >= 120


@pytest.mark.parametrize("width", [72, 80, 120, 200])
def test_no_screen_cuts_a_number_or_drops_a_note(width: int) -> None:
    row = sample_overview().model("churn")
    assert row is not None
    screen = Console(file=io.StringIO(), width=width)
    with screen.capture() as seen:
        screen.print(to_terminal(Document("t", (Findings(row.findings),))))
    said = seen.get()
    for x in row.findings:
        for words in (finding_value(x), count(x.n) if x.n else "", x.note.split()[-1] if x.note else ""):
            assert words in said


def test_a_finding_says_the_same_everywhere() -> None:
    finding = Finding(
        measure="roc_auc",
        where="all",
        value=0.79,
        interval=Interval(0.775, 0.805),
        limit=Limit("at_least", 0.7),
        ok=True,
    )
    document = Document("t", (Findings((finding,)),))
    out = io.StringIO()
    print_document(document, out)
    for said in (out.getvalue(), to_html(document), to_markdown(document)):
        for words in ("ok", "AUC", "0.790 ± 0.015", "≥ 0.7"):
            assert words in said


def test_what_was_not_judged_is_not_passed() -> None:
    unjudged = Finding(measure="log_loss", where="all", value=None, limit=Limit("at_most", 0.4), note="no outcomes yet")
    said = to_markdown(Document("t", (Findings((unjudged,)),)))
    assert "not judged" in said
    assert "not measured" in said
    assert "✓" not in said


def test_failed_first_keeps_the_order_within() -> None:
    oks: list[bool | None] = [True, False, None, False]
    findings = tuple(
        Finding(measure=f"m{i}", where="all", value=1.0, limit=Limit("at_least", 0), ok=ok) for i, ok in enumerate(oks)
    )
    said = to_markdown(Document("t", (Findings(findings, failed_first=True),)))
    assert [said.index(name) for name in ("m1", "m3", "m2", "m0")] == sorted(said.index(f"m{i}") for i in range(4))


def test_a_document_survives_json() -> None:
    document = everything("words")
    assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document


@pytest.mark.parametrize(
    "picture",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='1'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://example.com/x.png'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><rect fill='url(http://example.com)'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><rect style='fill:red'/></svg>",
    ],
)
def test_a_picture_that_runs_or_fetches_is_refused(picture: str) -> None:
    with pytest.raises(ValueError, match="picture can't hold"):
        to_html(Document("t", (Figure(picture, "alt"),)))


def test_a_caption_that_is_a_sentence_ends_once_before_the_words_for_its_figure() -> None:
    picture = svg.spark([1.0, 2.0], alt="alt")
    document = Document("t", (Figure(picture, "tenure 2.", "What each feature adds."),))
    out = io.StringIO()
    print_document(document, out)
    assert "What each feature adds: tenure 2." in out.getvalue()
    assert "*What each feature adds*: tenure 2." in to_markdown(document)
