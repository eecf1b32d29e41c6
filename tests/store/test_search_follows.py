"""What search answers is what it would answer had the index been made from nothing, whatever became of the store."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, PromptLibError, Store, query, user
from promptlib.store.past import NOWHERE, History
from promptlib.store.searching import Wanted, search_history

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("a", "b", "team/notes", "team/soup", "c-d")
WORDS = ("meeting", "meetings", "soup", "recipe", "notes", "summary", "Straße", "日本語", "naïve", "x")
NEEDS = ("meeting", "soup recipe", "strasse naive", "本語", "team notes", "summary x", "Save")
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made there
STEPS = ("save", "save", "save", "save", "delete", "rename", "label", "back", "join", "ask", "other language")


def prompt_of(chance: Random) -> Prompt[Any]:
    """Return a prompt of a few words."""
    text = " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))
    return Prompt(
        messages=(user(text, literal=True),),
        description=chance.choice(["", "a summary", "soup of notes"]),
        tags=tuple(sorted(set(chance.choices(["red", "blue"], k=chance.randint(0, 2))))),
    )


class Shelf:
    """A store that lives through anything, beside what plain git does to it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = Random(seed)
        self.store = Store.init(folder / "prompts.git", bare=True)
        self.path = folder / "prompts.git"
        self.language = "english"

    def git(self, *words: str) -> str:
        run = subprocess.run(["git", "-C", str(self.path), *words], capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def do(self, step: str) -> None:
        """Take one step; what the store refuses is no step."""
        chance, store = self.chance, self.store
        try:
            if step == "save":
                store.save(chance.choice(NAMES), prompt_of(chance), message=chance.choice(["", "Warmer summary"]))
            elif step == "delete":
                store.delete(chance.choice(NAMES))
            elif step == "rename":
                store.rename(chance.choice(NAMES), chance.choice(NAMES))
            elif step == "label":
                store.label(chance.choice(NAMES), "production", "latest")
            elif step == "ask":
                self.check()
            elif step == "other language":
                self.language = chance.choice(["english", "german", "none"])
            else:
                self.move(join=step == "join")
        except PromptLibError:
            return

    def move(self, *, join: bool) -> None:
        """Set the branch back to an earlier commit; with *join* go on from there, and merge what was."""
        line = self.git("rev-list", "main").split()
        tip, earlier = line[0], self.chance.choice(line)
        self.git("update-ref", "refs/heads/main", earlier)
        if join:
            self.do("save")
            side = self.git("rev-parse", "main")
            parents = [tip, side] if self.chance.random() < 0.5 else [side, tip]
            tree = self.chance.choice([tip, side])
            words = ["commit-tree", f"{tree}^{{tree}}", "-p", parents[0], "-p", parents[1], "-m", "Join"]
            self.git("update-ref", "refs/heads/main", self.git("-c", "user.name=U", "-c", "user.email=u@e", *words))

    def check(self) -> None:
        """Compare what the store answers with what an index made from nothing does."""
        history = self.store._history
        assert history is not None
        anew = History(history.repository, history.prefix, NOWHERE)
        language = query.language(self.language)
        for text in NEEDS:
            need = query.read(text, language)
            for versions in ("current", "all"):
                wanted = Wanted(versions=versions)
                held = search_history(history.now(), need, wanted, language)
                made = search_history(anew.now(), need, wanted, language)
                assert held.to_dict() == made.to_dict(), (text, versions)
        anew.close()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one."""
    path = Path(tempfile.mkdtemp(dir=FAST))
    yield path
    shutil.rmtree(path)


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(STEPS), min_size=5, max_size=25))
def test_search_follows_the_store(folder: Path, seed: int, steps: list[str]) -> None:
    place = Path(tempfile.mkdtemp(dir=folder))
    shelf = Shelf(place, seed)
    for step in steps:
        shelf.do(step)
    shelf.check()
    shelf.store.close()
    shutil.rmtree(place)
