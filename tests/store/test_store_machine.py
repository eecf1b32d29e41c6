"""Whatever is done in whatever order: the store holds what a dictionary would."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from promptlib import Store
from promptlib.errors import Conflict, NotFound, NumberMoved, Superseded
from tests.store.modelled import (
    DIGESTS,
    LABELS,
    NAMES,
    PROMPTS,
    TEXTS,
    Branch,
    File,
    Ground,
    Life,
    remove_templates,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib import Prompt
    from promptlib.store import Transaction

ONE_OF_TWO = st.sampled_from((0, 1))
A_NAME = st.sampled_from(NAMES)
A_TEXT = st.sampled_from(TEXTS)
A_LABEL = st.sampled_from(LABELS)
#: Any number; the version is this one of those there are.
WHICH = st.integers(0, 7)
STEPS = ("save", "save", "save", "revert", "label", "label the new one", "unlabel", "delete")


def digits(text: str) -> str:
    """Return the beginning of a digest, as a ref writes it."""
    return DIGESTS[text].removeprefix("sha256:")[:12]


class StoreMachine(RuleBasedStateMachine):
    """Everything that a store can do and suffer, by two objects over one repository, beside a dictionary."""

    kind = "bare"

    def __init__(self) -> None:
        """Begin with a store on which nothing was saved."""
        super().__init__()
        self.ground = Ground(self.kind)
        self.branches = {"main": Branch.new()}
        self.branch = "main"
        self.stores = [self.opened(), self.opened()]
        self.turn = 0

    def opened(self) -> Store:
        """Return another object over the same repository."""
        return Store(self.ground.path, durability="none")

    @property
    def store(self) -> Store:
        """The object whose turn it is."""
        return self.stores[self.turn]

    @property
    def model(self) -> Branch:
        """What is on the branch that is checked out."""
        return self.branches[self.branch]

    @initialize(turn=ONE_OF_TWO)
    def begin(self, turn: int) -> None:
        """Either object may be the first."""
        self.turn = turn

    def teardown(self) -> None:
        """Compare all of it, as a new object reads it and as plain git does."""
        try:
            for store in self.stores:
                store.close()
            with self.opened() as store:
                self.stores[self.turn] = store
                self.same_as_the_model()
                self._same_lineage(store)
                report = store.fsck()
                assert report.ok, report.problems
                assert report.versions == sum(len(life.versions) - life.inherited for life in self.model.values())
            for name, branch in self.branches.items():
                self.ground.check(name, branch)
        finally:
            for store in self.stores:
                store.close()
            self.ground.remove()

    def _same_lineage(self, store: Store) -> None:
        graph = store.graph()
        assert len(graph.nodes) == sum(len(life.versions) - life.inherited for life in self.model.values())
        for name in self.model.known():
            count, saved = 0, self.model[name].newest
            while saved is not None and (saved := saved.before) is not None:
                count += 1
            assert len(store.lineage(f"{name}@v{len(self.model[name].versions)}").ancestors()) == count

    # --- changes ------------------------------------------------------------------------------------------------------

    @rule(name=A_NAME, text=A_TEXT)
    def save(self, name: str, text: str) -> None:
        """A new text goes on top, the same makes nothing, an older one is refused."""
        self._save(self.model[name], PROMPTS[text], text)

    def _save(
        self, life: Life, prompt: Prompt[Any], text: str, expect: str | None = None, renamed_from: str = ""
    ) -> None:
        given = File(text, renamed_from or life.made(text).renamed_from)
        # The newest text with other words around it is an older version only if one had these words.
        older = [file for file in life.files if file.text == text and (text != life.text or file == given)]
        if given == life.current:
            assert self.store.save(life.name, prompt, expect=expect).outcome == "unchanged"
        elif older:
            with pytest.raises(Superseded):
                self.store.save(life.name, prompt, expect=expect)
        else:
            version = self.store.save(life.name, prompt, expect=expect)
            life.write(given)
            self.model.commits += 1
            assert (version.outcome, version.number) == ("created", len(life.versions))

    @precondition(lambda self: self.model.known())
    @rule(data=st.data(), which=WHICH, text=A_TEXT, by=st.sampled_from(("origin", "label", "expect")))
    def save_from_another_version(self, data: st.DataObject, which: int, text: str, by: str) -> None:
        """What was made from another version than the newest is a conflict, and is kept."""
        life = self.model[data.draw(st.sampled_from(self.model.known()))]
        number = which % len(life.versions) + 1
        base = life.files[number - 1]
        expect = f"v{number}" if by == "expect" else None
        prompt: Prompt[Any] = PROMPTS[text]
        if expect is None:
            ref = f"{life.name}@v{number}"
            if by == "label" and life.labels:
                label, file = next(iter(life.labels.items()))
                ref, base = f"{life.name}@{label}", file
            prompt = self.store.load(ref).evolve(messages=prompt.messages)
        if base.text == life.text:
            self._save(life, prompt, text, expect, "" if expect else base.renamed_from)
            return
        with pytest.raises(Conflict) as caught:
            self.store.save(life.name, prompt, expect=expect)
        error = caught.value
        assert (error.expected, error.found) == (DIGESTS[base.text], DIGESTS[life.text] if life.text else "")
        kept = self.ground.git("cat-file", "blob", f"{error.kept}:{self.ground.prefix}{life.name}.prompty")
        assert f"\n{text}\n".encode() in kept

    @precondition(lambda self: self.model.known())
    @rule(data=st.data(), which=WHICH)
    def revert(self, data: st.DataObject, which: int) -> None:
        """An older text comes back on top; of a deleted name too."""
        life = self.model[data.draw(st.sampled_from(self.model.known()))]
        number = which % len(life.versions) + 1
        file = life.versions[number - 1].file
        version = self.store.revert(life.name, f"v{number}")
        if file == life.current:
            assert version.outcome == "unchanged"
        else:
            life.write(file)
            self.model.commits += 1
            assert version.number == len(life.versions)

    @precondition(lambda self: self.model.known())
    @rule(data=st.data(), label=A_LABEL, which=WHICH, expected=st.one_of(st.none(), WHICH))
    def label(self, data: st.DataObject, label: str, which: int, expected: int | None) -> None:
        """It points where it is told to, if it pointed where it was expected to."""
        life = self.model[data.draw(st.sampled_from(self.model.known()))]
        file = life.versions[which % len(life.versions)].file
        version = f"v{which % len(life.versions) + 1}"
        held = life.labels.get(label)
        if expected is None:
            self.store.label(life.name, label, version)
        else:
            number = expected % len(life.versions) + 1
            if held is None or held.text != life.texts[number - 1]:
                with pytest.raises(Conflict):
                    self.store.label(life.name, label, version, expect=f"v{number}")
                return
            self.store.label(life.name, label, version, expect=f"v{number}")
        self.model.commits += held != file
        life.labels[label] = file

    @rule(name=A_NAME, label=A_LABEL)
    def unlabel(self, name: str, label: str) -> None:
        """It is taken away, where there is one."""
        life = self.model[name]
        if label not in life.labels:
            with pytest.raises(NotFound):
                self.store.label(name, label, None)
            return
        self.store.label(name, label, None)
        del life.labels[label]
        self.model.commits += 1

    @rule(name=A_NAME)
    def delete(self, name: str) -> None:
        """It goes with its labels; its versions stay."""
        life = self.model[name]
        if life.current is None:
            with pytest.raises(NotFound):
                self.store.delete(name)
            return
        self.store.delete(name)
        life.current = None
        life.labels.clear()
        self.model.commits += 1

    @precondition(lambda self: self.model.standing())
    @rule(data=st.data(), new=A_NAME)
    def rename(self, data: st.DataObject, new: str) -> None:
        """Versions and labels go along; a name that stands is not overwritten."""
        old = data.draw(st.sampled_from(self.model.standing()))
        if self.model[new].current is not None:
            with pytest.raises(Conflict):
                self.store.rename(old, new)
            return
        version = self.store.rename(old, new)
        self.model.rename(old, new)
        self.model.commits += 1
        assert version.number == len(self.model[new].versions)

    # --- transactions -------------------------------------------------------------------------------------------------

    @rule(
        steps=st.lists(st.tuples(st.sampled_from(STEPS), A_NAME, A_TEXT, A_LABEL, WHICH), max_size=6),
        failing=st.booleans(),
    )
    def transaction(self, steps: list[tuple[str, str, str, str, int]], *, failing: bool) -> None:
        """Several changes are one commit; an exception inside makes nothing."""
        draft = self.model.copy()
        with suppress(ZeroDivisionError), self.store.transaction("Several") as transaction:
            for what, name, text, label, which in steps:
                if self._could_rename(draft, name, what):
                    continue
                self._step(transaction, draft[name], what, text, label, which)
                if draft[name].current is None:
                    with pytest.raises(NotFound):
                        transaction.load(name)
                else:
                    assert transaction.load(name) == PROMPTS[str(draft[name].text)]
            if failing:
                raise ZeroDivisionError
        if failing:
            return
        changed = False
        for name, life in self.model.items():
            after = draft[name]
            changed = changed or (life.current, life.labels) != (after.current, after.labels)
            life.labels = after.labels
            if after.current is not None and after.current != life.current:
                life.write(after.current)
            life.current = after.current
        self.model.commits += changed

    def _could_rename(self, draft: Branch, name: str, what: str) -> bool:
        """One name that goes beside one that comes with the same text would be a rename, and `rename` does those."""
        stands = {
            each: (life.current is not None, draft[each].current is not None) for each, life in self.model.items()
        }
        if what == "delete":
            return (False, True) in stands.values()
        return not stands[name][0] and (True, False) in stands.values()

    def _step(self, transaction: Transaction, life: Life, what: str, text: str, label: str, which: int) -> None:
        """Do one thing in *transaction* and to *life*, which is a draft: its versions are those before it."""
        if what == "save":
            if text != life.text and text in life.texts:
                with pytest.raises(Superseded):
                    transaction.save(life.name, PROMPTS[text])
                return
            transaction.save(life.name, PROMPTS[text])
            life.current = life.made(text) if text != life.text else life.current
        elif what == "delete":
            if life.current is None:
                with pytest.raises(NotFound):
                    transaction.delete(life.name)
                return
            transaction.delete(life.name)
            life.current, life.labels = None, {}
        elif what == "unlabel":
            if label not in life.labels:
                with pytest.raises(NotFound):
                    transaction.label(life.name, label, None)
                return
            transaction.label(life.name, label, None)
            del life.labels[label]
        elif what == "label the new one" and life.current is not None and life.text not in life.texts:
            version = transaction.save(life.name, PROMPTS[str(life.text)])
            transaction.label(life.name, label, version)
            life.labels[label] = life.current
        elif life.versions:
            number = which % len(life.versions) + 1
            file = life.versions[number - 1].file
            if what == "revert":
                transaction.revert(life.name, f"v{number}")
                life.current = file
            else:
                transaction.label(life.name, label, f"v{number}")
                life.labels[label] = file

    # --- what others do -----------------------------------------------------------------------------------------------

    @rule(name=A_NAME, text=st.one_of(st.none(), A_TEXT))
    def write_by_hand(self, name: str, text: str | None) -> None:
        """Somebody commits with plain git: any text, an older one too."""
        life = self.model[name]
        if text == life.text:
            return
        self.ground.write_by_hand(name, text)
        self.model.commits += 1
        if text is None:
            life.current = None
        else:
            life.write(life.made(text))

    @rule(branch=st.sampled_from(("main", "other")))
    def switch(self, branch: str) -> None:
        """Another branch is checked out; a new one begins with what is here."""
        if branch != self.branch:
            new = branch not in self.branches
            self.ground.switch(branch, new=new)
            if new:
                self.branches[branch] = self.model.copy()
            self.branch = branch

    @rule(how=st.sampled_from(("gc --prune=now", "repack -a -d", "pack-refs --all", "commit-graph write")))
    def pack(self, how: str) -> None:
        """Objects and refs lie elsewhere from now on."""
        self.ground.git(*how.split(), *(["--quiet"] if how.startswith(("gc", "repack")) else []))

    @rule(turn=ONE_OF_TWO)
    def take_turns(self, turn: int) -> None:
        """The other object goes on."""
        self.turn = turn

    @rule()
    def reopen(self) -> None:
        """Nothing lives in the object."""
        self.store.close()
        self.stores[self.turn] = self.opened()

    @rule(how=st.sampled_from(("away", "garbage", "cut", "folder")))
    def lose_the_index(self, how: str) -> None:
        """Nothing lives in the index, whoever has it open."""
        path = self.ground.git_dir / "promptlib/index.sqlite"
        data = path.read_bytes() if path.is_file() else b""
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        shutil.rmtree(path.with_name("index.sqlite.aside"), ignore_errors=True)
        if how == "folder":
            path.mkdir()
        elif how != "away":
            path.write_bytes(data[:5000] if how == "cut" else b"garbage" * 1000)

    # --- what must hold -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.known())
    @rule(data=st.data(), which=WHICH, other=WHICH)
    def load_by_every_ref(self, data: st.DataObject, which: int, other: int) -> None:
        """Each spelling of a version means that version, and no other."""
        life = self.model[data.draw(st.sampled_from(self.model.known()))]
        number, others = which % len(life.versions) + 1, other % len(life.versions) + 1
        text, another = life.texts[number - 1], life.texts[others - 1]
        load, at = self.store.load, f"{life.name}@v{number}"
        assert load(at) == load(f"{at}#{digits(text)}") == load(f"{life.name}#{digits(text)}") == PROMPTS[text]
        assert self.store.version(at).number == number
        assert self.store.diff(at, f"{life.name}@v{others}").same == (text == another)
        if text != another:
            with pytest.raises(NumberMoved):
                load(f"{at}#{digits(another)}")
        with pytest.raises(NotFound):
            load(f"{life.name}@v{len(life.versions) + 1}")
        for label, file in life.labels.items():
            assert load(f"{life.name}@{label}#{digits(file.text)}") == PROMPTS[file.text]
        if life.current is not None:
            assert load(f"{life.name}@latest") == PROMPTS[life.current.text]
            assert self.store.version(life.name).digest == DIGESTS[life.current.text]

    @invariant()
    def same_as_the_model(self) -> None:
        """Names, histories with their numbers and parents, current texts and labels."""
        store = self.store
        assert store.names() == tuple(sorted(self.model.standing()))
        for name, life in self.model.items():
            if life.versions:
                versions = store.history(name)
                assert [version.digest for version in versions] == [DIGESTS[text] for text in life.texts]
                assert [version.number for version in versions] == list(range(1, len(versions) + 1))
                assert [[(pin.name, pin.digest) for pin in version.parents] for version in versions] == [
                    saved.parents for saved in life.versions
                ]
            if life.current is None:
                with pytest.raises(NotFound):
                    store.load(name)
            else:
                assert store.load(name) == PROMPTS[life.current.text]
            assert {label: version.digest for label, version in store.labels(name).items()} == {
                label: DIGESTS[file.text] for label, file in life.labels.items()
            }
            for label, file in life.labels.items():
                assert store.load(f"{name}@{label}") == PROMPTS[file.text]


class TreeMachine(StoreMachine):
    """The same in an application's repository."""

    kind = "tree"


CI = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None)
SOAK = settings(CI, max_examples=10_000, derandomize=False, print_blob=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _templates() -> Iterator[None]:
    yield
    remove_templates()


@pytest.mark.no_cover
def test_a_bare_store_is_what_a_dictionary_would_be() -> None:
    """Forty runs of thirty steps."""
    run(StoreMachine, settings=CI)


@pytest.mark.no_cover
def test_a_store_in_a_repository_is_what_a_dictionary_would_be() -> None:
    """Forty runs of thirty steps."""
    run(TreeMachine, settings=CI)


@pytest.mark.soak
def test_a_bare_store_is_what_a_dictionary_would_be_for_long() -> None:
    """Ten thousand runs, other ones for each seed."""
    run(StoreMachine, settings=SOAK)


@pytest.mark.soak
def test_a_store_in_a_repository_is_what_a_dictionary_would_be_for_long() -> None:
    """Ten thousand runs, other ones for each seed."""
    run(TreeMachine, settings=SOAK)
