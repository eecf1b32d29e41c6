"""Text files come in byte for byte; what is no text is told."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Store
from promptlib.errors import BadRef, InvalidPrompt, NotFound
from promptlib.formats.texts import import_text

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    path = tmp_path / "texts"
    path.mkdir()
    return path


def write(folder: Path, **texts: str | bytes) -> None:
    for word, text in texts.items():
        path = folder / word.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def text_of(store: Store, name: str) -> str:
    return store.load(name).messages[0].text


def test_each_text_in_a_folder_is_a_prompt(store: Store, folder: Path) -> None:
    write(folder, a_DOT_md="A {{ x }}\r\n", mail__b_DOT_txt="system:\nB \n\n", c_DOT_png=b"\x89", _DOT_hidden="H")
    report = import_text(store, folder)
    assert report.created == ("a", "mail/b")
    assert (text_of(store, "a"), text_of(store, "mail/b")) == ("A {{ x }}\r\n", "system:\nB \n\n")
    assert [(each.name, each.reason) for each in report.left_out] == [
        ("c.png", "it ends in none of .md, .txt, .text, .markdown")
    ]
    assert len(list(store.commits())) == 1
    assert import_text(store, folder).unchanged == ("a", "mail/b")
    assert len(list(store.commits())) == 1


def test_a_pattern_says_where_they_lie(store: Store, folder: Path) -> None:
    write(folder, one__system_DOT_md="1", one__user_DOT_md="2", two__system_DOT_md="3")
    report = import_text(store, folder, match="{name}/system.md", into="fabric", role="user")
    assert (report.created, report.left_out) == (("fabric/one", "fabric/two"), ())
    assert store.load("fabric/one").render().messages[0].role == "user"
    with pytest.raises(BadRef, match=r"needs \{name\} once"):
        import_text(store, folder, match="system.md")


def test_files_that_are_named_come_in_whatever_they_end_in(store: Store, folder: Path) -> None:
    write(folder, prompt_DOT_j2="x", other="y")
    assert import_text(store, folder / "prompt.j2", folder / "other").created == ("prompt", "other")


def test_what_is_no_text_is_told_with_its_byte(store: Store, folder: Path) -> None:
    write(folder, a_DOT_md=b"ok\n\xff", b_DOT_md="", c_DOT_md=b"x" * (9 << 20), d_DOT_md="d")
    report = import_text(store, folder)
    assert report.created == ("d",)
    assert [(each.where, each.reason[:23]) for each in report.left_out] == [
        ("a.md", "not UTF-8 at byte 3"),
        ("b.md", "the file is empty"),
        ("c.md", "8,388,609 bytes are mor"),
    ]


def test_links_are_not_followed(store: Store, folder: Path) -> None:
    write(folder, a_DOT_md="a")
    (folder / "b.md").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    report = import_text(store, folder)
    assert report.created == ("a",)
    assert {each.reason for each in report.left_out} == {"it is a link, and links are not followed"}


def test_names_outside_the_grammar_are_left_out_with_a_proposal(store: Store, folder: Path) -> None:
    write(folder, a_DOT_md="1")
    (folder / "A B.md").write_text("2")
    report = import_text(store, folder)
    assert [(each.name, each.proposal) for each in report.left_out] == [("A B.md", "a-b")]
    assert import_text(store, folder, renames={"A B.md": "ab"}).created == ("ab",)


def test_nothing_to_import_is_told(store: Store, folder: Path) -> None:
    with pytest.raises(NotFound, match="no file to import"):
        import_text(store)
    with pytest.raises(NotFound, match="no file or folder gone"):
        import_text(store, "gone")
    with pytest.raises(InvalidPrompt, match="no role 'boss'"):
        import_text(store, folder, role="boss")  # type: ignore[arg-type] # it is the wrong role on purpose
    assert import_text(store, folder).created == ()


def test_variables_become_inputs_on_request(store: Store, folder: Path) -> None:
    write(folder, a_DOT_md="For ${Name:Ada} {{ b }}")
    assert import_text(store, folder, dry_run=True).notes == (
        "1 text has variables such as ${x:default}, which stay text; --variables makes inputs of them",
    )
    assert import_text(store, folder, variables=True).created == ("a",)
    assert store.load("a").render().messages[0].text == "For Ada {{ b }}"


@settings(max_examples=15)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), min_size=1, max_size=4))
def test_any_text_comes_in_byte_for_byte(texts: list[str]) -> None:
    with TemporaryDirectory() as place, Store.init(Path(place) / "s.git", bare=True, durability="none") as store:
        for at, text in enumerate(texts):
            (Path(place) / f"t{at}.txt").write_bytes(text.encode())
        report = import_text(store, *(Path(place) / f"t{at}.txt" for at in range(len(texts))))
        assert report.left_out == ()
        assert [text_of(store, f"t{at}") for at in range(len(texts))] == texts


def test_a_real_library_comes_in_whole(store: Store, corpus: Path) -> None:
    patterns = corpus / "fabric/patterns"
    report = import_text(store, patterns, match="{name}/system.md")
    assert (len(report.created), report.left_out) == (225, ())
    for name in report.created:
        assert text_of(store, name).encode() == (patterns / name / "system.md").read_bytes()
