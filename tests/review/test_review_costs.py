"""Processes are counted, because counts hold on every machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.review import review

if TYPE_CHECKING:
    from pathlib import Path


def head(store: Store) -> str:
    done = subprocess.run(["git", "rev-parse", "main"], cwd=store.path, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("aside", [False, True], ids=["on the branch", "on another one"])
def test_a_review_starts_as_many_processes_for_any_number_of_prompts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    aside: bool,  # noqa: FBT001 - a case
) -> None:
    counts = []
    for prompts in (3, 60):
        with Store.init(tmp_path / f"{prompts}.git", bare=True, durability="none") as store:
            tips: list[str] = []
            for word in ("Begin", "Go on", "Go on and on"):
                with store.transaction(word) as transaction:
                    for at in range(prompts):
                        transaction.save(f"p{at}", Prompt.define(system(f"{word}: {at}.")))
                tips.append(head(store))
            base, *_, tip = tips
            if aside:
                subprocess.run(["git", "update-ref", "refs/heads/main", base], cwd=store.path, check=True)
        started: list[list[str]] = []
        original = subprocess.Popen.__init__

        def counted(self: subprocess.Popen[Any], command: list[str], *words: Any, **named: Any) -> None:
            started.append([str(word) for word in command])  # noqa: B023 - asked before the next round
            original(self, command, *words, **named)  # noqa: B023 - the same in every round

        with monkeypatch.context() as patched, Store.open(tmp_path / f"{prompts}.git") as store:
            patched.setattr(subprocess.Popen, "__init__", counted)
            found = review(store, f"{base}...{tip}")
            assert len(found.prompts) == prompts
            assert len(found.markdown(None)) > 100 * prompts
        counts.append(len(started))
    assert max(counts) <= 8
