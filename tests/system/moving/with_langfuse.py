"""Langfuse's real objects, made without a server: compiled there and rendered here, they give the same messages."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langfuse.api import Prompt_Chat, Prompt_Text
from langfuse.model import ChatPromptClient, TextPromptClient

from promptlib import Store, codec
from promptlib.formats.langfuse import from_langfuse, import_langfuse
from promptlib.plain import thaw
from tests.formats import standins
from tests.system.moving.holding import missing, run_guide

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = st.text(alphabet="{}%#:-\n\r\\<>&'\"system user é", max_size=16)
#: What a template may hold: variables, and what looks like something of Jinja, of a file or of a role.
BITS = st.sampled_from(
    [
        "{{a}}",
        "{{ b }}",
        "{{\nc-d\t}}",
        "{",
        "}",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{% if a %}",
        "{% endraw %}",
        "\n",
        "\r\n",
        '{{"json": 1}}',
        "{{{a}}}",
        "{{a|upper}}",
        "system:\n",
        "---\n",
        "\\",
        "x",
        " ",
        "{a}",
    ]
)
TEXTS = st.lists(st.one_of(BITS, VALUES), max_size=9).map("".join)
ROLES = st.sampled_from(["system", "user", "assistant", "developer"])


def text_client(text: str, **parts: Any) -> TextPromptClient:
    said = {"name": "p", "version": 1, "config": {}, "labels": [], "tags": []} | parts
    return TextPromptClient(Prompt_Text(prompt=text, **said))


def chat_client(messages: list[dict[str, Any]]) -> ChatPromptClient:
    return ChatPromptClient(Prompt_Chat(name="p", version=1, config={}, labels=[], tags=[], prompt=messages))


def ours(prompt: Any, values: dict[str, Any]) -> list[tuple[str, str]]:
    made = from_langfuse(prompt).prompt
    assert codec.read(codec.write(made)) == made
    values = values | {"c_d": values.get("c-d", "")}
    given_here = {each.name: values[each.name] for each in made.inputs}
    return [(each.role, each.text) for each in made.render(given_here).messages]


@settings(max_examples=300)
@given(TEXTS, VALUES, VALUES, VALUES)
def test_texts(text: str, a: str, b: str, c: str) -> None:
    values = {"a": a, "b": b, "c-d": c}
    client = text_client(text)
    assert set(client.variables) & {"a", "b", "c-d"} == {
        {"c_d": "c-d"}.get(name, name) for name in from_langfuse(client).prompt.variables
    }
    assert ours(client, values) == [("user", client.compile(**values))]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(ROLES, TEXTS), min_size=1, max_size=3), st.lists(st.tuples(ROLES, VALUES), max_size=3), VALUES
)
def test_chats(messages: list[tuple[str, str]], turns: list[tuple[str, str]], a: str) -> None:
    values = {"a": a, "b": "B", "c-d": ""}
    # What stands in a placeholder is filled there once more, with the application's values: here it is data.
    history = [{"role": role, "content": text.replace("{{", "{ {")} for role, text in turns]
    written = [{"role": role, "content": text} for role, text in messages]
    client = chat_client([*written, {"type": "placeholder", "name": "history"}])
    compiled = [(each["role"], each["content"]) for each in client.compile(**values, history=history)]
    assert ours(client, values | {"history": history}) == compiled


def test_json_says_what_the_object_says() -> None:
    told = Prompt_Text(
        name="movie", version=3, config={"model": "m", "temperature": 0.5}, labels=["production", "latest"],
        tags=["film"], prompt="Rate {{film}}", commit_message="Shorter",
    )  # fmt: skip
    made, read = from_langfuse(TextPromptClient(told)), from_langfuse(json.loads(told.model_dump_json(by_alias=True)))
    assert made == read == from_langfuse(told)
    assert (made.name, made.number, made.message, made.labels) == ("movie", 3, "Shorter", ("production", "latest"))
    assert (thaw(made.prompt.settings), made.prompt.tags) == ({"model": "m", "temperature": 0.5}, ("film",))


def test_objects_come_into_a_store(tmp_path: Path) -> None:
    """Each version there is one here, with its label."""
    clients = [
        text_client("Rate {{film}}", version=1),
        text_client("Rate {{film}} now", version=2, labels=["production"]),
    ]
    with Store.init(tmp_path / "s.git", bare=True) as store:
        report = import_langfuse(store, *clients)
        assert report.notes == ("2 versions of 1 name", "labels: p@production")
        assert sorted(each.number or 0 for each in store.history("p")) == [1, 2]
        text = store.load("p@production").render(film="Ran").messages[0].text
        assert text == clients[1].compile(film="Ran")


def test_what_the_guide_says_of_langfuse() -> None:
    assert text_client("Hi {{name}}!").compile(nmae="Bo") == "Hi {{name}}!"  # a missing name stays, another is ignored
    assert text_client("{{x}}").compile(x=None) == ""
    history = [{"role": "user", "content": "my {{code}}"}]
    chat = chat_client([{"type": "placeholder", "name": "history"}])
    assert chat.compile(history=history, code="s3cret") == [{"role": "user", "content": "my s3cret"}]
    assert chat.compile() == [{"type": "placeholder", "name": "history"}]
    composed = "@@@langfusePrompt:name=style|label=production@@@"
    assert text_client(composed).compile() == composed  # the server puts it together, and only when it is asked to


def test_the_stand_ins_have_no_attribute_that_the_real_ones_lack() -> None:
    for standin, thing in ((standins.TextPromptClient, text_client("x")), (standins.ChatPromptClient, chat_client([]))):
        assert standin.__name__ == type(thing).__name__
        assert missing(standin, thing) == []


class _Server(BaseHTTPRequestHandler):
    """What the guide asks Langfuse's API: a list, one version, and a new one; out of the file that it has written."""

    def _answer(self, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        listed = json.loads(Path("theirs.json").read_text("utf-8"))
        asked = urlsplit(self.path)
        name = unquote(asked.path.partition("/v2/prompts")[2].lstrip("/"))
        if name:
            query = parse_qs(asked.query)
            assert query["resolve"] == ["false"]
            self._answer(
                next(each for each in listed if (each["name"], str(each["version"])) == (name, query["version"][0]))
            )
            return
        numbers: dict[str, list[int]] = {}
        for each in listed:
            numbers.setdefault(each["name"], []).append(each["version"])
        told = {"type": "text", "labels": [], "tags": [], "lastUpdatedAt": "2026-04-01T09:00:00.000Z", "lastConfig": {}}
        data = [{"name": each, "versions": versions} | told for each, versions in numbers.items()]
        self._answer({"data": data, "meta": {"page": 1, "limit": 100, "totalItems": len(data), "totalPages": 1}})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer({"version": 3} | sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Langfuse's client find a server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        monkeypatch.setenv("LANGFUSE_BASE_URL", f"http://127.0.0.1:{listening.server_address[1]}")
        monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-test")
        monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-test")
        monkeypatch.setenv("LANGFUSE_TRACING_ENABLED", "false")
        yield
        listening.shutdown()
        thread.join()


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: None) -> None:
    run_guide("langfuse", tmp_path, monkeypatch)
