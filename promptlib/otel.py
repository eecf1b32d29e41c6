"""Which prompt ran, told to OpenTelemetry: attributes of a span, by the conventions for generative AI.

The names are those of the GenAI semantic conventions (open-telemetry/semantic-conventions-genai, status *Development*):
`gen_ai.prompt.name`, `gen_ai.prompt.version` and `gen_ai.prompt.variable.<name>`. What they have no name for begins
with `promptlib.`. No text of a message is ever among them.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from promptlib.errors import NotInstalled
from promptlib.messages import File, Image, Message
from promptlib.plain import Frozen
from promptlib.runs.ran import prompt_of, ran

try:
    from opentelemetry import context, trace
except ModuleNotFoundError as error:
    raise NotInstalled(
        "promptlib.otel needs the package opentelemetry-api, and it is not installed",
        hint="pip install opentelemetry-api; or with promptlib, from its checkout: pip install '.[otel]'",
    ) from error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span

    from promptlib.rendering import RenderedPrompt

#: What is recorded of the inputs: nothing, every one but threads, images and files, or those of these names.
Variables: TypeAlias = "bool | Collection[str]"
Attributes: TypeAlias = "dict[str, str | bool | int | tuple[str, ...]]"

NAME = "gen_ai.prompt.name"
VERSION = "gen_ai.prompt.version"
VARIABLE = "gen_ai.prompt.variable."
REF = "promptlib.prompt.ref"
EDITED = "promptlib.prompt.edited"
LABEL = "promptlib.prompt.label"
COMMIT = "promptlib.prompt.commit"
INCLUDES = "promptlib.prompt.includes"
TOKENS = "promptlib.prompt.token_count"
EXACTNESS = "promptlib.prompt.token_exactness"

#: Characters of a variable's value; what is longer ends in an ellipsis.
LONGEST_VALUE = 1_024
#: Inputs of these kinds are messages, or as large as files: they stay out whoever asks for them.
_NEVER = frozenset({"thread", "image", "file"})
_PROMPT = context.create_key("promptlib-prompt")


def record(rendered: RenderedPrompt, *, span: Span | None = None, variables: Variables = False) -> None:
    """Say on *span*, the current one if not given, which prompt *rendered* is.

    Where no span is recording (none is there, or it was sampled out) nothing is done, looked up or raised. *variables*
    opts in to values of inputs: by name, or True for all but threads, images and files; a name that a prompt has no
    input for is passed over, so that one setting serves many prompts.
    """
    at = trace.get_current_span() if span is None else span
    if at.is_recording():
        at.set_attributes(attributes(rendered, variables=variables))


def attributes(rendered: RenderedPrompt, *, variables: Variables = False) -> Attributes:
    """Return the attributes that `record` sets, for a span that is yet to be started, or a log of your own.

    `gen_ai.prompt.version` is the digest: the same words have the same version on every machine, with or without
    history, and `store.load(f"{name}#{version}")` loads them. `promptlib.prompt.ref` says the number, for people.
    Raises `InvalidInputs` for messages that no prompt made.
    """
    told = ran(prompt_of(rendered))
    found: Attributes = {VERSION: told.digest}
    if told.name:
        found |= {NAME: told.name, REF: told.ref}
    if told.edited:
        found[EDITED] = True
    if told.label:
        found[LABEL] = told.label
    if told.commit:
        found[COMMIT] = told.commit
    if told.includes:
        found[INCLUDES] = tuple(map(str, told.includes))
    if rendered.report is not None:
        found |= {TOKENS: int(rendered.report.total), EXACTNESS: rendered.report.exactness}
    return found | _variables(rendered, variables)


@contextmanager
def using(rendered: RenderedPrompt, *, variables: Variables = False) -> Iterator[None]:
    """Let each span that begins right inside say which prompt *rendered* is, as far as `span_processor` is at work.

    This is for the span that an instrumented client of a provider makes by itself, inside of your call. The spans
    inside of that one, such as its HTTP requests, stay as they are.
    """
    token = context.attach(context.set_value(_PROMPT, (rendered, variables, _id_of(trace.get_current_span()))))
    try:
        yield
    finally:
        context.detach(token)


def span_processor() -> SpanProcessor:
    """Return what `using` needs: `provider.add_span_processor(otel.span_processor())`, once, at the start.

    It belongs to the SDK, which the application brings. Raises `NotInstalled` without it.
    """
    try:
        from opentelemetry.sdk.trace import SpanProcessor  # noqa: PLC0415 - only the application has an SDK
    except ModuleNotFoundError as error:
        raise NotInstalled(
            "span_processor() needs the package opentelemetry-sdk, and it is not installed",
            hint="pip install opentelemetry-sdk",
        ) from error

    class Telling(SpanProcessor):
        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            held = context.get_value(_PROMPT, parent_context)
            if isinstance(held, tuple) and held[2] == _id_of(trace.get_current_span(parent_context)):
                record(held[0], span=span, variables=held[1])

    return Telling()


def trace_context(span: Span | None = None) -> dict[str, str]:
    """Return `trace_id` and `span_id` of *span*, the current one if not given, as hex; nothing where there is none.

    `store.runs.record(rendered, fields=otel.trace_context())` leads from a line of the log to its trace.
    """
    found = (trace.get_current_span() if span is None else span).get_span_context()
    if not found.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(found.trace_id), "span_id": trace.format_span_id(found.span_id)}


def _id_of(span: Span) -> int:
    return span.get_span_context().span_id


def _variables(rendered: RenderedPrompt, wanted: Variables) -> Attributes:
    if wanted is False or rendered.source is None:
        return {}
    if isinstance(wanted, str):
        wanted = (wanted,)
    chats = {each.name for each in prompt_of(rendered).inputs if each.type.kind in _NEVER}
    values = {name: value for name, value in rendered.source.values.items() if name not in chats}
    return {
        VARIABLE + name: _cut(text)
        for name in (values if wanted is True else wanted)
        if name in values and (text := _written(values[name])) is not None
    }


def _written(value: object) -> str | None:
    """Return a text as it is, other plain data as JSON, and None for what holds messages or bytes: those stay out."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(_thawed(value), ensure_ascii=False)
    except (TypeError, ValueError):
        return None


def _thawed(value: Any) -> object:  # noqa: ANN401 - an input's value
    if isinstance(value, Message | Image | File):
        raise TypeError(type(value).__name__)
    if isinstance(value, dict | Frozen):
        return {key: _thawed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_thawed(each) for each in value]
    return value


def _cut(text: str) -> str:
    kept = text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
    # A lone surrogate is no UTF-8, and one such value would cost an exporter the whole batch.
    return kept if kept.isascii() else kept.encode("utf-8", "replace").decode()
