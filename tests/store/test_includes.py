"""Prompts inside prompts: pinned, kept, and found wherever a label goes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, codec, user
from promptlib.errors import BadRef, InvalidPrompt, NotFound, StoreDamaged
from promptlib.refs import Pin
from promptlib.store.layout import include_path, prompt_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptlib import Version


class Tone(BaseModel):
    """What the included prompt asks for."""

    tone: str


class Letter(BaseModel):
    """What the including prompt asks for."""

    tone: str
    topic: str


def style(text: str = "Write in a {{ tone }} voice.") -> Prompt[Tone]:
    """Return a prompt that others include."""
    return Prompt.define(Tone, user(text))


def letter(included: Prompt[Any] | Version | Pin | str) -> Prompt[Letter]:
    """Return a prompt that includes another."""
    return Prompt.define(Letter, user('{% include "style" %} About {{ topic }}.'), includes={"style": included})


def written(prompt: Prompt[Any]) -> str:
    """Return what the letter says."""
    return prompt.render(tone="warm", topic="tea").text


EXPECTED = "Write in a warm voice. About tea."


@pytest.mark.parametrize("kind", ["prompt", "version", "pin", "text", "code"])
def test_an_include_is_a_stored_prompt_a_version_or_a_pin(store: Store, kind: str) -> None:
    """However it is given, the file pins name and digest, and the loaded prompt carries what it includes."""
    version = store.save("support/style", style())
    given: Mapping[str, Any] = {
        "prompt": store.load("support/style"),
        "version": version,
        "pin": version.pin,
        "text": str(version.pin),
        "code": style(),
    }
    store.save("letter", letter(given[kind]))
    loaded = store.load("letter")
    assert loaded.includes["style"] == str(version.pin)
    assert written(loaded) == EXPECTED
    assert [str(pin) for pin in loaded.render(tone="warm", topic="tea").provenance.includes] == [str(version.pin)]  # type: ignore[union-attr] # a stored prompt has one


def test_a_pin_does_not_move(store: Store) -> None:
    """A later version of the included prompt changes nothing in what includes it."""
    first = store.save("style", style())
    store.save("letter", letter(first))
    store.save("style", style("In a {{ tone }} tone."))
    assert written(store.load("letter")) == EXPECTED
    store.delete("style")
    assert written(store.load("letter")) == EXPECTED


def test_a_pin_that_is_not_in_the_store_is_refused(store: Store, make: Callable[..., Prompt[Any]]) -> None:
    """By name, by another name's content, or as code that nobody saved; nothing is made."""
    store.save("other", make("x"))
    for given in (Pin("style", style().digest), Pin("other", style().digest), style()):
        with pytest.raises(NotFound, match="is not in this store") as caught:
            store.save("letter", letter(given))
        assert caught.value.hint.startswith(
            "save the included prompt first; one of another store as a copy: store.save("
        )
    assert store.names() == ("other",)


def test_a_transaction_saves_both(store: Store) -> None:
    """What it includes may be saved in the same commit, and be given as code."""
    with store.transaction("Both") as transaction:
        transaction.save("style", style())
        transaction.save("letter", letter(style()))
        assert written(transaction.load("letter")) == EXPECTED
    assert written(store.load("letter")) == EXPECTED
    assert store.load("letter").includes["style"] == f"style#{style().digest[7:]}"


@pytest.mark.parametrize("pin", ["style", "style#3f9c2a1b", "../x#" + "0" * 64, "#" + "G" * 64])
def test_what_is_no_pin(pin: str) -> None:
    """An include is never a movable ref."""
    with pytest.raises(BadRef):
        letter(pin)


def test_an_include_must_fit_its_place(store: Store, make: Callable[..., Prompt[Any]]) -> None:
    """Its inputs are declared with a type that it takes, and it is one message; a pin is checked when it is saved."""
    chat = store.save("chat", make("two messages"))
    needs = store.save("needs", Prompt.define(Letter, user("{{ tone }} {{ topic }}")))

    class Numbers(BaseModel):
        tone: int
        topic: str

    tone = store.save("tone", style())
    text = '{% include "style" %} {{ topic }} {{ tone }}'
    several = letter(chat)
    with pytest.raises(InvalidPrompt, match="has 2 messages"):
        store.save("letter", several)
    with pytest.raises(InvalidPrompt, match="tone"):
        store.save("letter", Prompt.define(Numbers, user(text), includes={"style": tone}))
    undeclared = Prompt.define(Tone, user('{% include "style" %} {{ tone }}'), includes={"style": needs})
    with pytest.raises(InvalidPrompt, match="topic"):
        store.save("letter", undeclared)
    assert "letter" not in store.names()


def _nested(store: Store, depth: int) -> None:
    for level in range(depth):
        inner = store.version(f"p{level - 1}") if level else None
        text = '{% include "inner" %}' if level else "The core, {{ tone }}."
        prompt = Prompt.define(Tone, user(f"{level} {text} {{{{ tone }}}}"), includes={"inner": inner} if inner else {})
        store.save(f"p{level}", prompt)


def test_includes_of_includes(bare: Store) -> None:
    """Sixteen levels render; the seventeenth is refused when it is saved, so what is stored always loads."""
    _nested(bare, 17)
    assert "The core, calm." in bare.load("p16").render(tone="calm").text
    with pytest.raises(InvalidPrompt, match="includes go deeper than 16") as caught:
        _nested(bare, 18)
    assert "put the texts of the innermost ones together" in caught.value.hint
    bare.label("p16", "production", "v1")
    assert "The core, calm." in bare.load("p16@production").render(tone="calm").text
    assert bare.fsck().ok


@pytest.fixture
def labelled(store: Store) -> Store:
    """A store with a labelled prompt that includes one which includes another; both have moved on since."""
    store.save("words", style("Short words. {{ tone }}"))
    inner = Prompt.define(
        Tone, user('{% include "words" %} In a {{ tone }} voice.'), includes={"words": store.load("words")}
    )
    store.save("style", inner)
    store.save("letter", letter(store.load("style")))
    store.label("letter", "production", "v1")
    store.save("words", style("Long words. {{ tone }}"))
    store.save("style", style("Silence. {{ tone }}"))
    store.save("letter", letter(store.load("style")))
    return store


WARM = "Short words. warm In a warm voice. About tea."


def test_a_label_keeps_its_includes_beside_it(labelled: Store) -> None:
    """All the way down, each under its digest."""
    assert written(labelled.load("letter@production")) == WARM
    held = [labelled.load(ref).digest for ref in ("words@v1", "style@v1")]
    assert {path for path in labelled._reading().files.walk() if ".includes/" in path} == set(map(include_path, held))
    assert labelled.fsck().ok


def test_a_labelled_prompt_loads_where_history_is_not(labelled: Store, tmp_path: Path, run: Callable[..., str]) -> None:
    """In a shallow clone, and in a copy of its files."""
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{labelled.path}", "clone")
    clone = Store(tmp_path / "clone")
    assert written(clone.load("letter@production")) == WARM
    shutil.copytree(tmp_path / "clone", tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    copy = Store(tmp_path / "copy")
    assert written(copy.load("letter@production")) == WARM
    assert copy.fsck().ok
    digest = str(copy.load("letter@production").includes["style"]).partition("#")[2]
    assert copy.load(f"style#{digest}").digest == f"sha256:{digest}"
    assert written(copy.load("letter")) == "Silence. warm About tea."


def test_a_folder_without_an_include_says_so(labelled: Store, tmp_path: Path, run: Callable[..., str]) -> None:
    """Neither another content of that name nor another file is taken for it."""
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{labelled.path}", "clone")
    shutil.copytree(tmp_path / "clone", tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    copy = Store(tmp_path / "copy")
    (place,) = (tmp_path / "copy").rglob(include_path(labelled.version("style@v1").digest))
    sound = place.read_bytes()
    place.unlink()
    with pytest.raises(NotFound, match=r"the include style#.* is not in this store") as caught:
        copy.load("letter@production")
    assert "label the prompt again" in caught.value.hint
    report = copy.fsck()
    assert [(problem.kind, "does not lie beside it" in problem.what) for problem in report.problems] == [
        ("label", True)
    ]
    place.write_bytes(sound.replace(b"In a", b"On a"))
    with pytest.raises(StoreDamaged, match=r"what lies here as style#.* has the digest sha256:"):
        copy.load("letter@production")
    assert [problem.kind for problem in copy.fsck().problems] == ["include"]
    place.write_bytes(b"no prompt \xff")
    assert [problem.kind for problem in copy.fsck().problems] == ["include"]
    place.write_bytes(sound)
    for each in (tmp_path / "copy").rglob("letter.prompty"):
        each.parent.joinpath("style.prompty").unlink()
    with pytest.raises(NotFound, match=r"the include style#.* is not in this store"):
        copy.load("letter")


def test_a_pin_without_a_name_in_a_file(application: Path, tree: Store) -> None:
    """It is found beside a label by its digest alone; else it is told."""
    tree.save("style", style())
    tree.save("letter", letter(store_pin := Pin("style", style().digest)))
    path = application / "prompts/letter.prompty"
    path.write_text(path.read_text().replace(f"style#{store_pin.digest[7:]}", f"'#{store_pin.digest[7:]}'"))
    with pytest.raises(NotFound, match=r"the include #.* is not in this store"):
        tree.load("letter")
    beside = application / "prompts" / include_path(store_pin.digest)
    beside.parent.mkdir(parents=True)
    beside.write_bytes((application / "prompts" / prompt_path("style")).read_bytes())
    assert written(tree.load("letter")) == EXPECTED


def test_a_circle_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that lies, or files whose digests were forged: an error, never an endless way down."""
    pin = Pin("style", style().digest)
    prompt = letter(pin)
    with pytest.raises(InvalidPrompt, match="is pinned to"):
        prompt.render(tone="x", topic="y", resolve=lambda _: prompt)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/style.prompty").touch()
    circle = Prompt.define(Tone, user('{% include "style" %} {{ tone }}'), includes={"style": pin})

    def forged(*_: object, **__: object) -> Prompt[Any]:
        return circle

    monkeypatch.setattr(codec, "read_stored", forged)
    monkeypatch.setattr(Prompt, "digest", property(lambda _: pin.digest))
    with pytest.raises(StoreDamaged, match="includes go deeper than 16") as caught:
        Store(tmp_path).load("style")
    assert "no save makes such files" in caught.value.hint
