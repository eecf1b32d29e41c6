"""What every library renders: the same texts, the same values, and Jinja's cost of the same as the floor.

Nothing here or in `contest.py` needs more than Jinja, so that it runs in the environment of each library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterable

    Values = dict[str, Any]
    Pairs = list[tuple[str, str]]

Role = Literal["system", "user", "assistant"]

JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
TINY = "Hello {{ name }}, answer in a {{ tone }} voice."
DOCUMENT = "Read this:\n{{ document }}\nNow {{ question }}"
#: Six of the seven templates of a chat; the history stands between them and the last.
CHAT: tuple[tuple[Role, str], ...] = (
    ("system", "You are {{ name }}, answer in a {{ tone }} voice."),
    ("user", "Tell me of {{ topic }}."),
    ("assistant", "I know {{ topic | lower }}."),
    ("user", "{% for each in examples %}{{ each.question }}: {{ each.answer }};{% endfor %}"),
    ("assistant", "Fine, {{ name }}."),
    ("system", "{% if tone == 'warm' %}Be kind.{% endif %}"),
)
FIRST = {"name": "Ann", "tone": "warm"}
HELLO = "Hello Ann, answer in a warm voice."
LAST = "{{ question }}"
#: The same for a library without loops, conditions and filters: what they would do is done before the clock runs.
PREPARED: tuple[tuple[Role, str], ...] = (
    *CHAT[:2],
    ("assistant", "I know {{ topic_in_small }}."),
    ("user", "{{ listing }}"),
    CHAT[4],
    ("system", "{{ kindness }}"),
)
LONG = "word " * 40_000
TURNS: tuple[tuple[Role, str], ...] = tuple(
    (("user", "assistant")[at % 2], f"turn {at}: some text") for at in range(20)
)
_LOOP = "{% for turn in history %}{{ turn.role }}: {{ turn.content }}\n{% endfor %}user: {{ question }}"
ONE_TEXT = "".join(f"{role}: {text}\n" for role, text in CHAT) + _LOOP


def tiny_values(at: int) -> Values:
    """Return values that no other number has."""
    return {"name": f"Ann {at}", "tone": "warm"}


def document_values(at: int) -> Values:
    """Return 200 KB, and a question that no other number has."""
    return {"document": LONG, "question": f"why {at}?"}


def chat_values(at: int) -> Values:
    """Return what the chat takes, with a question that no other number has."""
    return {
        "name": "Ann",
        "tone": "warm",
        "topic": "Space",
        "question": f"why {at}?",
        "examples": [{"question": "a", "answer": "b"}],
        "history": [{"role": role, "content": text} for role, text in TURNS],
    }


def prepared(values: Values) -> Values:
    """Return *values* with what a library without loops, conditions and filters needs instead."""
    listing = "".join(f"{each['question']}: {each['answer']};" for each in values["examples"])
    kindness = "Be kind." if values["tone"] == "warm" else ""
    made = {"listing": listing, "kindness": kindness, "topic_in_small": values["topic"].lower()}
    return {name: value for name, value in values.items() if name != "examples"} | made


def one_text(messages: Iterable[tuple[str, str]]) -> str:
    """Return *messages* as the floor writes them."""
    return "\n".join(f"{role}: {text}" for role, text in messages)
