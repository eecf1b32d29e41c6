"""What a store says of whom a change touches, and what a lineage costs."""

from __future__ import annotations

import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.errors import BadRef, NotFound
from promptlib.lineage import Lineage, Node
from promptlib.store import tracing
from promptlib.store.past import History

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib.lineage import Impact


def part(text: str, **includes: Any) -> Prompt[Any]:
    words = "".join(f'{{% include "{word}" %}}' for word in includes)
    return Prompt.define(system(words + text), includes=includes)


@pytest.fixture
def filled(bare: Store) -> Store:
    """Style is included by head, that by page, that by menu; mail derives from page, and goes on."""
    style = bare.save("style", part("Be brief."))
    head = bare.save("head", part("Head.", style=style))
    page = bare.save("page", part("Page.", head=head))
    bare.save("menu", part("Menu.", page=page))
    bare.save("mail", bare.load("page").derive(description="By mail"))
    bare.save("mail", bare.load("mail").evolve(messages=(system('{% include "head" %}Dear all.'),)))
    bare.label("mail", "production", "v1")
    bare.save("head", part("Another head."))
    bare.save("style", part("Be warm."))
    return bare


def told(found: tuple[Impact, ...]) -> list[tuple[str, int | None, str, bool]]:
    return [(each.name, each.number, each.kind, each.current) for each in found]


def test_impact_goes_through_what_includes_and_derives(filled: Store) -> None:
    expected = [
        ("head", 1, "includes", False),
        ("page", 1, "includes", True),
        ("mail", 1, "includes", True),
        ("mail", 2, "includes", True),
        ("menu", 1, "includes", True),
    ]
    for ref in ("style@v1", "style", f"style#{filled.version('style@v1').short}"):
        assert sorted(told(filled.impact(ref))) == sorted(expected)
    assert filled.impact("style@v2") == filled.impact("style@latest") == ()
    assert filled.impact("menu") == ()
    labelled = next(each for each in filled.impact("page") if each.labels)
    assert (str(labelled.node)[:7], labelled.labels, labelled.kind) == ("mail v1", ("production",), "derived_from")
    assert told(filled.impact("page")) == [
        ("mail", 1, "derived_from", True),
        ("menu", 1, "includes", True),
        ("mail", 2, "derived_from", True),
    ]


def test_a_content_that_came_back_is_one_content(bare: Store) -> None:
    first = bare.save("style", part("Be brief."))
    bare.save("head", part("Head.", style=first))
    bare.save("style", part("Be warm."), expect=first)
    bare.revert("style", "v1")
    for ref in ("style@v1", "style@v3", "style"):
        assert [each.name for each in bare.impact(ref)] == ["head"]
    assert bare.impact("style@v2") == ()
    assert bare.impact("style@v1")[0].path[0].target.number == 3


def test_a_label_of_a_renamed_prompt_keeps_its_old_versions_in_use(bare: Store) -> None:
    style = bare.save("style", part("Be brief."))
    bare.save("old", part("One.", style=style))
    bare.label("old", "production", "v1")
    bare.save("old", part("Two."))
    assert [each.labels for each in bare.impact("style")] == [("production",)]
    bare.rename("old", "new")
    assert [(each.name, each.labels) for each in bare.impact("style")] == [("old", ("production",))]
    bare.label("new", "production", "v3")
    assert [each.labels for each in bare.impact("style")] == [()]
    assert [node.labels for node in bare.graph().nodes if node.name == "new"] == [("production",)]


def test_names_labels_and_versions_are_understood_where_two_are_compared(filled: Store) -> None:
    lineage = filled.lineage("mail")
    for other in ("page", "page@v1", filled.version("page"), filled.lineage("page"), filled.lineage("page").node):
        path = lineage.path_between(other)
        assert [edge.kind for edge in path or ()] == ["parent", "derived_from"]
        assert lineage.common_ancestor(other) == filled.lineage("page").node
    assert [edge.kind for edge in lineage.path_between("mail@production") or ()] == ["parent"]
    with pytest.raises(NotFound, match="no label 'nowhere' on mail\nlabels here: production"):
        lineage.path_between("mail@nowhere")
    with pytest.raises(NotFound, match="no label 'nowhere' on page\nlabels here: none"):
        lineage.path_between("page@nowhere")
    with pytest.raises(NotFound, match="no prompt 'paeg' here"):
        lineage.common_ancestor("paeg")


@pytest.mark.parametrize("ask", [Store.lineage, Store.impact])
def test_wrong_refs_are_told_as_everywhere(filled: Store, ask: Callable[[Store, str], object]) -> None:
    with pytest.raises(NotFound, match="no prompt 'styel' here\ndid you mean 'style'"):
        ask(filled, "styel")
    with pytest.raises(NotFound, match="style has no version v9"):
        ask(filled, "style@v9")
    with pytest.raises(NotFound, match="nowhere"):
        ask(filled, "style@nowhere")
    with pytest.raises(BadRef):
        ask(filled, "Style")


def test_a_lineage_goes_on_to_tell_what_was_when_it_was_asked_for(filled: Store) -> None:
    lineage = filled.lineage("menu")
    graph = filled.graph()
    page = filled.version("page")
    filled.save("later", part("Later.", page=page))
    filled.save("menu", part("Less."))
    assert [str(node)[:7] for node in lineage.ancestors()] == ["page v1", "head v1", "style v"]
    assert lineage.descendants() == ()
    names = [node.name for node in filled.lineage("page").descendants()]
    assert sorted(names) == ["later", "mail", "mail", "menu", "menu"]
    assert len(graph.nodes) == len(filled.graph().nodes) - 2


def test_a_version_that_cannot_be_read_hides_no_other(filled: Store) -> None:
    """Its file says what it pins: as long as nobody can read it, it has no edges, and the others have theirs."""
    blob = subprocess.run(
        ["git", "rev-parse", "main:menu.prompty"], cwd=filled.path, capture_output=True, text=True, check=True
    ).stdout.strip()
    place = filled.path / "objects" / blob[:2] / blob[2:]
    kept = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(b"")
    filled.close()
    for index in (filled.path / "promptlib").iterdir():
        index.unlink()
    with Store(filled.path) as store:
        for _ in range(2):
            assert sorted({each.name for each in store.impact("style@v1")}) == ["head", "mail", "page"]
            assert sorted({each.name for each in store.impact("style")}) == ["head", "mail", "page"]
            assert [node.digest for node in store.graph().nodes if node.name == "menu"] == [""]
            page = store.lineage("page")
            assert [node.name for node in page.ancestors()] == ["head", "style"]
        place.write_bytes(kept)
        assert sorted({each.name for each in store.impact("style@v1")}) == ["head", "mail", "menu", "page"]
        then = store.at(store.history("head")[1].commit)
        assert sorted({each.name for each in then.impact("style")}) == ["head", "mail", "menu", "page"]
        assert [node.name for node in then.lineage("page").ancestors()] == ["head", "style"]
        assert [str(edge.source)[:7] for edge in then.lineage("menu").path_between("style") or ()] == [
            "menu v1",
            "page v1",
            "head v1",
        ]


def test_what_is_pinned_and_not_here_is_told(filled: Store) -> None:
    pin = f"gone#{'0' * 64}"
    text = f"---\nmetadata:\n  promptlib:\n    derived_from: {pin}\n---\nsystem:\nHello.\n"
    stream = (
        "commit refs/heads/main\ncommitter Ann <ann@example.com> 1700000000 +0000\ndata 4\nPush\n"
        "from refs/heads/main^0\n"
        f"M 100644 inline odd.prompty\ndata {len(text)}\n{text}\n"
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=filled.path, input=stream.encode(), check=True)
    missing = filled.lineage("odd").ancestors()
    assert [str(node) for node in missing] == ["gone not here (00000000)"]
    assert missing[0] in filled.graph().nodes
    page = filled.lineage("odd").html()
    assert "gone not here" in page


def test_a_page_of_a_store_shows_what_each_version_changed(filled: Store) -> None:
    page = filled.lineage("mail").html()
    assert '["add","Dear' in page
    assert page.count('"lines"') == len(filled.lineage("mail").nodes)
    assert filled.graph().html(diffs=2).count('"lines"') == 2
    assert "sandbox=" in filled.lineage("mail")._repr_html_()
    history = filled._history
    assert history is not None
    assert tracing.Traced(history.now()).compare(None, Node("nowhere", filled.lineage("page").node.digest)) is None


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that SQLite was given, besides those that begin and end a question."""
    found: list[str] = []
    connect = sqlite3.connect

    def traced(*words: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **named)
        connection.set_trace_callback(lambda text: None if text in {"BEGIN", "COMMIT"} else found.append(text))
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return found


ANSWERS: dict[str, Callable[[Lineage], object]] = {
    "ancestors": Lineage.ancestors,
    "descendants": Lineage.descendants,
    "common_ancestor": lambda lineage: lineage.common_ancestor(lineage),
    "path_between": lambda lineage: lineage.path_between(lineage),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_one_question_and_no_git_process(
    filled: Store, statements: list[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    filled.graph()
    with Store(filled.path) as store:
        assert store.lineage("mail").node.number == 2  # the index is open, and knows all
        history = store._history
        assert isinstance(history, History)
        history.walked.clear()
        lineage = store.lineage("page")
        monkeypatch.setattr(subprocess, "Popen", None)
        statements.clear()
        ANSWERS[answer](lineage)
        # Whether anybody has changed the file, and the walk itself.
        assert len(statements) == 2, statements
        assert sum("RECURSIVE" in text for text in statements) == 1
        statements.clear()
        ANSWERS[answer](store.lineage("page"))
        assert statements == [], "what was walked is remembered while the tip stays"


def test_impact_is_two_questions(filled: Store, statements: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    filled.graph()
    with Store(filled.path) as store:
        assert store.lineage("page").node.number == 1
        monkeypatch.setattr(subprocess, "Popen", None)
        statements.clear()
        store.impact("page@v1")
        assert sum("RECURSIVE" in text for text in statements) == 1
        counted = len(statements)
        statements.clear()
        store.impact("mail@v1")
        assert len(statements) == counted, "as many for any version"


def test_only_so_much_is_remembered(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("MOST_ANSWERS", "MOST_WALKED", "MOST_EVENTS"):
        with monkeypatch.context() as patch:
            patch.setattr(tracing, most, 1)
            filled.close()
            for _ in range(2):
                assert [node.name for node in filled.lineage("menu").ancestors()] == ["page", "head", "style"]
                assert [node.name for node in filled.lineage("page").ancestors()] == ["head", "style"]
                assert filled.lineage("head@v1").node.number == filled.lineage("style@v1").node.number == 1


def test_a_save_is_joined_to_what_is_there_without_reading_the_rest(
    filled: Store, statements: list[str], tmp_path: Path
) -> None:
    """What is new costs what is new: as many statements whatever the store holds."""
    counts = []
    for size in (5, 50):
        folder = tmp_path / f"{size}.git"
        Store.init(folder, bare=True).close()
        with Store(folder, durability="none") as store:
            for at in range(size):
                store.save(f"name-{at}", part(f"Text {at}."))
            store.graph()
            store.save("name-1", part("Better."))
            statements.clear()
            store.lineage("name-1").ancestors()
            counts.append(len(statements))
    assert counts[0] == counts[1]
