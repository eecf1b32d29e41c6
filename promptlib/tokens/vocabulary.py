"""The bundled vocabularies: OpenAI's encodings, built without a network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pkgutil import get_data
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from promptlib.errors import InvalidInputs, UnknownEncoding, nearest
from promptlib.forking import ForkableLock

if TYPE_CHECKING:
    from promptlib.tokens.counts import Exactness

DEFAULT = "o200k_base"

# In bytes, over both vocabularies: a text of n bytes is at least n / 128 tokens, and at most n.
LONGEST_TOKEN = 128

# The engine gives up on a pattern after a million steps back, and panics: `\s+(?!\S)` steps once per blank.
LONGEST_BLANK_RUN = 999_000
# Only from the beginning of a run, so that the search stays linear.
BLANK_RUN = re.compile(rf"(?<![^\S\r\n])[^\S\r\n]{{{LONGEST_BLANK_RUN}}}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What makes an encoding, as tiktoken's `tiktoken_ext.openai_public` publishes it.

    `sha256` is that of the dense form (`build_vocabularies` tells its layout), `source_sha256` the one that tiktoken
    pins for the published file.
    """

    size: int
    sha256: str
    source_sha256: str
    alternatives: tuple[str, ...]
    special_tokens: tuple[tuple[str, int], ...]

    @property
    def pattern(self) -> str:
        """The regular expression that splits a text into pieces; no token reaches over the edge of a piece."""
        return "|".join(self.alternatives)


# The dense form: the tokens of one byte, then the others, separated.
SINGLE_BYTES = 256
SEPARATOR = b"\xff"

CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

VOCABULARIES = {
    "o200k_base": Vocabulary(
        size=199_998,
        sha256="2389893ec9091bbd4f21a3a65be87b3e5eeeab662157f16c65d7706b4c892338",
        source_sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        alternatives=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTION,
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTION,
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ),
        special_tokens=(("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)),
    ),
    "cl100k_base": Vocabulary(
        size=100_256,
        sha256="db57ebf8a1ae3bb1cc29f10c1b3403b06a0a5689bd9651ead468bb81dc612217",
        source_sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        alternatives=(
            r"'(?i:[sdmt]|ll|ve|re)",
            r"[^\r\n\p{L}\p{N}]?+\p{L}++",
            r"\p{N}{1,3}+",
            r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
            r"\s++$",
            r"\s*[\r\n]",
            r"\s+(?!\S)",
            r"\s",
        ),
        special_tokens=(
            ("<|endoftext|>", 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ),
    ),
}

# o200k_harmony has the ranks and the pattern of o200k_base. Only its special tokens differ, and no text becomes one.
SAME_TOKENS = {"o200k_harmony": "o200k_base"}

BUNDLED = (*VOCABULARIES, *SAME_TOKENS)

_loaded: dict[str, EncodingCounter] = {}
_loading = ForkableLock()


@runtime_checkable
class Encoding(Protocol):
    """What we need of a `tiktoken.Encoding`."""

    name: str

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the tokens of *text*; special-token text is ordinary text."""

    def decode_bytes(self, tokens: list[int]) -> bytes:
        """Return the bytes of *tokens*."""


@dataclass(frozen=True, slots=True)
class EncodingCounter:
    """A counter over a `tiktoken.Encoding`; exact for text. `bundled` says that the encoding is one of ours.

    Special-token text such as `<|endoftext|>` is ordinary text, always.
    """

    name: str
    encoding: Encoding = field(repr=False)
    bundled: bool = False

    @property
    def exactness(self) -> Exactness:
        """An encoding counts text as its models do."""
        return "exact"

    def count(self, text: str, /) -> int:
        """Return the number of tokens of *text*; `InvalidInputs` when it is no Unicode."""
        return len(self.encode(text))

    def encode(self, text: str, /) -> list[int]:
        """Return the tokens of *text*; `InvalidInputs` when it is no Unicode."""
        utf8_length(text)
        if (place := blank_run(text)) is not None:
            raise InvalidInputs(
                f"the text holds more than {LONGEST_BLANK_RUN:,} blanks in a row, from character {place + 1}",
                hint="tiktoken cannot encode such a run; shorten it first",
            )
        return self.encoding.encode_ordinary(text)

    def decode_bytes(self, tokens: list[int], /) -> bytes:
        """Return the bytes of *tokens*; they may begin or end inside a character."""
        return self.encoding.decode_bytes(tokens)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle a bundled encoding by its name: the vocabulary is there on the other side as well."""
        if self.bundled:
            return encoding, (self.name,)
        return EncodingCounter, (self.name, self.encoding)


def utf8_length(text: str) -> int:
    """Return the number of UTF-8 bytes of *text*: no byte-level encoding makes more tokens of it.

    Raises `InvalidInputs` for anything that is no text, and for lone surrogates, which tiktoken would silently replace.
    """
    if not isinstance(text, str):
        raise InvalidInputs(f"tokens are counted in a text, not in a {type(text).__name__}")
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInputs(
            f"the text holds a lone surrogate at character {error.start + 1}: {text[error.start]!a}",
            hint='repair it with text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")',
        ) from error


def blank_run(text: str) -> int | None:
    """Return the place of the first run of blanks in *text* that is too long for tiktoken's engine, if any."""
    found = BLANK_RUN.search(text) if len(text) >= LONGEST_BLANK_RUN else None
    return found.start() if found else None


def check_name(name: str) -> None:
    """Raise `UnknownEncoding` unless *name* is bundled; nothing is loaded."""
    if name not in BUNDLED:
        raise UnknownEncoding(
            f"no vocabulary {name!r} is bundled",
            hint=f"{nearest(name, BUNDLED)} bundled: {', '.join(BUNDLED)}; nothing is ever downloaded: "
            "for another tokenizer pass a TokenCounter, a tiktoken.Encoding or a function from text to int".strip(),
        )


def encoding(name: str) -> EncodingCounter:
    """Return the bundled encoding *name*, loaded once per process.

    Raises `UnknownEncoding` for a name that is not bundled; nothing is ever downloaded.
    """
    found = _loaded.get(name)
    if found is not None:
        return found
    check_name(name)
    with _loading:
        if name not in _loaded:
            own = SAME_TOKENS.get(name, name)
            if own not in _loaded:
                _loaded[own] = EncodingCounter(own, _build(own), bundled=True)
            _loaded[name] = EncodingCounter(name, _loaded[own].encoding, bundled=True)
        return _loaded[name]


def _build(name: str) -> Encoding:
    import tiktoken  # noqa: PLC0415 - a Rust extension, loaded at the first count

    vocabulary = VOCABULARIES[name]
    return tiktoken.Encoding(
        name,
        pat_str=vocabulary.pattern,
        mergeable_ranks=ranks(dense_form(name)),
        special_tokens=dict(vocabulary.special_tokens),
    )


def dense_form(name: str) -> bytes:
    """Return the dense form of the bundled vocabulary *name*, checked against its hash."""
    import lzma  # noqa: PLC0415 - needed once, at the first count

    try:
        dense = lzma.decompress(get_data(__package__, f"vocabularies/{name}.xz") or b"")
    except (OSError, lzma.LZMAError) as error:
        raise _damaged(name) from error
    if sha256(dense).hexdigest() != VOCABULARIES[name].sha256:
        raise _damaged(name)
    return dense


def _damaged(name: str) -> UnknownEncoding:
    return UnknownEncoding(
        f"the bundled vocabulary {name} is missing or damaged", hint="install promptlib again; nothing is downloaded"
    )


def ranks(dense: bytes) -> dict[bytes, int]:
    """Return the tokens of a dense form with their ranks, which are their positions."""
    tokens = [*map(bytes, zip(dense[:SINGLE_BYTES], strict=True)), *dense[SINGLE_BYTES:].split(SEPARATOR)]
    return dict(zip(tokens, count(), strict=False))
