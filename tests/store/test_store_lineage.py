"""The lineage that a store tells: parents, renames, what was derived and what is included."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, system, user
from tests.store.conftest import Question

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_lineage_joins_parents_renames_derivations_and_includes(
    store: Store, make: Callable[..., Prompt[Question]]
) -> None:
    style = store.save("style", Prompt.define(system("Be brief.")))
    store.save("first", make("One."))
    store.save("first", store.load("first").evolve(messages=make("Two.").messages))
    store.rename("first", "second")
    derived = store.load("second").derive(messages=make("Three.").messages)
    store.save("third", derived)
    including = Prompt.define(
        Question, system('{% include "style" %}'), user("{{ question }}"), includes={"style": style}
    )
    store.save("fourth", including)
    store.label("second", "production", "v3")

    lineage = store.lineage("third")
    assert [(node.name, node.number) for node in lineage.ancestors()] == [("second", 3), ("first", 2), ("first", 1)]
    assert {edge.kind for edge in lineage.edges} == {"parent", "renamed_from", "derived_from"}
    assert lineage.ancestors()[0].labels == ("production",)
    assert [node.name for node in store.lineage("style").descendants()] == ["fourth"]
    assert [node.name for node in store.lineage("second@production").descendants()] == ["third"]
    assert "derived from second v3" in lineage.tree()


def test_a_shallow_clone_tells_a_lineage_without_numbers(
    bare: Store, make: Callable[..., Prompt[Question]], tmp_path: Path
) -> None:
    bare.save("first", make("One."))
    bare.save("first", make("Two."))
    subprocess.run(
        ["git", "clone", "-q", "--bare", "--depth", "1", bare.path.as_uri(), tmp_path / "shallow.git"], check=True
    )
    with Store(tmp_path / "shallow.git") as shallow:
        lineage = shallow.lineage("first")
        assert (lineage.node.number, lineage.ancestors()) == (None, ())
