"""Whatever is done in whatever order: the store holds what a dictionary would."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import Conflict, NotFound, Superseded

NAMES = ("a", "b", "team/a", "team/deep/b")
TEXTS = ("one", "two", "three", "four")
LABELS = ("production", "staging")


class Question(BaseModel):
    """What every prompt here asks for."""

    question: str


PROMPTS = {text: Prompt.define(Question, system(text), user("{{ question }}")) for text in TEXTS}


class File(NamedTuple):
    """What a version's file says: its text, and what it was called before."""

    text: str
    renamed_from: str = ""


@dataclass
class Life:
    """What a dictionary knows of one name: every file that it had, what it has now, and its labels.

    `inherited` of its files belong to the name that it was renamed from.
    """

    files: list[File] = field(default_factory=list)
    current: File | None = None
    labels: dict[str, File] = field(default_factory=dict)
    inherited: int = 0

    @property
    def texts(self) -> list[str]:
        """Every text, oldest first."""
        return [file.text for file in self.files]

    @property
    def text(self) -> str | None:
        """The text that it has now."""
        return self.current.text if self.current else None

    def saved(self, text: str) -> File:
        """Return the file that saving *text* makes: what only the file knows is kept."""
        return File(text, self.current.renamed_from if self.current else "")


class StoreMachine(RuleBasedStateMachine):
    """Saves, labels, reverts, renames, deletions and transactions, beside a dictionary that does the same."""

    def __init__(self) -> None:
        """Begin with an empty store that stands alone."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.init(Path(self.folder.name) / "prompts.git", bare=True, durability="none")
        self.model = {name: Life() for name in NAMES}
        self.commits = 1

    def teardown(self) -> None:
        """Verify all of it, and take it away."""
        try:
            report = self.store.fsck()
            assert report.ok, report.problems
            assert report.versions == sum(len(life.files) - life.inherited for life in self.model.values())
            command = ["git", "rev-list", "--count", "HEAD"]
            counted = subprocess.run(command, cwd=self.store.path, capture_output=True, text=True, check=True).stdout
            assert int(counted) == self.commits
        finally:
            self.store.close()
            self.folder.cleanup()

    def standing(self) -> list[str]:
        """Return the names that have a prompt now."""
        return [name for name, life in self.model.items() if life.current is not None]

    @rule(name=st.sampled_from(NAMES), text=st.sampled_from(TEXTS))
    def save(self, name: str, text: str) -> None:
        """A new text goes on top, the same makes nothing, an older one is refused."""
        life = self.model[name]
        if text == life.text:
            assert self.store.save(name, PROMPTS[text]).outcome == "unchanged"
        elif text in life.texts:
            with pytest.raises(Superseded):
                self.store.save(name, PROMPTS[text])
        else:
            version = self.store.save(name, PROMPTS[text])
            self._wrote(name, life.saved(text))
            assert (version.outcome, version.number) == ("created", len(life.texts))

    def _wrote(self, name: str, file: File) -> None:
        self.model[name].files.append(file)
        self.model[name].current = file
        self.commits += 1

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), text=st.sampled_from(TEXTS))
    def save_from_an_old_version(self, data: st.DataObject, text: str) -> None:
        """What was made from another version than the newest is a conflict."""
        name = data.draw(st.sampled_from(self.standing()))
        life = self.model[name]
        number = data.draw(st.integers(1, len(life.texts)))
        if life.texts[number - 1] != life.text:
            changed = self.store.load(f"{name}@v{number}").evolve(messages=PROMPTS[text].messages)
            with pytest.raises(Conflict):
                self.store.save(name, changed)

    @precondition(lambda self: any(life.texts for life in self.model.values()))
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        """An older text comes back on top; of a deleted name too."""
        name = data.draw(st.sampled_from([name for name, life in self.model.items() if life.texts]))
        life = self.model[name]
        number = data.draw(st.integers(1, len(life.texts)))
        file = life.files[number - 1]
        version = self.store.revert(name, f"v{number}")
        if file == life.current:
            assert version.outcome == "unchanged"
        else:
            self._wrote(name, file)
            assert version.number == len(life.texts)

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), label=st.sampled_from(LABELS))
    def label(self, data: st.DataObject, label: str) -> None:
        """It points where it is told to."""
        name = data.draw(st.sampled_from(self.standing()))
        life = self.model[name]
        number = data.draw(st.integers(1, len(life.texts)))
        file = life.files[number - 1]
        self.store.label(name, label, f"v{number}")
        self.commits += life.labels.get(label) != file
        life.labels[label] = file

    @rule(name=st.sampled_from(NAMES), label=st.sampled_from(LABELS))
    def unlabel(self, name: str, label: str) -> None:
        """It is taken away, where there is one."""
        if label in self.model[name].labels:
            self.store.label(name, label, None)
            del self.model[name].labels[label]
            self.commits += 1
        else:
            with pytest.raises(NotFound):
                self.store.label(name, label, None)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        """It goes with its labels; its versions stay."""
        life = self.model[name]
        if life.current is None:
            with pytest.raises(NotFound):
                self.store.delete(name)
        else:
            self.store.delete(name)
            life.current = None
            life.labels.clear()
            self.commits += 1

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), new=st.sampled_from(NAMES))
    def rename(self, data: st.DataObject, new: str) -> None:
        """A name that never was takes the numbers with it; one that has numbers of its own keeps them."""
        old = data.draw(st.sampled_from(self.standing()))
        before, after = self.model[old], self.model[new]
        if after.current is not None:
            with pytest.raises(Conflict):
                self.store.rename(old, new)
            return
        version = self.store.rename(old, new)
        file = File(str(before.text), old)
        if not after.files:
            after.files = list(before.files)
            after.inherited = len(before.files)
        after.files.append(file)
        after.current, after.labels = file, dict(before.labels)
        before.current, before.labels = None, {}
        self.commits += 1
        assert version.number == len(after.files)

    @rule(pairs=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(TEXTS)), max_size=4), failing=st.booleans())
    def transaction(self, pairs: list[tuple[str, str]], *, failing: bool) -> None:
        """Several saves are one commit; an exception inside makes nothing."""
        pending: dict[str, str] = {}
        with suppress(ZeroDivisionError), self.store.transaction("Several") as transaction:
            for name, text in pairs:
                life = self.model[name]
                if text in life.texts and (text != life.text or pending.get(name, text) != text):
                    with pytest.raises(Superseded):
                        transaction.save(name, PROMPTS[text])
                else:
                    version = transaction.save(name, PROMPTS[text])
                    pending[name] = text
                    assert version.number == len(life.texts) + (text != life.text)
                    assert transaction.load(name) == PROMPTS[text]
            if failing:
                raise ZeroDivisionError
        if failing:
            return
        made = [name for name, text in pending.items() if text != self.model[name].text]
        for name in made:
            self._wrote(name, self.model[name].saved(pending[name]))
        self.commits += bool(made) - len(made)

    @rule()
    def reopen(self) -> None:
        """Nothing lives in the object."""
        self.store.close()
        self.store = Store(self.store.path, durability="none")

    @rule()
    def forget_the_index(self) -> None:
        """Nothing lives in the index."""
        self.store.close()
        (self.store.path / "promptlib/index.sqlite").unlink(missing_ok=True)

    @invariant()
    def same_as_the_model(self) -> None:
        """Names, histories, current texts and labels."""
        assert self.store.names() == tuple(sorted(self.standing()))
        for name, life in self.model.items():
            if life.texts:
                versions = self.store.history(name)
                assert [version.digest for version in versions] == [PROMPTS[text].digest for text in life.texts]
                assert [version.number for version in versions] == list(range(1, len(life.texts) + 1))
            if life.current is None:
                with pytest.raises(NotFound):
                    self.store.load(name)
            else:
                assert self.store.load(name) == PROMPTS[life.current.text]
            assert {label: version.digest for label, version in self.store.labels(name).items()} == {
                label: PROMPTS[file.text].digest for label, file in life.labels.items()
            }
            for label, file in life.labels.items():
                assert self.store.load(f"{name}@{label}") == PROMPTS[file.text]


def test_a_store_is_what_a_dictionary_would_be() -> None:
    """Thirty runs of twenty steps."""
    run_state_machine_as_test(
        StoreMachine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None, derandomize=True)
    )


@pytest.mark.soak
def test_a_store_is_what_a_dictionary_would_be_for_long() -> None:
    """Two hundred runs of thirty steps, other ones each time."""
    run_state_machine_as_test(
        StoreMachine, settings=settings(max_examples=200, stateful_step_count=30, deadline=None, derandomize=False)
    )
