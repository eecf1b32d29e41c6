"""Which model counts how: names of models with their encoding or estimate, as data with its date and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import UnknownEncoding, nearest
from promptlib.tokens.estimates import EstimatingCounter
from promptlib.tokens.profiles import (
    ANTHROPIC_MESSAGES,
    CHATML,
    DEEPSEEK,
    GEMMA,
    LLAMA3,
    MISTRAL,
    OPENAI_CHAT,
    OPENAI_HARMONY,
    OPENAI_LATER,
)
from promptlib.tokens.vocabulary import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.tokens.counts import TokenCounter


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models that count alike: those that have one of the `names`, of which `gpt-4o-*` stands for all that go on so.

    `profile` is empty where a model takes no chat. `open_weights` tells that its tokenizer can be had as a file.
    """

    names: tuple[str, ...]
    encoding: str | None = None
    estimate: str | None = None
    profile: str
    open_weights: bool = False
    source: str
    date: str = "2026-11"

    def matched(self, name: str) -> int:
        """Return how much of *name* tells that it belongs to this family; 0 when it does not."""
        return max((len(own) for own in self.names if _is_called(name, own)), default=0)


def _is_called(name: str, own: str) -> bool:
    return name.startswith(own[:-1]) if own.endswith(ANY) else name == own


#: At the end of a name: whatever follows.
ANY = "*"

TIKTOKEN = "https://github.com/openai/tiktoken/blob/main/tiktoken/model.py"
CLAUDE_COUNTING = "https://platform.claude.com/docs/en/build-with-claude/token-counting"
GEMINI_TOKENIZERS = "https://github.com/googleapis/python-genai/blob/main/google/genai/_local_tokenizer_loader.py"

MODELS = (
    Family(
        names=("gpt-4o", "gpt-4o-*", "chatgpt-4o-*"),
        encoding="o200k_base",
        profile=OPENAI_CHAT.name,
        source=TIKTOKEN,
    ),
    Family(
        names=(
            *("gpt-5", "gpt-5-*", "gpt-5.*", "gpt-4.1", "gpt-4.1-*", "gpt-4.5-*"),
            *("o1", "o1-*", "o3", "o3-*", "o4-mini", "o4-mini-*"),
        ),
        encoding="o200k_base",
        profile=OPENAI_LATER.name,
        source=TIKTOKEN,
    ),
    Family(
        names=(
            *("gpt-4", "gpt-4-*", "gpt-3.5", "gpt-3.5-turbo", "gpt-3.5-turbo-*"),
            *("gpt-35-turbo", "gpt-35-turbo-*"),
        ),
        encoding="cl100k_base",
        profile=OPENAI_CHAT.name,
        source=TIKTOKEN,
    ),
    Family(
        names=(
            *("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"),
            *("davinci-002", "babbage-002"),
        ),
        encoding="cl100k_base",
        profile="",
        source=TIKTOKEN,
    ),
    Family(
        names=("gpt-oss", "gpt-oss-*"),
        encoding="o200k_harmony",
        profile=OPENAI_HARMONY.name,
        open_weights=True,
        source=TIKTOKEN,
    ),
    Family(names=("claude*",), estimate="claude", profile=ANTHROPIC_MESSAGES.name, source=CLAUDE_COUNTING),
    Family(names=("gemini*",), estimate="gemini", profile=GEMMA.name, source=GEMINI_TOKENIZERS),
    Family(
        names=("gemma*", "codegemma*", "medgemma*"),
        estimate="gemma",
        profile=GEMMA.name,
        open_weights=True,
        source=GEMMA.source,
    ),
    Family(
        names=(
            *("llama-3*", "llama3*", "llama-4*", "llama4*", "meta-llama-3*", "meta-llama-4*"),
            "deepseek-r1-distill-llama*",
        ),
        estimate="llama",
        profile=LLAMA3.name,
        open_weights=True,
        source=LLAMA3.source,
    ),
    Family(
        names=(
            *("mistral*", "ministral*", "mixtral*", "codestral*", "devstral*", "magistral*", "pixtral*", "voxtral*"),
            *("open-mistral*", "open-mixtral*"),
        ),
        estimate="mistral",
        profile=MISTRAL.name,
        open_weights=True,
        source=MISTRAL.source,
    ),
    Family(
        names=("qwen*", "qwq*", "qvq*", "deepseek-r1-distill-qwen*"),
        estimate="qwen",
        profile=CHATML.name,
        open_weights=True,
        source=CHATML.source,
    ),
    Family(names=("deepseek*",), estimate="deepseek", profile=DEEPSEEK.name, open_weights=True, source=DEEPSEEK.source),
)

#: Models of OpenAI whose vocabulary is not bundled; they are retired.
NOT_BUNDLED = {
    "p50k_base": (
        *("text-davinci-003", "text-davinci-002", "code-davinci-002", "code-davinci-001"),
        *("code-cushman-002", "code-cushman-001", "davinci-codex", "cushman-codex"),
    ),
    "p50k_edit": ("text-davinci-edit-001", "code-davinci-edit-001"),
    "r50k_base": (
        *("text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001"),
        *("davinci", "curie", "babbage", "ada"),
        *("text-similarity-davinci-001", "text-similarity-curie-001"),
        *("text-similarity-babbage-001", "text-similarity-ada-001"),
        *("text-search-davinci-doc-001", "text-search-curie-doc-001"),
        *("text-search-babbage-doc-001", "text-search-ada-doc-001"),
        *("code-search-babbage-code-001", "code-search-ada-code-001"),
    ),
    "gpt2": ("gpt2", "gpt-2"),
}

#: Where a cloud puts its own name or region before a model's, with a dot.
DOTTED = (
    *("us", "us-gov", "eu", "apac", "au", "jp", "global"),
    *("anthropic", "deepseek", "google", "meta", "mistral", "openai", "qwen"),
)
#: Who may own a name of OpenAI; under others it may be anything.
OPENAI = ("", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """How the tokens of one model are counted: by a bundled *encoding*, or else by the *estimate* of its family.

    `profile` names what its chat adds, and is empty for a model that takes no chat. `open_weights` tells that a
    `tokenizers.Tokenizer` of its file would count exactly. `source` and `date` tell where and when this was looked up.
    """

    name: str
    encoding: str | None
    estimate: str | None
    profile: str
    open_weights: bool
    source: str
    date: str

    @property
    def counter(self) -> TokenCounter:
        """What counts for it; a vocabulary is loaded now."""
        return EstimatingCounter(self.estimate or "any") if self.encoding is None else encoding(self.encoding)


def model(name: str) -> Model:
    """Return what is known of the model *name*: dated ones, fine-tuned ones, and as routers and clouds write them.

    Raises `UnknownEncoding` for a name that is not known, for the deployment names of Azure, which say nothing of the
    model, and for retired models whose vocabulary is not bundled. A name of OpenAI's under another owner
    (`someone/gpt-4o-mini`) is not taken for that model.
    """
    *owners, last = name.strip().lower().split("/")
    if any(owner.startswith("azure") for owner in owners):
        raise UnknownEncoding(
            f"{name!r:.80} is the name of a deployment, which does not tell its model",
            hint="give the name of the model itself",
        )
    for own, owner in _candidates(last, owners[-1] if owners else ""):
        _refuse_not_bundled(name, own)
        family = max(MODELS, key=lambda each: each.matched(own))
        if family.matched(own) and (family.encoding is None or owner in OPENAI):
            return Model(
                name=name,
                encoding=family.encoding,
                estimate=family.estimate,
                profile=family.profile,
                open_weights=family.open_weights,
                source=family.source,
                date=family.date,
            )
    raise _unknown(name, last)


def counter_for(model_name: str) -> TokenCounter:
    """Return what counts for the model *model_name*: its bundled encoding, or the estimate of its family.

    Raises `UnknownEncoding` like `model`.
    """
    return model(model_name).counter


def _candidates(last: str, owner: str) -> Iterator[tuple[str, str]]:
    """Yield what may be the model's own name, and whose it is said to be."""
    # tiktoken's own table counts a fine-tuned gpt-4.1 by the encoding of gpt-4; here the model that was tuned decides.
    if last.startswith("ft:"):
        yield last.split(":")[1], owner
        return
    # After a colon stand tags (`qwen3:8b`), variants (`:free`) and versions (`:0`).
    own = last.partition(":")[0]
    yield own, owner
    head, dot, rest = own.partition(".")
    while dot and head in DOTTED:
        yield rest, head
        head, dot, rest = rest.partition(".")


def _refuse_not_bundled(name: str, own: str) -> None:
    for legacy, names in NOT_BUNDLED.items():
        if own in names:
            raise UnknownEncoding(
                f"{name!r} is counted by {legacy}, which is not bundled",
                hint=f'pass what counts: encoding=tiktoken.get_encoding("{legacy}"), which tiktoken downloads',
            )


def _unknown(name: str, last: str) -> UnknownEncoding:
    known = [own.rstrip("*-.") for family in MODELS for own in family.names]
    return UnknownEncoding(
        f"no model {name!r:.80} is known here",
        hint=f"{nearest(last, known)} pass what counts for it: an encoding's name, a tokenizers.Tokenizer of its file, "
        "a function that asks its provider, or EstimatingCounter() for an estimate with a margin".strip(),
    )
