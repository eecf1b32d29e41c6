"""Chains are looked at as prompts are, as far as a rule has something to say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, user
from promptlib.chain import Chain, step
from promptlib.lint import Settings, lint, mended, subjects_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Letter(BaseModel):
    """What a customer wrote."""

    letter: str


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.init(tmp_path / "prompts.git", bare=True) as opened:
        read = Prompt.define(Letter, user("{{ letter }}"), description="Says what is asked for")
        opened.label("read", "production", opened.save("read", read))
        opened.save("answer", chain(opened, "read@production"))
        yield opened


def chain(store: Store, use: str, description: str = "Answers a letter") -> Chain[Letter]:
    return Chain.define(Letter, step("read", use, letter="letter"), description=description, resolve=store.load)


def found(store: Store, name: str) -> dict[str, int | None]:
    return {each.rule: each.where.line for each in lint(store, name).findings}


def test_a_chain_is_looked_at_by_the_rules_that_know_chains(store: Store) -> None:
    assert found(store, "answer") == {"undescribed-input": 4, "floating-step": 10}
    everything = Settings(select=("all",), budget=1)
    assert set(lint(store, "answer", settings=everything).by_rule) == {"undescribed-input", "floating-step"}


def test_a_floating_step_is_pinned_to_what_its_label_carries_now(store: Store) -> None:
    [subject] = subjects_of(store, ["answer"])
    mending = mended(subject, Settings())
    digest = store.load("read").digest.removeprefix("sha256:")
    assert mending.fixes == (f"floating-step: the step read is pinned to {digest[:8]}",)
    assert f"prompt: read#{digest}\n".encode() in mending.after
    assert not mending.keeps_digest
    assert store.load_chain("answer").digest == mending.digest


def test_a_chain_in_code_is_looked_at_too(store: Store) -> None:
    report = lint([chain(store, "read@production", description=""), store.load("read")])
    assert report.by_rule == {"undescribed-input": 2, "missing-description": 1, "floating-step": 1}
    assert all(each.fix is None for each in report.findings)


def test_a_pinned_step_is_called_old_when_its_prompt_has_something_newer(store: Store) -> None:
    store.save("answer", chain(store, "read"), expect=store.version("answer"))
    assert found(store, "answer") == {"undescribed-input": 4}
    store.save("read", Prompt.define(Letter, user("Read {{ letter }}"), description="Says what is asked for"))
    assert found(store, "answer") == {"undescribed-input": 4, "stale-pin": 10}


def test_a_silence_holds_in_the_file_of_a_chain(store: Store) -> None:
    text = store.file("answer").decode()
    silenced = text.replace("prompt: read@production", "prompt: read@production # lint: off floating-step on purpose")
    with store.transaction("Say why") as transaction:
        transaction.rewrite("answer", silenced.encode())
    assert found(store, "answer") == {"undescribed-input": 4}


def test_a_label_that_is_gone_pins_nothing(store: Store) -> None:
    store.label("read", "production", None)
    [told] = [each for each in lint(store, "answer").findings if each.rule == "floating-step"]
    assert told.fix is None
