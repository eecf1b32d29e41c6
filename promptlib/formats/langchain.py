"""Prompt templates of LangChain, as objects and as the JSON of `dumpd`. LangChain itself is never imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from promptlib.codec.source import Source
from promptlib.errors import InvalidInputs, InvalidPrompt, RenderFailed
from promptlib.formats.arrivals import Lost
from promptlib.formats.fstrings import jinja_of_fstring
from promptlib.formats.langchain_form import CHATS, SPEAKING, SPOKEN, TEMPLATES, Form, forms, is_code
from promptlib.formats.moving import Moved, Moving, held, jinja_as_there
from promptlib.formats.mustache import HTML, jinja_of
from promptlib.formats.schemas import outputs_of
from promptlib.inputs import declare
from promptlib.messages import Message, to_plain
from promptlib.plain import freeze
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from promptlib.inputs import Kind
    from promptlib.messages import Role
    from promptlib.prompt import Prompt
    from promptlib.trust import Trust

#: What becomes of a variable whose value a function makes: an error, or an input that the caller gives.
Functions: TypeAlias = Literal["refuse", "inputs"]

_SPEAKERS = {"System": "system", "Human": "user", "AI": "assistant", "Tool": "tool", "Function": "function"}
#: What LangChain's Mustache reads as nothing.
_TORN = re.compile(r"\{\{\{[^{}]*\}\}(?!\})")
_TYPES: dict[type, Kind] = {int: "integer", float: "float", bool: "boolean"}
_PARTIAL = (
    "take it out and hand the value over at each render, or convert with functions='inputs', which makes it an input"
)


def from_langchain(  # noqa: PLR0913 - what the source does not say, all by keyword
    template: object,
    *,
    inputs: type[BaseModel] | None = None,
    functions: Functions = "refuse",
    roles: Mapping[str, str] | None = None,
    escape: bool = True,
    trust: Trust = FOREIGN,
    source: str = "",
) -> Moved:
    """Return a prompt template of LangChain as a prompt that renders to the same messages, and what it lacks.

    *template* is a `PromptTemplate` (f-string, mustache or jinja2; it becomes one user message), a
    `ChatPromptTemplate`, a `StructuredPrompt`, one of the few-shot templates, or the mapping that LangChain's `dumpd`
    makes of one. It is looked at and not run. A `MessagesPlaceholder` becomes an input of type thread, partial
    variables become defaults, tags are kept, and metadata stand under `metadata.langchain`. Examples are put in place.

    Variables have no types there: they are texts here, numbers where a format says so, and plain data where Jinja's
    loops and attributes do. *inputs* is a model that says better what they are. Mustache writes `{{x}}` as HTML, and
    so does the prompt, unless *escape* is False. *roles* says which role a role of one's own is.

    Raises `InvalidPrompt`, with the place and what to do, for what is code: functions as values (unless *functions* is
    "inputs"), output parsers, example selectors, sequences and bound models, classes that format in their own way.
    """
    form = Form(template)
    moving = Moving(source or form.kind, trust, inputs, roles or {})
    converting = _Converting(moving, functions, escape=escape)
    converting.top(form)
    parts: dict[str, Any] = {"tags": _words(form.get("tags"))}
    if metadata := form.get("metadata"):
        converting.keep(metadata, parts)
    if form.kind == "StructuredPrompt":
        parts["outputs"] = converting.outputs(form)
    prompt = moving.made(**parts)
    name = form.get("name") or ""
    lost = tuple(Lost(str(name), what, where) for what, where in moving.lost)
    return Moved(prompt, lost, str(name))


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()


class _Converting:
    def __init__(self, moving: Moving, functions: Functions, *, escape: bool) -> None:
        self._moving = moving
        self._functions = functions
        self._escape = escape
        kinds = declare(moving.model) if moving.model is not None else ()
        self._kinds = {each.name: str(each.type.kind) for each in kinds}
        #: Values that a template sets, by the name of its variable, with their place.
        self._partials: list[tuple[str, object, str]] = []
        self._types: dict[str, Kind] = {}

    def top(self, form: Form) -> None:
        """Convert the whole template."""
        self._check(form, "")
        if form.kind in TEMPLATES:
            self._say("user", form, "")
        elif form.kind in CHATS:
            self._messages(form, "")
        elif form.kind == "FewShotChatMessagePromptTemplate":
            self._examples(form, "")
        else:
            raise self._other(form, "")
        for name, kind in self._types.items():
            if name in self._moving.inputs:
                self._moving.declare(name, kind, "")
        for name, value, where in self._partials:
            self._default(name, value, where)

    def _other(self, form: Form, where: str) -> InvalidPrompt:
        hints = {
            "RunnableSequence": "convert its first step: from_langchain(chain.first); what follows is code of yours",
            "RunnableBinding": "convert what is bound: from_langchain(binding.bound); give tools as Prompt(tools=…)",
            "FewShotPromptWithTemplates": "write prefix and suffix as texts: a FewShotPromptTemplate",
            "DictPromptTemplate": "write the message with texts and image_url parts",
        }
        hint = hints.get(form.kind, "give a PromptTemplate, a ChatPromptTemplate, or what dumpd makes of one")
        return self._moving.refused(f"{form.kind} is no template of text and messages", where, hint)

    def _check(self, form: Form, where: str) -> None:
        """Refuse what is code, and tell what a template inside of another says beside its text."""
        if where and (form.get("metadata") or form.get("tags")):
            self._moving.lose("metadata and tags of a part are left out", where)
        if form.own:
            hint = "give an object of LangChain's own class: the code of another is not seen"
            raise self._moving.refused(f"{form.own} is code of your own", where, hint)
        if form.get("output_parser") is not None:
            hint = (
                "take it off: template.model_copy(update={'output_parser': None}); parse the answer yourself, or say "
                "what it is like: prompt.evolve(outputs=Model)"
            )
            raise self._moving.refused("it has an output parser, which is code", where, hint)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _messages(self, form: Form, where: str) -> None:
        for number, each in enumerate(forms(form.get("messages")), 1):
            self._message(each, f"{where}message {number} ({each.kind})")
        self._keep_partials(form, where)

    def _message(self, form: Form, where: str) -> None:
        self._check(form, where)
        if form.kind == "MessagesPlaceholder":
            self._placeholder(form, where)
        elif form.kind in SPEAKING:
            self._speaking(form, where)
        elif form.kind in SPOKEN:
            self._spoken(form, where)
        elif form.kind in CHATS:
            self._messages(form, f"{where}, ")
        elif form.kind == "FewShotChatMessagePromptTemplate":
            self._examples(form, where)
        else:
            raise self._other(form, where)

    def _placeholder(self, form: Form, where: str) -> None:
        name = self._moving.named(str(form.get("variable_name")), where)
        most = form.get("n_messages")
        self._moving.put(name, where, optional=bool(form.get("optional")), most=most)
        if most is not None:
            what = f"the last {most} messages of {name!r} were taken: here more are refused"
            self._moving.lose(f"{what}, so hand over {name}[-{most}:]", where)

    def _role(self, form: Form, where: str) -> Role:
        if form.kind.startswith("Chat"):
            return self._moving.role(str(form.get("role")), where)
        speaker = next(word for start, word in _SPEAKERS.items() if form.kind.startswith(start))
        return self._moving.role(speaker, where)

    def _speaking(self, form: Form, where: str) -> None:
        role = self._role(form, where)
        if form.get("additional_kwargs"):
            self._moving.lose("additional_kwargs are left out", where)
        prompt = form.get("prompt")
        if not isinstance(prompt, list | tuple):
            self._say(role, Form(prompt), where)
            return
        text = "".join(self._part(each, where) for each in forms(prompt))
        if sum(each.kind != "ImagePromptTemplate" for each in forms(prompt)) > 1:
            self._moving.lose("texts that were parts of their own are one text where they touch", where)
        self._moving.say(role, text, where)

    def _part(self, form: Form, where: str) -> str:
        if form.kind != "ImagePromptTemplate":
            return self._text(form, where)
        self._check(form, where)
        address = form.get("template") or {}
        words = _words(form.get("input_variables"))
        if len(words) != 1 or address.get("url") not in (
            f"{{{words[0]}}}",
            f"{{{{{words[0]}}}}}",
            f"{{{{ {words[0]} }}}}",
        ):
            hint = "let a variable hold the whole address: {'image_url': '{picture}'}, and hand over Image(url)"
            raise self._moving.refused("a picture whose address is no variable alone", where, hint)
        name = self._moving.named(words[0], where)
        self._moving.declare(name, "image", where)
        if address.get("detail", "auto") != "auto":
            self._moving.lose(f"the detail of {name!r} is left out: hand over Image(url, detail=…)", where)
        self._moving.lose(f"{name!r} is an image here: hand over Image(url) in place of the address", where)
        return f"{{{{ {name} }}}}"

    def _spoken(self, form: Form, where: str) -> None:
        """A message that is no template: its text stands as it is."""
        role = self._role(form, where)
        content = form.get("content")
        if isinstance(content, list) and all(isinstance(each, dict) and each.get("type") == "text" for each in content):
            content = "".join(str(each.get("text", "")) for each in content)
        calls = form.get("tool_calls") or form.get("invalid_tool_calls") or form.get("tool_call_id")
        if not isinstance(content, str) or calls:
            hint = "put MessagesPlaceholder('examples') in its place, and hand the messages over at each render"
            raise self._moving.refused("a finished message with tool calls or pictures", where, hint)
        if left := sorted(
            word
            for word in ("additional_kwargs", "response_metadata", "usage_metadata", "name", "id")
            if form.get(word)
        ):
            self._moving.lose(
                f"{', '.join(left)} of a finished message {'is' if len(left) == 1 else 'are'} left out", where
            )
        self._moving.say_literally(role, content)

    # --- texts --------------------------------------------------------------------------------------------------------

    def _say(self, role: Role, form: Form, where: str) -> None:
        self._moving.say(role, self._text(form, where), where)

    def _text(self, form: Form, where: str) -> str:
        """Return the text of a template of one text, as a template of ours."""
        self._check(form, where)
        if form.kind not in TEMPLATES:
            raise self._other(form, where)
        text = self._with_examples(form, where) if form.kind == "FewShotPromptTemplate" else str(form.get("template"))
        made = self._converted(text, str(form.get("template_format") or "f-string"), where)
        self._keep_types(form, where)
        self._keep_partials(form, where)
        return made

    def _converted(self, text: str, engine: str, where: str) -> str:
        if engine == "f-string":
            return jinja_of_fstring(text, self._moving, where)
        if engine == "jinja2":
            return jinja_as_there(text)
        if engine != "mustache":
            hint = "formats: f-string, mustache, jinja2"
            raise self._moving.refused(f"no template format {engine!r:.40}", where, hint)
        if (torn := _TORN.search(text)) is not None:
            hint = "write {{{x}}} for a value as it is, and {{x}} for one as HTML"
            raise self._moving.refused(f"{torn[0]:.60} opens with three braces and closes with two", where, hint)
        named = ", ".join(filter(None, [self._moving.source, where]))
        converted = jinja_of(text, self._kinds, Source(text, named), escaped=self._escape)
        for what, line in converted.told:
            self._moving.lose(what, f"{where}, line {line + 1}" if where else f"line {line + 1}")
        if self._escape and HTML in converted.text:
            self._moving.lose("values are written as HTML, as there: escape=False puts them in as they are", where)
        return held(converted.text)

    def _with_examples(self, form: Form, where: str) -> str:
        """Return the one template that a few-shot template makes before it is filled: examples are part of it."""
        shown = Form(form.get("example_prompt"))
        examples = [
            "".join(message.text for message in self._shown(shown, f"{where}, example {number}", each))
            for number, each in enumerate(self._listed(form, where), 1)
        ]
        if examples:
            self._moving.lose(f"its examples ({len(examples)}) stand in the text: change them there", where)
        parts = [str(form.get("prefix") or ""), *examples, str(form.get("suffix") or "")]
        return str(form.get("example_separator", "\n\n")).join(filter(None, parts))

    def _examples(self, form: Form, where: str) -> None:
        """Put the messages of examples in their place."""
        shown = Form(form.get("example_prompt"))
        for number, each in enumerate(self._listed(form, where), 1):
            for message in self._shown(shown, f"{where}, example {number}", each):
                self._moving.say_literally(message.role, message.text)
        self._moving.lose("its examples stand as messages: change them there", where)

    def _listed(self, form: Form, where: str) -> list[Mapping[str, object]]:
        if form.get("example_selector") is not None or form.get("examples") is None:
            hint = (
                "choose them in your code, and put a MessagesPlaceholder('examples') in their place to hand them over"
            )
            raise self._moving.refused("an example selector is code", where, hint)
        return list(form.get("examples"))

    def _shown(self, shown: Form, where: str, example: Mapping[str, object]) -> tuple[Message, ...]:
        """Return the messages of one example: its template is filled by itself."""
        where = where.removeprefix(", ")
        moving = Moving(f"{self._moving.source}, {where}", self._moving.trust, roles=self._moving.roles)
        inner = _Converting(moving, self._functions, escape=self._escape)
        if shown.kind in TEMPLATES or shown.kind in CHATS:
            inner.top(shown)
        else:
            inner._message(shown, "")
        for what, place in moving.lost:
            self._moving.lose(what, ", ".join(filter(None, ["the template of its examples", place])))
        prompt = moving.made()
        try:
            return prompt.render(_values(prompt, example)).messages
        except (InvalidInputs, RenderFailed) as error:
            hint = "an example needs a value for each variable of its template"
            raise self._moving.refused(f"the example cannot be filled: {error.what}", where, hint) from error

    # --- beside the texts ---------------------------------------------------------------------------------------------

    def _keep_types(self, form: Form, where: str) -> None:
        """Some variables say a type."""
        for word, given in (form.get("input_types") or {}).items():
            if isinstance(given, type) and given in _TYPES:
                self._types[self._moving.named(word, where)] = _TYPES[given]

    def _keep_partials(self, form: Form, where: str) -> None:
        values = form.get("partial_variables") or {}
        for word, value in values.items():
            if not is_code(value):
                self._partials.append((self._moving.named(str(word), where), value, where))
            elif self._functions == "refuse":
                raise self._moving.refused(
                    f"the value of {word!r:.60} is a function, and a prompt holds no code", where, _PARTIAL
                )
            else:
                self._moving.lose(f"the value of {word!r:.60} was made by a function: it must be given here", where)

    def _default(self, name: str, value: object, where: str) -> None:
        known = self._moving.inputs.get(name)
        if known is None:
            self._moving.lose(f"the value of {name!r} is used nowhere: it is left out", where)
        elif known.type.kind == "thread":
            turns = _turns(value)
            if turns is None:
                hint = "hand the messages over at each render"
                raise self._moving.refused(f"the value of {name!r} is no list of messages of text", where, hint)
            self._moving.default(name, turns, where)
        elif known.type.kind == "string":
            self._moving.default(name, str(value), where)
        else:
            self._moving.default(name, value, where)

    def keep(self, metadata: object, parts: dict[str, Any]) -> None:
        """Keep metadata that are plain data."""
        try:
            parts["extra"] = {"metadata": {"langchain": freeze(metadata, what="metadata")}}
        except InvalidPrompt as error:
            self._moving.lose(f"metadata are left out: {error.what}")

    def outputs(self, form: Form) -> object:
        """Return what the schema of an answer declares."""
        if form.get("structured_output_kwargs"):
            self._moving.lose("structured_output_kwargs are left out: hand them to the model yourself")
        return outputs_of(form.get("schema_"), self._moving)


def _values(prompt: Prompt[Any], example: Mapping[str, object]) -> dict[str, object]:
    """Return what *prompt* needs of *example*: texts, as a template there makes them, and plain data where it must."""
    return {
        each.name: str(example[each.name]) if each.type.kind == "string" else example[each.name]
        for each in prompt.inputs
        if each.name in example
    }


def _turns(value: object) -> list[object] | None:
    """Return messages as plain data; None where they are none of text."""
    made: list[object] = []
    for each in value if isinstance(value, list | tuple) else (None,):
        if isinstance(each, list | tuple) and len(each) == 2:  # noqa: PLR2004 - a role and a text
            role, content = each
        elif each is None or isinstance(each, str):
            return None
        else:
            form = Form(each)
            role, content = form.get("type"), form.get("content")
        role = {"human": "user", "ai": "assistant"}.get(str(role), str(role))
        try:
            made.append(to_plain(Message.of({"role": role, "content": content})))
        except ValueError:
            return None
    return made
