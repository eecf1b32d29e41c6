"""What a notebook shows: complete, and never obeyed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field

from promptlib import Prompt, Store, Thread, placeholder, system, user

if TYPE_CHECKING:
    from pathlib import Path


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</td></table><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "<!-- ]]> --> &lt;script&gt;",
    "<style>* { display: none }</style>",
)


class Ticket(BaseModel):
    ticket: str = Field(description="What the <b>customer</b> wrote")
    tone: Literal["warm", "plain"] = "plain"
    history: Thread = ()


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def triage() -> Prompt[Ticket]:
    texts = (system("Answer in a {{ tone }} voice. <script>alert(1)</script>"), placeholder("history"))
    return Prompt.define(Ticket, *texts, user("{{ ticket }}"), description="Sort <tickets>")


def test_a_prompt_shows_what_it_takes_and_says(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("support/triage", triage())
        shown = Page(store.load("support/triage")._repr_html_())
    for words in (
        "support/triage",
        "v1",
        "Sort <tickets>",
        "What the <b>customer</b> wrote",
        "one of 'warm', 'plain'",
        "'plain' when left out",
        "required",
        "Answer in a {{ tone }} voice. <script>alert(1)</script>",
        "history",
        "{{ ticket }}",
    ):
        assert words in shown.text, words
    assert shown.elements == {"div", "strong", "code", "table", "tr", "th", "td", "em"}
    assert shown.attributes == {"style"}


def test_a_prompt_without_a_name_or_inputs_shows_its_words() -> None:
    shown = Page(Prompt.define(user("Be brief."))._repr_html_())
    assert shown.text.split("\n")[1:] == ["user", "Be brief.", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_prompt_is_markup(text: str) -> None:
    prompt: Prompt[Any] = Prompt(messages=(user(text, literal=True),), description=" ".join(text.split()))
    shown = Page(prompt._repr_html_())
    assert shown.elements <= {"div", "strong", "code", "table", "tr", "td"}
    assert shown.attributes == {"style"}


def test_hits_show_where_the_words_are(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        for name in ("calm", "calmer"):
            store.save(name, Prompt.define(user("Calm an <i>angry</i> customer."), description="Calms & soothes"))
        found = Page(store.search("an angry customer", limit=1)._repr_html_())
        assert "1 of 2 that match" in found.text
        assert "calm" in found.text
        assert "Calms & soothes" in found.text
        assert "\nangry\n" in found.text
        assert found.elements == {"div", "table", "tr", "th", "td", "strong", "mark"}
        assert "nothing has custmer: searched for customer" in Page(store.search("custmer")._repr_html_()).text
        assert "nothing found" in Page(store.search("zebra")._repr_html_()).text
