"""Chains through merges, syncs, bundles, locks, earlier times and repairs: what holds for prompts holds for them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Chain, Pin, Prompt, Step, Store, constant, step, system, user
from promptlib.errors import ChainFailed, Conflict, InvalidInputs, InvalidPrompt, MergeConflict, NotFound
from promptlib.merge import merge, merge_files, merge_stored
from promptlib.plain import thaw
from promptlib.review import review
from promptlib.runs import RunLog
from promptlib.store.layout import include_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


READ = Prompt.define(Text, user("Read {{ text }}"))
CHECK = Prompt.define(Text, system("Check."), user("{{ text }}"))
TELL = Prompt.define(Text, user("Tell {{ text }}"))


PROMPTS = {"read": READ, "check": CHECK, "tell": TELL}


def chain_of(*more: Step, tone: str = "warm", **words: Any) -> Chain[Notes]:
    """Return a chain of three steps, with *more* behind them."""
    return Chain.define(
        Notes,
        step("read", READ, text="notes"),
        step("check", CHECK, text=constant(tone)),
        step("tell", TELL, text="read.text"),
        *more,
        **words,
    )


BASE = chain_of()


def fill(store: Store) -> None:
    for name, prompt in PROMPTS.items():
        store.save(f"team/{name}", prompt)


@pytest.fixture
def filled(bare: Store) -> Store:
    fill(bare)
    bare.save("team/all", BASE)
    return bare


def changed(steps: dict[str, Step | None], chain: Chain[Any] = BASE) -> Chain[Any]:
    found = [steps.get(each.name, each) for each in chain.steps]
    return chain.evolve(steps=[each for each in found if each is not None])


# --- merge ------------------------------------------------------------------------------------------------------------


def test_steps_are_merged_by_name() -> None:
    ours = changed({"read": BASE.step("read").using(CHECK)}).evolve(description="Ours")
    theirs = chain_of(step("last", TELL, text="tell.text"), tags=["theirs"])
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == ()
    assert merged.prompt is not None
    assert [each.name for each in merged.prompt.steps] == ["read", "check", "tell", "last"]
    assert merged.prompt.step("read").prompt == CHECK
    assert (merged.prompt.description, merged.prompt.tags) == ("Ours", ("theirs",))
    gone = merge(BASE, changed({"check": None}), BASE)
    assert gone.prompt is not None
    assert [each.name for each in gone.prompt.steps] == ["read", "tell"]


def test_a_step_that_both_changed_is_for_somebody_to_decide() -> None:
    ours, theirs = chain_of(tone="plain"), chain_of(tone="loud")
    merged = merge(BASE, ours, theirs)
    (conflict,) = merged.conflicts
    assert conflict.field == "steps.check"
    assert thaw(conflict.ours) == {"prompt": f"#{CHECK.digest[7:]}", "inputs": {"text": {"constant": "plain"}}}
    assert merged.resolve("theirs") == theirs
    chosen = merged.resolve({"steps.check": {"prompt": f"#{CHECK.digest[7:]}", "inputs": {"text": "read.text"}}})
    assert chosen is not None
    assert chosen.step("check").wires == {"text": "read.text"}
    given = merged.resolve({"steps.check": step("check", TELL, text="notes")})
    assert given is not None
    assert given.step("check").prompt == TELL
    without = merged.resolve({"steps.check": None})
    assert without is not None
    assert [each.name for each in without.steps] == ["read", "tell"]
    for wrong, what in (
        (step("tell", TELL, text="notes"), "the step 'tell' is not 'check'"),
        (3, "a int is no step"),
        ({"prompt": "x"}, "is no pin"),
    ):
        with pytest.raises(InvalidPrompt, match=what):
            merged.resolve({"steps.check": wrong})


def test_what_would_be_no_chain_together_is_contested() -> None:
    ours = changed({"read": None, "tell": step("tell", TELL, text="notes")})
    theirs = chain_of(step("last", TELL, text="read.text"))
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts
    assert "merged, it would be no valid prompt" in merged.conflicts[0].why
    assert merged.resolve("ours") == ours
    other = merged.resolve("theirs")
    assert other is not None
    assert other.step("last") == theirs.step("last")


def test_steps_that_cannot_be_put_in_one_order_are_contested_together() -> None:
    read, check = step("read", READ, text="notes"), step("check", CHECK, text="notes")
    base = Chain.define(Notes, read, check)
    ours = Chain.define(Notes, check, step("read", READ, text="check.text"))
    theirs = Chain.define(Notes, read, step("check", CHECK, text="read.text"))
    merged = merge(base, ours, theirs)
    assert [each.field for each in merged.conflicts] == ["steps"]
    assert (merged.resolve("ours"), merged.resolve("theirs")) == (ours, theirs)
    assert merged.resolve({"steps": theirs}) == theirs
    assert merged.resolve(
        {"steps": [check, {"name": "read", "prompt": str(read.use), "inputs": {"text": "notes"}}]}
    ) == (Chain.define(Notes, check, read))
    with pytest.raises(InvalidPrompt, match="a int is no list of steps"):
        merged.resolve({"steps": 3})


def test_a_prompt_in_the_place_of_a_chain_is_contested() -> None:
    other = merge_stored(BASE, READ, chain_of(tone="plain"))
    assert other.conflicts[0].why == "one side has a prompt under this name, the other a chain"
    assert other.resolve("ours") == READ
    assert merge_stored(BASE, READ, READ.evolve(description="x")).conflicts == ()
    assert merge(BASE, None, None).deleted
    assert merge(BASE, BASE, None).deleted


def test_files_of_chains_are_merged_with_their_comments() -> None:
    from promptlib import codec

    base = codec.write(BASE)
    ours = base.replace(b"      - name: check", b"      # Ours.\n      - name: check")
    theirs = codec.write(chain_of(description="Theirs"))
    merged = merge_files(base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.data is not None
    assert b"# Ours." in merged.data
    assert b"description: Theirs" in merged.data
    clash = merge_files(base, codec.write(chain_of(tone="plain")), codec.write(chain_of(tone="loud")))
    assert clash.data is not None
    assert clash.data.count(b"<<<<<<<") == 1
    assert clash.merged is not None
    draft = clash.data.decode().split("\n")
    at = [number for number, line in enumerate(draft) if line.startswith(("<<<<<<<", "=======", ">>>>>>>"))]
    kept = draft[: at[0]] + draft[at[0] + 1 : at[1]] + draft[at[2] + 1 :]
    assert clash.merged.read_resolved("\n".join(kept)) == chain_of(tone="plain")


def cloned(store: Store, path: Path) -> Store:
    subprocess.run(["git", "clone", "-q", "--bare", str(store.path), str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "remote", "set-url", "origin", str(store.path)], check=True)
    return Store.open(path)


def test_two_stores_meet(filled: Store, tmp_path: Path) -> None:
    filled.label("team/all", "production", "v1")
    with cloned(filled, tmp_path / "other.git") as other:
        filled.save("team/all", filled.load_chain("team/all").evolve(description="Here"))
        mine = other.load_chain("team/all")
        other.save("team/tell", TELL.evolve(messages=[user("Tell loudly {{ text }}")]))
        other.save("team/all", mine.evolve(steps=[*mine.steps[:2], mine.steps[2].using(other.load("team/tell"))]))
        other.label("team/all", "production", "v2")
        result = other.sync(allow=("file",))
        assert (result.merged, result.theirs) == (1, ("team/all",))
        chain = other.load_chain("team/all")
        assert chain.description == "Here"
        assert chain.step("tell").prompt == other.load("team/tell")
        assert filled.load_chain("team/all") == chain
        assert other.fsck().ok
        assert [each.kind for each in other.impact("team/tell@v2")] == ["step", "step"]
        filled.save(
            "team/all", changed({"check": step("check", CHECK, text=constant("a"))}, filled.load_chain("team/all"))
        )
        other.save(
            "team/all", changed({"check": step("check", CHECK, text=constant("b"))}, other.load_chain("team/all"))
        )
        with pytest.raises(MergeConflict, match=r"steps\.check") as caught:
            other.sync(allow=("file",))
        assert [each.field for each in caught.value.conflicts[0].fields] == ["steps.check"]
        assert other.sync(allow=("file",), resolve="theirs").resolved == ("team/all",)
        assert filled.load_chain("team/all") == other.load_chain("team/all")


def test_a_merge_that_loses_a_steps_prompt_is_a_conflict(filled: Store, tmp_path: Path) -> None:
    with cloned(filled, tmp_path / "other.git") as other:
        new = Prompt.define(Text, user("New {{ text }}"))
        other.save("team/new", new)
        mine = other.load_chain("team/all")
        other.save("team/all", mine.evolve(steps=[*mine.steps[:2], mine.steps[2].using(other.load("team/new"))]))
        filled.save("team/all", filled.load_chain("team/all").evolve(description="Here"))
        assert other.sync(allow=("file",)).merged == 1
        assert filled.load_chain("team/all").step("tell").prompt == new


# --- bundles, locks, earlier times ------------------------------------------------------------------------------------


def floating(store: Store) -> Chain[Notes]:
    store.label("team/tell", "production", "v1")
    return Chain.define(
        Notes,
        step("read", store.load("team/read"), text="notes"),
        step("tell", "team/tell@production", text="read.text"),
        resolve=store.load,
    )


def test_a_bundle_holds_what_a_chain_runs(filled: Store, tmp_path: Path) -> None:
    filled.save("team/loose", floating(filled))
    made = filled.export_bundle(tmp_path / "out.bundle", "team/loose")
    assert set(made.lock.includes) == {READ.digest}
    assert set(made.lock.labels) == {"team/tell@production"}
    with Store.open(tmp_path / "out.bundle") as bundle:
        chain = bundle.load_chain("team/loose")
        assert [prompt for _, prompt in chain.included] == [READ, TELL]
        assert chain.run({"notes": "x"}, model=lambda messages: str(messages[-1]["content"])).text == "Tell Read x"
        assert bundle.names() == ("team/loose",)
    filled.save("team/looser", floating(filled).evolve(description="Another"))
    whole = filled.export_bundle(tmp_path / "whole.bundle", "team/loose", "team/looser")
    assert set(whole.lock.labels) == {"team/tell@production"}


def test_a_lock_holds_chains_and_tells_what_moved(filled: Store, tmp_path: Path) -> None:
    filled.save("team/loose", floating(filled))
    place = tmp_path / "promptlib.lock"
    lock = filled.lock(path=place)
    assert lock.prompts["team/all"] == BASE.digest
    assert set(lock.includes) == {READ.digest, CHECK.digest, TELL.digest}
    assert filled.check(locked=place).ok
    filled.save("team/tell", TELL.evolve(messages=[user("Say {{ text }}")]))
    filled.label("team/tell", "production", "v2")
    assert {each.what for each in filled.check(locked=place).drifts} == {"team/tell", "team/tell@production"}


def test_a_chain_is_told_as_it_was(filled: Store) -> None:
    before = filled.save("team/loose", floating(filled))
    filled.save("team/tell", TELL.evolve(messages=[user("Say {{ text }}")]))
    filled.label("team/tell", "production", "v2")
    assert filled.load_chain("team/loose").step("tell").prompt != TELL
    then = filled.at(before)
    assert then.load_chain("team/loose").step("tell").prompt == TELL
    assert [(each.name, each.kind) for each in then.impact("team/tell@v1")] == [
        ("team/all", "step"),
        ("team/loose", "floating_step"),
    ]
    assert [each.name for each in filled.impact("team/tell@v2")] == ["team/loose"]
    assert "floating step, now team/tell v2" in filled.lineage("team/loose").tree()
    assert {each.name for each in filled.graph().descendants("team/tell@v2")} == {"team/loose"}


def test_lineages_grow_with_what_is_saved_and_are_cut_with_what_is_lost(filled: Store) -> None:
    assert [each.name for each in filled.impact("team/read")] == ["team/all"]
    tip = subprocess.run(
        ["git", "-C", str(filled.path), "rev-parse", "main"], check=True, capture_output=True, text=True
    ).stdout.strip()
    filled.save("team/loose", floating(filled))
    assert {each.name for each in filled.impact("team/read")} == {"team/all", "team/loose"}
    assert {each.name for each in filled.impact("team/tell")} == {"team/all", "team/loose"}
    subprocess.run(["git", "-C", str(filled.path), "update-ref", "refs/heads/main", tip], check=True)
    assert [each.name for each in filled.impact("team/read")] == ["team/all"]
    assert [each.name for each in filled.impact("team/tell")] == ["team/all"]
    assert filled.fsck().ok


def test_a_broken_file_hides_no_steps(filled: Store, tmp_path: Path) -> None:
    filled.save("team/loose", floating(filled))
    work = tmp_path / "work"
    subprocess.run(["git", "clone", "-q", str(filled.path), str(work)], check=True)
    (work / "team/broken.prompty").write_text("---\nx: [\n---\n")
    for words in (["add", "."], ["-c", "user.name=U", "-c", "user.email=u@e", "commit", "-qm", "x"], ["push", "-q"]):
        subprocess.run(["git", "-C", str(work), *words], check=True)
    kinds = {(edge.kind, edge.source.name) for edge in filled.graph().edges}
    assert {("step", "team/all"), ("step", "team/loose"), ("floating_step", "team/loose")} <= kinds
    assert [each.kind for each in filled.impact("team/tell@production")] == ["step", "floating_step"]


# --- the rest of the verbs --------------------------------------------------------------------------------------------


def test_one_transaction_saves_prompts_and_the_chain_that_runs_them(bare: Store) -> None:
    with bare.transaction("All at once") as tx:
        versions = {name: tx.save(f"team/{name}", prompt) for name, prompt in PROMPTS.items()}
        tx.label("team/tell", "production", versions["tell"])
        chain = Chain.define(Notes, step("tell", "team/tell@production", text="notes"), resolve=tx.load)
        tx.save("team/all", chain)
        assert tx.load_chain("team/all").step("tell").prompt == TELL
    assert len(list(bare.commits())) == 1
    assert bare.load_chain("team/all").step("tell").prompt == TELL


def test_pins_of_prompts_from_code_get_their_names(filled: Store) -> None:
    assert [str(each.use).partition("#")[0] for each in filled.load_chain("team/all").steps] == [
        "team/read",
        "team/check",
        "team/tell",
    ]


def test_blame_tells_who_turned_a_step(filled: Store) -> None:
    chain = filled.load_chain("team/all")
    filled.save("team/all", changed({"check": step("check", CHECK, text=constant("new"))}, chain))
    told = filled.blame("team/all")
    by = {field.path: field.version.number for field in told.fields}
    assert (by["steps.check.inputs.text"], by["steps.check.prompt"], by["inputs.notes"]) == (2, 1, 1)
    assert any("constant: new" in line.text and line.version.number == 2 for line in told.lines)


def test_rename_delete_trust_and_revert(filled: Store) -> None:
    filled.label("team/all", "production", "v1")
    renamed = filled.rename("team/all", "team/whole")
    assert renamed.number == 2
    chain = filled.load_chain("team/whole@production")
    assert (chain, filled.load_chain("team/whole").renamed_from) == (BASE, "team/all")
    filled.delete("team/whole")
    with pytest.raises(NotFound, match="team/whole was deleted"):
        filled.load_chain("team/whole")
    filled.revert("team/whole", "v2")
    assert filled.load_chain("team/whole") == BASE
    foreign = BASE.evolve(description="Theirs").with_origin(None, trust="foreign")
    filled.save("team/theirs", foreign)
    assert filled.load_chain("team/theirs").trust == "foreign"
    filled.trust("team/theirs", reason="I have read it")
    assert filled.load_chain("team/theirs").trust == "own"


def test_a_lost_include_of_a_labelled_chain_is_found_and_mended(filled: Store) -> None:
    filled.label("team/all", "production", "v1")
    with filled.transaction("Lose it") as tx:
        tx._do(lambda draft: draft.files.put(include_path(READ.digest), None))
    problems = filled.fsck()
    assert not problems.ok
    assert filled.fsck(repair=True).ok


def test_a_conflict_of_saves_keeps_the_chain_that_came_too_late(filled: Store) -> None:
    chain = filled.load_chain("team/all")
    filled.save("team/all", changed({"check": None}, chain))
    with pytest.raises(Conflict) as caught:
        filled.save("team/all", changed({"tell": None}, chain))
    assert caught.value.kept


def test_a_branch_that_turns_a_step_is_reviewed(tree: Store, run: Callable[..., str]) -> None:
    folder = tree.path
    fill(tree)
    tree.save("team/all", BASE)
    run(folder, "checkout", "-q", "-b", "branch")
    tree.save("team/tell", TELL.evolve(messages=[user("Say {{ text }}")]))
    chain = tree.load_chain("team/all")
    tree.save("team/all", chain.evolve(steps=[*chain.steps[:2], chain.steps[2].using(tree.load("team/tell"))]))
    found = review(tree, "main..branch")
    told = {each.name: each for each in found.prompts}
    assert told["team/all"].difference is not None
    assert [each.summary for each in told["team/all"].difference.steps] == ["bumped"]
    assert [(each.name, each.kind, each.bumped) for each in told["team/tell"].impact] == [("team/all", "step", True)]
    assert "step" in found.markdown()


def test_a_lineage_is_looked_through_where_a_text_cannot_be_read(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.save("team/loose", floating(filled))
    told = {(edge.kind, edge.source.name, edge.target.name) for edge in filled.graph().edges}
    filled.close()
    with monkeypatch.context() as patch:
        patch.setattr("promptlib._index.index.Index.walk", lambda *_: None)
        with Store(filled.path) as store:
            assert {(edge.kind, edge.source.name, edge.target.name) for edge in store.graph().edges} == told
            assert [each.name for each in store.impact("team/tell@production")] == ["team/all", "team/loose"]
            store.label("team/tell", "production", None)
            kinds = {edge.kind for edge in store.graph().edges}
            assert kinds == {"step"}


def test_a_chain_of_another_store_is_loaded_with_what_floats_there(filled: Store, tree: Store) -> None:
    filled.save("team/loose", floating(filled))
    (tree.path / "pyproject.toml").write_text(f'[tool.promptlib.stores]\nshared = "../{filled.path.name}"\n')
    with Store(tree.path) as store:
        chain = store.load_chain("shared:team/loose@v1")
        assert chain.origin is not None
        assert (chain.origin.store, chain.step("tell").prompt) == ("shared", TELL)
        assert store.load_stored("shared:team/loose", follow=True) == chain
        assert chain.run({"notes": "x"}, model=lambda _: "y").ref.startswith("shared:team/loose@v1#")


def test_a_forged_file_that_includes_a_chain_is_refused(tmp_path: Path) -> None:
    from promptlib import codec

    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "all.prompty").write_bytes(codec.write(BASE))
    pin = f"all#{BASE.digest[7:]}"
    forged = f"---\nmetadata:\n  promptlib:\n    includes:\n      x: {pin}\n---\nuser:\n{{% include 'x' %}}\n"
    (folder / "forged.prompty").write_text(forged)
    with (
        Store(tmp_path) as store,
        pytest.raises(InvalidPrompt, match="is a chain, and cannot be a part of another one"),
    ):
        store.load("forged")


def test_the_log_holds_a_chains_run_and_one_line_a_step(filled: Store) -> None:
    chain = filled.load_chain("team/all")
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    run = chain.run({"notes": "x"}, model=lambda messages: str(len(messages)), clock=lambda: begin)
    made = filled.runs.record_chain(
        run, model="fake", texts=True, fields={"trace": "t1"}, time=begin + timedelta(hours=1), run_id="r1"
    )
    assert tuple(filled.runs) == made
    whole, first, *_ = made
    assert (whole.id, whole.number, whole.pin) == ("r1", 1, Pin("team/all", chain.digest))
    assert whole.includes == tuple(Pin(f"team/{name}", prompt.digest) for name, prompt in PROMPTS.items())
    assert whole.tokens == run.tokens
    assert dict(whole.fields) == {"trace": "t1"}
    assert (first.time, whole.time) == (begin, begin + timedelta(hours=1))
    assert (first.output, whole.output) == ("1", None)
    assert dict(first.fields) == {
        "trace": "t1", "chain": f"team/all#{chain.digest[7:]}", "chain_run": "r1", "step": "read",
    }  # fmt: skip
    assert {each.name for each in filled.lineage("team/all", runs=filled.runs).descendants()} == {"team/all"}
    with pytest.raises(InvalidInputs, match="the field 'step' tells of the chain"):
        filled.runs.record_chain(run, fields={"step": "x"})


def test_a_run_of_what_was_never_stored_or_was_edited_is_logged_as_far_as_it_is_known(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "runs.jsonl")
    with pytest.raises(ChainFailed) as failed:
        BASE.run({"notes": "x"}, model=lambda _: [])  # type: ignore[arg-type,return-value] # no text
    (whole,) = log.record_chain(failed.value.run)
    assert (whole.name, whole.number, whole.tokens, whole.output_digest) == ("", None, None, "")
    run = BASE.run({"notes": "x"}, model=lambda _: "y")
    edited = replace(run.steps[0], provenance=replace(run.steps[0].provenance, name="team/read", version="v3+edited"))
    made = log.record_chain(replace(run, steps=(edited,)))
    assert (made[1].edited, made[1].number, made[1].name) == (True, None, "team/read")
    wrong = replace(run.steps[0], answer="\ud800")
    with pytest.raises(InvalidInputs, match="this run cannot be logged: the answer holds a lone surrogate"):
        log.record_chain(replace(run, steps=(wrong,)), texts=True)


def test_what_a_step_includes_is_found_as_deep_as_it_goes(filled: Store) -> None:
    filled.save("part/deep", Prompt.define(user("Deep.")))
    filled.save("part/style", Prompt.define(user('{% include "deep" %}'), includes={"deep": filled.load("part/deep")}))
    styled = Prompt.define(
        Text, system('{% include "style" %}'), user("{{ text }}"), includes={"style": filled.load("part/style")}
    )
    filled.save("team/styled", styled)
    chain = Chain.define(Notes, step("styled", filled.load("team/styled"), text="notes"))
    filled.save("team/one", chain)
    run = filled.load_chain("team/one").run({"notes": "x"}, model=lambda _: "y")
    _, first = filled.runs.record_chain(run)
    assert [pin.name for pin in first.includes] == ["part/style", "part/deep"]
    _, alone = RunLog(filled.path / "other.jsonl").record_chain(run)
    assert [pin.name for pin in alone.includes] == ["part/style"]
    provenance = replace(run.steps[0].provenance, name="team/gone")
    _, gone = filled.runs.record_chain(replace(run, steps=(replace(run.steps[0], provenance=provenance),)))
    assert [pin.name for pin in gone.includes] == ["part/style"]
