"""The form of a lock: one text for one content, and errors that name the line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import NewerFormat, StoreDamaged
from promptlib.lockfile import Drift, Lock, table

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
LOCK = Lock(
    prompts=table({"support/triage": A, "faq": B}),
    labels=table({"faq@production": B}),
    includes=table({A: "style, support/style", B: ""}),
)
TEXT = f"""\
# Written by `promptlib lock`; `promptlib check --locked` tells what differs.
promptlib-lock = 1

[prompts]
"faq" = "{B}"
"support/triage" = "{A}"

[labels]
"faq@production" = "{B}"

[includes]
"{A}" = "style, support/style"
"{B}" = ""
"""

names = st.sampled_from(["a", "b/c", "d-e.f", "support/triage"])
digests = st.binary(min_size=32, max_size=32).map(lambda data: f"sha256:{data.hex()}")
labels = st.tuples(names, st.sampled_from(["production", "next"])).map("@".join)
locks = st.builds(
    Lock,
    prompts=st.dictionaries(names, digests).map(table),
    labels=st.dictionaries(labels, digests).map(table),
    includes=st.dictionaries(digests, st.lists(names, unique=True).map(lambda by: ", ".join(sorted(by)))).map(table),
    names=st.lists(names, unique=True).map(lambda some: tuple(sorted(some))),
    labels_only=st.booleans(),
)


def test_the_text_is_sorted_lines() -> None:
    assert LOCK.to_text() == TEXT
    assert Lock.parse(TEXT) == LOCK
    assert hash(Lock.parse(TEXT)) == hash(LOCK)


@given(locks)
def test_it_reads_back_and_every_other_toml_reader_agrees(lock: Lock) -> None:
    text = lock.to_text()
    assert Lock.parse(text) == lock
    assert Lock.parse(text.replace("\n", "\r\n")) == lock
    assert tomllib.loads(text) == (
        {"promptlib-lock": 1, "prompts": lock.prompts, "labels": lock.labels, "includes": lock.includes}
        | ({"only": "labels"} if lock.labels_only else {})
        | ({"names": list(lock.names)} if lock.names else {})
    )


def test_it_says_what_was_asked_for() -> None:
    some = Lock(names=("b", "a"), labels_only=True)
    assert some.to_text().splitlines()[2:7] == ['only = "labels"', "names = [", '    "a",', '    "b",', "]"]
    assert some.command == "promptlib lock b a --labels-only"
    assert some.covers("a")
    assert not some.covers("c")
    assert LOCK.covers("c")
    assert LOCK.command == "promptlib lock"
    assert LOCK.to_dict() == {
        "prompts": {"faq": B, "support/triage": A},
        "labels": {"faq@production": B},
        "includes": {A: "style, support/style", B: ""},
        "names": [],
        "labels_only": False,
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("promptlib-lock = 1", "promptlib-lock = one", 2, "a lock begins with `promptlib-lock = 1`"),
        ("promptlib-lock = 1", "promptlib-lock = 0", 2, "there is no format 0"),
        ("promptlib-lock = 1\n", "", 3, "a lock begins with"),
        ("[labels]", "[labelled]", 8, "it is no entry"),
        ("[labels]", "[prompts]", 8, "[prompts] stands there twice"),
        ('"faq" =', '"FAQ" =', 5, "'FAQ' is no prompt name"),
        ('"faq" =', '"faq@next" =', 5, "faq@next is none of [prompts]"),
        ('"faq@production"', '"faq"', 9, "faq is none of [labels]"),
        ('"faq@production"', '"faq@latest"', 9, "'latest' cannot be a label"),
        ('"faq" =', '"support/triage" =', 6, "support/triage stands there twice"),
        (f'"faq" = "{B}"', '"faq" = "v3"', 5, "'v3' is no digest"),
        (f'"faq" = "{B}"', '"faq" = 3', 5, "it is no entry"),
        (f'"{A}" = "style', '"style" = "style', 12, "'style' is no digest"),
        ("style, support/style", "style, Support", 12, "'Support' is no prompt name"),
        ("\n[prompts]\n", '\nalso = "this"\n[prompts]\n', 4, "it is no line of a lock"),
        ("\n[prompts]\n", '\nnames = [\n    "a",\n    b\n[prompts]\n', 6, "it is no name of the list"),
        ("\n[prompts]\n", '\nnames = [\n    "A",\n]\n[prompts]\n', 5, "'A' is no prompt name"),
        ("\n[labels]\n", "\n<<<<<<< ours\n[labels]\n", 8, "a conflict of a merge is not resolved"),
    ],
)
def test_a_damaged_lock_names_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in TEXT
    with pytest.raises(StoreDamaged) as told:
        Lock.parse(TEXT.replace(old, new, 1), "prompts/promptlib.lock")
    assert words in told.value.what
    assert told.value.where is not None
    assert (told.value.where.source, told.value.where.line) == ("prompts/promptlib.lock", line)
    assert told.value.hint == "write it again: promptlib lock; who changed it: git log -p -- prompts/promptlib.lock"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "it has no line `promptlib-lock = 1`"), ("promptlib-lock = 1\nnames = [\n", "the list of names has no end")],
)
def test_half_a_lock_is_none(text: str, words: str) -> None:
    with pytest.raises(StoreDamaged, match=words):
        Lock.parse(text)


def test_a_later_format_is_no_damage() -> None:
    with pytest.raises(NewerFormat) as told:
        Lock.parse(TEXT.replace("lock = 1", "lock = 12"), "x.lock")
    assert told.value.what == "x.lock is a lock of format 12; this promptlib reads 1"
    assert str(told.value.where) == "x.lock:2:1"
    assert told.value.hint == "update promptlib, or write the lock with this one: promptlib lock"


def remedy(kind: str, what: str, expected: str) -> str:
    return f"{kind} {what} {expected[7:9]}"


def test_nothing_differs_from_itself() -> None:
    assert LOCK.drifts(LOCK, {}, remedy) == ()


def test_each_difference_is_one_drift() -> None:
    found: dict[str, Any] = {
        "prompts": table({"faq": A, "new": B}),
        "labels": table({"faq@next": B}),
        "includes": table({A: "style"}),
    }
    drifts = LOCK.drifts(Lock(**found), {}, remedy)
    assert [str(each) for each in drifts] == [
        "prompt faq: locked as sha256:bbbbbbbb, found: sha256:aaaaaaaa",
        "prompt new: is not in the lock; found: sha256:bbbbbbbb",
        "prompt support/triage: locked as sha256:aaaaaaaa, found: nothing",
        "label faq@next: is not in the lock; found: sha256:bbbbbbbb",
        "label faq@production: locked as sha256:bbbbbbbb, found: nothing",
        "include #bbbbbbbb: locked as sha256:bbbbbbbb, found: nothing",
    ]
    assert [each.remedy for each in drifts[:4]] == [
        "prompt faq bb",
        "prompt new ",
        "prompt support/triage aa",
        "label faq@next ",
    ]
    (new,) = Lock().drifts(Lock(includes=table({A: "style"})), {}, remedy)
    assert str(new) == "include style#aaaaaaaa: is not in the lock; found: sha256:aaaaaaaa"
    assert new.to_dict() == {
        "kind": "include", "what": "style#aaaaaaaa", "expected": None, "found": A, "problem": "", "remedy": new.remedy,
    }  # fmt: skip


def test_what_cannot_be_read_is_one_drift_and_its_includes_none() -> None:
    now = Lock(prompts=table({"support/triage": A}), labels=LOCK.labels)
    drifts = LOCK.drifts(now, {"faq": "it is no prompt", "other@next": "it is no label"}, remedy)
    assert [each.told for each in drifts] == [
        "locked as sha256:bbbbbbbb, cannot be read: it is no prompt",
        "cannot be read: it is no label",
    ]
    assert isinstance(drifts[0], Drift)
