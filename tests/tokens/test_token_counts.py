from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from promptlib.errors import InvalidInputs, UnknownEncoding
from promptlib.tokens import (
    EncodingCounter,
    Exactness,
    MessageCounter,
    TokenCount,
    TokenCounter,
    count_tokens,
    counter,
    encoding,
)


@dataclass(frozen=True)
class Words:
    name: str = "words"
    exactness: Exactness = "estimate"

    def count(self, text: str, /) -> int:
        return len(text.split())


SMALL = tiktoken.Encoding("small", pat_str="..|.", mergeable_ranks={b"a": 0, b"b": 1, b"ab": 2}, special_tokens={})


def test_a_count_is_an_int_that_says_where_it_comes_from() -> None:
    count = count_tokens("hello world")
    assert count == 2
    assert (count.exactness, count.engine, count.profile) == ("exact", "o200k_base", "")
    assert repr(count) == "TokenCount(2, exact by o200k_base)"
    assert f"{count} {count!s} {count:>3,}" == "2 2   2"
    assert json.dumps({"tokens": count}) == '{"tokens": 2}'
    assert hash(count) == hash(2)


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda count: pickle.loads(pickle.dumps(count))])  # noqa: S301 - our own bytes
def test_a_copy_keeps_the_origin(twin: object) -> None:
    assert callable(twin)
    count = twin(TokenCount(7, exactness="estimate", engine="words", profile="openai-chat"))
    assert repr(count) == "TokenCount(7, estimate by words as openai-chat)"


def test_a_count_cannot_be_changed() -> None:
    count = count_tokens("a")
    with pytest.raises(AttributeError, match="TokenCount is immutable: cannot set 'exactness'"):
        count.exactness = "estimate"
    with pytest.raises(AttributeError, match="TokenCount is immutable: cannot delete 'engine'"):
        del count.engine


def test_a_sum_is_as_exact_as_its_weakest_part() -> None:
    exact = count_tokens("a b c")
    provider = count_tokens("a b", encoding=len)
    estimate = count_tokens("a b c d", encoding=Words())
    assert repr(sum([exact, exact])) == "TokenCount(6, exact by o200k_base)"
    assert repr(exact + 4) == repr(4 + exact) == "TokenCount(7, exact by o200k_base)"
    assert repr(exact + provider) == repr(provider + exact) == "TokenCount(6, provider by len+o200k_base)"
    assert repr(estimate + provider + exact) == "TokenCount(10, estimate by len+o200k_base+words)"
    with pytest.raises(TypeError):
        exact + "1"


def test_special_token_text_is_ordinary_text() -> None:
    for name in ("o200k_base", "cl100k_base", "o200k_harmony"):
        assert count_tokens("<|endoftext|>", encoding=name) > 1
        assert count_tokens("<|start|>system<|message|>", encoding=name) > 4


def test_a_count_equals_tiktoken_s_own() -> None:
    text = "It's 12345 naïve 漢字 👨‍👩‍👧 \r\n\n  x<|endoftext|>"
    for name in ("o200k_base", "cl100k_base"):
        assert count_tokens(text, encoding=name) == len(encoding(name).encoding.encode_ordinary(text))
    assert [encoding("o200k_base").encode(" hello"), encoding("cl100k_base").encode(" hello")] == [[40617], [24748]]


@given(st.text(max_size=200))
def test_a_text_has_at_most_as_many_tokens_as_bytes_and_comes_back(text: str) -> None:
    by = encoding("o200k_base")
    tokens = by.encode(text)
    assert len(text.encode()) / 128 <= len(tokens) <= len(text.encode())
    assert by.decode_bytes(tokens).decode() == text


def test_a_lone_surrogate_is_refused_where_tiktoken_would_replace_it() -> None:
    with pytest.raises(InvalidInputs) as caught:
        count_tokens("né\ud800x")
    assert str(caught.value) == (
        "the text holds a lone surrogate at character 3: '\\ud800'\n"
        'repair it with text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")'
    )


def test_only_text_is_counted() -> None:
    with pytest.raises(InvalidInputs, match="tokens are counted in a text, not in a bytes"):
        count_tokens(b"abc")  # type: ignore[arg-type]  # the wrong type is the test


def test_whatever_can_count_serves() -> None:
    assert repr(count_tokens("a b", encoding=Words())) == "TokenCount(2, estimate by words)"
    assert repr(count_tokens("a b", encoding=len)) == "TokenCount(3, provider by len)"
    assert repr(count_tokens("abba", encoding=SMALL)) == "TokenCount(3, exact by small)"
    assert counter("cl100k_base") is encoding("cl100k_base")
    assert counter(SMALL) == EncodingCounter("small", SMALL)

    class Endpoint:
        def __call__(self, text: str) -> int:
            return 2 * len(text)

    assert repr(count_tokens("a b", encoding=Endpoint())) == "TokenCount(6, provider by Endpoint)"
    assert isinstance(Words(), TokenCounter)
    assert not isinstance(Words(), MessageCounter)


@pytest.mark.parametrize("given", [42, None, Words, ["o200k_base"]])
def test_what_cannot_count_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputs) as caught:
        counter(given)  # type: ignore[arg-type]  # the wrong type is the test
    assert str(caught.value) == (
        f"{given!r:.80} cannot count tokens\ngive an encoding's name, a TokenCounter (name, exactness, count), "
        "a tiktoken.Encoding, a tokenizers.Tokenizer, or a function from text to int"
    )


def test_an_unknown_exactness_is_refused() -> None:
    with pytest.raises(InvalidInputs) as caught:
        counter(Words(exactness="about"))  # type: ignore[arg-type]  # the wrong value is the test
    assert str(caught.value) == (
        "the counter words has the exactness 'about'\nan exactness is one of exact, provider, estimate"
    )


@pytest.mark.parametrize("found", [-1, 2.5, None])
def test_a_number_that_is_none_is_refused(found: object) -> None:
    def endpoint(_text: str) -> object:
        return found

    with pytest.raises(InvalidInputs, match=r"endpoint found .* tokens\na count is an int, 0 or more"):
        count_tokens("a", encoding=endpoint)  # type: ignore[arg-type]  # the wrong type is the test


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UnknownEncoding, match="did you mean 'cl100k_base'"):
        count_tokens("a", encoding="cl100k")
