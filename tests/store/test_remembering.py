"""What a process remembers of what it has read is never out of date, and bounded."""

from __future__ import annotations

import shutil
import zlib
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, Store, system
from promptlib.errors import NotFound, StoreDamaged
from promptlib.store import remembering
from promptlib.store.remembering import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store.conftest import Question


def text_of(store: Store, ref: str) -> str:
    return store.load(ref).messages[0].text


def test_a_load_after_another_ones_save_is_the_new_version(
    bare: Store, make: Callable[..., Prompt[Question]], run: Callable[..., str]
) -> None:
    bare.save("greet", make("One."))
    bare.label("greet", "production", "v1")
    assert {text_of(bare, ref) for ref in ("greet", "greet@latest", "greet@v1", "greet@production")} == {"One."}
    with Store(bare.path) as other:
        other.save("greet", make("Two."))
        other.label("greet", "production", "v2")
    assert {text_of(bare, ref) for ref in ("greet", "greet@latest", "greet@v2", "greet@production")} == {"Two."}
    assert text_of(bare, "greet@v1") == "One."
    tip = run(bare.path, "rev-parse", "main~2").strip()
    run(bare.path, "update-ref", "refs/heads/main", tip)
    assert {text_of(bare, ref) for ref in ("greet", "greet@latest", "greet@production")} == {"One."}
    with pytest.raises(NotFound, match="no version v2"):
        bare.load("greet@v2")


def test_an_edited_file_is_read_again(tree: Store, make: Callable[..., Prompt[Question]]) -> None:
    tree.save("greet", make("One."))
    assert text_of(tree, "greet") == "One."
    file = tree.path / "prompts" / "greet.prompty"
    original = file.read_bytes()
    file.write_bytes(original.replace(b"One.", b"Two."))
    assert text_of(tree, "greet") == "Two."
    assert tree.load("greet").origin is not None
    file.write_bytes(original)
    loaded = tree.load("greet")
    assert loaded.messages[0].text == "One."
    assert loaded.origin is not None
    assert loaded.origin.version == "v1"


def test_a_label_whose_text_is_not_its_digest_is_refused_every_time(
    tree: Store, make: Callable[..., Prompt[Question]]
) -> None:
    tree.save("greet", make("One."))
    tree.label("greet", "production", "v1")
    file = tree.path / "prompts" / ".labels" / "production" / "greet.label"
    file.write_bytes(file.read_bytes().replace(b"One.", b"Two."))
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="does not hold what its first line says"):
            tree.load("greet@production")


def test_two_stores_at_one_place_are_told_apart_by_their_content(
    tmp_path: Path, make: Callable[..., Prompt[Question]]
) -> None:
    for words in ("One.", "Two."):
        with Store.init(tmp_path / "again.git", bare=True) as store:
            store.save("greet", make(words))
            assert text_of(store, "greet") == words
        shutil.rmtree(tmp_path / "again.git")


def test_a_loaded_prompt_knows_the_ref_it_was_asked_by(bare: Store, make: Callable[..., Prompt[Question]]) -> None:
    bare.save("greet", make("One."))
    bare.label("greet", "production", "v1")
    bare.label("greet", "canary", "v1")
    labels = [bare.load(f"greet{which}").origin for which in ("@production", "@canary", "", "@v1", "@production")]
    assert [origin.label for origin in labels if origin] == ["production", "canary", "", "", "production"]
    assert {origin.number for origin in labels if origin} == {1}


def test_what_is_remembered_was_sound_when_it_was_read(
    bare: Store, make: Callable[..., Prompt[Question]], run: Callable[..., str]
) -> None:
    bare.save("greet", make("One."))
    blob = run(bare.path, "rev-parse", "main:greet.prompty").strip()
    path = bare.path / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    data = zlib.decompress(path.read_bytes())
    path.write_bytes(zlib.compress(data.replace(b"One.", b"Two.")))
    with pytest.raises(StoreDamaged, match="not what its id says"):
        bare.load("greet")


def test_a_memory_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt: Prompt[Question] = Prompt.define(system("One."))  # type: ignore[assignment] # any prompt will do
    monkeypatch.setattr(remembering, "MOST_PROMPTS", 3)
    monkeypatch.setattr(remembering, "MOST_BYTES", 100)
    memory = Memory()
    for key in range(5):
        memory.keep(key, prompt, 1)
    assert [memory.find(key) is None for key in range(5)] == [True, True, False, False, False]
    memory.keep(3, prompt, 60)
    memory.keep(3, prompt, 60)
    assert memory.find(2) is prompt
    memory.keep(5, prompt, 50)
    assert [key for key in range(6) if memory.find(key)] == [5]
