"""One view on what LangChain holds: its objects, and the JSON that it makes of them; nothing of either is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The kinds that are read here; a class of somebody's own counts as the nearest of these that it is made from.
TEMPLATES = frozenset({"PromptTemplate", "FewShotPromptTemplate"})
CHATS = frozenset({"ChatPromptTemplate", "StructuredPrompt"})
SPEAKING = frozenset(
    {
        "SystemMessagePromptTemplate",
        "HumanMessagePromptTemplate",
        "AIMessagePromptTemplate",
        "ChatMessagePromptTemplate",
    }
)
SPOKEN = frozenset(
    {"SystemMessage", "HumanMessage", "AIMessage", "ChatMessage", "ToolMessage", "FunctionMessage"}
    | {"AIMessageChunk", "HumanMessageChunk", "SystemMessageChunk", "ChatMessageChunk", "ToolMessageChunk"}
)
OTHERS = frozenset(
    {
        "MessagesPlaceholder",
        "FewShotChatMessagePromptTemplate",
        "FewShotPromptWithTemplates",
        "ImagePromptTemplate",
        "DictPromptTemplate",
        "RunnableSequence",
        "RunnableBinding",
        "PipelinePromptTemplate",
    }
)
KNOWN = TEMPLATES | CHATS | SPEAKING | SPOKEN | OTHERS
#: What makes the text of a template: a class that brings its own has code that is not seen here.
_MAKING = ("format", "format_messages", "format_prompt", "invoke", "_get_examples", "_merge_partial_and_user_variables")


class Form:
    """Something of LangChain: its kind, and its parts by name."""

    __slots__ = ("_parts", "kind", "own")

    def __init__(self, thing: object) -> None:
        """Look at *thing*, an object or what `dumpd` makes of it; raises `InvalidPrompt` where it is neither."""
        self._parts: object = thing
        #: What of its code is somebody's own, and not LangChain's.
        self.own = ""
        if isinstance(thing, Mapping):
            self.kind = _kind_of_json(thing)
            self._parts = thing.get("kwargs", {})
            return
        bases = type(thing).__mro__
        self.kind = next((each.__name__ for each in bases if each.__name__ in KNOWN), type(thing).__name__)
        for each in bases:
            if each.__name__ == self.kind or self.own:
                break
            self.own = next((f"{each.__name__}.{name}" for name in _MAKING if name in vars(each)), "")

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - a part is of any type
        """Return the part *name*, or *default* where it has none."""
        if isinstance(self._parts, Mapping):
            return self._parts.get(name, default)
        return getattr(self._parts, name, default)


def _kind_of_json(thing: Mapping[str, Any]) -> str:
    names = thing.get("id")
    if thing.get("lc") != 1 or not isinstance(names, list) or not names:
        raise InvalidPrompt(
            f"{str(dict(thing))[:60]} is nothing that LangChain wrote",
            hint="write the file with json.dump(langchain_core.load.dumpd(template), file)",
        )
    if thing.get("type") == "not_implemented":
        raise InvalidPrompt(
            f"the JSON holds no {names[-1]!s:.80}: LangChain does not write such objects",
            hint="convert the object itself, in Python: from_langchain(template)",
        )
    if thing.get("type") != "constructor" or not isinstance(thing.get("kwargs", {}), Mapping):
        raise InvalidPrompt(
            f"the JSON holds a {thing.get('type')!s:.40} in place of a template",
            hint="convert the object itself, in Python: from_langchain(template)",
        )
    return str(names[-1])


def is_code(value: object) -> bool:
    """Whether *value* is a function, or stands for one in JSON."""
    return callable(value) or (isinstance(value, Mapping) and value.get("lc") == 1 and "id" in value)


def forms(things: object) -> Iterator[Form]:
    """Yield the items of a list of LangChain's as forms."""
    for each in things if isinstance(things, list | tuple) else ():
        yield Form(each)
