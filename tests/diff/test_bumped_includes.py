"""Includes that were bumped: from which version to which, and what that changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.diff import diff

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store where `reply` includes `style`, which includes `tone`; all three have two versions."""
    store = Store.init(tmp_path / "prompts.git", bare=True)
    for tone, style, reply in (("Be warm.", "Be brief.", "v1"), ("Be warm and calm.", "Be brief.\nBe kind.", "v2")):
        store.save("team/tone", Prompt.define(system(tone)))
        inner = system(style + ' {% include "tone" %}')
        store.save("team/style", Prompt.define(inner, includes={"tone": store.load("team/tone")}))
        outer = system(f'{reply} {{% include "style" %}}')
        store.save("reply", Prompt.define(outer, includes={"style": store.load("team/style")}))
    return store


def test_which_alias_went_from_which_version_to_which(store: Store) -> None:
    with store:
        found = store.diff("reply@v1", "reply@v2")
        rows = [(row.path, row.change, row.old_version, row.new_version) for row in found.includes]
        assert rows == [("style", "changed", "v1", "v2"), ("style.tone", "changed", "v1", "v2")]
        digests = [store.version(f"team/style@{at}").digest.removeprefix("sha256:") for at in ("v1", "v2")]
        assert [found.includes[0].before, found.includes[0].after] == [f"team/style#{digest}" for digest in digests]


def test_what_that_changes(store: Store) -> None:
    with store:
        found = store.diff("reply@v1", "reply@v2")
        style, tone = (row.difference for row in found.includes)
        assert style is not None
        assert tone is not None
        assert [word.text for word in tone.messages[0].words if word.edit == "added"] == [" and calm"]
        assert (style.before and style.before.version, style.after.version) == ("v1", "v2")
        text = found.text()
        assert "  ~ style: team/style v1 (" in text
        assert " -> team/style v2 (" in text
        assert "Be warm{+ and calm+}." in text
        assert "Be warm{+ and calm+}" in found.markdown()
        assert "<ins> and calm</ins>" in found.html()
        data: Any = json.loads(json.dumps(found.to_dict()))["includes"]
        assert [(row["old_version"], row["new_version"]) for row in data] == [("v1", "v2")] * 2
        assert data[1]["difference"]["messages"][0]["reworded"] is True


def test_without_the_texts_the_pins_are_told() -> None:
    pins = [f"team/style#{digit * 64}" for digit in "12"]
    before, after = (Prompt.define(system('{% include "s" %}'), includes={"s": pin}) for pin in pins)
    (row,) = diff(before, after).includes
    assert (row.old_version, row.new_version, row.difference) == ("", "", None)
    assert "~ s: team/style (11111111) -> team/style (22222222)\n      what changed in it is not at hand" in str(
        diff(before, after)
    )


def test_what_comes_and_goes() -> None:
    style = Prompt.define(system("Be brief."))
    plain, using = Prompt.define(system("x")), Prompt.define(system('x{% include "s" %}'), includes={"s": style})
    (row,) = diff(plain, using).includes
    assert (row.change, row.difference is not None) == ("added", True)
    assert "+ s: (" in str(diff(plain, using))
    assert ", +3 tokens" in str(diff(plain, using))
    (row,) = diff(using, plain).includes
    assert (row.change, row.difference) == ("removed", None)
    assert ", -3 tokens" in str(diff(using, plain))


def test_of_many_ways_to_one_bump_one_is_told() -> None:
    """A lattice of sixteen floors has 65,536 ways down; each floor is compared once."""
    old, new = Prompt.define(system("Deep.")), Prompt.define(system("Deeper."))
    for _ in range(15):
        both = system('{% include "a" %}{% include "b" %}')
        old, new = (Prompt.define(both, includes={"a": each, "b": each}) for each in (old, new))
    rows = diff(old, new).includes
    assert len(rows) == 16
    assert rows[-1].path == ".".join("a" * 15)
    assert len(str(diff(old, new))) < 10_000
