"""What a client is told of a prompt beside its text: which version it is, its digest, its labels, its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_types import Prompt as Listed
from mcp_types import PromptArgument

from promptlib.errors import PromptLibError
from promptlib.mcp_server.refusals import shown
from promptlib.mcp_server.spelling import told
from promptlib.messages import Message
from promptlib.tokens import count_messages

if TYPE_CHECKING:
    from promptlib.mcp_server.shelf import Shelf
    from promptlib.prompt import Prompt
    from promptlib.tokens import Budget, TokenCount

#: An input's name never begins with an underscore, so that no input has this one.
VERSION = "_version"
#: How our keys of `_meta` begin, as the protocol wants it of everybody's own.
OURS = "promptlib/"


def listed(shelf: Shelf, name: str, prompt: Prompt[Any]) -> Listed:
    """Return *prompt* as an entry of the list, under its bare *name*."""
    return Listed(
        name=name,
        title=title(name, prompt),
        description=shown(prompt.description) or None,
        arguments=[*arguments(prompt), _version_argument(shelf)],
        _meta=meta(shelf, prompt) | {f"{OURS}tokens": _tokens(_template_tokens(prompt, shelf.budget))},
    )


def title(name: str, prompt: Prompt[Any]) -> str:
    """Return what people call it: its `displayName`, else the last word of its name."""
    given = prompt.extra.get("displayName")
    last = name.rpartition("/")[2].replace("-", " ").replace("_", " ")
    return (
        shown(" ".join(given.split()))[:200]
        if isinstance(given, str) and given.strip()
        else last[:1].upper() + last[1:]
    )


def arguments(prompt: Prompt[Any]) -> list[PromptArgument]:
    """Return the inputs of *prompt* as arguments: all that a type would say stands in the description."""
    return [
        PromptArgument(name=each.name, description=shown(told(each)), required=each.required) for each in prompt.inputs
    ]


def _version_argument(shelf: Shelf) -> PromptArgument:
    usual = f"that of the label {' or '.join(shelf.labels)}" if shelf.labels else "the newest"
    words = f"Which version: a number such as v3, a label such as production, or latest. Left out, it is {usual}"
    return PromptArgument(name=VERSION, title="Version", description=words, required=False)


def meta(shelf: Shelf, prompt: Prompt[Any]) -> dict[str, Any]:
    """Return what of *prompt* belongs into `_meta`: its version in the history, its digest, and labels on it."""
    origin = prompt.origin
    found: dict[str, Any] = {f"{OURS}digest": prompt.digest}
    if origin is not None:
        number = origin.number
        found |= {
            f"{OURS}name": origin.qualified,
            f"{OURS}version": origin.version,
            f"{OURS}number": number,
            f"{OURS}edited": origin.edited or None,
            f"{OURS}label": origin.label or None,
            f"{OURS}labels": _labels(shelf, origin.qualified, prompt.digest),
        }
    found |= {f"{OURS}tags": [shown(tag)[:200] for tag in prompt.tags] or None}
    found |= {f"{OURS}trust": prompt.trust if prompt.trust != "own" else None}
    return {key: value for key, value in found.items() if value is not None}


def _labels(shelf: Shelf, name: str, digest: str) -> list[str] | None:
    """Return the labels on this content; None where they cannot be read, which is no reason to show nothing."""
    try:
        return [label for label, version in shelf.store.labels(name).items() if version.digest == digest]
    except PromptLibError:
        return None


def _template_tokens(prompt: Prompt[Any], budget: Budget | None) -> TokenCount:
    messages = [piece for piece in prompt.messages if isinstance(piece, Message)]
    if budget is None:
        return count_messages(messages)
    return count_messages(messages, encoding=budget.counter or budget.encoding, profile=budget.profile)


def _tokens(count: TokenCount) -> dict[str, object]:
    """Return the size of a template: an estimate, for nobody knows what values it will get."""
    return {"count": int(count), "exactness": "estimate", "engine": count.engine, "of": "template"}


def rendered_tokens(count: TokenCount) -> dict[str, object]:
    """Return the size of rendered messages, as they were before they were folded."""
    return {"count": int(count), "exactness": count.exactness, "engine": count.engine, "of": "messages"}
