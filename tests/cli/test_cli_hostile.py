"""Hostile words on the command line: a typed error, exit code 2 or 3, no traceback, no file, no program, no escape."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from promptlib import Store
from promptlib._git import Repository
from promptlib.cli.app import app
from promptlib.columns import safe
from promptlib.errors import BadRef, NotAStore, PromptLibError
from promptlib.formats.git_history import import_git
from promptlib.refs import Pin, Ref, check_digest, check_label, check_name
from tests.hostile import snapshot
from tests.store.test_hostile_stores import HOSTILE as NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Shell

HEX = "0123456789abcdef" * 4
ADDRESSES = [
    *("ext::sh -c touch% canary", "ext::touch canary", "EXT::x", "fd::17", "testgit::x"),
    *("--upload-pack=touch canary", "-u", "-oProxyCommand=touch canary", "ssh://-oProxyCommand=touch canary/x"),
    *("ssh://host:-1/x", "git@-host:x", "https://user:secret@host.invalid/x.git", "http://host.invalid/x"),
    *("git://host.invalid/x", "ftp://host.invalid/x", "file:///nowhere", "file://host.invalid/x"),
    *("rsync://host.invalid/x", "svn::http://x", "host.invalid:x.git", "javascript:alert(1)", "data:,x"),
    *("\\\\host.invalid\\share", "//host.invalid/share", "C:\\x", "C:x", "~nobody/x", "$(touch canary)"),
    *("`touch canary`", "x;touch canary", "x|touch canary", "x\ntouch canary", "x\0y", "\x1b[2J", "%00"),
    *("/dev/null", "/dev/zero", "/proc/self/mem", "/etc/passwd", "/proc/self/fd/0", "x" * 5000, "\ud800"),
    *("\u202egit.x",),
]
DIGESTS = [
    *("", "#", HEX, f"sha256:{HEX.upper()}", f"sha256:{HEX}\n", f"sha256:{HEX}0", f"sha256: {HEX}", f"SHA256:{HEX}"),
    *(f"sha1:{HEX[:40]}", f"sha512:{HEX * 2}", "sha256:../../x", "sha256:" + "\u0661" * 64, "sha256:" + "g" * 64),
    *("sha256:%00", f"sha256:{HEX[:63]}", f"\ufeffsha256:{HEX}", f"sha256:{HEX}\u200b", "sha256:" + "0" * 10**6),
]
REFS = [
    *("a@{1}", "a@{upstream}", "a@{-1}", "a^", "a~1", "a^{tree}", ":a", ":/x", "HEAD", "HEAD:a"),
    *("@", "a@", "a@v0", "a@v01", "a@V1", "a@v99999999999999999999", "a@v\u0661", "a@latest@v1"),
    *("a@@v1", "a@v1@", "a@../x", "a@x/y", "a@.x", "a@-x", "a@--help", "a@x.lock", "a@X", "a@con", "a@edited"),
    *("a@head", "a@ production", "a#", "a#1", "a#zzzzzzzz", "a##12345678", "a#12345678#12345678", "a#-1234567"),
    *(f"a#{HEX}0", "a#\u0661" * 8, "#12345678", "prompts:/", "prompts:/a", "prompts:/a/0", "prompts:/../a/1"),
    *("prompts:a/1", "prompts://h/a/1", "{{ a }}@v1", "{% x %}", "${a}", "%s%s%n"),
    *("{0.__class__}", "a@{{x}}", "!!python/object:x", "*a", "&a", "a: b", "'a'", '{"a": 1}', "~"),
    *("[]", "a@v1\r\n", "a\u2028@v1", "a\U000e0041", "\x9b31m", "a\x7f", "\x1b]0;x\x07a"),
]
LABELS = [
    *("", ".", "..", "../x", "x/y", "x\\y", "-x", "--help", "-rf", "X", "Production", "\u00e9", "e\u0301"),
    *("x\u200b", "\u202ex", "latest", "edited", "head", "v1", "v0", "v999999999999", "con", "nul", "aux.x", "com1"),
    *("lpt9", "x.", "x.lock", "x.label", ".git", ".includes", ".hidden", "git~1", "x y", "x\ty", "x\ny", "x\0y"),
    *("\x1b[31m", "x" * 65, "1x", "x@y", "x#y", "x:y", "$(x)", "`x`", "x;y", "x|y", "x&y", "x>y", "x*y", "x?y"),
    *("{{x}}", "%s", "~x", "x~1", "x^", "x@{1}", "'x'", '"x"'),
]
EVERY_WORD = sorted({*NAMES, *ADDRESSES, *DIGESTS, *REFS, *LABELS})


def refused(ask: Callable[[str], object], words: list[str]) -> Iterator[str]:
    """Yield the words that *ask* takes, each refusal being ours, short, with what to do next, and safe to print."""
    for word in words:
        try:
            ask(word)
        except PromptLibError as error:
            if not (error.hint and len(str(error)) < 1500 and isinstance(error, (BadRef, NotAStore))):
                yield f"{word[:60]!r}: {error!r}"
        else:
            yield word[:60]


def test_there_are_enough_of_them() -> None:
    assert len(EVERY_WORD) >= 340


def test_grammars_take_none() -> None:
    """Names, labels, refs, pins and digests."""
    assert list(refused(check_name, [*NAMES, *ADDRESSES])) == []
    assert list(refused(check_label, LABELS)) == []
    assert list(refused(Ref.parse, [*NAMES, *REFS, *ADDRESSES])) == []
    assert list(refused(check_digest, EVERY_WORD)) == []
    assert list(refused(Pin.parse, EVERY_WORD)) == []
    for digest in DIGESTS:
        assert list(refused(Pin.parse, [f"a#{digest}"])) == ([] if digest != HEX else ["a#" + HEX[:58]])


def test_no_address_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store and an import take a folder of this machine; whatever looks like an address is no such folder."""
    monkeypatch.chdir(tmp_path)
    with Store.init(tmp_path / "into.git", bare=True) as into:
        before = snapshot(tmp_path)
        assert list(refused(Store, ADDRESSES)) == []
        if Repository.discover(tmp_path) is None:
            assert list(refused(lambda word: import_git(into, word, match="{name}"), ADDRESSES)) == []
        assert list(refused(lambda word: Store.init(f"/dev/null/{word}", bare=True), ["x\0y", "x" * 5000])) == []
        assert snapshot(tmp_path) == before


VERBS: list[list[str]] = [
    *(["show", "W"], ["show", "--json", "W"], ["log", "W"], ["diff", "W", "a"], ["diff", "a@v1", "W"]),
    *(
        ["lineage", "W"],
        ["impact", "W"],
        ["render", "W"],
        ["count", "W"],
        ["export", "W"],
        ["label", "W"],
        ["label", "W", "production", "v1"],
    ),
    *(["delete", "W"], ["rename", "W", "b"], ["rename", "support/triage", "W"], ["revert", "W", "v1"]),
    *(["save", "W", "-"],),
]


@pytest.mark.no_cover
def test_the_shell_takes_none(triage: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb, each with a share of the words: a clean end, and nothing changed anywhere."""
    monkeypatch.chdir(triage.folder)
    words = [word for word in [*NAMES, *REFS] if "\0" not in word and not _lone(word) and len(word) < 4000]
    words = [word for word in words if len(word) > 200 or not (triage.folder / word).exists()]  # render takes files too
    before = snapshot(tmp_path)
    for at, word in enumerate(words):
        for verb in VERBS[at % 3 :: 3]:
            if verb[0] == "count" and word == "-":
                continue  # which is standard input there
            arguments = [verb[0], "--", *(word if part == "W" else part for part in verb[1:] if part != "--json")]
            ended = CliRunner().invoke(app, arguments, input="user:\nHi\n", prog_name="promptlib")
            assert ended.exception is None or isinstance(ended.exception, SystemExit), (arguments, ended.exception)
            assert ended.exit_code in {2, 3}, (arguments, ended.exit_code, ended.output)
            assert all(safe(row) == row for row in ended.output.split("\n")), arguments
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        *(["-C", "\x1b[31mx", "ls"], ["-C", "x" * 300, "ls"], ["-C", "--help", "ls"], ["-C", "ext::x", "ls"]),
        *(["init", "--bare", "/dev/null/\x1b[2J"], ["import", "git", "ext::sh", "--match", "{name}"]),
        *(["import", "git", "--match", "{name}", "--", "--upload-pack=x"],),
        *(["import", "git", ".", "--match", "\x1b[31m"], ["show", "--upload-pack=x"], ["log", "-rf"]),
        *(["\x1b[31mverb"], ["save", "a", "../\x1b[31m"], ["show", "--", "-h"]),
        *(["label", "support/triage", "../x", "v1"], ["label", "support/triage", "production", "sha256:\x1b[31m"]),
    ],
    ids=ascii,
)
def test_hostile_options(triage: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Paths, addresses, verbs and options that are none end with a code and words, and reach no terminal as escapes."""
    monkeypatch.chdir(triage.folder)
    before = snapshot(tmp_path)
    here = os.getcwd()  # noqa: PTH109 - a command may change it
    ended = CliRunner().invoke(app, arguments, prog_name="promptlib")
    os.chdir(here)
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    assert ended.exit_code in {1, 2, 3, 4}
    assert "\x1b" not in ended.output
    assert snapshot(tmp_path) == before


def _lone(word: str) -> bool:
    """Whether *word* cannot be an argument of a process."""
    return any(0xD800 <= ord(char) < 0xDC80 or 0xDCFF < ord(char) < 0xE000 for char in word)
