"""A catalogue in a real browser: it finds, previews and copies, by hand and by keys; nothing in it runs but itself."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import threading
import tomllib
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, Field, JsonValue, create_model

from promptlib import Chain, File, Image, Prompt, Store, Thread, assistant, placeholder, step, system, user
from promptlib.cli.demo import made
from promptlib.formats.git_history import import_git
from promptlib.query.porter import stem
from promptlib.site import write
from tests.system.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVIL = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<svg onload=document.title='owned'>&lt;!--<iframe src=javascript:alert(1)></textarea></pre></title>"
    "<a href='data:text/html,<script>alert(1)</script>'> \u202edrow\u2066 \x1b[2J \u2028'\"`${alert(1)} ]]> -->"
)
#: What a newcomer says, and what lies on the shelf.
NEED = "something that turns meeting notes into decisions"
SHELF = {
    "meeting/minutes": (
        "Turn a transcript into decisions and tasks",
        "List every decision of the meeting, and who does what.",
    ),
    "meeting/agenda": ("Plan a meeting", "Write an agenda for the meeting from these notes."),
    "text/summarize": ("Summarize a text", "Summarize the notes in five sentences."),
    "code/review": ("Review a change", "Review this change before a person does."),
    "support/refund": ("Decide whether a refund is due", "Decide by the terms, and give the reason."),
}


class Minutes(BaseModel):
    notes: str = Field(description="What was said")
    words: int = Field(default=120, ge=20, le=500)
    style: Literal["brief", "full"] = "brief"
    history: Thread = ()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.init(tmp_path_factory.mktemp("catalogue") / "prompts.git", bare=True) as store:
        for name, (description, text) in SHELF.items():
            prompt = Prompt.define(system(text), description=description, tags=(name.split("/")[0], "team"))
            store.save(name, prompt, message="First cut")
        minutes = Prompt.define(
            Minutes,
            system("List every decision of the meeting in at most {{ words }} words, {{ style }}."),
            placeholder("history"),
            user("{{ notes }}"),
            description=SHELF["meeting/minutes"][0],
            tags=("meeting", "writing"),
        )
        store.save("meeting/minutes", minutes, message="With fields")
        store.label("meeting/minutes", "production", "v2")
        evil = Prompt.define(
            create_model("Evil", word=(str, Field(default=EVIL, description=EVIL))),
            system(f"{{% raw %}}{EVIL}{{% endraw %}}{{{{ word }}}}"),
            description=EVIL,
            tags=(EVIL,),
        )
        store.save("evil/template", evil, message=EVIL)
        plain = evil.evolve(messages=(system(EVIL.replace("{", "(") + "{{ word }}"),))
        store.save("evil/plain", plain, message=f"{EVIL}\n\n{EVIL}")
        store.save(
            "evil/plain", plain.evolve(messages=(system("{{ word }}" + EVIL.replace("{", "(") * 2),)), message=EVIL
        )
        store.save("evil/literal", Prompt.define(system(EVIL, literal=True)), message=EVIL)
        yield store


@pytest.fixture(scope="module")
def site(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "site"
    write(store, out, title=f"Our prompts {EVIL}")
    return out


@pytest.fixture(scope="module")
def browser(program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(program("chromium", "chromium"), tmp_path_factory.mktemp("profile"), height=900) as browser:
        browser.allow_clipboard()
        browser.light(dark=False)
        yield browser


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder* as any host of files does."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def unharmed(browser: Browser, scheme: str = "file") -> None:
    """Nothing ran, asked, failed or was loaded but the page itself."""
    assert not browser.ask("document.title").startswith("owned")
    # Its theme, its data, and what it does; one with fields has a preview.
    fields = browser.ask("document.querySelectorAll('#form').length")
    assert browser.ask("document.scripts.length") == (
        2 if browser.ask("Boolean(document.querySelector('.whole'))") else 3 + fields
    )
    assert (
        browser.ask("document.querySelectorAll('img, iframe, object, embed, svg svg, [onload], [onerror]').length") == 0
    )
    assert browser.told("Page.javascriptDialogOpening") == []
    assert [each["entry"]["text"] for each in browser.told("Log.entryAdded")] == []
    assert browser.told("Runtime.exceptionThrown") == []
    asked = [each["request"]["url"] for each in browser.told("Network.requestWillBeSent")]
    # The sign in a field for a date is the browser's own.
    asked = [url for url in asked if not url.startswith("data:image/svg+xml")]
    assert {url.partition(":")[0] for url in asked} == {scheme}
    assert len(asked) == 1, asked


def hits(browser: Browser) -> list[str]:
    found: list[str] = browser.ask("[...document.querySelectorAll('#hits h2')].map(each => each.innerText)")
    return [each.removesuffix(" chain") for each in found]


def say(browser: Browser, text: str) -> None:
    """Put *text* into the search."""
    browser.ask(
        f"(() => {{ const find = document.querySelector('#find'); find.value = {json.dumps(text)};"
        "find.dispatchEvent(new Event('input')); })()"
    )
    browser.drawn()


def centre(browser: Browser, selector: str) -> tuple[float, float]:
    x, y = browser.ask(
        f"(() => {{ const each = document.querySelector({json.dumps(selector)});"
        "each.scrollIntoView({block: 'center', behavior: 'instant'});"
        "const box = each.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    return x, y


def confirmed(browser: Browser) -> None:
    """Wait until a button says that it has copied, for everybody to see; it says so no more."""
    seen = browser.ask(
        "new Promise(done => { const look = () => { const said = document.querySelector('[data-said]');"
        "if (!said) { requestAnimationFrame(look); return; }"
        "done(getComputedStyle(said, '::after').content); delete said.dataset.said; }; look(); })"
    )
    assert seen.startswith('"Copied'), seen


def copied_by(browser: Browser) -> str:
    """Return what a button has copied, as soon as it says so."""
    confirmed(browser)
    return browser.clipboard()


# --- finding ----------------------------------------------------------------------------------------------------------


def test_a_newcomer_types_and_clicks_once(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    assert browser.ask("document.activeElement.id") == "find"
    browser.type(NEED)
    assert hits(browser)[0] == "meeting/minutes"
    assert browser.ask("document.querySelector('#hits mark').textContent").lower() in {"meeting", "decisions", "turn"}
    unharmed(browser)
    browser.click(*centre(browser, "#hits a.card"))
    browser.arrived("/p/meeting/minutes.html")
    assert browser.ask("document.querySelector('h1').innerText") == "meeting/minutes"


def test_words_are_met_as_the_store_meets_them(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    for said, first in (
        ("summaries", "text/summarize"),
        ("summar", "text/summarize"),
        ("the REVIEWING of it", "code/review"),
        ("refnd", "support/refund"),
        ("Agénda", "meeting/agenda"),
    ):
        say(browser, said)
        assert hits(browser)[:1] == [first], said
    say(browser, "refnd")
    assert "looked for refund" in browser.ask("document.querySelector('#status').innerText")
    say(browser, "the of to and ")
    assert len(hits(browser)) == 8, "stop words alone are no question"
    for hostile in ('"', "NEAR(a b)", "* OR -", "\u0000", "a" * 100_000, "({[\\", "日本語", EVIL):
        say(browser, hostile)
    say(browser, "xyzzyqwert plugh")
    assert hits(browser) == []
    assert "Try fewer or other words" in browser.ask("document.querySelector('#status').innerText")
    unharmed(browser)


def test_other_scripts_and_languages_are_found(browser: Browser, tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("japanese", Prompt.define(system("会議の決定を書き出してください。"), description="議事録"))
        store.save("german", Prompt.define(system("Fasse die Beschlüsse der Straßenbahn zusammen.")))
        store.save("russian", Prompt.define(system("Запиши решения собрания")))
        subprocess.run(["git", "-C", store.path, "config", "promptlib.search.language", "none"], check=True)
    with Store(tmp_path / "prompts.git") as store:
        assert store.language == "none"
        write(store, tmp_path / "site")
        browser.open(tmp_path / "site/index.html")
        needs = {
            "決定": "japanese",
            "議": "japanese",
            "BESCHLUSSE": "german",
            "strassenb": "german",
            "РЕШЕНИЯ": "russian",
        }
        for need, name in needs.items():
            say(browser, need)
            assert hits(browser)[:1] == [name], need
            assert [hit.name for hit in store.search(need, prefix=True, limit=1)] == [name], need
    unharmed(browser)


PIECES = "ab connect general relat hope adjust sens oper happi fli agre control roll gener commun siz plast radic"
LONG_ENDINGS = "ness ful fully ation ational izer ization ities ance ement ion ive iveness ical ism"
SHORT_ENDINGS = "s es ed ing ly y ies al er e ll eed"


def test_real_needs_are_met_as_well_as_by_the_store(
    browser: Browser, fabric_repository: Path, awesome_repository: Path, tmp_path: Path
) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        import_git(store, fabric_repository, match="patterns/{name}/system.md")
        import_git(store, awesome_repository, match="prompts/{name}.md")
        report = write(store, tmp_path / "site")
        assert (report.prompts, report.unreadable) == (443, ())
        told = tomllib.loads((Path(__file__).parents[1] / "relevance" / "needs.toml").read_text("utf-8"))
        needs = [need for half in told.values() for sort in half.values() for need in sort.items()]
        by_store = sum(any(hit.name in right for hit in store.search(need, limit=5)) for need, right in needs)
    browser.open(tmp_path / "site/index.html")
    found = browser.ask(
        f"{json.dumps([need for need, _ in needs])}.map(need => {{ const find = document.querySelector('#find');"
        "find.value = need; find.dispatchEvent(new Event('input'));"
        "return [...document.querySelectorAll('#hits h2')].slice(0, 5).map(each => each.innerText); })"
    )
    by_page = sum(any(name in right for name in names) for names, (_, right) in zip(found, needs, strict=True))
    assert by_page >= by_store - len(needs) / 50
    assert by_page >= 0.65 * len(needs)
    say(browser, NEED)
    assert set(hits(browser)[:3]) & {"summarize_meeting", "transcribe_minutes", "summarize_board_meeting"}


def test_stems_are_those_of_the_store(browser: Browser, site: Path) -> None:
    pieces = PIECES.split()
    endings = f"{LONG_ENDINGS} {SHORT_ENDINGS}".split()
    words = [piece + ending for piece in pieces for ending in endings] + [
        "sky",
        "toy",
        "caresses",
        "ponies",
        "as",
        "filing",
    ]
    browser.open(site / "index.html")
    source = (files("promptlib.site") / "template" / "shelf.js").read_text("utf-8")
    start, end = source.index("  const consonant"), source.index("  // --- the index")
    got = browser.ask(f"(() => {{ {source[start:end]} return {json.dumps(words)}.map(porter); }})()")
    assert dict(zip(words, got, strict=True)) == {word: stem(word) for word in words}


def test_facets_narrow_and_the_address_keeps_them(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    press = "document.querySelector('#facets [data-key={}][data-value={}]')"
    assert browser.ask("[...document.querySelectorAll('.facet')].map(each => each.dataset.facet)") == [
        *("folder", "tag", "label", "input"),
    ]
    browser.ask(press.format("folder", "meeting") + ".click()")
    browser.drawn()
    assert hits(browser) == ["meeting/agenda", "meeting/minutes"]
    assert browser.ask(press.format("folder", "meeting") + ".getAttribute('aria-pressed')") == "true"
    browser.ask(press.format("tag", "writing") + ".click()")
    browser.drawn()
    assert hits(browser) == ["meeting/minutes"]
    say(browser, "decisions")
    address = browser.ask("location.href")
    assert "folder=meeting" in address
    browser.open("about:blank")
    browser.open(address)
    assert hits(browser) == ["meeting/minutes"]
    assert browser.ask("document.querySelector('#find').value") == "decisions"
    browser.ask(press.format("tag", "writing") + ".click()")
    browser.ask(press.format("folder", "meeting") + ".click()")
    say(browser, "")
    assert len(hits(browser)) == 8
    unharmed(browser)


def test_the_newest_come_first_when_asked(browser: Browser, tmp_path: Path) -> None:
    with made(tmp_path / "prompts.git") as store:
        write(store, tmp_path / "site")
    browser.open(tmp_path / "site/index.html")
    assert hits(browser)[0] == "code/review"
    newest = "(order => { order.value = 'newest'; order.dispatchEvent(new Event('change')); })"
    browser.ask(f"{newest}(document.querySelector('#order'))")
    dated = browser.ask(
        "[...document.querySelectorAll('#hits .foot .soft')].map(each => each.innerText.split(' · ')[1])"
    )
    assert len(set(dated)) > 3
    assert dated == sorted(dated, reverse=True)
    first = hits(browser)[0]
    address = browser.ask("location.href")
    browser.open("about:blank")
    browser.open(address)
    assert hits(browser)[0] == first
    say(browser, "invoice")
    assert hits(browser)[0] == "data/invoice"


def test_the_keyboard_is_enough(browser: Browser, site: Path) -> None:
    browser.open(site / "p/meeting/minutes.html")
    browser.key("/", "/")
    browser.arrived("/index.html")
    assert browser.ask("document.activeElement.id") == "find"
    browser.type("meeting")
    first = hits(browser)[0]
    browser.key("ArrowDown")
    assert browser.ask("document.activeElement.querySelector('h2').innerText") == first
    browser.key("ArrowDown")
    assert browser.ask("document.activeElement.querySelector('h2').innerText") == hits(browser)[1]
    browser.key("ArrowUp")
    browser.key("ArrowUp")
    assert browser.ask("document.activeElement.id") == "find"
    browser.key("Escape")
    assert browser.ask("document.querySelector('#find').value") == ""
    browser.type("agenda")
    browser.key("Enter", "\r")
    browser.arrived("/p/meeting/agenda.html")
    # Every control is reached, in order, and shows that it is.
    seen = []
    for _ in range(12):
        browser.key("Tab")
        seen.append(browser.ask("document.activeElement.textContent.trim() || document.activeElement.id"))
        assert browser.ask("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
    assert seen[0] == "Skip to the content"
    assert "Copy text" in seen


# --- the page of a prompt ---------------------------------------------------------------------------------------------


def test_copy_copies(browser: Browser, site: Path, store: Store) -> None:
    browser.open(site / "p/meeting/minutes.html")
    width = browser.ask("document.querySelector('[data-copy=text]').offsetWidth")
    browser.click(*centre(browser, "[data-copy=text]"))
    assert copied_by(browser) == (
        "system:\nList every decision of the meeting in at most {{ words }} words, {{ style }}.\n\n{{ history }}\n\n"
        "user:\n{{ notes }}\n"
    )
    assert browser.ask("document.querySelector('#said').textContent") == "Copied to the clipboard."
    assert browser.ask("document.querySelector('[data-copy=text]').offsetWidth") == width
    browser.ask("document.querySelector('[data-copy=\"0\"]').focus()")
    browser.key("Enter", "\r")
    copied = copied_by(browser)
    assert copied == 'from promptlib import Store\n\nprompt = Store.open().load("meeting/minutes@production")\n'
    browser.open(site / "p/evil/literal.html")
    browser.click(*centre(browser, "[data-copy=text]"))
    assert copied_by(browser) == EVIL
    # A host without https has no such clipboard: the page does without.
    browser.ask("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    browser.click(*centre(browser, "#use [data-copy='0']"))
    confirmed(browser)
    browser.ask("delete navigator.clipboard")
    version = store.version("evil/literal")
    assert browser.clipboard().endswith('load("evil/literal")\n')
    assert version.ref in browser.ask("document.querySelector('#use').innerText")
    unharmed(browser)


def test_the_preview_follows_the_fields(browser: Browser, site: Path) -> None:
    browser.open(site / "p/meeting/minutes.html")
    state, wrong = "document.querySelector('#state').textContent", "document.querySelector('#e1').textContent"
    assert browser.ask(state) == "Still needed: notes."
    assert browser.ask("document.querySelector('[data-copy=messages]').disabled") is True
    browser.ask("document.querySelector('#f0').focus()")
    browser.type("We ship </pre> on {{ Monday }}")
    assert (
        browser.ask("[...document.querySelectorAll('#preview pre')].at(-1).textContent")
        == "We ship </pre> on {{ Monday }}"
    )
    fill(browser, 1, "7")
    assert browser.ask(wrong) == "Needs at least 20."
    assert browser.ask("document.querySelector('#f1').getAttribute('aria-invalid')") == "true"
    fill(browser, 1, "30")
    assert browser.ask(wrong) == ""
    fill(browser, 3, '[{"role": "assistant", "content": "Earlier"}]')
    browser.click(*centre(browser, "[data-copy=messages]"))
    assert json.loads(copied_by(browser)) == [
        {"role": "system", "content": "List every decision of the meeting in at most 30 words, brief."},
        {"role": "assistant", "content": "Earlier"},
        {"role": "user", "content": "We ship </pre> on {{ Monday }}"},
    ]
    browser.ask("document.querySelector('#form [type=reset]').click()")
    browser.ask("new Promise(done => setTimeout(done, 0))")
    assert browser.ask(state) == "Still needed: notes."
    unharmed(browser)


def test_a_version_has_an_address(browser: Browser, site: Path) -> None:
    browser.open(f"{(site / 'p/meeting/minutes.html').as_uri()}#v1")
    assert browser.ask("document.querySelector('#v1 details').open") is True
    assert browser.ask("document.querySelector('#v2 details').open") is False
    browser.ask(
        "document.querySelector('.lineage a[href$=\"#v2\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    browser.drawn()
    assert browser.ask("document.querySelector('#v2 details').open") is True
    assert browser.ask("document.querySelector('#v2 ins').textContent")
    browser.click(*centre(browser, "[data-copy=v1]"))
    assert '.load("meeting/minutes@v1#' in copied_by(browser)


def test_all_of_an_older_text_is_there(browser: Browser, tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        for text in ("first", "<b>second</b>\n\n  &amp; more\n", "hidden \u202e", "newest"):
            store.save("one", Prompt.define(system(text, literal=True)))
        write(store, tmp_path / "site")
    browser.open(f"{(tmp_path / 'site/p/one.html').as_uri()}#v2")
    browser.ask("document.querySelector('#v2 .then').open = true")
    browser.click(*centre(browser, "[data-copy=text-v2]"))
    assert copied_by(browser) == "<b>second</b>\n\n  &amp; more\n"
    assert browser.ask("[...document.querySelectorAll('.then pre')].map(each => each.id)") == ["text-v3", "text-v2"]
    assert browser.ask("document.querySelector('[data-copy=text-v3]')") is None
    unharmed(browser)


@pytest.mark.parametrize("name", ["evil/template", "evil/plain", "evil/literal"])
def test_what_is_evil_does_nothing(browser: Browser, site: Path, name: str) -> None:
    browser.open(site / f"p/{name}.html")
    browser.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    browser.ask("document.querySelectorAll('button').forEach(each => each.click())")
    browser.ask("localStorage.clear()")  # a theme was chosen
    browser.ask("new Promise(done => setTimeout(done, 0))")
    browser.drawn()
    unharmed(browser)
    assert "</script><script>" in browser.ask("document.querySelector('#text').innerText")
    assert "<U+202E>" in browser.ask("document.querySelector('#text').innerText")
    # Even what gets into a page by a mistake runs nothing and loads nothing.
    browser.ask(
        "document.body.insertAdjacentHTML('beforeend', '<img src=https://example.com/x onerror=document.title=`owned`>"
        "<a href=javascript:document.title=`owned` id=trap>trap</a>')"
    )
    browser.ask("document.querySelector('#trap').click()")
    browser.drawn()
    assert not browser.ask("document.title").startswith("owned")
    assert not [url for url in browser.told("Network.responseReceived") if "example.com" in str(url)]


def test_the_first_page_shows_evil_as_text(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    say(browser, "owned onerror drow")
    assert len(hits(browser)) == 3
    assert "</script><script>" in browser.ask("document.querySelector('#hits').innerText")
    unharmed(browser)
    browser.open(site / "all.html")
    assert browser.ask("document.querySelectorAll('.whole li').length") == 8
    unharmed(browser)


# --- how it looks -----------------------------------------------------------------------------------------------------


class Sources(HTMLParser):
    """The tags of a page as they are written."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += [tag] * bool(tag or attrs)


def test_without_scripts_it_is_read_and_the_browser_mends_nothing(browser: Browser, site: Path) -> None:
    try:
        for path in PAGES:
            browser.open_without_scripts(site / path)
            tags = browser.ask("[...document.querySelectorAll('*')].map(each => each.localName)")
            assert tags == Sources((site / path).read_text("utf-8")).tags, path
            assert (
                browser.ask(
                    "[...document.querySelectorAll('[data-copy], #theme, .search, #facets')]"
                    ".filter(each => each.checkVisibility()).length"
                )
                == 0
            )
            assert browser.told("Log.entryAdded") == []
        browser.open_without_scripts(site / "index.html")
        assert len(hits(browser)) == 8
    finally:
        browser.with_scripts()


def test_a_chain_is_found_by_its_kind_and_shown_by_its_steps(browser: Browser, tmp_path: Path) -> None:
    class Notes(BaseModel):
        notes: str

    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("read", Prompt.define(Notes, user("Summarise {{ notes }}")))
        chain = Chain.define(Notes, step("read", store.load("read"), notes="notes"), description=EVIL)
        store.save("minutes", chain)
        write(store, tmp_path / "site")
    browser.open(tmp_path / "site/index.html")
    browser.ask("document.querySelector('[data-key=kind][data-value=chain]').click()")
    browser.drawn()
    assert browser.ask("document.querySelector('#hits .kind').innerText") == "chain"
    browser.click(*centre(browser, "#hits a.card"))
    browser.arrived("/p/minutes.html")
    browser.click(*centre(browser, "[data-copy=text]"))
    assert copied_by(browser) == chain.to_mermaid()
    browser.click(*centre(browser, ".steps a"))
    browser.arrived("/p/read.html#v1")
    assert "step of the chain minutes v1" in browser.ask("document.querySelector('#used').innerText")


PAGES = ("index.html", "all.html", "p/meeting/minutes.html", "p/evil/plain.html", "p/evil/template.html")


@pytest.mark.parametrize("dark", [False, True])
def test_it_reads_well_in_light_and_dark(browser: Browser, site: Path, *, dark: bool) -> None:
    browser.light(dark=dark)
    for path in PAGES:
        browser.open(site / path)
        browser.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        paper = browser.ask("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(20, 22, 26)") == dark
        poor = [each for each in browser.contrasts("body *") if each[1] < 4.5]
        assert poor == [], path
    browser.light(dark=False)


def test_the_theme_is_a_choice_that_stays(browser: Browser, site: Path) -> None:
    browser.open(site / "index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    before = browser.ask(paper)
    browser.ask("document.querySelector('#theme').click()")
    assert browser.ask(paper) != before
    browser.open(site / "p/meeting/minutes.html")
    assert browser.ask(paper) != before
    browser.ask("document.querySelector('#theme').click()")
    assert browser.ask(paper) == before


def test_a_telephone_shows_it_without_moving_sideways(browser: Browser, site: Path) -> None:
    browser.narrow(390, 844)
    try:
        for path in PAGES:
            browser.open(site / path)
            browser.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            browser.drawn()
            assert browser.ask("document.documentElement.scrollWidth") <= 390, path
        browser.open(site / "index.html")
        assert browser.ask("document.querySelector('#facet-lists').checkVisibility()") is False
        browser.ask("document.querySelector('#filters').click()")
        assert browser.ask("document.querySelector('#facet-lists').checkVisibility()") is True
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")


def test_everything_that_can_be_used_has_a_name(browser: Browser, site: Path) -> None:
    used = {
        "button",
        "link",
        "textbox",
        "searchbox",
        "combobox",
        "checkbox",
        "spinbutton",
        "Date",
        "DisclosureTriangle",
    }
    browser.call("Accessibility.enable")
    for path in PAGES:
        browser.open(site / path)
        nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
        found = [node for node in nodes if node.get("role", {}).get("value") in used and not node["ignored"]]
        assert found
        nameless = [node for node in found if not node.get("name", {}).get("value")]
        assert nameless == [], path
    browser.call("Accessibility.disable")


def test_paper_shows_the_words_and_nothing_to_press(browser: Browser, site: Path) -> None:
    browser.open(site / "p/meeting/minutes.html")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        pressed = "[...document.querySelectorAll('.bar, .jumps, button, #try')]"
        assert browser.ask(f"{pressed}.filter(each => each.checkVisibility()).length") == 0
        assert browser.ask("document.querySelector('#text').checkVisibility()") is True
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
        browser.light(dark=False)


def test_a_megabyte_of_evil_is_shown_and_copied(browser: Browser, tmp_path: Path) -> None:
    long = f"{EVIL}\n" * 3_000
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save(
            "long", Prompt.define(system(long, literal=True), description=long[:200_000]), message=long[:200_000]
        )
        write(store, tmp_path / "site")
    browser.open(tmp_path / "site/index.html")
    say(browser, "drow owned")
    unharmed(browser)
    browser.click(*centre(browser, "#hits a.card"))
    browser.arrived("/p/long.html")
    browser.ask("document.querySelector('[data-copy=text]').click()")
    assert copied_by(browser) == long
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
    assert browser.ask("document.querySelectorAll('img, iframe, [onload], [onerror]').length") == 0


def test_nothing_jumps_while_a_page_is_built(browser: Browser, site: Path) -> None:
    for path in PAGES:
        browser.open(site / path)
        moved = browser.ask(
            "new Promise(done => { let sum = 0; const seen = new PerformanceObserver(list => list.getEntries().forEach("
            "each => { sum += each.value; })); seen.observe({type: 'layout-shift', buffered: true});"
            "requestAnimationFrame(() => requestAnimationFrame(() => done(sum))); })"
        )
        assert moved < 0.02, path


def test_any_host_of_files_serves_it_below_any_address(browser: Browser, site: Path, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team/prompts").symlink_to(site)
    with served(tmp_path) as host:
        browser.open(f"{host}/team/prompts/")
        browser.type(NEED)
        unharmed(browser, "http")
        browser.key("Enter", "\r")
        browser.arrived("/team/prompts/p/meeting/minutes.html")
        browser.ask("document.querySelector('.crumbs a').click()")
        browser.arrived("/team/prompts/index.html")


# --- the preview is what Python renders -------------------------------------------------------------------------------


def fill(browser: Browser, at: int, text: object) -> None:
    browser.ask(
        f"(() => {{ const field = document.querySelector('#f{at}'); const given = {json.dumps(text)};"
        "if (field.type === 'checkbox') field.checked = given; else field.value = given;"
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


class Sort(NamedTuple):
    """A type of input, how a value of it is drawn, and what a person types or chooses for it."""

    type: Any
    draw: Callable[[random.Random], Any]
    typed: Callable[[Any], Any] = str
    thread: bool = False


def a_text(chance: random.Random) -> str:
    signs = [
        "a",
        "Z",
        " ",
        "\n",
        "\t",
        '"',
        "'",
        "<",
        ">",
        "&",
        "{{ x }}",
        "{% if %}",
        "</script>",
        "é",
        "日",
        "🙂",
        "\u202e",
        "\\",
        "0",
    ]
    return "".join(chance.choices(signs, k=chance.randint(0, 40)))


def a_float(chance: random.Random) -> float:
    picked: float = chance.choice(
        [
            *(
                0.0,
                -0.0,
                1.0,
                1e16,
                1e15,
                123456789012345680.0,
                1e-4,
                1e-5,
                5e-324,
                1.7976931348623157e308,
                1e21,
                1e22,
                0.1,
            ),
            chance.uniform(-1e6, 1e6),
            struct.unpack("<d", struct.pack("<Q", chance.getrandbits(62)))[0],
        ]
    )
    return picked


def a_moment(chance: random.Random) -> datetime:
    zone = chance.choice([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
    parts = chance.choice([0, 0, 5, 123_000, 999_999])
    return datetime(2026, 5, 3, 14, 7, 9, parts, tzinfo=zone) + timedelta(days=chance.randint(-700_000, 2_000_000))


def a_plain(chance: random.Random) -> Any:
    return chance.choice([chance.randint(-(2**53) + 1, 2**53 - 1), a_float(chance), True, False, a_text(chance)])


def a_thread(chance: random.Random) -> list[dict[str, str]]:
    roles = ("system", "user", "assistant", "developer")
    return [{"role": chance.choice(roles), "content": a_text(chance)} for _ in range(chance.randint(0, 4))]


CHOICES = ("warm", "7", 7, 7.5, True)
SORTS = {
    "string": Sort(str, a_text),
    "integer": Sort(int, lambda chance: chance.choice([0, -1, 10**15, chance.randint(-(10**9), 10**9)])),
    "float": Sort(float, a_float, repr),
    "boolean": Sort(bool, lambda chance: chance.random() < 0.5, bool),
    "date": Sort(date, lambda chance: date.fromordinal(chance.randint(1, 3_600_000)), date.isoformat),
    "datetime": Sort(datetime, a_moment, datetime.isoformat),
    "enum": Sort(
        Literal["warm", "7", 7, True], lambda chance: chance.choice(["warm", "7", 7, True]),
        lambda value: str([type(each) is type(value) and each == value for each in ("warm", "7", 7, True)].index(True)),
    ),
    "json": Sort(JsonValue, a_plain, json.dumps),
    "thread": Sort(Thread, a_thread, json.dumps, thread=True),
    "image": Sort(Image, lambda chance: Image(f"https://example.com/{chance.random()}.png"), lambda image: image.url),
    "file": Sort(File, lambda chance: File(f"file-{chance.random()}"), lambda file: file.url),
    "nullable": Sort(int | None, lambda chance: chance.randint(-99, 99)),
}  # fmt: skip


@pytest.mark.parametrize("name", SORTS)
def test_the_preview_is_what_python_renders(browser: Browser, tmp_path: Path, name: str) -> None:
    sort = SORTS[name]
    model = create_model("Inputs", value=(sort.type, ...))
    messages = [placeholder("value")] if sort.thread else [user("{{value}} and {{ value }}!\n")]
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("one", Prompt.define(model, system("Before.\n "), *messages, user("After")))
        write(store, tmp_path / "site")
        prompt = store.load("one")
    chance = random.Random(name)
    values = [sort.draw(chance) for _ in range(30)]
    browser.open(tmp_path / "site/p/one.html")
    for value in values:
        fill(browser, 0, sort.typed(value))
        sent = prompt.render({"value": value}).to_openai()
        shown = browser.ask("[...document.querySelectorAll('#preview pre')].map(each => each.textContent)")
        assert browser.ask("document.querySelector('#e0').textContent") == "", value
        if name not in {"image", "file"}:
            assert shown == [message["content"] for message in sent], value
        browser.ask("document.querySelector('[data-copy=messages]').click()")
        assert json.loads(copied_by(browser)) == json.loads(json.dumps(sent)), value
    unharmed(browser)


ONE: Any = Literal["one", 1]


def test_the_preview_of_defaults_is_what_python_renders(browser: Browser, tmp_path: Path) -> None:
    turns = (user("Hi\r\n", literal=True), assistant("Hello", literal=True))
    model = create_model(
        "Inputs",
        text=(str, "a\r\nb\u202e\t"),
        number=(float, 1e-7),
        yes=(bool, True),
        day=(date, date(2026, 5, 3)),
        at=(datetime, datetime(2026, 5, 3, 14, 0, tzinfo=UTC)),
        choice=(ONE, 1),
        data=(JsonValue, 2.0),
        history=(Thread, turns),
    )
    text = "|".join(f"{{{{ {name} }}}}" for name in ("text", "number", "yes", "day", "at", "choice", "data"))
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("one", Prompt.define(model, system(text), placeholder("history")))
        write(store, tmp_path / "site")
        sent = store.load("one").render().to_openai()
    browser.open(tmp_path / "site/p/one.html")
    shown = browser.ask("[...document.querySelectorAll('#preview pre')].map(each => each.textContent)")
    assert shown == [message["content"] for message in sent]
    unharmed(browser)
