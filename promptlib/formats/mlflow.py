"""Prompts of MLflow, and whole registries of them. MLflow is never imported: its objects and its client are given."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt, NotFound, nearest
from promptlib.formats.doubled import kept, lost_of, mlflow_spots, settings_of, with_spots
from promptlib.formats.editions import Edition, bring_editions
from promptlib.formats.moving import Moved, Moving, jinja_as_there
from promptlib.formats.schemas import outputs_of
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from promptlib.formats.arrivals import Imported
    from promptlib.store import Store
    from promptlib.trust import Trust

#: Asked for at once; a registry may give less.
PAGE = 100
#: What MLflow notes for itself.
_OWN_TAGS = ("mlflow.", "_mlflow")
#: A registry without an end is none.
MOST_PAGES = 100_000


def from_mlflow(
    version: object,
    *,
    inputs: type[BaseModel] | None = None,
    roles: Mapping[str, str] | None = None,
    description: str = "",
    tags: Mapping[str, str] | None = None,
    trust: Trust = FOREIGN,
) -> Moved:
    """Return a prompt version of MLflow as a prompt that renders to the same messages, and what it lacks.

    *version* is a `PromptVersion`, as `load_prompt` returns it: a text becomes one user message, a list its messages.
    With `{%` in it, it is a template of Jinja as there; else variables in double braces become inputs of type string,
    and everything besides stays text. *inputs* is a model that says better what they are. `response_format` becomes
    outputs, `model_config` the settings as they are; tags, which are keys and values there, stand below
    `metadata.mlflow`, and so do *tags*, those of the prompt itself, which has a *description* too.
    Aliases, number, commit message, author and time are in the result, for a store.

    Raises `InvalidPrompt`, with the place and what to do, for a message that is no text, and for a role that no
    provider knows and *roles* does not map.
    """
    name, number = str(getattr(version, "name", "")), getattr(version, "version", None)
    template = getattr(version, "template", None)
    moving = Moving(f"{name or 'prompt'} version {number}", trust, inputs, roles or {})
    messages = [("user", template, "")] if isinstance(template, str) else list(_messages(template, moving))
    jinja = any("{%" in text and "%}" in text for _, text, _ in messages)
    for role, text, where in messages:
        made = jinja_as_there(text) if jinja else with_spots(text, mlflow_spots(text, moving, where))
        moving.say(moving.role(role, where), made, where)
    prompt = moving.made(**_parts(version, moving, description, tags or {}))
    return Moved(
        prompt,
        lost_of(moving, name),
        name=name,
        number=number if isinstance(number, int) else None,
        message=str(getattr(version, "commit_message", None) or ""),
        author=str(getattr(version, "user_id", None) or ""),
        time=_moment(getattr(version, "creation_timestamp", None)),
        labels=tuple(map(str, getattr(version, "aliases", None) or ())),
    )


def _parts(version: object, moving: Moving, description: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what *version* says beside its messages, as a prompt takes it."""
    said = {
        "name": str(getattr(version, "name", "")),
        "version": getattr(version, "version", None),
        "tags": dict(getattr(version, "tags", None) or {}),
        "prompt_tags": tags,
    }
    form = getattr(version, "response_format", None)
    return {
        "description": description,
        "settings": settings_of(getattr(version, "model_config", None), moving, "model_config"),
        "extra": kept(said, "mlflow", moving),
        "outputs": outputs_of(form, moving) if form else (),
    }


def _messages(template: object, moving: Moving) -> Iterator[tuple[str, str, str]]:
    if not isinstance(template, list):
        hint = "give a PromptVersion, as mlflow.genai.load_prompt returns it"
        raise moving.refused("it has no text and no messages", "", hint)
    for number, message in enumerate(template, 1):
        where = f"message {number}"
        content = message.get("content")
        if not isinstance(content, str):
            hint = "write its content as one text there, and register it anew"
            raise moving.refused("a message whose content is no text, which MLflow cannot render either", where, hint)
        if left := sorted(set(message) - {"role", "content"}):
            moving.lose(f"{', '.join(left)} of the message: left out", where)
        yield str(message.get("role")), content, where


def _moment(milliseconds: object) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) and milliseconds else None


def import_mlflow(  # noqa: PLR0913 - what an import is asked for, all by keyword
    store: Store,
    client: Any,  # noqa: ANN401 - MLflow is not imported, and its client has no other type here
    *,
    names: Iterable[str] = (),
    into: str = "",
    renames: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
    trust: Trust = FOREIGN,
    dry_run: bool = False,
) -> Imported:
    """Save every prompt of an MLflow registry as versions of its name, in the order of their numbers, with its aliases.

    *client* is an `MlflowClient`, for whatever registry it was made: a server, or a database file. *names* takes only
    these prompts. Each version has its commit message, and in a bare store its author and time; aliases become
    labels. Versions keep their numbers as long as none was deleted there, and it is told where not. Run again, it
    adds only what is new.

    Raises `NotFound` for a name that the registry does not have, what the client raises, and what `Store.transaction`
    raises; a version that cannot come in is left out, and told.
    """
    known = {str(each.name): each for each in _pages(client.search_prompts)}
    wanted = tuple(names) or tuple(known)
    if unknown := [name for name in wanted if name not in known]:
        hint = f"{nearest(unknown[0], known)} prompts there: {', '.join(sorted(known)[:8]) or 'none'}".strip()
        raise NotFound(f"the registry has no prompt {unknown[0]!r:.80}", hint=hint)
    editions = [each for name in wanted for each in _editions(client, known[name], roles or {}, trust)]
    return bring_editions(store, editions, kind="mlflow", into=into, renames=renames, dry_run=dry_run)


def _editions(client: Any, prompt: Any, roles: Mapping[str, str], trust: Trust) -> Iterator[Edition]:  # noqa: ANN401 - MLflow's own
    """Yield the versions of *prompt*. Its description is the first commit message where nobody wrote another."""
    name = str(prompt.name)
    versions = list(_pages(client.search_prompt_versions, name))
    said = str(prompt.description or "")
    description = "" if said in {each.commit_message for each in versions} else said
    tags = {key: value for key, value in (prompt.tags or {}).items() if not key.startswith(_OWN_TAGS)}

    def moved(number: int) -> Moved:
        version = client.get_prompt_version(name, number)  # as only this says, with its aliases
        if version is None:
            raise InvalidPrompt(f"version {number} is gone from the registry")
        return from_mlflow(version, roles=roles, description=description, tags=tags, trust=trust)

    for number in sorted(int(each.version) for each in versions):
        yield Edition(name, number, partial(moved, number))


def _pages(ask: Any, *words: str) -> Iterator[Any]:  # noqa: ANN401 - a method of the client, and what it returns
    """Yield the items of all pages."""
    token = None
    for _ in range(MOST_PAGES):
        page = ask(*words, max_results=PAGE, page_token=token)
        yield from page
        token = getattr(page, "token", None)
        if not token:
            return
