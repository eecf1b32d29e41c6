"""A store as a static site: what is in it, that it is text, and that it never harms the folder it is written to."""

from __future__ import annotations

import json
import os
import re
from datetime import date, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue

from promptlib import Chain, File, Image, Prompt, Segment, Store, Thread, constant, placeholder, step, system, user
from promptlib.columns import safe
from promptlib.errors import BadRef, InvalidInputs, NotFetched, NotFound, SiteRefused
from promptlib.lineage.page import as_data
from promptlib.site import write
from promptlib.site.filling import plan, stretches
from promptlib.site.markup import address, block, line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<svg onload=document.title='owned'>&lt;!--<iframe src=javascript:alert(1)> data:text/html,<b>"
    "\u202edrow\u2066 \x1b[2J \u2028'\"`${alert(1)} ]]> --> {# #}"
)


class Ticket(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    history: Thread = ()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Prompts that have to do with each other; one of them all evil."""
    with Store.init(tmp_path_factory.mktemp("site") / "prompts.git", bare=True) as store:
        style = store.save("support/style", Prompt.define(system("Be brief."), description="How we sound"))
        triage = Prompt.define(
            Ticket,
            system("You sort tickets. Answer in a {{ tone }} voice."),
            placeholder("history"),
            user("{{ ticket }}"),
            description="Sort a support ticket",
            tags=("support", "sorting"),
        )
        store.save("support/triage", triage, message="First cut")
        store.label("support/triage", "production", "v1")
        better = store.load("support/triage").evolve(
            messages=(system("You sort tickets by urgency, in a {{ tone }} voice."), *triage.messages[1:])
        )
        store.save("support/triage", better, message="By urgency\n\nBecause of Monday.")
        store.save("support/answer", Prompt.define(system('{% include "style" %} Answer.'), includes={"style": style}))
        evil = Prompt.define(system(EVIL, literal=True), description=EVIL, tags=(EVIL[:60],))
        store.save("evil", evil, message=EVIL)
        yield store


@pytest.fixture(scope="module")
def site(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "site"
    write(store, out)
    return out


class Tags(HTMLParser):
    """What a browser would make of a page: tags with their attributes, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {tag} {attrs}"
        if tag not in {"meta", "link", "input", "br", "wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.words.append(data)


def page(site: Path, name: str) -> Tags:
    return Tags((site / address(name)).read_text("utf-8"))


def data(path: Path) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    told: dict[str, object] = json.loads(found[1])
    return told


def test_there_is_a_page_for_each_prompt_and_one_that_finds_them(store: Store, site: Path) -> None:
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    pages = {address(name) for name in store.names()}
    assert files == {"index.html", "all.html", ".promptlib-site.json", *pages}
    assert [card[0] for card in data(site / "index.html")["cards"]] == list(store.names())  # type: ignore[attr-defined] # JSON


def test_a_page_tells_what_the_store_knows(site: Path) -> None:
    words = " ".join(page(site, "support/triage").words)
    for told in (
        "Sort a support ticket",
        "production v1",
        "sorting",
        "By urgency",
        "Because of Monday.",
        "First cut",
        "tokens (exact, o200k_base)",
        'prompt = Store.open().load("support/triage@production")',
        "messages of",
        "one of 'warm', 'plain'",
    ):
        assert told in words, told
    assert [tag[1]["id"] for tag in page(site, "support/triage").tags if tag[0] == "li" and "id" in tag[1]] == [
        "v2",
        "v1",
    ]
    assert "included by" in " ".join(page(site, "support/style").words)
    assert "No live preview: message 1 holds" in " ".join(page(site, "support/answer").words)


def test_every_page_is_well_formed_and_links_to_what_is_there(site: Path) -> None:
    for path in site.rglob("*.html"):
        parsed = Tags(path.read_text("utf-8"))
        assert parsed.open == parsed.unclosed == [], path
        ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), path
        for tag, attributes in parsed.tags:
            assert "src" not in attributes
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            target = attributes.get("href")
            if target and not target.startswith("#"):
                assert ":" not in target, target
                assert (path.parent / target.partition("#")[0]).is_file(), target
            for name in ("for", "aria-describedby", "aria-controls"):
                assert all(word in ids for word in (attributes.get(name) or "").split()), (path, tag, attributes)


def test_what_is_evil_is_text(site: Path) -> None:
    parsed = page(site, "evil")
    names = {tag for tag, _ in parsed.tags}
    assert names.isdisjoint({"img", "iframe", "object", "embed", "base"})
    assert sum(tag == "script" for tag, _ in parsed.tags) == 3
    text = (site / "p/evil.html").read_text("utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\x1b]", text)
    assert data(site / "p/evil.html")["text"] == EVIL


def test_the_policy_names_each_script_and_style(site: Path) -> None:
    from base64 import b64encode
    from hashlib import sha256

    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        assert policy
        assert policy[1].startswith("default-src 'none'; ")
        assert "unsafe" not in policy[1]
        pieces = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", text, re.DOTALL)
        assert len(pieces) >= 3
        for piece in pieces:
            assert b64encode(sha256(piece.encode()).digest()).decode() in policy[1]


def test_the_same_store_gives_the_same_bytes(store: Store, site: Path, tmp_path: Path) -> None:
    write(store, tmp_path / "again")
    for path in site.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(site)).read_bytes() == path.read_bytes(), path


# --- what is left out -------------------------------------------------------------------------------------------------


def test_a_label_shows_what_it_carries(store: Store, tmp_path: Path) -> None:
    report = write(store, tmp_path / "live", label="production")
    assert (report.prompts, report.versions) == (1, 1)
    text = (tmp_path / "live/p/support/triage.html").read_text("utf-8")
    assert "by urgency" not in text
    assert "By urgency" not in text


def test_history_can_stay_at_home(store: Store, tmp_path: Path) -> None:
    report = write(store, tmp_path / "now", only="support/", versions=0)
    assert (report.prompts, report.versions) == (3, 0)
    text = (tmp_path / "now/p/support/triage.html").read_text("utf-8")
    assert "First cut" not in text
    assert "You sort tickets. Answer" not in text


def test_a_part_of_the_shelf_does_not_tell_of_the_rest(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path / "part", only="support/a")
    text = (tmp_path / "part/p/support/answer.html").read_text("utf-8")
    assert "a prompt that is not in this catalogue" in text
    assert "support/style" not in text.replace("support/style v", "")
    write(store, tmp_path / "other", only="support/s")
    assert "support/answer" not in (tmp_path / "other/p/support/style.html").read_text("utf-8")


def test_it_is_written_as_it_was(store: Store, tmp_path: Path) -> None:
    write(store.at(store.version("support/style")), tmp_path / "then")
    assert {path.name for path in (tmp_path / "then/p").rglob("*.html")} == {"style.html"}


def test_nothing_to_show_is_an_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no prompt here below 'nowhere/' carries the label 'beta'"):
        write(store, tmp_path / "none", only="nowhere/", label="beta")
    with pytest.raises(InvalidInputs, match="versions is -1"):
        write(store, tmp_path / "none", versions=-1)
    assert list(tmp_path.iterdir()) == []


# --- the folder -------------------------------------------------------------------------------------------------------


def test_an_earlier_site_is_replaced_whole(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "site"
    write(store, out)
    write(store, out, only="support/")
    assert not (out / "p/evil.html").exists()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("place", ["mine.txt", "p/mine.html", "p/support/.hidden", "mine/deep/file"])
def test_a_folder_that_holds_more_is_left_alone(store: Store, tmp_path: Path, place: str) -> None:
    out = tmp_path / "site"
    write(store, out)
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place).write_text("mine")
    with pytest.raises(SiteRefused) as caught:
        write(store, out, only="support/")
    assert str(caught.value) == (
        f"{out} holds {place}, which is no part of an earlier site\n"
        "name a new folder, or take away what is not to be lost: the whole folder is replaced"
    )
    assert (out / place).read_text() == "mine"
    assert (out / "p/evil.html").exists()
    assert list(tmp_path.iterdir()) == [out]


def test_links_are_not_followed(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    with pytest.raises(SiteRefused, match="is a symbolic link"):
        write(store, link)
    out = tmp_path / "site"
    write(store, out)
    (out / "p/evil.html").unlink()
    (out / "p/evil.html").symlink_to(elsewhere / "mine.txt")
    with pytest.raises(SiteRefused, match=r"holds p/evil\.html"):
        write(store, out)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SiteRefused, match="is no folder"):
        write(store, tmp_path / "file")
    assert (elsewhere / "mine.txt").read_text() == "mine"


def test_what_fails_leaves_the_earlier_site(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write(store, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr("promptlib.site.pages.LeafPage.html", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(store, out)
    with monkeypatch.context() as patch:
        rename = os.rename
        patch.setattr("pathlib.Path.rename", lambda self, to: 1 / 0 if self.name == "new" else rename(self, to))
        with pytest.raises(ZeroDivisionError):
            write(store, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("out", ["a\0b", "x" * 300, "file/below"])
def test_a_folder_that_cannot_be_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SiteRefused, match="cannot be written") as caught:
        write(store, out)
    assert len(caught.value.what) < 300
    assert caught.value.hint == "name another folder"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("label", ["latest", "v1", "../x", "a\0b", "X" * 5_000])
def test_what_is_no_label_is_told(store: Store, tmp_path: Path, label: str) -> None:
    with pytest.raises(BadRef):
        write(store, tmp_path / "site", label=label)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_may_be_the_one_that_one_is_in(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(store, ".")
    assert (tmp_path / "here/index.html").is_file()
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


def test_an_empty_folder_will_do_and_others_may_read_the_site(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "deep/site"
    out.mkdir(parents=True)
    out.chmod(0o700)
    write(store, out)
    mask = os.umask(0)
    os.umask(mask)
    assert out.stat().st_mode & 0o777 == 0o777 & ~mask


# --- texts ------------------------------------------------------------------------------------------------------------


class Read(HTMLParser):
    """The text that a browser reads out of HTML, and whether it reads anything else."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.other: list[str] = []
        self.feed(f"{html}<end>")
        assert self.other.pop() == "end"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.other += [tag, *map(str, attrs)]

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


@given(st.text() | st.sampled_from([EVIL, EVIL[::-1]]) | st.text(alphabet="<>&\"'`{%#}/-!\n\r\t\0\u2028\u202e\ud800"))
def test_no_text_is_anything_else_in_html(text: str) -> None:
    for html in (line(text), block(text)):
        read = Read(html)
        assert read.other == []
        assert not any(char in read.text for char in "\0\x1b\u2028\u2029\u202e\u2066\r\ud800")
        html.encode("utf-8")
    assert Read(block(text)).text == "\n".join(safe(each) for each in text.split("\n"))
    assert "\n" not in line(text)
    parsed = Tags(f'<p title="{line(text)}"></p>')
    assert parsed.tags == [("p", {"title": safe(text)})]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_data_is_read_back_and_ends_no_script(content: object) -> None:
    told = as_data(content)
    assert json.loads(told) == content
    assert told.isascii()
    assert not set("<>&") & set(told)


SEGMENTS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,6}(\.html_{0,2})?", fullmatch=True)


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join), max_size=12, unique=True))
def test_no_page_lies_in_the_place_of_another(names: list[str]) -> None:
    places = [address(name) for name in names]
    assert len(set(places)) == len(places)
    for place in places:
        assert not any(other.startswith(f"{place}/") for other in places), places
        assert ".." not in place.split("/")


@given(st.text(alphabet="ab \n{}%#'\""))
def test_a_source_is_shown_whole(text: str) -> None:
    assert "".join(each.text for each in stretches(user(text))) == text
    assert [each.sort for each in stretches(user(text, literal=True))] == (["text"] if text else [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% if word %}{{ word }}{% endif %}", "message 1 holds {% if word %}, which only promptlib renders"),
        ("{{ word | upper }}", "message 1 holds {{ word | upper }}, which only promptlib renders"),
        ("{{ word }} {{ word | trim }}", "message 1 holds {{ word | trim }}, which only promptlib renders"),
        ("{# so #}{{ word }}", "message 1 holds {# so #}, which only promptlib renders"),
        ("{{ word }}", ""),
    ],
)
def test_a_page_says_why_it_does_not_render(text: str, reason: str) -> None:
    class Word(BaseModel):
        word: str

    assert plan(Prompt.define(Word, system(text))).reason == reason


@pytest.mark.no_cover
def test_a_text_of_a_megabyte_stays_whole(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        long = Prompt.define(system("<b>word</b>\n" * 84_000, literal=True), description="d" * 100_000)
        store.save("long", long, message="m" * 100_000)
        store.save("other", Prompt.define(system("".join(f"one {at}\n" for at in range(6_000)))))
        store.save("other", Prompt.define(system("".join(f"{at} two {at}\n" for at in range(6_000)))))
        report = write(store, tmp_path / "site")
    assert report.searched == 60_000
    text = (tmp_path / "site/p/long.html").read_text("utf-8")
    assert text.count("&lt;b&gt;word&lt;/b&gt;\n") >= 83_999
    assert "Too long to be shown here: <code>promptlib show long@v1#" in text
    assert "Too long to be shown here: <code>promptlib diff other@v1#" in (tmp_path / "site/p/other.html").read_text(
        "utf-8"
    )
    assert len((tmp_path / "site/index.html").read_text("utf-8")) < 150_000


def test_a_home_without_history_is_written_too(store: Store, tmp_path: Path) -> None:
    store.export_bundle(tmp_path / "prompts.bundle")
    with Store.open(tmp_path / "prompts.bundle") as bundle:
        report = write(bundle, tmp_path / "site")
        assert (report.prompts, report.versions) == (4, 0)
        assert write(bundle, tmp_path / "live", label="production").prompts == 1
    words = " ".join(page(tmp_path / "live", "support/triage").words)
    assert 'Store.open().load("support/triage@production")' in words
    assert "by urgency" not in words


def test_keys_that_are_published_are_told(tmp_path: Path) -> None:
    key = "ghp_" + "".join("aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zA2"[:36])
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        first = store.save("deploy", Prompt.define(user(f"Use {key}")))
        store.save("deploy", Prompt.define(user("Use the key")))
        report = write(store, tmp_path / "site")
        assert [ref for ref, _ in report.secrets] == [first.ref]
        assert "GitHub" in report.secrets[0][1]
        assert write(store, tmp_path / "site", versions=1).secrets == ()
        store.label("deploy", "production", "v1")
        told = write(store, tmp_path / "site", label="production", versions=0).secrets
        assert [ref for ref, _ in told] == ["deploy@production"]


def test_files_that_are_no_prompts_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "app/prompts"
    folder.mkdir(parents=True)
    (folder / "good.prompty").write_text("---\ndescription: Fine\n---\nsystem:\nHello\n")
    (folder / "bad.prompty").write_text("---\ninputs: [\n---\n")
    report = write(Store.open(tmp_path / "app"), tmp_path / "site")
    assert (report.prompts, report.versions) == (1, 0)
    assert [name for name, _ in report.unreadable] == ["bad"]
    assert "not committed" in (tmp_path / "site/p/good.html").read_text("utf-8")


# --- chains -----------------------------------------------------------------------------------------------------------


class Notes(BaseModel):
    notes: str


class Summary(BaseModel):
    summary: str
    tone: str = "plain"


def test_a_chain_has_a_page_and_its_prompts_name_it(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("read", Prompt.define(Notes, user("Summarise {{ notes }}")))
        store.save("decide", Prompt.define(Summary, user("Decide on {{ summary }}, {{ tone }}.")))
        store.label("decide", "production", "v1")
        steps = (
            step("read", store.load("read"), notes="notes"),
            step("decide", "decide@production", summary="read.text", tone=constant(EVIL)),
        )
        chain = Chain.define(Notes, *steps, description="From notes to decisions", resolve=store.load)
        store.save("minutes", chain, message="A chain")
        store.save("minutes", store.load_chain("minutes").evolve(description="Notes to decisions"), message="Shorter")
        report = write(store, tmp_path / "site")
        assert (report.prompts, report.versions) == (3, 4)
        told = page(tmp_path / "site", "minutes")
        words = " ".join(told.words)
        for each in ("1. read", "an input of the chain", "floating: follows production", "read.text", "Shorter"):
            assert each in " ".join(words.replace(" .", ".").split()), each
        targets = [attributes.get("href") for _, attributes in told.tags]
        assert {"../p/read.html#v1", "../p/decide.html#v1", "#step-read"} <= set(targets)
        assert data(tmp_path / "site/p/minutes.html")["text"] == chain.to_mermaid()
        codes = data(tmp_path / "site/p/minutes.html")["codes"]
        assert 'chain = Store.open().load_chain("minutes")' in codes[0]  # type: ignore[index] # JSON
    assert "step of the chain" in " ".join(page(tmp_path / "site", "read").words)
    assert "step of the chain, by its label:" in " ".join(page(tmp_path / "site", "decide").words)
    cards = data(tmp_path / "site/index.html")["cards"]
    assert [card[2] for card in cards] == ["prompt", "chain", "prompt"]  # type: ignore[attr-defined] # JSON


def test_a_chain_whose_label_is_gone_still_has_its_page(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("read", Prompt.define(Notes, user("Summarise {{ notes }}")))
        store.label("read", "production", "v1")
        chain = Chain.define(Notes, step("read", "read@production", notes="notes"), resolve=store.load)
        store.save("minutes", chain)
        store.label("read", "production", None)
        report = write(store, tmp_path / "site")
        assert report.unreadable == ()
        write(store, tmp_path / "part", only="minutes")
    assert "floating: follows production" in " ".join(page(tmp_path / "site", "minutes").words)
    assert "a prompt that is not in this catalogue" in " ".join(page(tmp_path / "part", "minutes").words)


# --- what a prompt declares -------------------------------------------------------------------------------------------


class Everything(BaseModel):
    """A field of each kind that a page has a control for."""

    text: Annotated[str, Segment(priority=3, truncate="end", boundary="word", min_tokens=2, max_tokens=90)] = "Hi\n<b>"
    whole: int = 7
    part: float = 0.5
    yes: bool = True
    day: date = date(2026, 5, 3)
    at: datetime | None = None
    choice: Literal["a<b", 2] = 2
    maybe: Literal["x"] | None = None
    data: JsonValue = "plain"
    history: Thread = ()
    picture: Image | None = None
    paper: File | None = None


class Answer(BaseModel):
    urgency: str = Field(description="How soon")
    reason: str = "none"


def test_a_page_shows_all_that_a_prompt_declares(tmp_path: Path) -> None:
    text = "".join(f"{{{{ {name} }}}} " for name in Everything.model_fields if name != "history")
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        plain = Prompt.define(
            Everything,
            system(text),
            placeholder("history", priority=9),
            settings={"temperature": 0.25},
            outputs=Answer,
            tools=[tool],
        )
        store.save("plain", plain)
        stated = system('{% segment "docs" truncate="drop" group="g" %}Some <i>words</i>.{% endsegment %} {{ notes }}')
        store.save("stated", Prompt.define(Notes, stated))
        write(store, tmp_path / "site")
    told = page(tmp_path / "site", "plain")
    words = " ".join(" ".join(told.words).split())
    for each in (
        "Inside a budget",
        "its end goes, at a word, at least 2 tokens, at most 90 tokens",
        "the oldest messages go",
        '"temperature": 0.25',
        '"look_up"',
        "It answers with",
        "How soon",
        "'none'",
        "What is sent",
    ):
        assert each in words, each
    controls = {
        attributes["data-field"]: (tag, attributes) for tag, attributes in told.tags if "data-field" in attributes
    }
    assert [tag for tag, _ in controls.values()].count("textarea") == 3
    assert [controls[str(at)][1].get("type") for at in (1, 2, 3, 4, 5)] == [
        "number",
        "number",
        "checkbox",
        "date",
        "text",
    ]
    assert controls["4"][1]["value"] == "2026-05-03"
    assert "checked" in controls["3"][1]
    fields = data(tmp_path / "site/p/plain.html")["fields"]
    assert fields[0]["text"] == "Hi\n<b>"  # type: ignore[index] # JSON
    assert fields[6]["choices"] == ["a<b", "2"]  # type: ignore[index] # JSON
    words = " ".join(" ".join(page(tmp_path / "site", "stated").words).split())
    assert "docs 0 kept whole or dropped 8 tokens (exact, o200k_base)" in words
    assert "No live preview: message 1 holds {% segment" in words


def test_older_versions_are_counted_and_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        for at in range(4):
            store.save("long", Prompt.define(system(f"Number {at}")), message=f"Change {at}")
        store.save("read", Prompt.define(Notes, user("{{ notes }}")))
        chain = Chain.define(Notes, step("read", store.load("read"), notes="notes"))
        store.delete("long")  # a name that stands stays what it is
        store.save("long", chain, message="Now a chain")
        write(store, tmp_path / "site", versions=3)
    words = " ".join(" ".join(page(tmp_path / "site", "long").words).split())
    assert "2 older versions: promptlib log long" in words
    assert "No difference can be told: a prompt and a chain cannot be compared" in words
    assert "Change 1" not in words
    assert "Number 1" in words, "the version before the oldest one that is told is what it is compared with"


def test_what_a_partial_clone_lacks_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> None:
        raise NotFetched("a text is left at the remote", hint="promptlib fetch")

    for verb in ("graph", "history", "labels", "load"):
        with monkeypatch.context() as patch:
            patch.setattr(Store, verb, lacking)
            with pytest.raises(NotFetched, match="left at the remote"):
                write(store, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []
