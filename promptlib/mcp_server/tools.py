"""Two tools for clients that know only tools: find a prompt, and fill one in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, TextContent, Tool, ToolAnnotations

from promptlib.errors import InvalidInputs, NotFound, PromptLibError, nearest
from promptlib.inputs import describe
from promptlib.mcp_server.answering import told
from promptlib.mcp_server.refusals import readable, shown
from promptlib.mcp_server.spelling import NoJson, from_json
from promptlib.mcp_server.telling import OURS, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.inputs import Input
    from promptlib.mcp_server.answering import Answers
    from promptlib.query import Hit

SEARCH, RENDER = "search_prompts", "render_prompt"
_MOST_HITS = 50
_USUAL_HITS = 10
_LONGEST_NUMBER = 20
#: Where not all names are served, so many hits are looked at for those that are.
_MOST_LOOKED_AT = 200

_OBJECT = 'give an object, such as {"ticket": "…"}'
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_TEXT: dict[str, Any] = {"type": "string"}
_ANY_TEXT: dict[str, Any] = {"type": ["string", "null"]}

_HIT = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "kind": {"type": "string", "description": "prompt; or chain, which is several prompts in order"},
        "title": _TEXT,
        "description": _TEXT,
        "tags": {"type": "array", "items": _TEXT},
        "version": _ANY_TEXT,
        "score": {"type": "number", "description": "Higher is nearer; of no meaning across searches."},
        "field": {"type": "string", "description": "Where the words were found."},
        "snippet": _TEXT,
        "steps": {"type": "array", "items": _TEXT, "description": "The prompts of a chain, in order, to be rendered."},
        "older": {"type": "integer", "description": "How many older versions match too."},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": _TEXT, "takes": _TEXT, "required": {"type": "boolean"}, "description": _TEXT},
                "required": ["name", "takes", "required"],
            },
        },
    },
    "required": ["name", "kind", "description"],
}

TOOLS = (
    Tool(
        name=SEARCH,
        title="Search prompts",
        description=(
            "Find prompts that meet a need, in plain words: what should be done, for whom, with what. The best come "
            "first, each with the inputs that it takes. Fill one in with render_prompt."
        ),
        input_schema={
            "type": "object",
            "properties": {
                "need": {"type": "string", "description": "What is needed, such as: turn meeting notes into decisions"},
                "limit": {"type": "integer", "minimum": 1, "maximum": _MOST_HITS, "default": _USUAL_HITS},
                "tags": {"type": "array", "items": _TEXT, "description": "Only prompts with all of these tags."},
            },
            "required": ["need"],
            "additionalProperties": False,
        },
        output_schema={
            "type": "object",
            "properties": {
                "hits": {"type": "array", "items": _HIT},
                "total": {"type": "integer", "description": "How many match, shown or not."},
                "spelled": {
                    "type": "object",
                    "description": "Words that were read as others.",
                    "additionalProperties": _TEXT,
                },
            },
            "required": ["hits", "total"],
        },
        annotations=_READS,
    ),
    Tool(
        name=RENDER,
        title="Render a prompt",
        description=(
            "Fill in a prompt and return its messages as they would be sent to a model; nothing is sent. Values are "
            "checked against the types of the inputs, and an error says field by field what is wrong."
        ),
        input_schema={
            "type": "object",
            "properties": {
                "ref": {
                    "type": "string",
                    "description": "A name, such as support/triage, or a version of it: support/triage@v3, "
                    "support/triage@production, support/triage@latest.",
                },
                "inputs": {"type": "object", "description": "Values by input name, as search_prompts lists them."},
            },
            "required": ["ref"],
            "additionalProperties": False,
        },
        output_schema={
            "type": "object",
            "properties": {
                "name": _TEXT,
                "version": _ANY_TEXT,
                "digest": _TEXT,
                "messages": {
                    "type": "array",
                    "description": "Role and content, as chat APIs take them; nothing is folded.",
                    "items": {"type": "object", "properties": {"role": _TEXT}, "required": ["role"]},
                },
                "tokens": {"type": "object"},
            },
            "required": ["digest", "messages", "tokens"],
        },
        annotations=_READS,
    ),
)


def call(answers: Answers, name: str, given: Mapping[str, Any]) -> CallToolResult:
    """Return what the tool *name* says; what goes wrong is told in the result, where a model reads it."""
    tool = next((each for each in TOOLS if each.name == name), None)
    if tool is None:
        names = [each.name for each in TOOLS]
        hint = f"{nearest(name, names)} tools: {', '.join(names)}".strip()
        raise MCPError(INVALID_PARAMS, shown(f"no tool {name[:80]!r}; {hint}"))
    try:
        _check_names(tool, given)
        found = _search(answers, given) if name == SEARCH else _render(answers, given)
    except PromptLibError as error:
        text = readable(error, answers.shelf.hidden())
        return CallToolResult(content=[TextContent(text=text)], is_error=True)
    # The texts are hostile: as JSON none can look like another role, as on lines of its own it could.
    text = json.dumps(found, ensure_ascii=False)
    return CallToolResult(content=[TextContent(text=text)], structured_content=found)


def _check_names(tool: Tool, given: Mapping[str, Any]) -> None:
    known = list(tool.input_schema["properties"])
    for name in given:
        if name not in known:
            hint = f"{nearest(name, known)} it takes: {', '.join(known)}".strip()
            raise InvalidInputs(f"{tool.name} takes no {name[:80]!r}", hint=hint)
    for name in tool.input_schema["required"]:
        if not isinstance(given.get(name), str):
            raise InvalidInputs(
                f"{tool.name} needs {name!r}, a text", hint=tool.input_schema["properties"][name]["description"]
            )


def _search(answers: Answers, given: Mapping[str, Any]) -> dict[str, Any]:
    shelf = answers.shelf
    limit, tags = _limit(given.get("limit", _USUAL_HITS)), _tags(given.get("tags", []))
    narrow = bool(shelf.only or shelf.labels)
    hits = shelf.store.search(given["need"], tags=tags, limit=_MOST_LOOKED_AT if narrow else limit)
    found = [told for each in hits if (told := _hit(answers, each)) is not None]
    return {
        "hits": found[:limit],
        "total": len(found) if narrow else hits.total,
        "spelled": dict(hits.spelled),
    }


def _limit(value: object) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < _LONGEST_NUMBER:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_HITS:
        raise InvalidInputs(f"limit is {value!r:.80}", hint=f"give a whole number from 1 to {_MOST_HITS}")
    return value


def _tags(value: object) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise InvalidInputs(f"tags are a {type(value).__name__}", hint='give a list of texts, such as ["support"]')
    return tuple(found)


def _hit(answers: Answers, hit: Hit) -> dict[str, Any] | None:
    """Return what a model needs to know of *hit*; None where no version of it is served."""
    if not hit.name.startswith(answers.shelf.only):
        return None
    found: dict[str, Any] = {
        "name": hit.name,
        "kind": hit.kind,
        "description": shown(hit.description),
        "tags": [shown(tag) for tag in hit.tags],
        "version": f"v{hit.version.number}" if hit.version and hit.version.number else None,
        "score": hit.score,
        "field": hit.field,
        "snippet": shown(hit.snippet.text),
        "older": hit.older,
    }
    if hit.kind == "chain":
        return found | {"steps": answers.shelf.steps(hit.name)}
    try:
        prompt = answers.shelf.load(hit.name)
    except NotFound:
        return None
    except PromptLibError:
        return found  # render_prompt says what is wrong with it
    served = {"version": prompt.origin.version} if prompt.origin else {}
    return found | served | {"title": title(hit.name, prompt), "inputs": [_input(each) for each in prompt.inputs]}


def _input(declared: Input) -> dict[str, Any]:
    words = {"description": shown(declared.description)} if declared.description else {}
    return {"name": declared.name, "takes": shown(describe(declared.type)), "required": declared.required, **words}


def _render(answers: Answers, given: Mapping[str, Any]) -> dict[str, Any]:
    inputs = given.get("inputs") or {}
    if isinstance(inputs, str):  # some models write the whole object as one text
        try:
            inputs = from_json(inputs)
        except NoJson as error:
            raise InvalidInputs(f"the inputs are no JSON: {error}", hint=_OBJECT) from error
    if not isinstance(inputs, dict):
        raise InvalidInputs(f"the inputs are a {type(inputs).__name__}", hint=_OBJECT)
    prompt, rendered = answers.rendered(given["ref"], inputs)
    found = told(answers.shelf, prompt, rendered)
    return {key.removeprefix(OURS): value for key, value in found.items()} | {"messages": rendered.to_openai()}
