from __future__ import annotations

import pickle

import pytest
import tiktoken.model

from promptlib.errors import UnknownEncoding
from promptlib.tokens import BUNDLED, MODELS, PROFILES, EstimatingCounter, counter_for, encoding, model
from promptlib.tokens.estimates import ESTIMATES
from promptlib.tokens.models import NOT_BUNDLED

NAMES = [name for family in MODELS for name in family.names]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "counted", "profile"),
    [
        ("gpt-4o", "o200k_base", "openai-chat"),
        ("gpt-4o-2024-11-20", "o200k_base", "openai-chat"),
        ("chatgpt-4o-latest", "o200k_base", "openai-chat"),
        ("GPT-4o-mini ", "o200k_base", "openai-chat"),
        ("gpt-4", "cl100k_base", "openai-chat"),
        ("gpt-4-turbo", "cl100k_base", "openai-chat"),
        ("gpt-3.5-turbo-0125", "cl100k_base", "openai-chat"),
        ("gpt-4.1-mini", "o200k_base", "openai-later"),
        ("gpt-4.5-preview", "o200k_base", "openai-later"),
        ("gpt-5", "o200k_base", "openai-later"),
        ("gpt-5.1-codex", "o200k_base", "openai-later"),
        ("o1", "o200k_base", "openai-later"),
        ("o3-mini", "o200k_base", "openai-later"),
        ("gpt-oss-120b", "o200k_harmony", "openai-harmony"),
        ("text-embedding-3-large", "cl100k_base", ""),
        ("claude-opus-5", "estimate-claude", "anthropic-messages"),
        ("gemini-2.5-flash", "estimate-gemini", "gemma"),
        ("gemma-3-27b-it", "estimate-gemma", "gemma"),
        ("llama-3.3-70b-versatile", "estimate-llama", "llama3"),
        ("mistral-large-latest", "estimate-mistral", "mistral"),
        ("qwen2.5-coder", "estimate-qwen", "chatml"),
        ("deepseek-chat", "estimate-deepseek", "deepseek"),
        # A distilled model has the tokenizer of the one that was taught.
        ("deepseek-r1-distill-llama-70b", "estimate-llama", "llama3"),
        ("deepseek-r1-distill-qwen-32b", "estimate-qwen", "chatml"),
    ],
)
def test_a_model_says_what_counts_for_it(name: str, counted: str, profile: str) -> None:
    found = model(name)
    assert (counter_for(name).name, found.profile, found.name) == (counted, profile, name)
    assert (found.encoding is None) == (found.estimate is not None)
    assert found.counter == counter_for(name)
    assert found.source.startswith("https://")
    assert found.date == "2026-11"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("openai/gpt-4o", "gpt-4o"),
        ("openrouter/openai/gpt-4o:online", "gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc123", "gpt-4o"),
        ("openai/ft:gpt-3.5-turbo-0125:acme::abc123", "gpt-3.5-turbo"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss"),
        ("gpt-oss:20b", "gpt-oss"),
        ("anthropic/claude-sonnet-4-5", "claude"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude"),
        ("vertex_ai/claude-opus-4@20250514", "claude"),
        ("models/gemini-2.5-pro", "gemini"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3"),
        ("somebody/Llama-3-8B-Lexi", "llama-3"),
        ("meta.llama3-1-70b-instruct-v1:0", "llama3"),
        ("qwen3:8b", "qwen"),
        ("together_ai/Qwen/Qwen2.5-72B-Instruct-Turbo", "qwen"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral"),
    ],
)
def test_names_are_understood_as_routers_clouds_and_tuning_write_them(name: str, plain: str) -> None:
    one, other = model(name), model(plain)
    assert (one.encoding, one.estimate, one.profile) == (other.encoding, other.estimate, other.profile)


def test_a_fine_tuned_model_has_the_encoding_of_the_tuned_one() -> None:
    # By its prefixes tiktoken takes every ft:gpt-4… that is no gpt-4o for a gpt-4.
    name = "ft:gpt-4.1-mini-2025-04-14:acme::abc123"
    assert tiktoken.model.encoding_name_for_model(name) == "cl100k_base"
    assert model(name).encoding == model("gpt-4.1-mini").encoding == "o200k_base"


# --- refusals ---------------------------------------------------------------------------------------------------------

REMEDY = (
    "pass what counts for it: an encoding's name, a tokenizers.Tokenizer of its file, a function that asks its "
    "provider, or EstimatingCounter() for an estimate with a margin"
)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gpt4o", "did you mean 'gpt-4o'? "),
        ("gpt-6", "did you mean 'gpt-5'? "),
        ("gpt-3.5-turboo", "did you mean 'gpt-3.5-turbo'? "),
        ("gpt-4.2", "did you mean 'gpt-4.5'? "),
        ("gpt-4omni", "did you mean 'gpt-4o'? "),
        ("zzz", ""),
        ("ft:zzz:acme::abc123", ""),
        ("", ""),
        # Whoever has put it there, it may be any model.
        ("somebody/gpt-4o", "did you mean 'gpt-4o'? "),
        ("somebody.gpt-4o", ""),
    ],
)
def test_an_unknown_model_is_told_with_the_nearest_and_the_remedy(name: str, hint: str) -> None:
    with pytest.raises(UnknownEncoding) as caught:
        model(name)
    assert str(caught.value) == f"no model {name!r} is known here\n{hint}{REMEDY}"


def test_a_deployment_of_azure_tells_no_model() -> None:
    for name in ("azure/gpt-4o", "azure_openai/my-deployment"):
        with pytest.raises(UnknownEncoding) as caught:
            counter_for(name)
        assert str(caught.value) == (
            f"{name!r} is the name of a deployment, which does not tell its model\ngive the name of the model itself"
        )


def test_a_retired_model_without_a_bundled_vocabulary_is_told_apart() -> None:
    with pytest.raises(UnknownEncoding) as caught:
        model("openai/text-davinci-003")
    assert str(caught.value) == (
        "'openai/text-davinci-003' is counted by p50k_base, which is not bundled\n"
        'pass what counts: encoding=tiktoken.get_encoding("p50k_base"), which tiktoken downloads'
    )


# --- drift ------------------------------------------------------------------------------------------------------------


def test_every_model_that_tiktoken_knows_is_counted_as_it_counts_it() -> None:
    for name, encoding_name in tiktoken.model.MODEL_TO_ENCODING.items():
        if encoding_name in BUNDLED:
            assert model(name).encoding == encoding_name, name
        else:
            assert name in NOT_BUNDLED[encoding_name]
            with pytest.raises(UnknownEncoding, match=f"counted by {encoding_name}, which is not bundled"):
                model(name)


def test_every_beginning_of_a_name_that_tiktoken_knows_is_known() -> None:
    for beginning, encoding_name in tiktoken.model.MODEL_PREFIX_TO_ENCODING.items():
        tuned = beginning.startswith("ft:")
        later = beginning + (":acme::abc123" if tuned else "-2099-01-01").removeprefix("-" * beginning.endswith("-"))
        assert model(later).encoding == encoding_name, later


def test_no_model_of_openai_is_known_that_tiktoken_does_not_know() -> None:
    for family in MODELS:
        for name in family.names if family.encoding is not None else ():
            # Of gpt-oss it knows the beginning alone; elsewhere the name is followed by a size after a colon.
            known = name.replace("*", "2099-01-01") if name != "gpt-oss" else "gpt-oss-20b"
            assert tiktoken.model.encoding_name_for_model(known) == family.encoding, name
    for encoding_name, names in NOT_BUNDLED.items():
        assert {tiktoken.model.encoding_name_for_model(name) for name in names} == {encoding_name}


# --- data -------------------------------------------------------------------------------------------------------------


def test_the_table_is_sound() -> None:
    assert len(NAMES) == len({*NAMES})
    for family in MODELS:
        assert (family.encoding is None) != (family.estimate is None)
        assert family.encoding is None or family.encoding in BUNDLED
        assert family.estimate is None or family.estimate in ESTIMATES
        assert family.profile in {*PROFILES, ""}
        assert family.source.startswith("https://")
        assert all(name == name.lower() for name in family.names)


def test_models_with_open_weights_are_told() -> None:
    openly = {"qwen3", "gemma-3", "llama3", "mistral-small", "deepseek-v3", "gpt-oss-20b", "gpt-4o"}
    assert {name for name in openly if model(name).open_weights} == openly - {"gpt-4o"}
    assert not model("claude-opus-5").open_weights
    assert not model("gemini-3-pro").open_weights


def test_a_model_is_a_value_and_names_its_counter() -> None:
    found = model("claude-opus-5")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes
    assert found.counter == EstimatingCounter("claude")
    assert model("gpt-4o").counter is encoding("o200k_base")
