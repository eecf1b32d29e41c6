"""`promptlib mcp` as clients start it: a process whose standard streams belong to the protocol alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference
from typer.testing import CliRunner

from promptlib import Prompt, Store, user
from promptlib.cli.app import app
from tests.mcp_server.asking import MODES, texts

if TYPE_CHECKING:
    from pathlib import Path

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def started(store: Store, *arguments: str) -> StdioServerParameters:
    """Return how a client starts the command on *store*."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "promptlib", "-C", str(store.path), "mcp", *arguments],
        env=dict(os.environ),
    )


def spoken(store: Store, *lines: object, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Return how the command ended that was told *lines*, and then that there are no more."""
    told = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    command = [sys.executable, "-m", "promptlib", "-C", str(store.path), "mcp", *arguments]
    return subprocess.run(command, input=told, capture_output=True, text=True, timeout=60, check=False)


def test_a_client_over_stdio(store: Store) -> None:
    async def main() -> None:
        async with Client(started(store, "--label", "production", "--max-tokens", "50")) as client:
            (entry,) = (await client.list_prompts()).prompts
            assert (entry.meta or {})["promptlib/number"] == 2
            found = await client.get_prompt("support/triage", {"ticket": "Hi", "times": "3"})
            assert texts(found)[-1] == ("user", "Second: Hi")
            with pytest.raises(MCPError, match="50"):
                await client.get_prompt("support/triage", {"ticket": "word " * 50})
            tone = await client.complete(PromptReference(name="support/triage"), {"name": "tone", "value": "w"})
            assert tone.completion.values == ["warm"]
            hits = await client.call_tool("search_prompts", {"need": "sort tickets"})
            assert hits.structured_content["hits"][0]["name"] == "support/triage"

    anyio.run(main)


# --- the command line -------------------------------------------------------------------------------------------------


def shell(*arguments: str) -> tuple[int, str]:
    """Return exit code and stderr of the command in this process."""
    done = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
    return done.exit_code, done.stderr


def test_without_a_store_it_ends_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = shell("mcp")
    assert code == 3
    assert "no store in" in said


def test_what_can_be_no_label(store: Store) -> None:
    code, said = shell("-C", str(store.path), "mcp", "--label", "v3")
    assert code == 2
    assert "'v3' cannot be a label" in said


@pytest.mark.parametrize("option", [["--margin", "5"], ["--model", "gpt-4o"], ["--encoding", "cl100k_base"]])
def test_how_to_count_without_what_to_count(store: Store, option: list[str]) -> None:
    code, said = shell("-C", str(store.path), "mcp", *option)
    assert code == 2
    assert "give it too" in " ".join(said.split())


def test_without_the_package_it_says_how_to_get_it(store: Store) -> None:
    script = (
        "import sys\n"
        "for name in ('mcp', 'mcp_types'): sys.modules[name] = None\n"
        f"sys.argv = ['promptlib', '-C', {str(store.path)!r}, 'mcp']\n"
        "from promptlib.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: promptlib.mcp_server needs the package mcp, and it is not installed\n"
        "with promptlib, from its checkout: pip install '.[mcp]'; or beside it: pip install 'mcp>=2.3'\n"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"labels": (), "only": "", "budget": None}),
        (("--label", "a", "--label", "b", "--only", "x/"), {"labels": ["a", "b"], "only": "x/", "budget": None}),
        (("--max-tokens", "50", "--margin", "5"), {"budget": (50, 5, "o200k_base")}),
        (("--max-tokens", "50", "--encoding", "cl100k_base"), {"budget": (50, 0, "cl100k_base")}),
        (("--max-tokens", "50", "--model", "gpt-4"), {"budget": (50, 0, "cl100k_base")}),
    ],
)
def test_what_the_options_say(
    store: Store, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], expected: dict[str, Any]
) -> None:
    from promptlib import mcp_server

    told: dict[str, Any] = {}
    monkeypatch.setattr(mcp_server, "serve", lambda store, **options: told.update(options, store=store))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    code, said = shell("-C", str(store.path), "mcp", *options)
    assert (code, said) == (0, "")
    budget = told["budget"]
    told["budget"] = budget and (budget.max_tokens, budget.margin, budget.encoding)
    assert {key: told[key] for key in expected} == expected


def test_a_person_who_starts_it_is_told_what_it_waits_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptlib import mcp_server
    from promptlib.cli import mcp

    monkeypatch.setattr(mcp, "on_terminal", lambda _: True)
    monkeypatch.setattr(mcp_server, "serve", lambda *_, **__: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    code, said = shell("-C", str(store.path), "mcp")
    assert code == 0
    assert said.splitlines() == [
        "1 prompt for an MCP client, which starts this command by itself.",
        "This terminal is no client: Ctrl-C ends it.",
    ]
    assert shell("-C", str(store.path), "mcp", "--only", "x")[1].startswith("0 prompts for an MCP client")


def test_two_ways_to_count(store: Store) -> None:
    code, said = shell(
        "-C", str(store.path), "mcp", "--max-tokens", "5", "--model", "gpt-4", "--encoding", "cl100k_base"
    )
    assert code == 2
    assert "give one of --encoding and --model" in said


# --- the process ------------------------------------------------------------------------------------------------------


@pytest.mark.system
@pytest.mark.parametrize("mode", MODES)
def test_all_of_a_session_over_stdio(store: Store, mode: str) -> None:
    for at in range(300):
        store.save(f"many/p{at:03}", Prompt.define(user(f"Number {at}")))

    async def main() -> None:
        async with Client(started(store), mode=mode) as client:
            assert client.server_capabilities is not None
            assert client.server_capabilities.prompts is not None
            assert client.server_capabilities.prompts.list_changed is True
            first = await client.list_prompts()
            rest = await client.list_prompts(cursor=first.next_cursor)
            assert len(first.prompts) + len(rest.prompts) == 301
            value = "wörd " * 200_000
            (message,) = texts(await client.get_prompt("support/triage@v1", {"ticket": value}))
            assert message[1].endswith(f"\n\n{value}")
            found = await client.call_tool("render_prompt", {"ref": "support/triage@v1", "inputs": {"ticket": value}})
            assert found.structured_content["messages"][-1] == {"role": "user", "content": value}
            with pytest.raises(MCPError, match="did you mean 'support/triage'"):
                await client.get_prompt("support/triaje")

    anyio.run(main)


@pytest.mark.system
def test_stdout_holds_the_protocol_and_nothing_else(store: Store) -> None:
    (store.path / "promptlib" / "index.sqlite").unlink(missing_ok=True)
    get = {"jsonrpc": "2.0", "id": 3, "method": "prompts/get"}
    done = spoken(
        store,
        INITIALIZE,
        INITIALIZED,
        "this is no JSON",
        get | {"params": {"name": "support/triage", "arguments": {"ticket": 'half \\ud800 of "it"'}}},
        get | {"id": 4, "params": {"name": "nobody"}},
        get | {"id": 5, "params": {"name": "support/triage", "arguments": {"ticket": 5}}},
    )
    assert done.returncode == 0
    assert done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["jsonrpc"] for each in answers} == {"2.0"}
    told = {each["id"]: each for each in answers}
    assert told[1]["result"]["capabilities"]["prompts"] == {"listChanged": True}
    assert told[1]["result"]["instructions"].startswith("Prompts of a versioned store.")


@pytest.mark.system
def test_a_client_that_goes_without_a_word(store: Store) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "promptlib", "-C", str(store.path), "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        process.stdin.write((json.dumps(INITIALIZED) + "\n" + json.dumps(ping) + "\n").encode())
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@pytest.mark.system
def test_an_interrupt_ends_it_at_once(store: Store) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "promptlib", "-C", str(store.path), "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
