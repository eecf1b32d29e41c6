"""A label whose content is no version of its name is named: it loads, and nobody knows where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptlib import Prompt, Store, user
from promptlib._index import Index
from promptlib.errors import GitFailed
from promptlib.store.layout import Labelled, label_path
from promptlib.store.numbering import _Published

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def test_a_label_copied_from_another_store_is_named(tree: Store, tmp_path: Path, run: Callable[..., str]) -> None:
    tree.label("faq", "production", tree.save("faq", Prompt.define(user("Here."))))
    with Store.init(tmp_path / "other.git", bare=True) as other:
        other.label("faq", "next", other.save("faq", Prompt.define(user("There."))))
        data = Labelled(other.load("faq").digest, other.file("faq@next")).to_bytes()
    path = Path(tree.path) / "prompts" / label_path("faq", "next")
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    digest = Labelled.from_bytes(data, "x").digest
    checked = tree.check()
    (label,) = checked.labels
    assert (label.name, label.label, label.digest) == ("faq", "next", digest)
    assert str(label) == f"faq@next is #{digest[7:15]}, and that is no version of faq"
    assert label.remedy == "move it to a version: promptlib label faq next VERSION"
    assert label.to_dict() == {"name": "faq", "label": "next", "digest": digest, "remedy": label.remedy}
    assert checked.ok
    assert checked.warnings == 1
    assert tree.check("other").labels == ()
    run(Path(tree.path), "add", "prompts")
    run(Path(tree.path), "commit", "-qm", "A label from elsewhere")
    assert tree.check().labels == (label,)
    tree.label("faq", "next", "v1")
    assert tree.check().labels == ()


def test_a_label_of_what_lies_uncommitted_on_disk_is_not_foreign(tree: Store) -> None:
    tree.save("faq", Prompt.define(user("Here.")))
    file = Path(tree.path) / "prompts/faq.prompty"
    file.write_text(file.read_text().replace("Here", "Soon"))
    path = Path(tree.path) / "prompts" / label_path("faq", "next")
    path.parent.mkdir(parents=True)
    path.write_bytes(Labelled(tree.load("faq").digest, file.read_bytes()).to_bytes())
    assert tree.check().labels == ()
    file.write_text("---\n---\nuser:\n{{ broken }}\n")
    assert [each.label for each in tree.check().labels] == ["next"]
    file.unlink()
    assert [each.label for each in tree.check().labels] == ["next"]


def test_after_a_squash_the_label_of_a_version_that_is_gone_is_named(tree: Store, run: Callable[..., str]) -> None:
    folder = Path(tree.path)
    tree.save("faq", Prompt.define(user("One.")))
    run(folder, "checkout", "-q", "-b", "work")
    tree.label("faq", "production", tree.save("faq", Prompt.define(user("Two."))))
    tree.save("faq", Prompt.define(user("Three.")))
    assert tree.check().labels == ()
    run(folder, "checkout", "-q", "main")
    run(folder, "merge", "-q", "--squash", "work")
    run(folder, "commit", "-qm", "Squashed")
    assert [str(each).partition(" is ")[0] for each in tree.check().labels] == ["faq@production"]
    assert tree.load("faq@production").render().text.strip() == "Two."


def test_where_there_is_no_history_nothing_is_foreign(bare: Store, tmp_path: Path) -> None:
    bare.label("faq", "production", bare.save("faq", Prompt.define(user("Here."))))
    made = bare.export_bundle(tmp_path / "x.bundle")
    with Store.open(made.path) as bundle:
        assert bundle.check() == bundle.check("faq")
        assert (bundle.check().labels, bundle.check().unknown, bundle.check().ok) == ((), (), True)


def test_where_git_fails_it_says_what_is_not_known(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.label("faq", "production", bare.save("faq", Prompt.define(user("Here."))))

    def fail(_: object) -> None:
        message = "git is missing"
        raise GitFailed(message)

    monkeypatch.setattr(_Published, "moved", fail)
    checked = bare.check()
    assert checked.unknown == ("whether numbers moved, and whether labels are versions: git is missing",)
    assert checked.labels == ()
    assert checked.ok


def test_where_the_index_cannot_be_made_labels_are_not_known(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.label("faq", "production", bare.save("faq", Prompt.define(user("Here."))))

    def fail(*_: object) -> None:
        message = "git is missing"
        raise GitFailed(message)

    monkeypatch.setattr(Index, "by_digest", fail)
    assert bare.check().unknown == ("whether labels are versions: git is missing",)
