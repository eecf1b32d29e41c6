"""Hostile names, refs, labels, settings and repositories: refused by name, and nothing outside is touched or run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib._git import Author
from promptlib.errors import BadRef, InvalidPrompt, NotAStore, NotFound, PromptLibError, StoreError
from promptlib.refs import check_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

DEVICES = ["con", "prn", "aux", "nul", *(f"{device}{digit}" for device in ("com", "lpt") for digit in range(10))]
TRAVERSALS = [
    *("..", "../x", "x/..", "x/../y", "./x", "x/.", ".", "/x", "//x", "x//y", "x/", "/", "x/./y", "~", "~root/x"),
    *("..\\x", "x\\..\\y", "\\x", "c:\\x", "c:/x", "c:x", "\\\\host\\x", "%2e%2e/x", "..%2fx", "x%00", "....//x"),
    *("/etc/passwd", "../../../../etc/passwd", "file:///etc/passwd", "http://x/y", "ext::sh -c x", "x:y", "x::y"),
]
GITS = [
    *(".git", ".git/config", "x/.git/y", ".GIT", ".gitattributes", ".gitmodules", ".labels/production/a", "git~1"),
    *(".git\u200c", ".g\u200cit", "HEAD", "FETCH_HEAD", "refs/heads/../x", "x@{1}", "x^", "x~1", "x..y/", ":x", ":/x"),
    *(
        "x.lock",
        "x.prompty",
        "x.label",
        ".prompty",
        ".labels",
        ".includes",
        "-",
        "--",
        "@",
        "x@",
        "*",
        "x*",
        "?",
        "[a]",
    ),
]
OPTIONS = [
    *("-rf", "--help", "-x", "--upload-pack=touch x", "-c core.pager=x", "--end-of-options", "x/-rf", "-", "--exec=x"),
    *("$(touch x)", "`touch x`", "x;touch y", "x|y", "x&y", "x>y", "x<y", "x'y", 'x"y', "x\ny", "x\ty", "x\0y", "x y"),
    *(
        "{{ x }}",
        "{% x %}",
        "${HOME}",
        "$HOME",
        "%PATH%",
        "!x",
        "#x",
        "x#y",
        "<x>",
        "x\r",
        "\x1b[31mx",
        "\x7f",
        "x\x85",
    ),
]
LOOK_ALIKES = [
    *(
        "аdmin",
        "admіn",
        "ｘ",
        "x\u200b",
        "\u200bx",
        "x\u202ey",
        "x\u00ady",
        "ﬁ",
        "é",
        "e\u0301",
        "ß",
        "ı",
        "İ",
        "K",
        "ſ",
    ),
    *(
        "x\ufeff",
        "\ufeffx",
        "x\u2028y",
        "x\u2029",
        "x\u00a0y",
        "日本",
        "🙂",
        "x\U000e0041",
        "٣",
        "x٣",
        "²",
        "x\ud800",
        "½",
    ),
]
CASES = [
    "A",
    *(f"x{char}" for char in "'\"()+,=^`{}!"),
    "Support/triage",
    "support/Triage",
    "SUPPORT",
    "xX",
    "CON",
    "Nul",
    "Aux.txt",
    "iPhone",
    "Readme.Md",
]
SHAPES = [
    *("", " ", "  ", " x", "x ", ".x", "_x", "-x", "x.", "x/y.", "x./y", "x..", "_", "__init__", "x/_y", "x/.y", "\n"),
    *("x" * 65, "x" * 1000, "/".join(["x" * 60] * 5), "x/" * 200 + "x", "a" * 10**6, "/" * 1000, "../" * 1000),
    *(f"{device}.txt" for device in DEVICES[:6]),
]
HOSTILE = [*DEVICES, *TRAVERSALS, *GITS, *OPTIONS, *LOOK_ALIKES, *CASES, *SHAPES]
NO_TEXT = [None, 3, b"x", ["x"], ("x",), {"x": 1}, Path("x"), object()]


def tree_of(folder: Path) -> dict[str, bytes]:
    """Return every file below *folder* but git's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_there_are_enough_of_them() -> None:
    """Two hundred at least, and none of them is a name."""
    assert len(set(HOSTILE)) >= 200
    for name in HOSTILE:
        with pytest.raises(BadRef):
            check_name(name)


@pytest.mark.parametrize("home", ["bare", "tree"])
def test_hostile_names_go_nowhere(
    request: pytest.FixtureRequest, home: str, make: Make, tmp_path: Path, run: Run
) -> None:
    """Every verb refuses every one of them by name, says what is wrong, and no file and no commit is made."""
    store: Store = request.getfixturevalue(home)
    store.save("a", make("one"))
    before, head = tree_of(tmp_path), run(store.path, "rev-parse", "HEAD")
    prompt = make("two")
    verbs: list[Callable[[Any], object]] = [
        lambda name: store.save(name, prompt),
        store.load,
        store.history,
        store.version,
        store.labels,
        store.delete,
        lambda name: store.rename("a", name),
        lambda name: store.rename(name, "b"),
        lambda name: store.label(name, "production", "v1"),
        lambda name: store.revert(name, "v1"),
        store.lineage,
        store.file,
    ]
    for name in [*HOSTILE, *NO_TEXT]:
        for verb in verbs:
            with pytest.raises(BadRef) as caught:
                verb(name)
            assert caught.value.hint
            assert len(str(caught.value)) < 1000
            assert str(caught.value).isprintable() or "\n" in str(caught.value)
    with store.transaction("Nothing") as transaction:
        for name in [*HOSTILE, *NO_TEXT]:
            changes: list[Callable[[Any], object]] = [
                lambda name: transaction.save(name, prompt),
                transaction.load,
                transaction.delete,
                lambda name: transaction.label(name, "production", "v1"),
                lambda name: transaction.rename("a", name),
                lambda name: transaction.revert(name, "v1"),
            ]
            for change in changes:
                with pytest.raises(BadRef):
                    change(name)
    assert run(store.path, "rev-parse", "HEAD") == head
    assert {path: data for path, data in tree_of(tmp_path).items() if "promptlib/" not in path} == {
        path: data for path, data in before.items() if "promptlib/" not in path
    }


def test_hostile_labels_go_nowhere(store: Store, make: Make, tmp_path: Path, run: Run) -> None:
    """No label leads to another folder."""
    store.save("a", make("one"))
    head = run(store.path, "rev-parse", "HEAD")
    for label in [
        *TRAVERSALS,
        *GITS,
        *OPTIONS,
        *LOOK_ALIKES,
        *CASES,
        *SHAPES,
        *DEVICES[:4],
        "latest",
        "v1",
        "v01",
        *NO_TEXT,
    ]:
        with pytest.raises(BadRef) as caught:
            store.label("a", label, "v1")  # type: ignore[arg-type] # what is no text is handed over on purpose
        assert caught.value.hint
    assert run(store.path, "rev-parse", "HEAD") == head


@pytest.mark.parametrize(
    "ref",
    [
        *("a@", "a@@x", "a@v0", "a@V1", "a@v99999999999", "a@../x", "a@x/y", "a@latest@v1", "a@-x"),
        *(
            "a#",
            "a#1234567",
            "a#ABCDEF12",
            "a#gggggggg",
            "a#" + "0" * 65,
            "a##12345678",
            "a#12345678#12345678",
            "#12345678",
        ),
        *(
            "a@v1#",
            "a@v1#%%%%%%%%",
            "a@v1 ",
            " a",
            "a b@v1",
            "prompts:/",
            "prompts:/a",
            "prompts:/a/0",
            "prompts:/a/-1",
        ),
        *("prompts:/../x/1", "prompts:/a@", "prompts:/a@x#12345678", "prompts:///a/1", "a@x' OR 1=1--", "a#________"),
        *("a\n@v1", "a@v1\n", "a@v\u0661", "a@ⅴ1", "@v1", "@", "#", "prompts:a/1", "a@edited", "a@head"),
    ],
)
def test_hostile_refs_are_told(store: Store, make: Make, ref: str) -> None:
    """With the place of the mistake, or what a ref looks like."""
    store.save("a", make("one"))
    for verb in (store.load, store.version):
        with pytest.raises(BadRef) as caught:
            verb(ref)
        assert caught.value.hint
    with pytest.raises(BadRef), store.transaction("Load") as transaction:
        transaction.load(ref)


@pytest.mark.parametrize("which", ["", "v0", "../x", "sha256:", "sha256:xyz", "#1", "#", "@v1", "a@v1", "latest@v1"])
def test_hostile_versions_are_told(store: Store, make: Make, which: str) -> None:
    """Wherever a version is asked for."""
    store.save("a", make("one"))
    verbs: list[Callable[[], object]] = [
        lambda: store.revert("a", which),
        lambda: store.label("a", "production", which),
        lambda: store.save("a", make("two"), expect=which),
    ]
    for verb in verbs:
        with pytest.raises(BadRef):
            verb()
    assert store.load("a") == make("one")


def test_a_prefix_of_two_digests_is_refused(store: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both of them; never the one that happens to come first."""
    store.save("a", make("one"))
    store.save("a", make("two"))
    rows = store._history.index.versions("a")  # type: ignore[union-attr] # a store with git has a history
    alike = [(row, f"sha256:12345678{row.id:056}") for row in rows]
    monkeypatch.setattr("promptlib._index.index.Index._of_a_digest", lambda *_, **__: alike)
    with pytest.raises(BadRef, match="could be any of 2 contents") as caught:
        store.version("a#12345678")
    assert "write more digits" in caught.value.hint


@pytest.mark.parametrize("package", ["", ".", "..", "../x", "nosuch.package", "json.decoder", "x y", "\0"])
def test_hostile_packages(package: str) -> None:
    """What is no package is told."""
    with pytest.raises(NotFound, match="no package ") as caught:
        Store.package(package)
    assert caught.value.hint == "give the name that it is imported by"


@pytest.mark.parametrize("folder", ["..", "../..", "/etc", "", "prompts", ".git", "a\\b"])
def test_hostile_folders_of_packages(folder: str) -> None:
    """None leads out of the package."""
    with pytest.raises(NotFound, match="has no folder"):
        Store.package("json", folder)


WORDS = [
    "a\0b",
    "a\ud800b",
    "-m",
    "--amend",
    "#comment",
    "\x1b[31mred",
    "x" * 100_000,
    "a\n\nPromptlib-Source: " + "0" * 40,
]


@pytest.mark.parametrize("message", WORDS)
def test_hostile_messages(store: Store, make: Make, message: str, run: Run) -> None:
    """They are words of the commit and nothing else; what git cannot hold is left out."""
    version = store.save("a", make("one"), message=message)
    held = run(store.path, "show", "-s", "--format=%B", version.commit).rstrip("\n")
    assert version.message == held == store.version("a").message == Store(store.path).version("a").message
    assert held == message.replace("\0", "").replace("\ud800", "?")
    assert store.load("a") == make("one")


@pytest.mark.parametrize(
    "author",
    [
        Author("A <x>\nB", "e@x>\n"),
        Author("A\ud800\0", "e"),
        Author("-x", "--amend"),
        Author("A", "e\ncommitter X <x> 0 +0000"),
        Author("日本", "jp@example.org"),
    ],
)
def test_hostile_authors(store: Store, make: Make, author: Author, run: Run) -> None:
    """No line of a commit is forged, and what the version says is what git says."""
    store.save("a", make("one"), author=author)
    version = Store(store.path).version("a")
    shown = run(store.path, "show", "-s", "--format=%an|%ae").strip()
    assert f"{version.author}|{version.email}" == shown
    assert run(store.path, "rev-list", "--count", "HEAD").strip() == ("2" if store.path.name.endswith(".git") else "3")
    assert store.fsck().ok


def test_a_prompt_too_large_is_refused_before_it_is_stored(store: Store, make: Make) -> None:
    """What would never load again is not acknowledged."""
    with pytest.raises(InvalidPrompt, match="a would be a file of 9,") as caught:
        store.save("a", make("x" * (9 << 20)))
    assert "give long texts as inputs" in caught.value.hint
    assert store.names() == ()
    text = "x" * (8_000_000)
    store.label("a", "production", store.save("a", make(text)))
    assert store.load("a@production").messages[0].text == text


def test_a_bomb_in_a_bare_store_is_refused_unread(bare: Store, make: Make, run: Run, tmp_path: Path) -> None:
    """Megabytes of nothing, pushed by somebody."""
    bare.save("a", make("one"))
    run(tmp_path, "clone", "-q", str(bare.path), "clone")
    run(tmp_path / "clone", "config", "user.name", "Uma")
    run(tmp_path / "clone", "config", "user.email", "uma@example.com")
    (tmp_path / "clone/b.prompty").write_bytes(b"\0" * (32 << 20))
    run(tmp_path / "clone", "add", "-A")
    run(tmp_path / "clone", "commit", "-q", "-m", "Bomb")
    run(tmp_path / "clone", "push", "-q", "origin", "main")
    with pytest.raises(StoreError, match="33,554,432 bytes; more than 8,388,608 are refused"):
        bare.load("b")
    assert bare.load("a") == make("one")
    assert len(bare.history("a")) == 1
    assert not bare.fsck().ok


def test_nothing_of_a_hostile_repository_runs(
    application: Path, tree: Store, make: Make, run: Run, tmp_path: Path
) -> None:
    """Hooks, fsmonitor, filters, pagers, aliases and text conversions: reading a store starts none of them."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    canary = tmp_path / "canary"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{canary}'\ncat\n")
    script.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (hooks / hook).write_text(script.read_text())
        (hooks / hook).chmod(0o755)
    for key in (
        *(
            "core.fsmonitor",
            "core.pager",
            "pager.log",
            "core.editor",
            "core.sshCommand",
            "core.askPass",
            "diff.external",
        ),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.evil.command"),
        *("gpg.program", "credential.helper", "uploadpack.packObjectsHook", "alias.log", "alias.cat-file"),
    ):
        run(application, "config", key, str(script))
    run(application, "config", "core.hooksPath", str(hooks))
    (application / ".git/info/attributes").write_text("* filter=evil diff=evil\n")
    (application / ".gitattributes").write_text("* filter=evil diff=evil\n")
    store = Store(application)
    assert store.load("a") == make("one")
    for ref in ("a@v1", "a@latest", "a@production", f"a#{make('one').digest[7:15]}"):
        assert store.load(ref) == make("one")
    assert len(store.history("a")) == 1
    assert store.names() == ("a",)
    assert store.labels("a").keys() == {"production"}
    assert store.lineage("a").ancestors() == ()
    assert store.diff("a@v1", "a@latest") is not None
    assert store.load("a").render(question="x").provenance.version == "v1"  # type: ignore[union-attr] # a stored prompt has one
    assert store.fsck().ok
    assert not canary.exists()


def test_nothing_inherited_redirects_git(
    bare: Store, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of another repository that runs us does not make us write into that one."""
    other = Store.init(tmp_path / "other.git", bare=True)
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(other.path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    bare.save("a", make("one"))
    assert Store(bare.path).load("a") == make("one")
    assert other.names() == ()


def test_a_store_of_somebody_else_is_not_come_upon(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A marked folder above the working directory is a store only when it is the user's or the system's."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/.gitattributes").write_bytes(b"*.prompty -text\n*.label -text\n")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert Store.open().path == tmp_path
    if not hasattr(os, "geteuid"):
        return
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr("promptlib.store.opening.SYSTEM", 54321, raising=True)
    with pytest.raises(NotAStore, match="no store in "):
        Store.open()


def test_errors_are_ours_and_pickle(store: Store, make: Make) -> None:
    """Worker processes hand them back."""
    import pickle

    store.save("a", make("one"))
    for ref in ("b", "a@v2", "a@nothing", "a#00000000"):
        with pytest.raises(PromptLibError) as caught:
            store.load(ref)
        copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
        assert (type(copy), str(copy)) == (type(caught.value), str(caught.value))
