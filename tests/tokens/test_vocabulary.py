from __future__ import annotations

import gzip
import lzma
import pickle
import runpy
import subprocess
import sys
from contextlib import contextmanager
from hashlib import sha256
from pkgutil import get_data
from typing import TYPE_CHECKING

import pytest
import tiktoken
import tiktoken_ext.openai_public  # type: ignore[import-untyped]  # tiktoken types only its own package

from promptlib.errors import InvalidInputs, UnknownEncoding
from promptlib.tokens import BUNDLED, EncodingCounter, encoding, vocabulary
from promptlib.tokens.build_vocabularies import dense, publish, published
from promptlib.tokens.vocabulary import LONGEST_BLANK_RUN, LONGEST_TOKEN, VOCABULARIES, Vocabulary, dense_form, ranks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = [*(bytes([byte]) for byte in range(256)), b"ab", b"abc"]
BUILDER = "promptlib.tokens.build_vocabularies"


@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_published_file_comes_back_byte_for_byte(name: str) -> None:
    found = ranks(dense_form(name))
    assert list(found.values()) == list(range(VOCABULARIES[name].size))
    content = publish(found)
    assert sha256(content).hexdigest() == VOCABULARIES[name].source_sha256
    assert dense(content) == dense_form(name)
    assert max(map(len, found)) <= LONGEST_TOKEN


@pytest.mark.parametrize("name", VOCABULARIES)
def test_nothing_has_drifted_from_the_installed_tiktoken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = []

    def load(_url: str, expected_hash: str) -> dict[bytes, int]:
        pinned.append(expected_hash)
        return {}

    monkeypatch.setattr(tiktoken_ext.openai_public, "load_tiktoken_bpe", load)
    theirs = tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS[name]()
    assert pinned == [VOCABULARIES[name].source_sha256]
    assert theirs["pat_str"] == VOCABULARIES[name].pattern
    assert theirs["special_tokens"] == dict(VOCABULARIES[name].special_tokens)


def test_harmony_differs_from_o200k_in_special_tokens_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiktoken_ext.openai_public, "load_tiktoken_bpe", lambda url, **_: {url: 0})
    harmony, base = (
        tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS[name]() for name in ("o200k_harmony", "o200k_base")
    )
    assert {key: harmony[key] for key in ("pat_str", "mergeable_ranks")} == {
        key: base[key] for key in ("pat_str", "mergeable_ranks")
    }
    assert encoding("o200k_harmony").encode("<|start|>user") == encoding("o200k_base").encode("<|start|>user")
    assert encoding("o200k_harmony").name == "o200k_harmony"


def test_the_files_are_small_enough_for_the_wheel() -> None:
    sizes = [len(get_data("promptlib.tokens", f"vocabularies/{name}.xz") or b"") for name in VOCABULARIES]
    assert 0 < sum(sizes) <= 1_250_000


def test_an_unknown_name_is_told_with_the_nearest_and_the_remedy() -> None:
    with pytest.raises(UnknownEncoding) as caught:
        encoding("o200k_bas")
    assert str(caught.value) == (
        "no vocabulary 'o200k_bas' is bundled\n"
        "did you mean 'o200k_base'? bundled: o200k_base, cl100k_base, o200k_harmony; nothing is ever downloaded: "
        "for another tokenizer pass a TokenCounter, a tiktoken.Encoding or a function from text to int"
    )
    with pytest.raises(UnknownEncoding, match=r"^no vocabulary 'zzz' is bundled\nbundled: o200k_base"):
        encoding("zzz")


@pytest.mark.parametrize("content", [b"no xz at all", lzma.compress(b"other bytes"), None])
def test_a_damaged_vocabulary_is_refused(content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_package: str, _path: str) -> bytes:
        if content is None:
            raise FileNotFoundError
        return content

    monkeypatch.setattr(vocabulary, "get_data", damaged)
    with pytest.raises(UnknownEncoding) as caught:
        dense_form("cl100k_base")
    assert str(caught.value) == (
        "the bundled vocabulary cl100k_base is missing or damaged\ninstall promptlib again; nothing is downloaded"
    )


def test_a_vocabulary_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoding("o200k_base") is encoding("o200k_base")
    assert encoding("o200k_harmony").encoding is encoding("o200k_base").encoding
    loaded: dict[str, EncodingCounter] = {}

    @contextmanager
    def lock_that_another_thread_held() -> Iterator[None]:
        loaded["cl100k_base"] = other
        yield

    other = EncodingCounter("cl100k_base", encoding("o200k_base").encoding, bundled=True)
    monkeypatch.setattr(vocabulary, "_loaded", loaded)
    monkeypatch.setattr(vocabulary, "_loading", lock_that_another_thread_held())
    assert encoding("cl100k_base") is other


def test_harmony_can_be_the_first_to_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def build(name: str) -> object:
        built.append(name)
        return tiktoken.Encoding(name, pat_str=".", mergeable_ranks={b"a": 0}, special_tokens={})

    monkeypatch.setattr(vocabulary, "_loaded", {})
    monkeypatch.setattr(vocabulary, "_build", build)
    for name in reversed(BUNDLED):
        assert encoding(name).name == name
    assert sorted(built) == ["cl100k_base", "o200k_base"]


def test_pickled_by_name_if_bundled_and_by_content_if_not() -> None:
    ours = encoding("cl100k_base")
    assert pickle.loads(pickle.dumps(ours)) is ours  # noqa: S301 - our own bytes
    assert len(pickle.dumps(ours)) < 200
    small = tiktoken.Encoding("small", pat_str=".", mergeable_ranks={b"a": 0, b"b": 1}, special_tokens={})
    copy = pickle.loads(pickle.dumps(EncodingCounter("small", small)))  # noqa: S301 - our own bytes
    assert (copy.name, copy.count("abba"), copy.bundled) == ("small", 4, False)
    assert repr(ours) == "EncodingCounter(name='cl100k_base', bundled=True)"


def test_runs_of_blanks_that_tiktoken_dies_of_are_refused() -> None:
    text = "x\n" + " " * LONGEST_BLANK_RUN + "y"
    with pytest.raises(InvalidInputs) as caught:
        encoding("o200k_base").count(text)
    assert str(caught.value) == (
        "the text holds more than 999,000 blanks in a row, from character 3\n"
        "tiktoken cannot encode such a run; shorten it first"
    )
    assert encoding("o200k_base").count("x\n" + " " * (LONGEST_BLANK_RUN - 1) + "y") > LONGEST_BLANK_RUN / LONGEST_TOKEN


def test_importing_loads_neither_tiktoken_nor_a_vocabulary() -> None:
    code = "import sys, promptlib.tokens; print(sorted({'tiktoken', 'lzma', 'pydantic', 'regex'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_the_first_count_sets_no_environment_variable_and_asks_tiktoken_for_no_vocabulary() -> None:
    code = """
import os, socket, tiktoken, tiktoken.load
def refuse(*_, **__): raise AssertionError("asked for a vocabulary")
tiktoken.get_encoding = tiktoken.load.load_tiktoken_bpe = tiktoken.load.read_file_cached = socket.socket = refuse
before = dict(os.environ)
from promptlib.tokens import count_tokens
print(count_tokens("hello world"), count_tokens("hello world", encoding="cl100k_base"), before == dict(os.environ))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "2 2 True\n"


@pytest.fixture
def small_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the published file of a small vocabulary, which is the only one there is."""
    content = publish(SMALL)
    small = Vocabulary(
        size=258, sha256="", source_sha256=sha256(content).hexdigest(), alternatives=(".",), special_tokens=()
    )
    for module in (vocabulary, sys.modules[BUILDER]):
        monkeypatch.setattr(module, "VOCABULARIES", {"small": small})
    (tmp_path / "small.tiktoken.gz").write_bytes(gzip.compress(content))
    return tmp_path


def test_vocabularies_are_built_from_published_files(
    small_source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["", str(small_source), str(small_source)])
    monkeypatch.delitem(sys.modules, BUILDER)
    runpy.run_module(BUILDER, run_name="__main__")
    form = lzma.decompress((small_source / "small.xz").read_bytes())
    assert form == bytes(range(256)) + b"ab\xffabc"
    assert list(ranks(form)) == SMALL
    told = f"small: 262 bytes in the dense form, sha256 {sha256(form).hexdigest()}\n"
    assert capsys.readouterr().out == told


def test_a_file_that_is_not_the_pinned_one_is_refused(small_source: Path) -> None:
    (small_source / "small.tiktoken.gz").write_bytes(gzip.compress(b"YQ== 0\n"))
    with pytest.raises(ValueError, match=r"small\.tiktoken has the sha256 \w{64}; tiktoken pins \w{64}"):
        published("small", str(small_source))


def test_ranks_with_a_gap_are_refused() -> None:
    with pytest.raises(ValueError, match="rank 1 is missing before 2: the dense form has no place for gaps"):
        dense(b"YQ== 0\nYg== 2\n")


@pytest.mark.parametrize("tokens", [[b"ab"], [*SMALL, b"a\xff"]])
def test_tokens_without_a_dense_form_are_refused(tokens: list[bytes]) -> None:
    with pytest.raises(
        ValueError, match="the first 256 tokens must be the single bytes, and no other may hold the byte"
    ):
        dense(publish(tokens))
