from __future__ import annotations

import re
import string
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any, Literal, get_args

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import InvalidInputs
from promptlib.segments import FINE_TO_COARSE, Boundary
from promptlib.tokens import (
    EncodingCounter,
    Exactness,
    TokenCounter,
    count_tokens,
    encoding,
    streaming,
    truncate,
    vocabulary,
)
from promptlib.tokens.edges import head_edge, tail_edge
from promptlib.tokens.streaming import is_safe_cut
from promptlib.tokens.truncation import KEEPS, Keep, cutter_of
from tests.tokens.texts import CODE, TEXTS, chinese, english

Vocabulary = Literal["o200k_base", "cl100k_base"]


def by_encoding_all(text: str, limit: int, name: Vocabulary, keep: Keep, marker: str) -> str:
    """The same rule, written down without a thought for speed."""
    by = encoding(name).encoding
    tokens = by.encode_ordinary(text)
    if len(tokens) <= limit:
        return text
    room = limit - len(by.encode_ordinary(marker))
    while True:
        at_start = {"start": room, "end": 0, "middle": room - room // 2}[keep]
        at_end = {"start": 0, "end": room, "middle": room // 2}[keep]
        head = len(by.decode_bytes(tokens[:at_start]).decode(errors="ignore"))
        tail = len(text) - len(by.decode_bytes(tokens[len(tokens) - at_end :]).decode(errors="ignore"))
        head, tail = head_edge(text, head, "token"), tail_edge(text, tail, "token")
        result = text[:head] + marker + text[max(head, tail) :]
        over = len(by.encode_ordinary(result)) - limit
        if over <= 0:
            return result
        room = max(0, room - over)


@given(
    TEXTS,
    st.integers(0, 120),
    st.sampled_from(get_args(Vocabulary)),
    st.sampled_from(KEEPS),
    st.sampled_from(["", "…", " [cut] ", "\n"]),
)
def test_streaming_keeps_what_encoding_all_of_it_would_keep(
    text: str, limit: int, name: Vocabulary, keep: Keep, marker: str
) -> None:
    if limit < encoding(name).count(marker):
        limit += 10
    kept = truncate(text, limit, encoding=name, keep=keep, marker=marker)
    expected = by_encoding_all(text, limit, name, keep, marker)
    # Within an unbroken run that is longer than the limit it may be other characters of it, as many tokens of them.
    assert kept == expected or (is_unbroken(text, limit) and encoding(name).count(kept) <= limit)


def is_unbroken(text: str, limit: int) -> bool:
    """Whether *text* has a stretch without safe cuts of more characters than the limit has tokens."""
    cuts = [0, *(at for at in range(1, len(text)) if is_safe_cut(text[at - 1], text[at])), len(text)]
    return max(end - start for start, end in pairwise(cuts)) > limit


@given(
    TEXTS,
    st.integers(5, 200),
    st.sampled_from(get_args(Vocabulary)),
    st.sampled_from(KEEPS),
    st.sampled_from(FINE_TO_COARSE),
    st.sampled_from(["", "…", " [cut] "]),
)
def test_the_promises_hold(
    text: str, limit: int, name: Vocabulary, keep: Keep, boundary: Boundary, marker: str
) -> None:
    def cut(given: str) -> str:
        return truncate(given, limit, encoding=name, keep=keep, boundary=boundary, marker=marker)

    result = cut(text)
    tokens = len(encoding(name).encoding.encode_ordinary(result))
    assert tokens <= limit
    assert cut(text) == result
    assert cut(result) == result
    result.encode()
    if len(encoding(name).encoding.encode_ordinary(text)) <= limit:
        assert result == text
        return
    assert result.count("\ufffd") <= text.count("\ufffd")
    match keep:
        case "start":
            assert result.endswith(marker)
            assert text.startswith(result[: len(result) - len(marker)])
        case "end":
            assert result.startswith(marker)
            assert text.endswith(result[len(marker) :])
        case "middle":
            places = [at for at in range(len(result) + 1) if result.startswith(marker, at)]
            assert any(text.startswith(result[:at]) and text.endswith(result[at + len(marker) :]) for at in places)


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("name", get_args(Vocabulary))
@pytest.mark.parametrize("text", [CODE[:60_000], english(60_000), chinese(12_000)], ids=["code", "english", "chinese"])
def test_long_texts_are_cut_as_by_encoding_all(text: str, name: Vocabulary, keep: Keep) -> None:
    total = encoding(name).count(text)
    for limit in (1, 10, 300, 2_000, total - 700, total - 1, total):
        assert truncate(text, limit, encoding=name, keep=keep) == by_encoding_all(text, limit, name, keep, "")


@pytest.mark.parametrize(
    ("boundary", "kept"),
    [
        ("token", "One two. Three fo"),
        ("word", "One two. Three"),
        ("sentence", "One two."),
    ],
)
def test_boundaries(boundary: Boundary, kept: str) -> None:
    text = "One two. Three fo\u0301llowing words"
    by = Characters()
    assert truncate(text, 18, encoding=by, boundary=boundary).replace("\u0301", "") == kept
    assert truncate("line one\nline two\nline three", 20, encoding=by, boundary="line") == "line one\nline two\n"
    assert truncate("a\n\nb\n\nccccc", 8, encoding=by, boundary="paragraph", marker="…") == "a\n\nb\n\n…"


def test_what_stays_is_the_start_the_end_or_both() -> None:
    text = "zero one two three four five six seven eight nine"
    assert truncate(text, 4) == "zero one two three"
    assert truncate(text, 4, keep="end") == " six seven eight nine"
    assert truncate(text, 4, keep="end", boundary="word") == "six seven eight nine"
    assert truncate(text, 5, keep="middle", marker=" …") == "zero one … eight nine"
    assert truncate(text, 10, keep="middle", marker=" …") == text


def test_special_token_text_is_cut_like_any_text() -> None:
    assert truncate("<|endoftext|>" * 50, 5).startswith("<|end")


@dataclass
class Spy:
    """tiktoken's encoding, counting the characters that it is asked to encode."""

    by: tiktoken.Encoding = field(default_factory=lambda: _tiktoken("o200k_base"))
    name: str = "spy"
    characters: int = 0
    calls: int = 0

    def encode_ordinary(self, text: str) -> list[int]:
        self.characters += len(text)
        self.calls += 1
        return self.by.encode_ordinary(text)

    def decode_bytes(self, tokens: list[int]) -> bytes:
        return self.by.decode_bytes(tokens)


def _tiktoken(name: str) -> Any:
    return encoding(name).encoding


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(
    ("text", "most"),
    [(CODE, 1.05), (english(1_000_000), 1.05), (chinese(400_000), 1.1), (english(18_000) + chinese(400_000), 1.3)],
    ids=["code", "english", "chinese", "both"],
)
def test_little_more_than_the_kept_text_is_encoded(text: str, most: float, keep: Keep) -> None:
    spy = Spy()
    result = truncate(text, 8_000, encoding=EncodingCounter("spy", spy, bundled=True), keep=keep)
    # The verifying count is apart: it encodes the result once.
    assert spy.characters - len(result) <= most * len(result)
    assert spy.calls <= 30
    assert 7_990 <= len(spy.by.encode_ordinary(result)) <= 8_000


HOSTILE = {
    "letter": "a" * 1_000_000,
    "base64": b64encode(Random(3).randbytes(300_000)).decode(),
    "random letters": "".join(Random(4).choices(string.ascii_lowercase, k=300_000)),
    "unbroken Chinese": chinese(200_000, punctuation=""),
    "newlines": "\n" * 1_000_000,
    "digits": "7" * 300_000,
    "emoji": "👨\u200d👩\u200d👧" * 50_000,
    "marks": "e\u0301\u0302" * 100_000,
    "quotes": "'" * 300_000,
    "numbers": "[1,2," * 60_000,
    "dots": "." * 300_000,
}


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_cost_little_more_than_what_is_kept(kind: str, keep: Keep) -> None:
    spy = Spy()
    result = truncate(HOSTILE[kind], 2_000, encoding=EncodingCounter("spy", spy, bundled=True), keep=keep)
    assert spy.characters <= 2.6 * len(result) + 1_200  # two first chunks that learn the ratio
    assert 1_990 <= len(spy.by.encode_ordinary(result)) <= 2_000


@pytest.mark.parametrize("keep", KEEPS)
def test_blanks_that_no_engine_encodes_are_cut_as_well(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "BLANK_RUN", re.compile(r"(?<![ \t])[ \t]{20000}"))
    for module in (vocabulary, streaming):
        monkeypatch.setattr(module, "LONGEST_BLANK_RUN", 20_000)
    text = "one two " + " " * 50_000 + "three four"
    with pytest.raises(InvalidInputs, match="blanks in a row, from character 8"):
        count_tokens(text)
    for limit in (100, 155, 160, 200, 390):
        result = truncate(text, limit, keep=keep)
        assert count_tokens(result) <= limit
        assert len(result) >= 9_000


@pytest.mark.parametrize("short", range(-1, 60, 10))
def test_an_unbroken_text_that_fits_is_never_cut(short: int) -> None:
    text = "".join(Random(5).choices(string.ascii_lowercase, k=20_000))
    total = encoding("o200k_base").count(text)
    result = truncate(text, total + short, keep="middle", marker="…")
    assert (result == text) is (short >= 0)
    assert encoding("o200k_base").count(result) <= total + max(0, short)


@pytest.mark.parametrize("keep", KEEPS)
def test_a_joint_that_costs_a_token_is_paid_for(keep: Keep) -> None:
    by = encoding("o200k_base")
    random = Random(6)
    for _ in range(300):
        text = "".join(random.choices("ab cd'st,你好\n", k=80))
        marker = random.choice(["st", "b", "\n", "'t", "好"])
        assert by.count(truncate(text, 12, keep=keep, marker=marker)) <= 12


@dataclass(frozen=True)
class Characters:
    """A counter that knows no tokens: each character is one. Remembers what it was asked."""

    name: str = "characters"
    exactness: Exactness = "estimate"
    asked: list[int] = field(default_factory=list)

    def count(self, text: str, /) -> int:
        self.asked.append(len(text))
        return len(text)


@given(st.text(max_size=200), st.integers(0, 100), st.sampled_from(KEEPS), st.sampled_from(["", "…"]))
def test_a_counter_without_tokens_cuts_as_well(text: str, limit: int, keep: Keep, marker: str) -> None:
    by = Characters()
    if limit < len(marker):
        limit = 1
    result = truncate(text, limit, encoding=by, keep=keep, marker=marker)
    assert len(result) <= limit
    if len(text) <= limit:
        assert result == text
    elif text.isascii():
        assert len(result) >= limit - (1 if "\r\n" in text else 0) - (1 if "\r\n" in text and keep == "middle" else 0)


@pytest.mark.parametrize("keep", KEEPS)
def test_a_counter_without_tokens_is_asked_seldom_and_about_little(keep: Keep) -> None:
    text = english(1_000_000)

    def endpoint(part: str) -> int:
        asked.append(len(part))
        return encoding("o200k_base").count(part)

    asked: list[int] = []
    result = truncate(text, 1_000, encoding=endpoint, keep=keep)
    assert 990 <= encoding("o200k_base").count(result) <= 1_000
    assert len(asked) <= 25
    assert sum(asked) <= 25 * len(result)


def test_a_counter_of_long_tokens_is_asked_about_ever_longer_texts() -> None:
    text = "antidisestablishmentarianism " * 10_000
    result = truncate(text, 500, encoding=lambda part: len(part.split()), boundary="word")
    assert result in {text[: words * 29 - 1] for words in (499, 500)}


def test_an_encoding_of_one_s_own_is_cut_by_its_tokens() -> None:
    by = tiktoken.Encoding(
        "pairs",
        pat_str=r"ab|[\s\S]",
        mergeable_ranks={bytes([n]): n for n in range(256)} | {b"ab": 256},
        special_tokens={},
    )
    text = "ab" * 5_000
    for keep in KEEPS:
        result = truncate(text, 100, encoding=by, keep=keep)
        assert len(by.encode_ordinary(result)) == 100
        assert truncate(text, 5_000, encoding=by, keep=keep) == text
        assert len(by.encode_ordinary(truncate(text, 4_999, encoding=by, keep=keep))) == 4_999


def test_a_joint_that_a_counter_charges_for_is_paid_for() -> None:
    def dear_marker(text: str) -> int:
        return len(text) + (7 if "…" in text and len(text) > 1 else 0)

    assert truncate("x" * 100, 20, encoding=dear_marker, marker="…") == "x" * 12 + "…"


def test_a_counter_that_charges_only_for_the_joint_ends_as_well() -> None:
    def words(text: str) -> int:
        return len(text.split()) + (5 if text.startswith(" ") and text.strip() else 0)

    assert truncate("    one two three", 1, encoding=words, marker="…") == "…"


def test_a_marker_must_fit_where_it_is_needed() -> None:
    assert truncate("short", 3, marker=" and so on and on") == "short"
    with pytest.raises(InvalidInputs) as caught:
        truncate("one two three four five", 3, marker=" and so on and on")
    assert str(caught.value) == (
        "the marker ' and so on and on' alone takes 5 tokens, and the limit is 3\n"
        "give a shorter marker, or a higher limit"
    )
    assert truncate("one two three", 1, marker="…") == "…"
    assert truncate("one two three", 0) == ""
    assert truncate("", 0) == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"text": b"abc"}, "a text is cut to tokens, not a bytes"),
        ({"max_tokens": -1}, "max_tokens is -1\nit is an int, 0 or more"),
        ({"max_tokens": 1.5}, "max_tokens is 1.5\nit is an int, 0 or more"),
        ({"max_tokens": True}, "max_tokens is True\nit is an int, 0 or more"),
        ({"keep": "starts"}, "no keep 'starts'\ndid you mean 'start'? keep: start, end, middle"),
        (
            {"boundary": "char"},
            "no boundary 'char'\nboundary: token, word, sentence, line, paragraph",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        truncate(**{"text": "one two three", "max_tokens": 1, **arguments})
    assert str(caught.value) == text


@pytest.mark.parametrize("by", ["o200k_base", Characters()])
@pytest.mark.parametrize("before", ["", "long enough to be cut " * 2])
def test_a_lone_surrogate_is_told_with_its_place(by: str | TokenCounter, before: str) -> None:
    with pytest.raises(InvalidInputs, match=f"a lone surrogate at character {len(before) + 2}:"):
        truncate(f"{before}é\udfff", 15, encoding=by)


def test_threads_may_cut_at_the_same_time() -> None:
    text = english(100_000)
    expected = truncate(text, 500, keep="middle")
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(truncate(text, 500, keep="middle"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


@pytest.mark.parametrize(("by", "known"), [(encoding("o200k_base"), 3), (Characters(), 13)])
def test_a_cutter_knows_the_tokens_of_what_fits(by: TokenCounter, known: int) -> None:
    cutter = cutter_of(by, "one two three", 20, "start")
    assert cutter.fits()
    assert cutter.known == known
