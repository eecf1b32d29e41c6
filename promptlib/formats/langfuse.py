"""Prompts of Langfuse: the objects of its client and its API, and the JSON of both. Langfuse is never imported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidFile, InvalidPrompt, Where
from promptlib.formats.doubled import Spot, kept, langfuse_spots, lost_of, settings_of, with_spots
from promptlib.formats.editions import Edition, bring_editions
from promptlib.formats.moving import Moved, Moving
from promptlib.plain import Frozen
from promptlib.refs import Pin
from promptlib.store.opening import checked_path
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from promptlib.formats.arrivals import Imported
    from promptlib.prompt import Prompt
    from promptlib.store import Store
    from promptlib.trust import Trust

#: What a message says.
_MESSAGE = frozenset({"type", "role", "content"})
#: How Langfuse writes that the text of another prompt stands here.
_TAG = re.compile(r"@@@langfusePrompt:(.*?)@@@")
_TAG_PARTS = re.compile(r"name=(?P<name>[^|]+)\|(?:version=(?P<version>\d+)|label=(?P<label>[^|]+))")


def from_langfuse(
    prompt: object,
    *,
    inputs: type[BaseModel] | None = None,
    includes: Mapping[str, Prompt[Any]] | None = None,
    roles: Mapping[str, str] | None = None,
    trust: Trust = FOREIGN,
) -> Moved:
    """Return a prompt of Langfuse as a prompt that renders to the same messages, and what it lacks.

    *prompt* is a `TextPromptClient` (it becomes one user message) or a `ChatPromptClient`, an object of Langfuse's
    API, or a mapping of the same keys, as the API answers and an export holds them. Variables in double braces become
    inputs of type string that must be given; *inputs* is a model that says better what they are. Placeholders become
    inputs of type thread, the config the settings, tags stay tags. Labels, number and commit message are in the
    result, for a store.

    A tag such as `@@@langfusePrompt:name=style|label=production@@@` becomes an include of what *includes* has under
    that name. Raises `InvalidPrompt`, with the place and what to do, for one that is not there, and for a role that
    no provider knows and *roles* does not map.
    """
    seen = _Seen(prompt)
    moving = Moving(seen.shown, trust, inputs, roles or {})
    composing = _Composing(moving, includes or {})
    if isinstance(seen.get("prompt"), str):
        composing.say("user", str(seen.get("prompt")), "")
    else:
        _messages(seen, moving, composing)
    if seen.get("resolution_graph"):
        moving.lose("Langfuse put it together of several prompts: here it is one text")
    parts: dict[str, Any] = {
        "settings": settings_of(seen.get("config"), moving, "config"),
        "tags": tuple(map(str, seen.get("tags") or ())),
        "extra": kept({"name": seen.name, "version": seen.number}, "langfuse", moving),
        **composing.parts(),
    }
    made = moving.made(**parts)
    return Moved(
        made,
        lost_of(moving, seen.name),
        name=seen.name,
        number=seen.number,
        message=str(seen.get("commit_message") or ""),
        author=str(seen.get("created_by") or ""),
        time=_moment(seen.get("created_at")),
        labels=tuple(map(str, seen.get("labels") or ())),
    )


def _messages(seen: _Seen, moving: Moving, composing: _Composing) -> None:
    given = seen.get("prompt")
    if not isinstance(given, list | tuple):
        hint = "give what langfuse.get_prompt returns, or the JSON of one version"
        raise moving.refused("it has no text and no messages", "", hint)
    for number, each in enumerate(given, 1):
        message = _Seen(each)
        where = f"message {number}"
        if message.get("type") == "placeholder":
            name = moving.named(str(message.get("name")), where)
            moving.put(name, where, optional=False)
            continue
        if isinstance(each, Mapping) and (left := sorted(set(map(str, each)) - _MESSAGE)):
            moving.lose(f"{', '.join(left)} of the message: left out", where)
        if not isinstance(message.get("content"), str):
            hint = "put a placeholder in its place, and hand the messages over at each render"
            raise moving.refused("a message whose content is no text", where, hint)
        composing.say(str(message.get("role")), message.get("content"), where)


class _Seen:
    """An object of Langfuse, or a mapping, looked at in one way."""

    _JSON = {  # noqa: RUF012 - never changed
        "commit_message": "commitMessage",
        "resolution_graph": "resolutionGraph",
        "created_at": "createdAt",
        "created_by": "createdBy",
    }

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def get(self, name: str) -> Any:  # noqa: ANN401 - a part is of any type
        """Return the part *name*, by either spelling, or None."""
        spelt = self._JSON.get(name, name)
        if isinstance(self._thing, Mapping):
            return self._thing.get(name, self._thing.get(spelt))
        # What its own client does not know of the API's answer stays on the object as it was spelt.
        return getattr(self._thing, name, getattr(self._thing, spelt, None))

    @property
    def name(self) -> str:
        return str(self.get("name") or "")

    @property
    def number(self) -> int | None:
        number = self.get("version")
        return number if isinstance(number, int) else None

    @property
    def shown(self) -> str:
        return f"{self.name or 'prompt'} version {self.number}" if self.number is not None else self.name or "prompt"

    def texts(self) -> Iterable[str]:
        """Return all texts that tags may stand in."""
        given = self.get("prompt")
        contents = [given] if isinstance(given, str) else [_Seen(each).get("content") for each in given or ()]
        return [each for each in contents if isinstance(each, str)]


class _Composing:
    """Texts that the texts of other prompts are put into."""

    def __init__(self, moving: Moving, includes: Mapping[str, Prompt[Any]]) -> None:
        self._moving = moving
        self._includes = includes
        self._used: dict[str, Prompt[Any]] = {}

    def say(self, role: str, text: str, where: str) -> None:
        """Add a message."""
        spots: list[Spot] = []
        at = 0
        template = ""
        for found in _TAG.finditer(text):
            before = text[at : found.start()]
            template += with_spots(before, langfuse_spots(before, self._moving, where))
            template += f'{{% include "{self._included(found, where)}" %}}'
            at = found.end()
        spots = langfuse_spots(text[at:], self._moving, where)
        self._moving.say(self._moving.role(role, where), template + with_spots(text[at:], spots), where)

    def _included(self, found: re.Match[str], where: str) -> str:
        parts = _TAG_PARTS.fullmatch(found[1])
        name = parts["name"] if parts else found[1]
        target = self._includes.get(found[0]) or self._includes.get(name)
        if target is None:
            hint = "bring that one along in the same import, or give includes={name: its prompt}"
            raise self._moving.refused(
                f"{found[0]:.120} is another prompt, and none is given for {name!r:.60}", where, hint
            )
        alias = self._moving.named(name.rpartition("/")[2], "")
        while self._used.get(alias, target) != target:
            alias = f"{alias}_"
        self._used[alias] = target
        for each in target.inputs:
            self._moving.inputs.setdefault(each.name, each)
        if target.name:
            self._moving.lose(f"{name} is included as it is now, and stays so until it is pinned anew", where)
        return alias

    def parts(self) -> dict[str, Any]:
        """Return what a prompt says of its includes."""
        pins = {alias: str(Pin(target.name, target.digest)) for alias, target in self._used.items()}
        return {"includes": pins, "included": tuple(self._used.items())} if pins else {}


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


# --- into a store -----------------------------------------------------------------------------------------------------


def import_langfuse(
    store: Store,
    *sources: object,
    into: str = "",
    renames: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
    trust: Trust = FOREIGN,
    dry_run: bool = False,
) -> Imported:
    """Save prompts of Langfuse as versions of their names, in the order of their numbers, with their labels.

    Each of *sources* is what `from_langfuse` takes, or the path of a JSON file that holds one such object, a list of
    them, or one below `data`. Authors and times come along where the JSON holds `createdBy` and `createdAt` and the
    store is bare. A prompt that others are composed of becomes their include, pinned at the version that they name.
    Run again, it adds only what is new.

    Raises `InvalidFile`, with line and column, for a file that is no JSON of Langfuse, and what `Store.transaction`
    raises; a prompt that cannot come in is left out, and told.
    """
    whole = _Whole([each for source in sources for each in _things(source)], roles or {}, trust)
    editions = whole.editions()
    return bring_editions(
        store, editions, kind="langfuse", into=into, renames=renames, dry_run=dry_run, settle=whole.settle
    )


def _things(source: object) -> list[object]:
    if not isinstance(source, str | Path):
        return [source]
    path = checked_path(Path(source))
    text = path.read_text("utf-8-sig")
    try:
        read = json.loads(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        hint = "give what GET /api/public/v2/prompts/NAME answers, or a list of such answers"
        raise InvalidFile(f"no JSON: {error}", where=Where(path.name, line, column), hint=hint) from error
    listed = read.get("data", [read]) if isinstance(read, dict) else read
    if not isinstance(listed, list):
        listed = [listed]
    for number, each in enumerate(listed, 1):
        if not (isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("version"), int)):
            hint = "each needs name, version, type and prompt, as GET /api/public/v2/prompts/NAME answers"
            raise InvalidFile(f"item {number} is no prompt of Langfuse", where=Where(path.name), hint=hint)
    return listed


class _Whole:
    """All that one import brings: what is composed of others finds them here."""

    def __init__(self, things: list[object], roles: Mapping[str, str], trust: Trust) -> None:
        self._roles = roles
        self._trust = trust
        self._by_key = {(seen.name, seen.number or 1): each for each in things for seen in [_Seen(each)]}
        self._made: dict[tuple[str, int], Moved] = {}
        self._keys: dict[str, tuple[str, int]] = {}

    def editions(self) -> list[Edition]:
        """Return each as an edition; raises `InvalidPrompt` for prompts that are put into each other."""
        needs = {key: tuple(self._needs(_Seen(thing)).values()) for key, thing in self._by_key.items()}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            told = " needs ".join(f"{name} version {number}" for name, number in reversed(error.args[1]))
            raise InvalidPrompt(f"prompts that are put into each other: {told}", hint="take one of them out") from error
        return [Edition(*key, partial(self._moved, key)) for key in self._by_key]

    def _needs(self, seen: _Seen) -> dict[str, tuple[str, int]]:
        """Return, by its tag, each prompt that *seen* is composed of, where it is among all."""
        found = {each[0]: _TAG_PARTS.fullmatch(each[1]) for text in seen.texts() for each in _TAG.finditer(text)}
        return {
            tag: key
            for tag, parts in found.items()
            for key, thing in self._by_key.items()
            if parts and key[0] == parts["name"] and _is_meant(_Seen(thing), parts)
        }

    def _moved(self, key: tuple[str, int]) -> Moved:
        if key not in self._made:
            thing = self._by_key[key]
            includes = {tag: self._moved(need).prompt for tag, need in self._needs(_Seen(thing)).items()}
            moved = from_langfuse(thing, includes=includes, roles=self._roles, trust=self._trust)
            self._made[key] = moved
            self._keys[moved.prompt.digest] = key
        return self._made[key]

    def settle(self, moved: Moved, names: Mapping[str, str]) -> Moved:
        """Return *moved* with its includes pinned under the *names* that they have here."""
        pins: dict[str, str] = {}
        for alias, target in moved.prompt.included:
            key, number = self._keys[target.digest]
            if key not in names:
                hint = "give that one a name with --rename"
                raise InvalidPrompt(f"it is composed of {key} version {number}, which is left out", hint=hint)
            pins[alias] = str(Pin(names[key], target.digest))
        return replace(moved, prompt=moved.prompt.with_origin(None, includes=Frozen(pins))) if pins else moved


def _is_meant(seen: _Seen, parts: re.Match[str]) -> bool:
    return str(seen.number) == parts["version"] or parts["label"] in (seen.get("labels") or ())
