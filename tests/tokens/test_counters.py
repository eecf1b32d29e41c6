from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from promptlib.errors import InvalidInputs
from promptlib.messages import user
from promptlib.tokens import Budget, TokenizerCounter, count_messages, count_tokens, counter, truncate

if TYPE_CHECKING:
    from pathlib import Path

TEXT = ["the quick brown fox jumps over the lazy dog", "hello world, hello tokens", "naïve café 漢字 and 12345"]
SPECIAL = "<|end|>"


def trained_pairs() -> Tokenizer:
    """A tiny tokenizer of the kind that Llama, Qwen and DeepSeek have."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[SPECIAL], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXT * 5, trainer)
    return tokenizer


def trained_pieces() -> Tokenizer:
    """A tiny tokenizer of the kind that SentencePiece makes."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=80,
        special_tokens=["<unk>", SPECIAL],
        unk_token="<unk>",  # noqa: S106 - a token of a vocabulary, no password
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT * 5, trainer)
    return tokenizer


@pytest.fixture(scope="module", params=[trained_pairs, trained_pieces], ids=["pairs", "pieces"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a tokenizer that cuts, pads and adds special tokens, as people find them."""
    tokenizer: Tokenizer = request.param()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL} $A {SPECIAL}", special_tokens=[(SPECIAL, tokenizer.token_to_id(SPECIAL))]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    file = tmp_path_factory.mktemp("tokenizers") / "tokenizer.json"
    tokenizer.save(str(file))
    return file


def plain(path: Path) -> Tokenizer:
    """The same tokenizer without what its file configures, in the way that its library documents."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


# --- tokenizers of a file ---------------------------------------------------------------------------------------------


def test_a_tokenizer_of_a_file_counts_exactly(path: Path) -> None:
    by = counter(Tokenizer.from_file(str(path)))
    judge = plain(path)
    for text in ["", "hello", "the quick brown fox jumps over the lazy dog", "naïve 漢字 👨‍👩‍👧\r\n", "x" * 300]:
        assert by.count(text) == len(judge.encode(text, add_special_tokens=False).ids)
    count = count_tokens("hello world", encoding=by)
    assert (count.exactness, count.engine) == ("exact", by.name)


def test_truncation_padding_and_added_tokens_of_the_file_do_not_count(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    assert len(tokenizer.encode("hello " * 50).ids) == 16
    by = counter(tokenizer)
    assert by.count("hello " * 50) > 50
    assert by.count("") == 0
    assert by.count("hello") < len(tokenizer.encode("hello").ids)


def test_special_token_text_is_ordinary_text_of_a_tokenizer_too(path: Path) -> None:
    by = counter(Tokenizer.from_file(str(path)))
    assert by.count(SPECIAL) > 1
    assert by.count(f"a {SPECIAL} b") >= by.count("a") + by.count("b") + 2


def test_the_tokenizer_that_was_given_is_left_as_it_was(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    before = tokenizer.to_str(), tokenizer.truncation, tokenizer.padding, tokenizer.encode_special_tokens
    by = counter(tokenizer)
    count = by.count(f"hello {SPECIAL} world and more")
    assert (tokenizer.to_str(), tokenizer.truncation, tokenizer.padding, tokenizer.encode_special_tokens) == before
    tokenizer.enable_truncation(1)
    tokenizer.add_tokens(["hello", "world"])
    assert by.count(f"hello {SPECIAL} world and more") == count


def test_a_tokenizer_is_named_by_its_content(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    by = TokenizerCounter(tokenizer)
    assert by.name == f"tokenizer-{by.sha256[:8]}"
    assert repr(by) == f"TokenizerCounter(name='{by.name}')"
    # What its file configures beside the vocabulary makes no other name: the counts are the same.
    tokenizer.enable_truncation(99)
    assert TokenizerCounter(tokenizer) == by
    tokenizer.add_tokens(["another"])
    assert TokenizerCounter(tokenizer).name != by.name
    assert TokenizerCounter(tokenizer, name="qwen3").name == "qwen3"


def test_counters_are_equal_by_name_and_content(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    one = TokenizerCounter(tokenizer, name="mine")
    assert one == TokenizerCounter(tokenizer, name="mine")
    assert hash(one) == hash(TokenizerCounter(tokenizer, name="mine"))
    assert one != TokenizerCounter(tokenizer)
    tokenizer.add_tokens(["another"])
    assert one != TokenizerCounter(tokenizer, name="mine")


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda by: pickle.loads(pickle.dumps(by))],  # noqa: S301 - our own bytes
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_counts_the_same(path: Path, twin: object) -> None:
    assert callable(twin)
    by = TokenizerCounter(Tokenizer.from_file(str(path)), name="mine")
    other = twin(by)
    assert other == by
    # The library's own pickling would forget that special-token text is ordinary.
    assert other.count(f"hello {SPECIAL} world") == by.count(f"hello {SPECIAL} world")


def test_threads_share_a_tokenizer(path: Path) -> None:
    by = counter(Tokenizer.from_file(str(path)))
    texts = [f"{text} {number}" for number in range(50) for text in TEXT]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(by.count, texts)) == [by.count(text) for text in texts]


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_every_text_has_the_count_of_its_tokenizer(text: str) -> None:
    assert PAIRS.count(text) == len(JUDGE.encode(text, add_special_tokens=False).ids)


JUDGE = trained_pairs()
PAIRS = TokenizerCounter(JUDGE)
JUDGE.encode_special_tokens = True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("né\ud800x", "the text holds a lone surrogate at character 3"),
        (b"abc", "tokens are counted in a text, not in a bytes"),
    ],
)
def test_what_is_no_text_is_refused_as_everywhere(text: str, told: str) -> None:
    with pytest.raises(InvalidInputs, match=told):
        PAIRS.count(text)


def test_a_budget_and_truncation_count_by_a_tokenizer(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(path))
    by = counter(tokenizer)
    short = truncate("hello world, hello tokens " * 50, 20, encoding=by)
    assert 0 < by.count(short) <= 20
    budget = Budget(1_000, counter=by, margin=20)
    assert budget.token_counter is by
    assert Budget(1_000, counter=tokenizer).token_counter == by
    assert count_messages([user("hello world")], encoding=tokenizer).exactness == "estimate"


def test_the_package_tokenizers_is_never_imported() -> None:
    code = (
        "import sys; from promptlib.tokens import counter, count_tokens, EstimatingCounter, counter_for;"
        "count_tokens('a', encoding=len); counter(EstimatingCounter()); counter_for('qwen3');"
        "print(sorted({'tokenizers', 'huggingface_hub', 'tiktoken'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_tokenizer_class_cannot_count() -> None:
    with pytest.raises(InvalidInputs, match="cannot count tokens"):
        counter(Tokenizer)  # type: ignore[arg-type]  # the wrong type is the test


# --- functions of a provider ------------------------------------------------------------------------------------------


class Unreachable(Exception):
    """What a provider's client raises."""


def test_what_a_provider_raises_goes_through() -> None:
    def endpoint(text: str) -> int:
        raise Unreachable(text)

    with pytest.raises(Unreachable, match="hello"):
        count_tokens("hello", encoding=endpoint)
    with pytest.raises(Unreachable, match="hello"):
        Budget(1_000, counter=endpoint, margin=100).check([user("hello")])


@pytest.mark.parametrize("found", [None, -1, 2.0, True, False, "3"])
def test_what_a_provider_tells_must_be_a_number_of_tokens(found: object) -> None:
    def endpoint(_text: str) -> object:
        return found

    told = f"^the counter .*endpoint found {found!r} tokens\na count is an int, 0 or more$"
    with pytest.raises(InvalidInputs, match=told):
        count_tokens("hello", encoding=endpoint)  # type: ignore[arg-type]  # the wrong type is the test
    with pytest.raises(InvalidInputs, match=told):
        count_messages([user("hello")], encoding=endpoint)  # type: ignore[arg-type]  # the wrong type is the test


def test_a_provider_s_number_is_labelled_as_its_own() -> None:
    def endpoint(text: str) -> int:
        return len(text) // 2

    count = count_tokens("hello!", encoding=endpoint)
    assert (count, count.exactness) == (3, "provider")
    assert count.engine.endswith("endpoint")
