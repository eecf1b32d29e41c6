"""Forty hostile files: each ends in a typed error, or in a prompt, within a second."""

from __future__ import annotations

import time

import pytest

from promptlib.codec import read
from promptlib.errors import InvalidPrompt

MANY = 120_000
KILO = 1024


def header(text: str) -> bytes:
    return f"---\n{text}\n---\nuser:\nHi\n".encode()


HOSTILE: dict[str, bytes] = {
    "alias bomb": header("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]"),
    "anchor at the top": header("&a\nb: *a"),
    "recursive alias": header("a: &a [*a]"),
    "10 MB front matter": header("a: " + "x" * 10_000_000),
    "10 MB of lines": header("a: 1\n" * 2_000_000),
    "10 MB that never close": b"---\n" + b"a: 1\n" * 2_000_000,
    "10 MB of fences that are none": b"---\n" + b"--- \n" * 2_000_000,
    "10 MB of dashes": b"-" * 10_000_000 + b"\xff",
    "deep flow lists": header("a: " + "[" * MANY),
    "deep flow mappings": header("a: " + "{a: " * 30_000),
    "deep blocks": header("\n".join(" " * depth + "a:" for depth in range(600))),
    "deep items": header("a:\n  " + "- " * MANY),
    "duplicate keys": header("a: 1\n" * 20_000),
    "merge key": header("a: {<<: {b: 1}}"),
    "custom tag": header("a: !!python/object/apply:os.system [ls]"),
    "directive": header("%TAG ! tag:x,2000:"),
    "second document": header("a: 1\n--- \nb: 2"),
    "huge integer": header("a: " + "9" * 200_000),
    "huge float": header("a: 1e" + "9" * 1_000),
    "many zeros": header("a: " + "0" * 200_000),
    "number-like": header("a: " + "1_" * 100_000),
    "not a number": header("a: .nan"),
    "infinite": header("a: [.inf]"),
    "date": header("a: 2024-01-01T00:00:00"),
    "lone surrogate": header('a: "\\ud800"'),
    "surrogate bytes": b"---\na: \xed\xa0\x80\n---\nHi",
    "not UTF-8": b"---\na: 1\n---\n" + b"\xff" * 1_000_000,
    "UTF-16": "---\na: 1\n---\nHi".encode("utf-16"),
    "control characters": header("a: \x00\x1b[31m"),
    "long key": header("k" * 200_000 + ": 1"),
    "colons": header("a: " + ":" * 200_000 + " b: c"),
    "quotes": header("a: " + "'" * 200_001),
    "blanks between quotes": header('a: "' + " " * 200_000 + "\nx" + " " * 20_000 + '" x'),
    "tabs between quotes": header("a: '" + "\t" * 200_000 + "\nx' x"),
    "escapes": header('a: "' + "\\" * 200_001 + '"'),
    "blank lines in a text": header("a: >\n" + " \n" * 100_000 + "b: ["),
    "flow blanks": header("a: [x" + " " * 200_000 + "x" + " " * 20_000 + "{"),
    "unclosed comment": header("a: [ # x" + "#" * 200_000),
    "unknown keys": header("".join(f"k{at}: 1\n" for at in range(25_000)) + "model: 1"),
    "many tags": b"user:\n" + b"{% raw %}" * MANY,
    "open strings": b"user:\n{{ '" + b"\\'" * MANY + b"\nuser:\n",
    "open comments": b"user:\n" + b"{#" * MANY,
    "back slashes": b"user:\n" + b"\\" * 1_000_000 + b"<CR>x\n{{ y }}",
    "brackets": b"user:\n{{ " + b"([{" * 20_000 + b"}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_at_once(name: str) -> None:
    begin = time.process_time()
    with pytest.raises(InvalidPrompt) as caught:
        read(HOSTILE[name], source="x.prompty")
    assert time.process_time() - begin < 1
    assert len(str(caught.value)) < 4 * KILO


def test_a_body_of_escapes_and_roles_takes_linear_time() -> None:
    begin = time.process_time()
    from promptlib.codec.body import read_body

    assert len(read_body("user:\n\\user:\n" * 20_000, frozenset())) == 20_000
    assert time.process_time() - begin < 1
