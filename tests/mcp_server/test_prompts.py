"""Prompts as the protocol lists, fills in and completes them, through the official SDK's own client."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, PromptReference, ResourceTemplateReference
from pydantic import BaseModel

from promptlib import Budget, Prompt, Store, developer, system, user
from promptlib.errors import BadRef
from promptlib.inputs import Input, InputType
from promptlib.mcp_server import answering, server
from tests.mcp_server.asking import MODES, ask, completed, got, listed, refused, texts
from tests.mcp_server.conftest import TRIAGE

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client
    from mcp_types import ListPromptsResult

HISTORY = '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]'


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_is_listed_with_its_arguments(store: Store, mode: str) -> None:
    (entry,) = listed(store, mode=mode).prompts
    assert (entry.name, entry.title, entry.description) == (
        "support/triage",
        "Triage",
        "Sort a support ticket by urgency",
    )
    found = {each.name: (each.required, each.description) for each in entry.arguments or ()}
    assert list(found) == ["ticket", "tone", "times", "urgent", "history", "_version"]
    assert found["ticket"] == (True, "Text")
    assert found["tone"] == (False, "One of 'warm', 'plain'. Left out, it is plain")
    assert found["times"] == (False, "A whole number. Left out, it is 1")
    assert "as JSON: [{" in str(found["history"][1])
    assert found["_version"][1] == (
        "Which version: a number such as v3, a label such as production, or latest. Left out, it is the newest"
    )


def test_the_list_says_version_digest_labels_and_tokens(store: Store) -> None:
    told = dict(listed(store, labels=["production"]).prompts[0].meta or {})
    tokens = told.pop("promptlib/tokens")
    assert told == {
        "promptlib/name": "support/triage",
        "promptlib/version": "v2",
        "promptlib/number": 2,
        "promptlib/digest": store.version("support/triage@v2").digest,
        "promptlib/label": "production",
        "promptlib/labels": ["production"],
        "promptlib/tags": ["support"],
    }
    assert tokens["count"] > 10
    assert (tokens["exactness"], tokens["engine"], tokens["of"]) == ("estimate", "o200k_base", "template")


def test_a_title_is_the_display_name(store: Store) -> None:
    store.save("meeting/to-decisions", Prompt.define(user("Hi"), description="D"))
    store.save("named", Prompt(messages=(user("Hi"),), extra={"displayName": "  Hello\nthere "}))  # type: ignore[arg-type] # brought into form
    assert {each.name: each.title for each in listed(store).prompts} == {
        "meeting/to-decisions": "To decisions",
        "named": "Hello there",
        "support/triage": "Triage",
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_list_comes_in_pages(store: Store, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "PAGE", 3)
    for at in range(8):
        store.save(f"many/{at}", Prompt.define(user(f"Number {at}")))

    async def all_of(client: Client) -> list[list[str]]:
        pages: list[list[str]] = []
        cursor = None
        while True:
            page: ListPromptsResult = await client.list_prompts(cursor=cursor)
            pages.append([each.name for each in page.prompts])
            cursor = page.next_cursor
            if cursor is None:
                return pages

    pages = ask(store, all_of, mode=mode)
    assert [len(page) for page in pages] == [3, 3, 3]
    assert [name for page in pages for name in page] == list(store.names())


def test_a_page_goes_on_behind_a_name_that_has_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "PAGE", 2)
    for at in range(4):
        store.save(f"many/{at}", Prompt.define(user(f"Number {at}")))

    async def work(client: Client) -> list[str]:
        first = await client.list_prompts()
        await anyio.to_thread.run_sync(store.delete, "many/1")
        rest = await client.list_prompts(cursor=first.next_cursor)
        return [each.name for each in (*first.prompts, *rest.prompts)]

    assert ask(store, work) == ["many/0", "many/1", "many/2", "many/3"]


@pytest.mark.parametrize("cursor", ["", "x", "ä", "bm90aGluZw==", "YWZ0ZXI6/w=="])
def test_a_cursor_of_somebody_else_is_refused(store: Store, cursor: str) -> None:
    async def work(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.list_prompts(cursor=cursor)
        return caught.value

    error = ask(store, work)
    assert error.code == INVALID_PARAMS
    assert "is no cursor of this list\nbegin again without one" in str(error)


def test_an_empty_store_has_an_empty_list(tmp_path: Path) -> None:
    with Store.init(tmp_path / "empty.git", bare=True) as store:
        assert listed(store).prompts == []
        assert str(refused(store, "x")) == "no prompt 'x' here\nthis store is empty"


def test_a_broken_prompt_is_told_and_the_rest_is_listed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "prompts"
    root.mkdir()
    (root / "good.prompty").write_text("Hello\n")
    (root / "bad.prompty").write_text("---\ninputs: [\n---\n{{ x }}\n")
    with Store.open(root) as store:
        found = listed(store)
        assert [each.name for each in found.prompts] == ["good"]
        assert found.meta is not None
        assert list(found.meta["promptlib/unreadable"]) == ["bad"]
        assert found.meta["promptlib/unreadable_count"] == 1
        assert "line 2" in found.meta["promptlib/unreadable"]["bad"]
        assert [record.getMessage()[:16] for record in caplog.records if "bad" in record.getMessage()] == [
            "bad is left out:"
        ]
        error = refused(store, "bad")
        assert error.code == INTERNAL_ERROR
        assert str(tmp_path) not in f"{error}{found.meta}{caplog.text}"


def test_no_more_broken_prompts_are_named_than_help(tmp_path: Path) -> None:
    for at in range(30):
        (tmp_path / f"bad{at}.prompty").write_text("{{\n")
    with Store.open(tmp_path) as store:
        meta = listed(store).meta or {}
    assert len(meta["promptlib/unreadable"]) == 20
    assert meta["promptlib/unreadable_count"] == 30


# --- filled in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_texts_become_the_types_of_the_inputs(store: Store, mode: str) -> None:
    given = {"ticket": "Help", "tone": "warm", "times": "3", "urgent": "true", "history": HISTORY}
    result = got(store, "support/triage@v1", given, mode=mode)
    assert texts(result) == [
        ("user", "You sort tickets in a warm voice, 3 times. Urgent: True.\n\nHi"),
        ("assistant", "Hello"),
        ("user", "Help"),
    ]
    assert result.description == "Sort a support ticket by urgency"
    rendered = store.load("support/triage@v1").render(
        ticket="Help",
        tone="warm",
        times=3,
        urgent=True,
        history=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    )
    told = result.meta or {}
    assert told["promptlib/tokens"] == {
        "count": int(rendered.tokens),
        "exactness": "exact",
        "engine": "o200k_base",
        "of": "messages",
    }
    (note,) = told["promptlib/folded"]
    assert result.messages[note["message"]].content.text[note["start"] : note["end"]] == rendered.messages[0].text
    assert note["role"] == "system"


def test_which_version_is_meant(store: Store) -> None:
    def number(name: str, version: str = "", **options: Any) -> object:
        given = {"ticket": "x"} | ({"_version": version} if version else {})
        return (got(store, name, given, **options).meta or {})["promptlib/number"]

    digest = store.version("support/triage@v1").digest
    assert number("support/triage") == 3
    assert number("support/triage", labels=["production"]) == 2
    assert number("support/triage", labels=["staging", "production"]) == 2
    assert number("support/triage", labels=["staging", "latest"]) == 3
    for version, expected in (
        ("1", 1),
        ("v1", 1),
        ("production", 2),
        ("latest", 3),
        (digest, 1),
        (f"#{digest[7:15]}", 1),
    ):
        assert number("support/triage", version, labels=["production"]) == expected
    assert number("support/triage@v1", labels=["production"]) == 1
    assert number("support/triage@production") == 2
    assert number("prompts:/support/triage/1") == 1
    assert str(refused(store, "support/triage@v1", {"_version": "v2"})) == (
        "support/triage@v1 and the version 'v2' both say which one is meant\nsay it once"
    )


def test_what_has_no_version_that_is_served(store: Store) -> None:
    store.save("draft", Prompt.define(user("Hi")))
    assert [each.name for each in listed(store, labels=["production"]).prompts] == ["support/triage"]
    assert str(refused(store, "draft", labels=["production", "staging"])) == (
        "draft has no version that is served: it lacks the label production and staging\n"
        "ask for one by itself: draft@latest, draft@v1"
    )
    assert str(refused(store, "nobody", labels=["production"])).startswith("no prompt 'nobody' here")
    assert texts(got(store, "draft@latest", labels=["production"])) == [("user", "Hi")]
    with pytest.raises(BadRef, match="is no label"):
        server(store, labels=["Production"])


def test_a_label_that_is_set_later_is_served(store: Store) -> None:
    store.save("draft", Prompt.define(user("Hi")))

    async def work(client: Client) -> list[list[str]]:
        pages = [await client.list_prompts(), await client.list_prompts()]
        await anyio.to_thread.run_sync(partial(store.label, "draft", "production", "v1"))
        pages.append(await client.list_prompts())
        return [[each.name for each in page.prompts] for page in pages]

    before, again, after = ask(store, work, labels=["production"])
    assert before == again == ["support/triage"]
    assert after == ["draft", "support/triage"]


def test_only_what_begins_so_is_served(store: Store) -> None:
    store.save("secret/plan", Prompt.define(user("Hi")))
    assert [each.name for each in listed(store, only="support/").prompts] == ["support/triage"]
    for name in ("secret/plan", "secret/plan@v1", "support/plan", "support/plan@production", "shared:support/x"):
        text = str(refused(store, name, only="support/"))
        assert "is served here" in text
        assert "names here: support/triage" in text
    assert completed(store, "support/triage", "_version", only="support/").values[0] == "production"
    assert "'shared:support/x' is served here" in str(refused(store, "shared:support/x"))


def test_the_nearest_name_is_told(store: Store) -> None:
    error = refused(store, "support/triaje", {"ticket": "x"})
    assert error.code == INVALID_PARAMS
    assert "did you mean 'support/triage'? names here: support/triage" in str(error)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_wrong_with_arguments_is_told_field_by_field(store: Store, mode: str) -> None:
    error = refused(store, "support/triage", {"tone": "loud", "times": "many", "history": "[", "voice": "x"}, mode=mode)
    assert error.code == INVALID_PARAMS
    for said in (
        "input 'history' is no JSON: Expecting value: line 1 column 2 (char 1)",
        "unknown input 'voice'",
        "missing input 'ticket'",
        "input 'tone' is 'loud', not one of 'warm', 'plain'",
        "input 'times' is 'many', not a whole number",
    ):
        assert said in str(error)


def test_a_template_that_fails_is_told_with_its_line(store: Store) -> None:
    shown: Prompt[BaseModel] = Prompt(
        messages=(user("One\n{{ name }}"),),
        inputs=(Input(name="name", type=InputType(kind="string", nullable=True), required=False),),
    )
    store.save("fails", shown)
    error = refused(store, "fails")
    assert error.code == INVALID_PARAMS
    assert "None has no text\nat line " in str(error)
    assert ".prompty" not in str(error)


def test_a_prompt_that_includes_another(store: Store) -> None:
    class Name(BaseModel):
        name: str

    style = store.save("style", Prompt.define(user("Be kind.")))
    store.save("letter", Prompt.define(Name, user('{% include "style" %} Dear {{ name }}'), includes={"style": style}))
    result = got(store, "letter", {"name": "Ann"})
    assert texts(result) == [("user", "Be kind. Dear Ann")]
    assert (result.meta or {})["promptlib/includes"] == [str(style.pin)]


def test_a_budget_is_kept(store: Store) -> None:
    error = refused(store, "support/triage", {"ticket": "word " * 100}, budget=Budget(60))
    assert error.code == INVALID_PARAMS
    assert re.search(r"60", str(error))
    told = got(store, "support/triage", {"ticket": "x"}, budget=Budget(60)).meta or {}
    assert told["promptlib/budget"]["max_tokens"] == 60
    assert told["promptlib/budget"]["remaining"] == 60 - told["promptlib/tokens"]["count"]
    tokens = (listed(store, budget=Budget(60, encoding="cl100k_base")).prompts[0].meta or {})["promptlib/tokens"]
    assert tokens["engine"] == "cl100k_base"


# --- completed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_arguments_are_completed(store: Store, mode: str) -> None:
    def values(argument: str, value: str = "") -> list[str]:
        return completed(store, "support/triage", argument, value, mode=mode).values

    assert values("tone") == ["warm", "plain"]
    assert values("tone", "W") == ["warm"]
    assert values("tone", "lai") == ["plain"]
    assert values("tone", "x") == []
    assert values("urgent") == ["true", "false"]
    assert values("ticket", "x") == []
    assert values("_version") == ["production", "latest", "v3", "v2", "v1"]
    assert values("_version", "v") == ["v3", "v2", "v1"]
    assert values("_version", "pro") == ["production"]


def test_at_most_a_hundred_values(store: Store) -> None:
    kind_of = InputType(kind="enum", values=tuple(f"value {at}" for at in range(250)))
    store.save("many", Prompt(messages=(user("{{ x }}"),), inputs=(Input(name="x", type=kind_of),)))
    found = completed(store, "many", "x")
    assert (len(found.values), found.total, found.has_more) == (100, 250, True)
    found = completed(store, "many", "x", "value 24")
    assert (len(found.values), found.total, found.has_more) == (11, 11, False)


def test_the_version_that_was_chosen_decides_what_is_completed(store: Store) -> None:
    kind_of = InputType(kind="enum", values=("new",))
    store.save("support/triage", Prompt(messages=(user("{{ tone }}"),), inputs=(Input(name="tone", type=kind_of),)))
    assert completed(store, "support/triage", "tone").values == ["new"]
    assert completed(store, "support/triage", "tone", context={"_version": "v1"}).values == ["warm", "plain"]
    assert completed(store, "support/triage@v1", "tone").values == ["warm", "plain"]
    assert completed(store, "support/triage@v1", "_version").values[0] == "production"


def test_what_cannot_be_completed(store: Store) -> None:
    async def work(client: Client) -> list[str]:
        said = []
        for name, argument in (("nobody", "_version"), ("nobody", "ton"), ("support/triage", "ton")):
            with pytest.raises(MCPError) as caught:
                await client.complete(PromptReference(name=name), {"name": argument, "value": ""})
            said.append(str(caught.value))
        with pytest.raises(MCPError) as caught:
            await client.complete(ResourceTemplateReference(uri="x://y"), {"name": "a", "value": ""})
        return [*said, str(caught.value)]

    version, unknown, argument, resource = ask(store, work)
    assert version == unknown
    assert unknown.startswith("no prompt 'nobody' here")
    assert argument == (
        "support/triage takes no argument 'ton'\n"
        "did you mean 'tone'? it takes: ticket, tone, times, urgent, history, _version"
    )
    assert resource == "this server has prompts and no resources: complete with ref/prompt"


# --- other homes ------------------------------------------------------------------------------------------------------


def test_a_folder_without_git_is_served(tmp_path: Path) -> None:
    (tmp_path / "a.prompty").write_text("Hello\n")
    with Store.open(tmp_path) as store:
        (entry,) = listed(store).prompts
        assert sorted(entry.meta or {}) == [
            "promptlib/digest",
            "promptlib/labels",
            "promptlib/name",
            "promptlib/tokens",
        ]
        assert texts(got(store, "a")) == [("user", "Hello")]
        assert completed(store, "a", "_version").values == []


def test_a_file_that_was_edited_is_served_as_it_is_on_disk(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for key in ("user.name", "user.email"):
        subprocess.run(["git", "-C", str(tmp_path), "config", key, "uma@example.org"], check=True)
    with Store.init(tmp_path) as store:
        store.save("a", Prompt.define(system("One"), developer("Two")))
        path = tmp_path / "prompts" / "a.prompty"
        path.write_text(path.read_text().replace("One", "Edited"))
        told = got(store, "a")
        assert texts(told) == [("user", "Edited\n\nTwo")]
        assert (told.meta or {})["promptlib/version"] == "v1+edited"
        assert texts(got(store, "a@latest")) == [("user", "One\n\nTwo")]


def test_a_bundle_is_served(store: Store, tmp_path: Path) -> None:
    store.export_bundle(tmp_path / "prompts.bundle")
    with Store.open(tmp_path / "prompts.bundle") as bundle:
        assert [each.name for each in listed(bundle).prompts] == ["support/triage"]
        assert texts(got(bundle, "support/triage@production", {"ticket": "x"}))[-1] == ("user", "Second: x")


def test_an_earlier_time_is_served(store: Store) -> None:
    earlier = store.at(store.version("support/triage@v1"))
    assert (listed(earlier).prompts[0].meta or {})["promptlib/number"] == 1


def test_nothing_is_written(store: Store) -> None:
    before = store.state()
    got(store, "support/triage", {"ticket": "x"})
    listed(store)
    assert store.state() == before
    assert TRIAGE.digest == store.load("support/triage@v1").digest
