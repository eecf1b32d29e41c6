"""The page of a lineage in a real browser: it is moved, asked and searched, and only its own script runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.lineage import Edge, Graph, Node
from tests.system.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EVIL = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<svg onload=document.title='owned'>&lt;!--<iframe src=javascript:alert(1)> "
    "\u202edrow\u2066 \x1b[2J \u2028'\"`${alert(1)}"
)
SHOWN = "document.querySelector('#panel').innerText"
VIEW = "document.querySelector('#view').getAttribute('transform')"


@pytest.fixture
def browser(program: Callable[[str, str], str], tmp_path: Path) -> Iterator[Browser]:
    with Browser(program("chromium", "chromium"), tmp_path / "profile") as browser:
        yield browser


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three prompts that have to do with each other, all texts hostile."""
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        style = store.save("style", Prompt.define(system(EVIL, literal=True), description=EVIL), message=EVIL)
        store.save("triage", Prompt.define(system('{% include "style" %} Sort.'), includes={"style": style}))
        store.label("triage", "production", "v1")
        sorting = store.load("triage")
        better = sorting.evolve(messages=(system('{% include "style" %} Sort by urgency.'),))
        store.save("triage", better, message=f"By urgency {EVIL}\n\n{EVIL}")
        store.save("reply", store.load("triage").derive(description=EVIL), message="For sales")
        yield store


def unharmed(browser: Browser) -> None:
    """Nothing ran, asked, failed or was loaded but the page itself."""
    assert "owned" not in browser.ask("document.title")
    assert browser.ask("document.scripts.length") == 2
    assert browser.ask("document.querySelectorAll('img, iframe, svg svg, [onload], [onerror]').length") == 0
    assert browser.told("Page.javascriptDialogOpening") == []
    assert [each["entry"]["text"] for each in browser.told("Log.entryAdded")] == []
    assert browser.told("Runtime.exceptionThrown") == []
    assert {each["request"]["url"].partition(":")[0] for each in browser.told("Network.requestWillBeSent")} == {"file"}
    assert len(browser.told("Network.requestWillBeSent")) == 1


def place(browser: Browser, text: str, lane: int) -> tuple[float, float]:
    """Return where the version *text* is drawn, of several the one that is so many from the top."""
    found = browser.ask(
        "[...document.querySelectorAll('.node')].filter(node => node.querySelector('text').textContent === "
        f"{text!r}).map(node => node.querySelector('rect').getBoundingClientRect())"
        ".map(box => [box.x + box.width / 2, box.y + box.height / 2]).sort((one, other) => one[1] - other[1])"
    )
    x, y = found[lane]
    return x, y


def test_a_click_shows_what_a_version_changed(browser: Browser, store: Store, tmp_path: Path) -> None:
    page = tmp_path / "lineage.html"
    page.write_text(store.lineage("triage").html(), encoding="utf-8")
    browser.open(page)
    assert browser.ask("document.querySelector('h1').textContent").startswith("Lineage of triage v2")
    assert "What it changed in triage v1" in browser.ask(SHOWN)
    assert "Sort by urgency." in browser.ask(SHOWN)
    assert browser.ask("document.querySelector('.diff ins').textContent") == " by urgency"
    browser.click(*place(browser, "v1", 0))
    assert browser.ask("document.querySelector('#panel h2').textContent").startswith("triage v1")
    assert "What it began with" in browser.ask(SHOWN)
    assert "production" in browser.ask(SHOWN)
    browser.ask(
        "[...document.querySelectorAll('#panel li button')].find(each => each.textContent.startsWith('style')).click()"
    )
    browser.drawn()
    shown = browser.ask(SHOWN)
    assert shown.startswith("style v1")
    assert "</script><script>" in shown
    assert "<U+202E>" in shown
    unharmed(browser)


def test_the_picture_moves_and_grows(browser: Browser, store: Store, tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    page.write_text(store.graph().html(), encoding="utf-8")
    browser.open(page)
    views = [browser.ask(VIEW)]

    def moved() -> None:
        views.append(browser.ask(VIEW))
        assert views[-1] != views[-2]

    browser.mouse("mousePressed", 60, 600, button="left", buttons=1, clickCount=1)
    for x in (80, 140, 200):
        browser.mouse("mouseMoved", x, 560, button="left", buttons=1)
    browser.mouse("mouseReleased", 200, 560, button="left", clickCount=1)
    moved()
    assert "Click a version" in browser.ask(SHOWN), "a drag is no click"
    browser.mouse("mouseWheel", 300, 300, deltaX=0, deltaY=-240)
    moved()
    browser.ask("document.querySelector('#in').click()")
    browser.drawn()
    moved()
    browser.ask("document.querySelector('#all').click()")
    browser.drawn()
    moved()
    unharmed(browser)


def test_the_keyboard_is_enough(browser: Browser, store: Store, tmp_path: Path) -> None:
    page = tmp_path / "lineage.html"
    page.write_text(store.lineage("triage").html(), encoding="utf-8")
    browser.open(page)
    heading = "document.querySelector('#panel h2').textContent"
    browser.ask("document.querySelector('#stage').focus()")
    for key, name in (
        ("ArrowLeft", "triage v1"),
        ("ArrowRight", "triage v2"),
        ("ArrowRight", "reply v1"),
        ("Home", "reply v1"),
    ):
        browser.key(key)
        assert browser.ask(heading).startswith(name), key
    before = browser.ask(VIEW)
    browser.key("+", "+")
    assert browser.ask(VIEW) != before
    browser.key("Enter")
    assert browser.ask("document.activeElement.id") == "panel"
    browser.key("Escape")
    assert browser.ask("document.activeElement.id") == "stage"
    browser.key("/")
    assert browser.ask("document.activeElement.id") == "search"
    browser.call("Input.insertText", text="STYLE")
    browser.drawn()
    assert browser.ask("document.querySelector('#hits').textContent") == "1 found"
    browser.key("Enter")
    assert browser.ask(heading).startswith("style v1")
    unharmed(browser)


def test_a_notebook_shows_it_in_a_frame_of_its_own(browser: Browser, store: Store, tmp_path: Path) -> None:
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><title>Notebook</title>{store.lineage('triage')._repr_html_()}", encoding="utf-8")
    browser.open(page)
    frames = [context for context in browser.contexts() if browser.ask("document.title", context) != "Notebook"]
    assert len(frames) == 1
    assert browser.ask("document.querySelectorAll('.node').length", frames[0]) == 4
    # Nothing in the frame can reach the notebook.
    reach = "(() => { try { return parent.document.title; } catch (error) { return error.name; } })()"
    assert browser.ask(reach, frames[0]) == "SecurityError"
    assert browser.ask("document.title") == "Notebook"


def test_thousands_of_versions_stay_usable(browser: Browser, tmp_path: Path) -> None:
    nodes = [Node(f"team/prompt-{at // 10:03}", f"sha256:{at:064x}", at % 10 + 1) for at in range(5_000)]
    edges = [Edge("parent", nodes[at], nodes[at - 1]) for at in range(5_000) if at % 10]
    edges += [Edge("includes", nodes[at], nodes[3]) for at in range(10, 5_000, 10)]
    page = tmp_path / "large.html"
    page.write_text(Graph(nodes, edges).html(), encoding="utf-8")
    browser.open(page)
    drawn = "document.querySelectorAll('.node').length"
    assert 10 < browser.ask(drawn) < 1_000, "only what is near the window is drawn"
    browser.ask("document.querySelector('#all').click()")
    browser.drawn()
    assert browser.ask(drawn) == 5_000
    spent = browser.ask(
        "new Promise(done => { const begun = performance.now(); let turns = 20;"
        "const stage = document.querySelector('#stage');"
        "const turn = () => { const deltaY = turns % 2 ? -90 : 80;"
        "stage.dispatchEvent(new WheelEvent('wheel', {deltaY, cancelable: true}));"
        "if (--turns) requestAnimationFrame(turn); else done((performance.now() - begun) / 20); };"
        "requestAnimationFrame(turn); })"
    )
    assert spent < 1_000, "a turn of the wheel is drawn while the hand is still on it"
    browser.ask(
        "(() => { const search = document.querySelector('#search'); search.value = 'prompt-321 v7';"
        "search.dispatchEvent(new Event('input')); })()"
    )
    browser.drawn()
    assert browser.ask("document.querySelector('#hits').textContent") == "1 found"
    assert browser.ask("document.querySelectorAll('.node.hit').length") == 1


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (480, False)])
def test_it_reads_well_in_light_dark_and_narrow(
    program: Callable[[str, str], str], store: Store, tmp_path: Path, width: int, *, dark: bool
) -> None:
    page = tmp_path / "lineage.html"
    page.write_text(store.lineage("triage").html(), encoding="utf-8")
    with Browser(program("chromium", "chromium"), tmp_path / "profile", width=width, height=900, dark=dark) as browser:
        browser.open(page)
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
        measured = browser.contrasts("h1, button, #panel *, #names span, #legend span")
        assert measured
        assert [each for each in measured if each[1] < 4.5] == []
        below: Any = browser.ask(
            "document.querySelector('#panel').getBoundingClientRect().top >= "
            "document.querySelector('#stage').getBoundingClientRect().bottom"
        )
        assert below == (width < 760)
