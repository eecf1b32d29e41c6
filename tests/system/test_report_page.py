"""The page of a fairness report in a real browser: nothing in it runs or is loaded, and it reads well everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptlib.fairness import Function, Report, vary
from tests.fairness.models import BIASED, CASES, NAMES, PROMPT
from tests.system.browsing import Browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIL = (
    "</style></svg></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<svg onload=document.title='owned'>&lt;!--<iframe src=javascript:alert(1)> \u202edrow\u2066 \x1b[2J '\"` "
    + "long"
    * 60
)


def report() -> Report:
    """Return a report all of whose words are hostile, with differences, answers and a baseline that differs."""
    made = vary(
        PROMPT, CASES, variants=replace(NAMES, source=EVIL, licence=EVIL), repeats=2, seed=5, permutations=999,
        model=lambda messages, seed: BIASED(messages, seed=seed).replace("}", ' , "x": "' + "y" * 300 + '"}')
        if seed % 9 == 0 else BIASED(messages, seed=seed),
        keep_texts=True, model_id=EVIL, measures=[Function(EVIL, lambda text: float(text[10:13])), Function("l", len)],
    )  # fmt: skip
    texts = tuple(replace(each, text=EVIL + each.text) for each in made.texts)
    baseline = (made.baseline[0], replace(made.baseline[1], verdict="differs"))
    return replace(made, name=EVIL, version="v3", texts=texts, baseline=baseline, fields=(EVIL,), correction=EVIL)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (400, False)])
def test_a_hostile_report_runs_nothing_and_reads_well(
    program: Callable[[str, str], str], tmp_path: Path, width: int, *, dark: bool
) -> None:
    page = tmp_path / "report.html"
    page.write_text(report().to_html(), encoding="utf-8")
    profile = tmp_path / "profile"
    with Browser(program("chromium", "chromium"), profile, width=max(width, 500), height=900, dark=dark) as browser:
        if width < 500:  # the browser makes no window as narrow as a phone
            browser.narrow(width, 900)
        browser.open(page)
        assert "owned" not in browser.ask("document.title.replace(/<[^>]*>|document.title='owned'/g, '')")
        assert browser.ask("document.title !== 'owned'")
        assert browser.ask("document.scripts.length") == 0
        assert browser.ask("document.querySelectorAll('img, iframe, [onload], [onerror]').length") == 0
        assert browser.told("Page.javascriptDialogOpening") == []
        assert [each["entry"]["text"] for each in browser.told("Log.entryAdded")] == []
        assert len(browser.told("Network.requestWillBeSent")) == 1
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
        measured = browser.contrasts("h1, h2, h3, p, dt, dd, .told, .name, .scale, th, td, summary, pre")
        assert len(measured) > 50
        assert [each for each in measured if each[1] < 4.5] == []
        drawn = browser.ask(
            "[...document.querySelectorAll('.row > svg')].every(one => one.getBoundingClientRect().width > 100)"
        )
        assert drawn
        # The table is the one thing that scrolls sideways, and a keyboard reaches it.
        browser.ask("document.querySelector('.wide').focus()")
        assert browser.ask("document.activeElement.getAttribute('aria-label')") == "The numbers"


def test_a_mark_is_told_by_its_shape_as_well(program: Callable[[str, str], str], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(vary(PROMPT, CASES, variants=NAMES, model=BIASED, repeats=2, seed=5).to_html(), encoding="utf-8")
    with Browser(program("chromium", "chromium"), tmp_path / "profile") as browser:
        browser.open(page)
        assert browser.ask("document.querySelectorAll('.row.differs rect.dot').length") == 2
        assert browser.ask("document.querySelectorAll('.row.differs circle.dot').length") == 0
        assert browser.ask("document.querySelectorAll('.row.again path.dot').length") == 2
        assert browser.ask("document.querySelector('.row.differs .told').innerText").startswith("differs: ")
