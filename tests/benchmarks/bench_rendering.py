"""Rendering against compiled sandboxed Jinja."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel

from promptlib.messages import Message, Text, Thread, assistant, placeholder, user
from promptlib.prompt import Prompt
from promptlib.rendering import check, compile_pieces

from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.messages import Role

JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
FLOOR = "compiled sandboxed Jinja of the same text"


class Tiny(BaseModel):
    """Two plain variables."""

    name: str
    tone: str


class Example(BaseModel):
    """A question and its answer."""

    question: str
    answer: str


class General(BaseModel):
    """What a template with a loop, a condition and filters takes."""

    examples: tuple[Example, ...]
    tone: str
    ticket: str


class Chat(BaseModel):
    """What a chat of seven messages and a history takes."""

    name: str
    tone: str
    topic: str
    question: str
    examples: tuple[Example, ...]
    history: Thread


class Document(BaseModel):
    """A long text and a question."""

    document: str
    question: str


TINY = "Hello {{ name }}, answer in a {{ tone }} voice."
GENERAL = (
    "You sort tickets. {% if tone == 'warm' %}Be warm.{% else %}Be plain.{% endif %}\n"
    "{% for each in examples %}Q: {{ each.question }}\nA: {{ each.answer | trim }}\n{% endfor %}"
    "Now: {{ ticket | upper }}"
)
CHAT: tuple[tuple[Role, str], ...] = (
    ("system", "You are {{ name }}, answer in a {{ tone }} voice."),
    ("user", "Tell me of {{ topic }}."),
    ("assistant", "I know {{ topic | lower }}."),
    ("user", "{% for each in examples %}{{ each.question }}: {{ each.answer }}; {% endfor %}"),
    ("assistant", "Fine, {{ name }}."),
    ("system", "{% if tone == 'warm' %}Be kind.{% endif %}"),
)
DOCUMENTS = {
    "plain": "Read this:\n{{ document }}\nNow {{ question }}",
    "general": "Read this:\n{{ document }}\n{% if question %}Now {{ question }}{% endif %}",
}


def against(floor: Callable[[], object], what: str, reach: float, ours: Callable[[], object]) -> Figure:
    """Return the figure of *ours* over *floor*."""
    return figure(what, FLOOR, reach, paired(ours, floor))


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    tiny = Tiny(name="Ann", tone="warm")
    plain = tiny.model_dump()
    prompt, floor = Prompt.define(Tiny, user(TINY)), JINJA.from_string(TINY)
    foreign = Prompt.define(Tiny, user(TINY), trust="foreign")
    assert prompt.render(tiny).text == foreign.render(tiny).text == floor.render(plain)
    yield against(lambda: floor.render(plain), "plain variables, inputs ready", 0.5, lambda: prompt.render(tiny))
    yield against(lambda: floor.render(plain), "plain variables, foreign", 0.65, lambda: foreign.render(tiny))
    for name, source in {"plain": TINY, "general": TINY + "{% if tone %}!{% endif %}"}.items():
        yield _second_object(name, source, tiny)
    yield from _general()
    yield from _chat()
    for name, source in DOCUMENTS.items():
        yield _document(name, source)


def _second_object(name: str, source: str, inputs: Tiny) -> Figure:
    declared, plain, floor = Prompt.define(Tiny, user(source)).inputs, inputs.model_dump(), JINJA.from_string(source)

    def again() -> None:
        template = compile_pieces((user(source),))
        check(template, declared)
        template.render(plain)

    return against(lambda: floor.render(plain), f"second template of the same content, {name}", 1.5, again)


def _general() -> Iterator[Figure]:
    examples = tuple(Example(question=f"q{n}", answer=f" a{n} ") for n in range(10))
    inputs = General(examples=examples, tone="warm", ticket="It is late again")
    plain, prompt, floor = inputs.model_dump(), Prompt.define(General, user(GENERAL)), JINJA.from_string(GENERAL)
    foreign = Prompt.define(General, user(GENERAL), trust="foreign")
    assert prompt.render(inputs).text == foreign.render(inputs).text == floor.render(plain)
    yield against(lambda: floor.render(plain), "general template, inputs ready", 1.1, lambda: prompt.render(inputs))
    yield against(lambda: floor.render(plain), "general template, foreign", 1.35, lambda: foreign.render(inputs))


def _chat() -> Iterator[Figure]:
    turns = tuple((user, assistant)[n % 2](f"turn {n}: some text", literal=True) for n in range(20))
    words = {"name": "Ann", "tone": "warm", "topic": "Space", "question": "why?"}
    inputs = Chat(**words, examples=(Example(question="a", answer="b"),), history=turns)
    messages = [Message(role, (Text(text),)) for role, text in CHAT]
    prompt = Prompt.define(Chat, *messages, placeholder("history"), user("{{ question }}"))
    texts = [f"{role}: {text}\n" for role, text in CHAT]
    loop = "{% for turn in history %}{{ turn.role }}: {{ turn.text }}\n{% endfor %}user: {{ question }}"
    floor = JINJA.from_string("".join(texts) + loop)
    history = [{"role": turn.role, "text": turn.text} for turn in turns]
    plain = {**words, "examples": [{"question": "a", "answer": "b"}], "history": history}
    assert len(prompt.render(inputs).messages) == len(CHAT) + len(turns) + 1
    yield against(lambda: floor.render(plain), "chat to messages", 2.0, lambda: prompt.render(inputs))
    yield against(lambda: floor.render(plain), "chat to dicts", 2.0, lambda: prompt.render(inputs).to_openai())


def _document(name: str, source: str) -> Figure:
    inputs = Document(document="word " * 40_000, question="what?")
    plain, prompt, floor = inputs.model_dump(), Prompt.define(Document, user(source)), JINJA.from_string(source)
    assert prompt.render(inputs).text == floor.render(plain)
    return against(lambda: floor.render(plain), f"200 KB value, {name}", 1.1, lambda: prompt.render(inputs))
