"""Clients are told when the store has moved, and every answer is of one moment of it."""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client
from mcp.server.subscriptions import PromptsListChanged
from mcp_types import PromptListChangedNotification

from promptlib import Prompt, Store, user
from promptlib.errors import NotFound, StoreDamaged
from promptlib.mcp_server import server
from promptlib.mcp_server.shelf import Shelf
from promptlib.mcp_server.watching import Watch
from tests.mcp_server.asking import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOON = 0.01
SECONDS = 30


def _saved(store: Store) -> None:
    store.save("another", Prompt.define(user("Hi")))


def _labelled(store: Store) -> None:
    store.label("support/triage", "staging", "v1")


@pytest.mark.parametrize("change", [_saved, _labelled])
def test_a_client_of_today_is_told(store: Store, change: Callable[[Store], None]) -> None:
    async def work(client: Client) -> Any:
        async with client.listen(prompts_list_changed=True) as changes:
            await client.list_prompts()
            await anyio.to_thread.run_sync(change, store)
            with anyio.fail_after(SECONDS):
                return await anext(aiter(changes))

    assert ask(store, work, every=SOON) == PromptsListChanged()


def test_a_client_of_before_is_told(store: Store) -> None:
    told: list[str] = []

    async def main() -> None:
        heard = anyio.Event()

        async def hear(message: object) -> None:
            if isinstance(message, PromptListChangedNotification):
                told.append(message.method)
                heard.set()

        async with Client(server(store, every=SOON), mode="legacy", message_handler=hear) as client:
            await client.list_prompts()
            await anyio.to_thread.run_sync(_saved, store)
            with anyio.fail_after(SECONDS):
                await heard.wait()

    anyio.run(main)
    assert told[0] == "notifications/prompts/list_changed"


def test_a_saved_prompt_is_in_the_next_list(store: Store) -> None:
    async def work(client: Client) -> list[list[str]]:
        before = await client.list_prompts()
        await anyio.to_thread.run_sync(_saved, store)
        after = await client.list_prompts()
        return [[each.name for each in page.prompts] for page in (before, after)]

    assert ask(store, work) == [["support/triage"], ["another", "support/triage"]]


def test_nobody_is_told_of_nothing_and_a_damaged_store_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    class Listening(Watch):
        async def tell(self) -> None:
            told.append("changed")

    states: list[str | Exception] = ["a", "a", StoreDamaged("gone"), StoreDamaged("gone"), "a", "b"]

    async def state() -> str:
        found = states.pop(0) if states else "b"
        if isinstance(found, Exception):
            raise found
        return found

    async def main() -> None:
        async with anyio.create_task_group() as tasks:

            async def look() -> None:
                await Listening().look(state, 0)

            tasks.start_soon(look)
            while states:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    caplog.set_level(logging.WARNING)
    anyio.run(main)
    assert told == ["changed", "changed", "changed"]
    assert "the store cannot be read now: gone" in caplog.text


# --- one moment -------------------------------------------------------------------------------------------------------


class Moving:
    """A store whose state is another one at each of the first questions."""

    def __init__(self, changes: int) -> None:
        self.asked = 0
        self.changes = changes

    def state(self) -> str:
        """Return a number that grows."""
        self.asked += 1
        return str(min(self.asked, self.changes))


def test_an_answer_is_made_again_when_the_store_has_moved_meanwhile() -> None:
    moving: Any = Moving(3)
    made: list[int] = []

    def work() -> int:
        made.append(1)
        return len(made)

    assert Shelf(moving).at_one_moment(work) == 2
    endless: Any = Moving(10**9)
    made.clear()
    assert Shelf(endless).at_one_moment(work) == 4


def test_an_error_is_told_when_the_store_stood_still() -> None:
    answers: list[int | NotFound] = [NotFound("between two moments"), 5]

    def work() -> int:
        found = answers.pop(0)
        if isinstance(found, NotFound):
            raise found
        return found

    moving: Any = Moving(2)
    assert Shelf(moving).at_one_moment(work) == 5
    still: Any = Moving(1)
    answers.append(NotFound("for good"))
    with pytest.raises(NotFound, match="for good"):
        Shelf(still).at_one_moment(work)


# --- what a state is --------------------------------------------------------------------------------------------------


def test_the_state_of_a_bare_store(store: Store) -> None:
    states = {store.state()}
    for change in (_saved, _labelled, lambda store: store.delete("another")):
        change(store)
        states.add(store.state())
        assert store.state() in states
    assert len(states) == 4
    assert store.at(store.version("support/triage@v1")).state() != store.state()


def test_the_state_of_files_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "prompts" / "a.prompty"
    path.parent.mkdir()
    with Store.open(tmp_path) as store:
        states = [store.state()]
        for text in ("Hello\n", "Hello!\n"):
            path.write_text(text)
            states.append(store.state())
        path.rename(path.with_name("b.prompty"))
        states.append(store.state())
        assert len(set(states)) == 4
        assert store.state() == states[-1]


def test_a_commit_changes_the_state_of_a_work_tree(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=U", "-c", "user.email=u@e.org", *arguments], check=True
        )

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.prompty").write_text("Hello\n")
    git("add", "prompts")
    git("commit", "-qm", "One")
    with Store.open(tmp_path) as store:
        before = store.state()
        git("commit", "-q", "--allow-empty", "-m", "Two")
        assert store.state() != before


def test_a_bundle_never_changes(store: Store, tmp_path: Path) -> None:
    store.export_bundle(tmp_path / "a.bundle")
    with Store.open(tmp_path / "a.bundle") as bundle:
        assert bundle.state() == ""
