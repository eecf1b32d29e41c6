"""The worst case of a prompt, with what it includes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt, Where
from promptlib.messages import Message
from promptlib.rendering.amounts import AROUND, HUGE, LITERAL, amount
from promptlib.rendering.declared import of_input, of_plain
from promptlib.rendering.measuring import Task
from promptlib.tokens.chat import is_plain
from promptlib.tokens.worst import Share, TokenScale, Unbounded, judged, least_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.inputs import Input
    from promptlib.prompt import Prompt
    from promptlib.rendering.amounts import Amount, Reason, Size
    from promptlib.rendering.bounds import Bound
    from promptlib.tokens import Budget
    from promptlib.tokens.worst import WorstCase


def worst_case_of(
    prompt: Prompt[Any], budget: Budget, resolve: Callable[[str], Prompt[Any]] | None, deepest: int
) -> WorstCase:
    """Return the worst case of *prompt* under *budget*; without inputs there is one case only, which is counted."""
    if not prompt.inputs:
        return _only_case(prompt, budget, resolve)
    includes = Includes(lambda around, alias: around.resolve(alias, resolve), deepest)
    scale = TokenScale(budget, includes.groups(prompt))
    values = {each.name: of_input(each) for each in prompt.inputs}
    size = Sizes(scale, includes).of(prompt, values)
    tokens = size.tokens.plus(amount(scale.reply, AROUND))
    plain = not size.pictured and all(not isinstance(each, Message) or each.role != "tool" for each in prompt.messages)
    return judged(budget, _shares(prompt, tokens), _unbounded(tokens), plain=plain)


def _only_case(prompt: Prompt[Any], budget: Budget, resolve: Callable[[str], Prompt[Any]] | None) -> WorstCase:
    messages, stretches = prompt._rendered({}, resolve, marked=True)  # noqa: SLF001 - as `render` does it
    found = least_count(messages, stretches, budget)
    shares = Share(LITERAL, int(found.total) - found.overhead), Share(AROUND, found.overhead)
    return judged(budget, shares, plain=all(map(is_plain, messages)), counted=True)


def _shares(prompt: Prompt[Any], tokens: Amount) -> list[Share]:
    """Return what each part takes: the text of the prompt, its inputs, those of includes alone, and the chat."""
    found = dict(tokens.shares)
    endless = dict.fromkeys([each.source for each in tokens.reasons])
    names = [LITERAL, *(each.name for each in prompt.inputs)]
    names += [name for name in (*found, *endless) if name and name not in (*names, AROUND)]
    return [Share(name, None if name in endless else found.get(name, 0)) for name in dict.fromkeys([*names, AROUND])]


def _unbounded(tokens: Amount) -> list[Unbounded]:
    if not tokens.reasons and tokens.total >= HUGE:
        hint = "loop over less, or declare smaller limits"
        return [Unbounded(tokens.source, None, "it can come to more than anybody counts", hint)]
    return [_told(each) for each in tokens.reasons]


def _told(reason: Reason) -> Unbounded:
    place = reason.place if isinstance(reason.place, Where) else None
    return Unbounded(reason.name, place, reason.why, reason.hint)


class Includes:
    """What a prompt includes, and what that includes, each found once."""

    def __init__(self, find: Callable[[Prompt[Any], str], Prompt[Any]], deepest: int) -> None:
        """Look with *find*; more than *deepest* includes inside of each other are refused."""
        self._find = find
        self._deepest = deepest
        self._found: dict[tuple[str, str], Prompt[Any]] = {}
        self._groups: dict[str, frozenset[str]] = {}

    def of(self, prompt: Prompt[Any], alias: str, above: tuple[str, ...]) -> Prompt[Any]:
        """Return what *prompt* includes as *alias*; *above* are the digests of the prompts around it."""
        if prompt.digest in above or len(above) >= self._deepest:
            what = f"includes go in a circle or deeper than {self._deepest}: {prompt.name or prompt.digest}"
            raise InvalidPrompt(what)
        key = prompt.digest, alias
        if key not in self._found:
            self._found[key] = self._find(prompt, alias)
        return self._found[key]

    def groups(self, prompt: Prompt[Any], above: tuple[str, ...] = ()) -> frozenset[str]:
        """Return the groups of segments of which something must stay."""
        if prompt.digest not in self._groups:
            own = [each.group for each in prompt.all_segments.values() if each.min_tokens and each.group]
            inner = (*above, prompt.digest)
            found = [self.groups(self.of(prompt, alias, above), inner) for alias in prompt.includes]
            self._groups[prompt.digest] = frozenset(own).union(*found)
        return self._groups[prompt.digest]


class Sizes:
    """The sizes of prompts, each measured once for the same values."""

    def __init__(self, scale: TokenScale, includes: Includes) -> None:
        """Measure by *scale*."""
        self._scale = scale
        self._includes = includes
        self._known: dict[object, Size] = {}

    def of(
        self,
        prompt: Prompt[Any],
        values: Mapping[str, Bound],
        *,
        segmented: bool = True,
        above: tuple[str, ...] = (),
    ) -> Size:
        """Return the size of all messages of *prompt*, or, inside of those *above*, of its text."""
        key = prompt.digest, prompt.places, tuple(values.items()), segmented, bool(above)
        if key not in self._known:

            def include(alias: str, segmented: bool) -> Size:  # noqa: FBT001 - as a task calls it
                found = self._includes.of(prompt, alias, above)
                given = {each.name: _given(each, values) for each in found.inputs}
                return self.of(found, given, segmented=segmented, above=(*above, prompt.digest))

            segments = prompt._policies  # noqa: SLF001 - this is a part of what a prompt does, in a room of its own
            task = Task(self._scale, values, segments, include, embedded=bool(above), segmented=segmented)
            self._known[key] = prompt._template.most(task)  # noqa: SLF001 - as above
        return self._known[key]


def _given(declared: Input, values: Mapping[str, Bound]) -> Bound:
    """Return what an include gets for an input: what is known around it, or the default."""
    if declared.name in values:
        return values[declared.name]
    return of_plain(declared.type, declared.default, declared.name)
