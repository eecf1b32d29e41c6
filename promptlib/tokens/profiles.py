"""What a chat costs beyond its text, as data with its source."""

from __future__ import annotations

from dataclasses import dataclass

from promptlib.errors import InvalidInputs, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatProfile:
    """How a provider wraps messages in tokens: for each message, each name, and once to begin request and reply.

    It is exact for plain text under one of its `encodings`, and an estimate for all else: tool calls are counted by
    their text, an image by its level of detail, a file by its text or, where it holds none, by its name alone. A
    profile without encodings is always an estimate: where its template treats roles differently, its numbers are those
    of the role that takes most.
    """

    name: str
    encodings: tuple[str, ...]
    per_message: int
    per_name: int
    reply: int
    image_low: int
    image: int
    #: What the word of each role takes, 0 where a role is no word; None where it must be counted.
    role_tokens: int | None
    source: str
    date: str


# One 1024 x 1024 picture, of which OpenAI says 85, and 170 for each of its four tiles. The size of ours is not known
# here; where a provider publishes nothing, OpenAI's numbers stand in.
OPENAI_LOW, OPENAI_IMAGE = 85, 765

COOKBOOK = "https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb"

OPENAI_CHAT = ChatProfile(
    name="openai-chat",
    encodings=("o200k_base", "cl100k_base"),
    per_message=3,
    per_name=1,
    reply=3,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=1,
    source=COOKBOOK,
    date="2026-11",
)

# The cookbook names models up to gpt-4o-mini. For later ones its numbers are what is known, and no more than that.
OPENAI_LATER = ChatProfile(
    name="openai-later",
    encodings=(),
    per_message=3,
    per_name=1,
    reply=3,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=1,
    source=COOKBOOK,
    date="2026-11",
)

OPENAI_HARMONY = ChatProfile(
    name="openai-harmony",
    encodings=(),
    # <|start|>assistant<|channel|>final<|message|>…<|end|>; a user's message has no channel and takes two less.
    per_message=5,
    per_name=1,
    # The system message that the format asks for, "# Instructions" before those of the developer, <|start|>assistant.
    reply=64,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=1,
    source="https://github.com/openai/openai-cookbook/blob/main/articles/openai-harmony.md",
    date="2026-11",
)

# Its pages tell the input tokens of two conversations, 12 and 30; these numbers are what makes both right. Pictures are
# width x height / 750 there.
ANTHROPIC_MESSAGES = ChatProfile(
    name="anthropic-messages",
    encodings=(),
    per_message=4,
    per_name=0,
    reply=5,
    image_low=1_399,
    image=1_399,
    role_tokens=0,
    source="https://platform.claude.com/docs/en/build-with-claude/working-with-messages",
    date="2026-11",
)

GEMMA = ChatProfile(
    name="gemma",
    encodings=(),
    # <start_of_turn>user\n…<end_of_turn>\n; a system message is put before the first of the user, without a turn.
    per_message=4,
    per_name=0,
    # <bos>, and <start_of_turn>model\n.
    reply=4,
    image_low=280,
    image=1_120,
    role_tokens=1,
    source="https://ai.google.dev/gemma/docs/core/prompt-structure",
    date="2026-11",
)

LLAMA3 = ChatProfile(
    name="llama3",
    encodings=(),
    # <|start_header_id|>user<|end_header_id|>\n\n…<|eot_id|>, of which the blank line is one token.
    per_message=4,
    per_name=0,
    # <|begin_of_text|>, and <|start_header_id|>assistant<|end_header_id|>\n\n.
    reply=5,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=1,
    source="https://github.com/meta-llama/llama-models/blob/main/models/llama3/chat_format.py",
    date="2026-11",
)

CHATML = ChatProfile(
    name="chatml",
    encodings=(),
    # <|im_start|>user\n…<|im_end|>\n.
    per_message=4,
    per_name=0,
    # <|im_start|>assistant\n.
    reply=3,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=1,
    source="https://qwen.readthedocs.io/en/latest/getting_started/concepts.html",
    date="2026-11",
)

MISTRAL = ChatProfile(
    name="mistral",
    encodings=(),
    # [INST]…[/INST] or [SYSTEM_PROMPT]…[/SYSTEM_PROMPT]; an answer ends with </s> alone.
    per_message=2,
    per_name=0,
    # <s>.
    reply=1,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=0,
    source="https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/tokens/tokenizers/instruct.py",
    date="2026-11",
)

DEEPSEEK = ChatProfile(
    name="deepseek",
    encodings=(),
    # The assistant's mark before its answer and the end of the sentence after it; a user's message has its mark alone.
    per_message=2,
    per_name=0,
    # The beginning of the text, and the assistant's mark.
    reply=2,
    image_low=OPENAI_LOW,
    image=OPENAI_IMAGE,
    role_tokens=0,
    source="https://huggingface.co/deepseek-ai/DeepSeek-V3/blob/main/tokenizer_config.json",
    date="2026-11",
)

PROFILES = {
    profile.name: profile
    for profile in (
        OPENAI_CHAT,
        OPENAI_LATER,
        OPENAI_HARMONY,
        ANTHROPIC_MESSAGES,
        GEMMA,
        LLAMA3,
        CHATML,
        MISTRAL,
        DEEPSEEK,
    )
}
DEFAULT_PROFILE = OPENAI_CHAT.name


def chat_profile(name: str) -> ChatProfile:
    """Return the profile *name*; `InvalidInputs` names the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise InvalidInputs(
            f"no chat profile {name!r}", hint=f"{nearest(name, PROFILES)} profiles: {', '.join(PROFILES)}".strip()
        ) from None
