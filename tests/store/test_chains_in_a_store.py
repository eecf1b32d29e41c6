"""Chains under the same names as prompts: numbers, labels, histories, differences and all the rest hold for them."""

from __future__ import annotations

import pickle
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from promptlib import Chain, Prompt, Store, codec, constant, step, system, user
from promptlib.errors import Conflict, InvalidChain, InvalidPrompt, NotFound, Superseded
from promptlib.store.layout import include_path

if TYPE_CHECKING:
    from pathlib import Path


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


class Decide(BaseModel):
    summary: str
    tone: str = "plain"


class Decisions(BaseModel):
    decisions: list[str]


class Mail(BaseModel):
    decisions: list[str]


def summarise(words: str = "Summarise") -> Prompt[Text]:
    return Prompt.define(Text, user(f"{words}: {{{{ text }}}}"))


DECIDE = Prompt.define(Decide, system("Be {{ tone }}."), user("{{ summary }}"), outputs=Decisions)
MAIL = Prompt.define(Mail, user("Tell all: {{ decisions | join('; ') }}"))


def fill(store: Store) -> None:
    """Save the prompts that the chains of these tests are made of."""
    store.save("team/summarise", summarise())
    store.save("team/decide", DECIDE)
    store.save("team/mail", MAIL)
    store.label("team/mail", "production", "v1")


def chain_of(store: Store, **words: str) -> Chain[Notes]:
    """Return a chain of two pinned steps and one that follows a label."""
    return Chain.define(
        Notes,
        step("summarise", store.load("team/summarise"), text="notes"),
        step("decide", store.load("team/decide"), summary="summarise.text", tone=constant(words.get("tone", "warm"))),
        step("mail", "team/mail@production", decisions="decide.decisions"),
        description=words.get("description", "From notes to a mail"),
        resolve=store.load,
    )


@pytest.fixture
def filled(bare: Store) -> Store:
    fill(bare)
    return bare


def test_a_chain_comes_back_from_every_kind_of_home(store: Store) -> None:
    fill(store)
    chain = chain_of(store)
    version = store.save("team/minutes", chain)
    assert (version.number, version.digest) == (1, chain.digest)
    loaded = store.load_chain("team/minutes@v1", inputs=Notes)
    assert loaded == chain
    assert loaded.name == "team/minutes"
    assert loaded.model is Notes
    assert [each.pinned for each in loaded.steps] == [True, True, False]
    assert [prompt.name for _, prompt in loaded.included] == ["team/summarise", "team/decide", "team/mail"]
    assert loaded.step("mail").label == "production"
    assert codec.read_stored(store.file("team/minutes@latest")) == chain
    assert pickle.loads(pickle.dumps(loaded)) == chain  # noqa: S301 - made on the same line


def test_what_is_loaded_as_the_wrong_kind_says_what_it_is(filled: Store) -> None:
    filled.save("team/minutes", chain_of(filled))
    with pytest.raises(InvalidPrompt) as chain:
        filled.load("team/minutes")
    assert str(chain.value) == (
        'team/minutes is a chain of 3 steps, and no prompt\nload it as what it is: store.load_chain("team/minutes")'
    )
    with pytest.raises(InvalidChain) as prompt:
        filled.load_chain("team/mail")
    assert str(prompt.value) == 'team/mail is a prompt, and no chain\nload it as what it is: store.load("team/mail")'
    with pytest.raises(InvalidPrompt, match="team/minutes is a chain, and this is a prompt"):
        filled.save("team/minutes", MAIL)
    with pytest.raises(InvalidPrompt, match="team/mail is a prompt, and this is a chain"):
        filled.save("team/mail", chain_of(filled))
    with pytest.raises(InvalidPrompt, match="a prompt and a chain cannot be compared: team/mail v1"):
        filled.diff("team/mail", "team/minutes")
    with filled.transaction("look") as tx:
        assert tx.load_chain("team/minutes").name == "team/minutes"
        with pytest.raises(InvalidPrompt, match="is a chain"):
            tx.load("team/minutes")
        with pytest.raises(InvalidChain, match="is a prompt"):
            tx.load_chain("team/mail")


def test_saving_follows_the_rules_of_prompts(filled: Store) -> None:
    chain = chain_of(filled)
    first = filled.save("team/minutes", chain)
    assert filled.save("team/minutes", chain).outcome == "unchanged"
    filled.save("team/minutes", chain_of(filled, tone="plain"))
    with pytest.raises(Superseded):
        filled.save("team/minutes", chain)
    old = filled.load_chain("team/minutes@v1")
    with pytest.raises(Conflict):
        filled.save("team/minutes", old.evolve(description="Late"))
    assert filled.revert("team/minutes", "v1").digest == first.digest
    assert filled.load_chain("team/minutes") == chain
    described = filled.save("team/minutes", filled.load_chain("team/minutes").evolve(description="Other words"))
    assert (described.number, described.digest) == (4, first.digest)
    assert [each.digest for each in filled.history("team/minutes")].count(first.digest) == 3


def test_a_labelled_chain_loads_without_history(filled: Store, tmp_path: Path) -> None:
    filled.save("team/minutes", chain_of(filled))
    filled.label("team/minutes", "production", "v1")
    chain = filled.load_chain("team/minutes@production")
    for _, prompt in chain.included[:2]:
        with filled.transaction("look") as tx:
            assert tx._draft.files.read(include_path(prompt.digest)) is not None
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{filled.path}", str(copy)], check=True)
    folder = tmp_path / "plain" / "prompts"
    folder.parent.mkdir()
    copy.rename(folder)
    subprocess.run(["rm", "-rf", str(folder / ".git")], check=True)
    with Store.open(folder.parent) as plain:
        assert plain.load_chain("team/minutes@production") == chain


def test_a_save_refuses_steps_that_are_not_here(filled: Store) -> None:
    gone = Prompt.define(Text, user("Nobody saved {{ text }}"))
    with pytest.raises(NotFound, match="is not in this store"):
        filled.save("team/minutes", Chain.define(Notes, step("read", gone, text="notes")))
    filled.label("team/mail", "production", None)
    chain = Chain.define(Decisions, step("mail", "team/mail@production", decisions="decisions"), resolve=lambda _: MAIL)
    with pytest.raises(InvalidChain) as failed:
        filled.save("team/minutes", chain)
    assert str(failed.value) == (
        "the step 'mail' follows team/mail@production, and there is no such label here\n"
        "labels on team/mail: none; set it first: promptlib label team/mail production VERSION"
    )
    assert filled.names() == ("team/decide", "team/mail", "team/summarise")


def test_a_label_that_moves_to_what_does_not_fit_is_told_when_the_chain_is_loaded(filled: Store) -> None:
    filled.save("team/minutes", chain_of(filled))
    other = Prompt.define(Text, user("Tell {{ text }}"))
    filled.save("team/mail", other)
    filled.label("team/mail", "production", "v2")
    with pytest.raises(
        InvalidChain, match=r"the step 'mail' wires 'decisions', which team/mail@production \(floating\)"
    ):
        filled.load_chain("team/minutes")
    looked = filled.load_chain("team/minutes", follow=False)
    assert looked.step("mail").prompt is None
    assert [each.what for each in filled.check().unreadable] == ["team/minutes"]
    filled.label("team/mail", "production", "v1")
    assert filled.check().ok
    with pytest.raises(InvalidChain, match="is not found"):
        filled.label("team/mail", "production", None)
        filled.load_chain("team/minutes")


def test_a_difference_tells_steps_that_came_went_moved_and_changed(filled: Store) -> None:
    filled.save("team/minutes", chain_of(filled))
    filled.save("team/summarise", summarise("Sum up"))
    chain = filled.load_chain("team/minutes")
    read, _, mail = chain.steps
    filled.save(
        "team/minutes",
        chain.evolve(
            steps=[
                read.using(filled.load("team/summarise")),
                step("check", filled.load("team/summarise@v1"), text="notes"),
                step("decide", filled.load("team/decide"), summary="check.text"),
                mail.using(filled.load("team/mail")),
            ]
        ),
    )
    found = filled.diff("team/minutes@v1", "team/minutes@v2")
    told = {each.step: each.summary for each in found.steps}
    assert told == {
        "summarise": "bumped",
        "check": "added at 2",
        "decide": "rewired",
        "mail": "pinned now",
    }
    assert not found.breaking
    bumped = found.steps[0]
    assert (bumped.old_version, bumped.new_version) == ("v1", "v2")
    assert bumped.difference is not None
    assert "[-Summarise-]{+Sum up+}" in found.text()
    assert found.tokens.change
    for face in (found.html(page=True), found.markdown(), str(found.to_dict())):
        assert "Sum" in face
        assert "check" in face
    gone = filled.diff("team/minutes@v2", "team/minutes@v1")
    assert gone.reasons == ("step 'check': readers of a run do not find its output any more",)
    assert filled.diff("team/minutes@v1", "team/minutes@v1").same


def test_lineage_and_impact_see_steps(filled: Store) -> None:
    filled.save("team/minutes", chain_of(filled))
    told = [str(each) for each in filled.impact("team/summarise@v1")]
    assert told == [f"{node}, newest: has as a step {step_}" for node, step_ in [_ends(filled, "team/summarise")]]
    floating = filled.impact("team/mail@production")
    assert [(each.name, each.kind) for each in floating] == [("team/minutes", "floating_step")]
    lineage = filled.lineage("team/minutes")
    assert {(edge.kind, edge.target.name) for edge in lineage.edges} == {
        ("step", "team/summarise"),
        ("step", "team/decide"),
        ("floating_step", "team/mail"),
    }
    assert "floating step, now team/mail v1" in lineage.tree()
    assert "|step|" in lineage.mermaid()
    assert {edge.kind for edge in filled.graph().edges} == {"step", "floating_step"}


def test_a_graph_that_was_looked_through_has_floating_steps_once(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.save("team/minutes", chain_of(filled))
    with Store.open(filled.path) as other:
        edges = other.graph().edges
    filled.lineage("team/decide").ancestors()
    monkeypatch.setattr("promptlib._index.Index.walk", lambda *_: None)
    assert Counter(filled.graph().edges) == Counter(edges)


def _ends(store: Store, name: str) -> tuple[str, str]:
    return str(store.version("team/minutes")), str(store.version(name))


def test_a_chain_is_no_include_and_no_step(filled: Store) -> None:
    version = filled.save("team/minutes", chain_of(filled))
    including = Prompt.define(Notes, user('{% include "minutes" %} {{ notes }}'), includes={"minutes": version})
    with pytest.raises(InvalidPrompt, match="the include 'minutes' is a chain"):
        filled.save("team/letter", including)
    with pytest.raises(InvalidChain, match="the prompt of the step 'all' is not found: team/minutes@v1 is a chain"):
        Chain.define(Notes, step("all", "team/minutes@v1", notes="notes"), resolve=filled.load)
