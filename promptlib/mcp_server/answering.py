"""The answers of the server, each made of the store as it is at one moment; nothing here waits for a client."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_types import GetPromptResult, ListPromptsResult

from promptlib.errors import BadRef, NotFound, PromptLibError
from promptlib.mcp_server.arguments import inputs_from
from promptlib.mcp_server.folding import checked, folded
from promptlib.mcp_server.refusals import LOG, readable, shown
from promptlib.mcp_server.shelf import IsChain
from promptlib.mcp_server.telling import OURS, VERSION, listed, meta, rendered_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_types import Prompt as Listed

    from promptlib.mcp_server.shelf import Shelf
    from promptlib.prompt import Prompt
    from promptlib.rendering import RenderedPrompt

#: Entries of one page of the list.
PAGE = 250
#: How many prompts that cannot be read are named in one answer.
_MOST_BROKEN = 20
_CURSOR = b"after:"


@dataclass(slots=True)
class Answers:
    """What is asked of a `Shelf`; it keeps nothing but which broken prompts the log was told of."""

    shelf: Shelf
    _logged: set[tuple[str, str]] = field(default_factory=set)

    def page(self, cursor: str | None) -> ListPromptsResult:
        """Return the entries behind *cursor*; what cannot be read is told in `_meta`, and the rest is listed."""
        found: list[Listed] = []
        broken: dict[str, str] = {}
        behind = _after(cursor)
        names = self.shelf.names(behind)
        for name in names:
            try:
                found.append(listed(self.shelf, name, self.shelf.load(name)))
            except (NotFound, IsChain):
                continue  # it has no version that is served, or is no prompt of this protocol
            except PromptLibError as error:
                broken[name] = self._broken(name, error)
            if len(found) + len(broken) == PAGE:
                behind = name
                break
        more = next(names, None) is not None
        named = dict(list(broken.items())[:_MOST_BROKEN])
        told = {f"{OURS}unreadable": named, f"{OURS}unreadable_count": len(broken)} if broken else None
        return ListPromptsResult(prompts=found, next_cursor=_cursor(behind) if more else None, _meta=told)

    def _broken(self, name: str, error: PromptLibError) -> str:
        text = readable(error, self.shelf.hidden())
        if (name, text) not in self._logged:
            self._logged.add((name, text))
            LOG.warning("%s is left out: %s", name, text.replace("\n", " "))
        return text

    def rendered(self, ref: str, given: Mapping[str, object]) -> tuple[Prompt[Any], RenderedPrompt]:
        """Return the prompt that *ref* means and what it makes of the values *given*, which are JSON."""
        prompt = self.shelf.load(ref)
        return prompt, self._filled(prompt, given, texts=False)

    def _filled(self, prompt: Prompt[Any], given: Mapping[str, object], *, texts: bool) -> RenderedPrompt:
        inputs = inputs_from(prompt.model, prompt.inputs, given, texts=texts)
        rendered = prompt.render(inputs, budget=self.shelf.budget, resolve=self.shelf.store.load)
        checked(rendered.messages)
        return rendered

    def prompt(self, name: str, given: Mapping[str, str], protocol: str) -> GetPromptResult:
        """Return the messages of a prompt with its arguments filled in, as the revision *protocol* carries them."""
        prompt = self.shelf.load(name, given.get(VERSION, ""))
        rendered = self._filled(prompt, {key: each for key, each in given.items() if key != VERSION}, texts=True)
        messages, notes = folded(rendered.messages, protocol)
        return GetPromptResult(
            description=shown(prompt.description) or None,
            messages=messages,
            _meta=told(self.shelf, prompt, rendered) | ({f"{OURS}folded": notes} if notes else {}),
        )


def told(shelf: Shelf, prompt: Prompt[Any], rendered: RenderedPrompt) -> dict[str, Any]:
    """Return which prompt it is, what it includes, and what its messages take."""
    provenance = rendered.provenance
    found: dict[str, Any] = meta(shelf, prompt) | {f"{OURS}tokens": rendered_tokens(rendered.tokens)}
    if provenance is not None and provenance.includes:
        found[f"{OURS}includes"] = list(map(str, provenance.includes))
    if rendered.report is not None:
        found[f"{OURS}budget"] = {
            "max_tokens": rendered.report.max_tokens,
            "remaining": rendered.report.remaining,
            **rendered.report.decisions(),
        }
    return found


def _cursor(name: str) -> str:
    return urlsafe_b64encode(_CURSOR + name.encode()).decode()


def _after(cursor: str | None) -> str:
    """Return the name that *cursor* stands behind; raises `BadRef` for one that is not ours."""
    if cursor is None:
        return ""
    try:
        text = urlsafe_b64decode(cursor.encode("ascii"))
        if not text.startswith(_CURSOR):
            raise ValueError  # noqa: TRY301 - told below, like what is no base64
        return text.removeprefix(_CURSOR).decode()
    except ValueError as error:
        raise BadRef(f"{ascii(cursor)[:80]} is no cursor of this list", hint="begin again without one") from error
