"""The pages in a real Chromium: light, narrow, dark, keyboard, without JavaScript, and pressed."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import uvicorn

from mainstay.render import Overview, sample_overview
from mainstay.render.overview import ModelRow
from mainstay.web import make_app

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="NO CHROMIUM HERE: the pages were not looked at (apt-get install chromium)"
)
AXE = "4.10.3"
AXE_SHA512 = "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg=="
SAMPLE = sample_overview()
EMPTY = Overview(at=SAMPLE.at)
BARE = Overview(at=SAMPLE.at, models=(ModelRow(name="churn", state="idle", command="mainstay release 1"),))
PAGES = ["/", "/models/churn", "/models/demand", "/models/churn/rollback", "/models/nobody"]


@dataclass
class Served:
    """A dashboard over two callables, on a real socket."""

    overview: Overview = field(default_factory=sample_overview)
    rolled: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""

    def build(self, _: dt.datetime) -> Overview:
        return self.overview

    def rollback(self, model: str, reason: str, by: str) -> None:
        self.rolled.append((model, reason, by))
        rows = tuple(
            msgspec.structs.replace(row, version=6, rollback_to=5) if row.name == model else row
            for row in self.overview.models
        )
        self.overview = msgspec.structs.replace(self.overview, models=rows)


@pytest.fixture
def served() -> Iterator[Served]:
    house = Served()
    app = make_app(house.build, house.rollback, by="ana (dashboard)", keep=0.0)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    house.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield house
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not needed where chromium isn't there

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@dataclass
class Tab:
    """A page that remembers what it asked for and complained about."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def tab(browser: Browser, width: int = 1440, scheme: Any = "light", *, scripts: bool = True) -> Tab:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    opened = Tab(context.new_page())
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("console", lambda said: opened.complaints.append(said.text) if said.type == "error" else None)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    return opened


@pytest.fixture(scope="module")
def axe() -> str:
    """Give axe-core's source, from a cache or the package index; its hash is pinned here."""
    cache = Path(os.environ.get("MAINSTAY_TEST_CACHE", Path.home() / ".cache" / "mainstay-tests"))
    archive = cache / f"axe-core-{AXE}.tgz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("NO npm HERE: axe-core could not be fetched, accessibility was not judged by it")
        command = [npm, "pack", f"axe-core@{AXE}", "--silent"]
        done = subprocess.run(command, cwd=cache, capture_output=True, timeout=120, check=False)
        if done.returncode or not archive.exists():
            pytest.skip("THE PACKAGE INDEX DID NOT ANSWER: accessibility was not judged by axe-core")
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == AXE_SHA512
    with tarfile.open(archive) as files:
        source = files.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode()


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_overflows_and_nothing_comes_from_outside(
    browser: Browser, served: Served, path: str, width: int
) -> None:
    seen = tab(browser, width)
    seen.page.goto(served.address + path)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(url.startswith(served.address) for url in seen.asked)
    assert len(seen.asked) <= 10
    wanted = [line for line in seen.complaints if "404" not in line or path != "/models/nobody"]
    assert not wanted
    assert seen.page.evaluate("document.querySelectorAll('*').length") <= 1500


@pytest.mark.parametrize("width", [390, 1440])
def test_no_word_of_the_chart_is_cut_off_or_written_over_another(browser: Browser, served: Served, width: int) -> None:
    seen = tab(browser, width)
    seen.page.goto(served.address + "/models/churn")
    found = seen.page.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].filter((svg) => svg.getBoundingClientRect().width)
            .map((svg) => { const b = svg.getBoundingClientRect(); return { box: [b.left, b.top, b.right, b.bottom],
            words: [...svg.querySelectorAll("text")].map((t) => { const r = t.getBoundingClientRect();
            return [t.textContent, r.left, r.top, r.right, r.bottom]; }) }; })"""
    )
    assert len(found) == 1
    left, top, right, bottom = found[0]["box"]
    words = found[0]["words"]
    for text, x1, y1, x2, y2 in words:
        assert left - 1 <= x1, text
        assert x2 <= right + 1, text
        assert top - 2 <= y1, text
        assert y2 <= bottom + 2, text
    for i, (one, x1, y1, x2, y2) in enumerate(words):
        for other, u1, v1, u2, v2 in words[i + 1 :]:
            over = min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1)
            assert not (over[0] > 1 and over[1] > 4), (one, other)


def test_a_rollback_takes_two_presses_and_a_reason(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.goto(served.address + "/")
    page.get_by_role("link", name="Roll back churn to v6…").click()
    press = page.get_by_role("button", name="Roll back to v6")
    press.click()  # the browser itself demands the reason
    assert not served.rolled
    page.get_by_label("Why?").fill("it loses money")
    press.click()
    page.wait_for_url("**/models/churn?now=6")
    assert served.rolled == [("churn", "it loses money", "ana (dashboard)")]
    assert "v6 answers now" in page.locator(".done").inner_text()


def test_it_all_works_without_javascript(browser: Browser, served: Served) -> None:
    page = tab(browser, 390, scripts=False).page
    page.goto(served.address + "/")
    assert page.locator("svg.chart").nth(1).is_visible()
    page.get_by_role("link", name="Roll back churn to v6…").click()
    page.get_by_label("Why?").fill("it loses money")
    page.get_by_role("button", name="Roll back to v6").click()
    assert served.rolled
    page.locator("summary").click()
    assert page.get_by_role("region", name="Windows of the chart").is_visible()


def test_a_form_of_another_site_is_refused_by_the_browser_s_own_word(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.goto(served.address + "/models/churn/rollback")
    token = page.locator("input[name=token]").get_attribute("value")
    elsewhere = tab(browser).page
    elsewhere.set_content(
        f'<form method="post" action="{served.address}/models/churn/rollback">'
        f'<input name="token" value="{token}"><input name="from" value="7"><input name="to" value="6">'
        '<input name="reason" value="gotcha"><button>x</button></form>'
    )
    with elsewhere.expect_navigation():
        elsewhere.get_by_role("button").click()
    assert "came from another place" in elsewhere.content()
    assert not served.rolled


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.goto(served.address + "/")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(name)
        assert outline == "solid", name
    assert reached[0] == "Skip to the content"
    assert "Roll back churn to v6…" in reached


def test_the_slider_reads_a_window_out(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.goto(served.address + "/models/churn")
    slider = page.get_by_label("Point at a window")
    slider.focus()
    page.keyboard.press("Home")
    first = page.locator(".point output").inner_text()
    assert "Answered by: v5" in first
    assert "measured" in first
    page.keyboard.press("End")
    assert "estimated" in page.locator(".point output").inner_text()
    assert page.locator("svg.chart .cross").count() == 2


def test_an_open_page_renews_itself_but_not_under_somebody_s_hands(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.clock.install()
    page.goto(served.address + "/models/churn")
    page.get_by_label("Point at a window").focus()
    served.rollback("churn", "elsewhere", "leo")
    page.clock.run_for(130_000)
    assert page.get_by_role("link", name="Roll back to v6…").count() == 1  # in use: left alone
    page.locator("input[type=range]").blur()
    page.clock.run_for(65_000)
    page.get_by_role("link", name="Roll back to v5…").wait_for()
    assert page.get_by_label("Point at a window").count() == 1


def test_a_page_that_can_t_renew_says_how_old_it_is(browser: Browser, served: Served) -> None:
    page = tab(browser).page
    page.clock.install()
    page.goto(served.address + "/")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(200_000)
    assert page.locator("header.stale").count() == 1
    assert "this page is" in page.locator(".fresh").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(browser: Browser, served: Served, axe: str, scheme: str, width: int) -> None:
    seen = tab(browser, width, scheme)
    for overview, paths in ((SAMPLE, PAGES), (EMPTY, ["/"]), (BARE, ["/", "/models/churn"])):
        served.overview = overview
        for path in paths:
            seen.page.goto(served.address + path)
            for summary in seen.page.locator("summary").all():
                summary.click()
            seen.page.evaluate(axe)  # through the debugger: the page's own policy stays in force
            found = seen.page.evaluate("axe.run({resultTypes: ['violations']})")
            told = [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in found["violations"]]
            assert not told, (path, told)
