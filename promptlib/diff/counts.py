"""How many tokens a change costs: of each message, of each include, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.tokens.counting import counter
from promptlib.tokens.counts import TokenCount
from promptlib.tokens.memo import count_many
from promptlib.tokens.vocabulary import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.chain import Stored
    from promptlib.diff.rows import MessageChange
    from promptlib.prompt import Prompt
    from promptlib.tokens.counting import Counting
    from promptlib.tokens.counts import Exactness

#: What the numbers of a difference are about.
NOTE = "source texts: no values, no tools"


@dataclass(frozen=True, slots=True)
class TokenChange:
    """The tokens of one text before and after; None on a side where there is no such text."""

    before: TokenCount | None
    after: TokenCount | None

    @property
    def change(self) -> int:
        """How many more there are; below zero where there are fewer."""
        return int(self.after or 0) - int(self.before or 0)

    def __str__(self) -> str:
        """Return `12 -> 20 tokens (+8)`, `+20 tokens` for a new text, `-12 tokens` for one that is gone."""
        if self.before is None or self.after is None:
            return f"{signed(self.change)} tokens"
        return f"{self.before:,} -> {self.after:,} tokens ({signed(self.change)})"

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as JSON data."""
        return {
            "before": None if self.before is None else int(self.before),
            "after": None if self.after is None else int(self.after),
            "change": self.change,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffTokens:
    """The tokens of two prompts by one counter: `before`, `after`, and the `change`.

    Source texts are counted, as they are written: of each message, and of each include once. Values, tools and what a
    provider adds around messages are not in it. `messages` goes with the rows of the difference, one for one;
    `includes` are all of them by alias, and `uncounted` names those that were not at hand.
    """

    before: TokenCount
    after: TokenCount
    messages: tuple[TokenChange, ...] = ()
    includes: tuple[tuple[str, TokenChange], ...] = ()
    uncounted: tuple[str, ...] = ()

    @property
    def change(self) -> int:
        """How many tokens more the new prompt has; below zero where it has fewer."""
        return int(self.after) - int(self.before)

    @property
    def exactness(self) -> Exactness:
        """Whether the numbers are `exact`, an `estimate`, or the `provider`'s."""
        return self.after.exactness

    @property
    def encoding(self) -> str:
        """The name of what counted."""
        return self.after.engine

    @property
    def note(self) -> str:
        """What the numbers are about, and what is not in them."""
        left_out = f"; without the include{'s' * (len(self.uncounted) > 1)} {', '.join(self.uncounted)}"
        return NOTE + (left_out if self.uncounted else "")

    def __str__(self) -> str:
        """Return `120 -> 141 tokens (+21), exact by o200k_base`."""
        return f"{self.before:,} -> {self.after:,} tokens ({signed(self.change)}), {self.exactness} by {self.encoding}"

    def to_dict(self) -> dict[str, object]:
        """Return the numbers as JSON data."""
        return {
            "before": int(self.before),
            "after": int(self.after),
            "change": self.change,
            "exactness": self.exactness,
            "encoding": self.encoding,
            "messages": [each.to_dict() for each in self.messages],
            "includes": [{"alias": alias, **each.to_dict()} for alias, each in self.includes],
            "uncounted": list(self.uncounted),
        }


def signed(change: int) -> str:
    """Return a difference with its sign: `+12`, `-4`, `±0`."""
    return f"{change:+,d}" if change else "±0"


def change_of(before: str | None, after: str | None, encoding: Counting = DEFAULT) -> TokenChange:
    """Return the tokens of one text before and after; None where there is no such text."""
    return _changes([(before, after)], encoding)[0]


def _changes(pairs: Iterable[tuple[str | None, str | None]], encoding: Counting) -> list[TokenChange]:
    sides = [*zip(*pairs, strict=True)] or [(), ()]
    counted = [iter(count_many([text for text in side if text is not None], encoding=encoding)) for side in sides]
    numbers = [
        [None if text is None else next(found) for text in side] for side, found in zip(sides, counted, strict=True)
    ]
    return [TokenChange(*each) for each in zip(*numbers, strict=True)]


def tokens_of(
    rows: Iterable[MessageChange], before: Stored | None, after: Stored | None, encoding: Counting
) -> DiffTokens:
    """Return the tokens of two prompts whose messages are *rows*, by what *encoding* names."""
    by = counter(encoding)
    messages = _changes(((row.old_text, row.new_text) for row in rows), by)
    old, new = ({} if prompt is None else dict(_included(prompt)) for prompt in (before, after))
    aliases = list({**old, **new})
    texts = _changes(((_text(old.get(alias)), _text(new.get(alias))) for alias in aliases), by)
    zero = TokenCount(0, exactness=by.exactness, engine=by.name)
    every = [*messages, *texts]
    return DiffTokens(
        before=sum((each.before for each in every if each.before is not None), zero),
        after=sum((each.after for each in every if each.after is not None), zero),
        messages=tuple(messages),
        includes=tuple(
            pair for pair in zip(aliases, texts, strict=True) if (pair[1].before, pair[1].after) != (None, None)
        ),
        uncounted=tuple(alias for alias in aliases if old.get(alias, "") is None or new.get(alias, "") is None),
    )


def _text(found: Prompt[Any] | None) -> str | None:
    return None if found is None else "".join(piece.text for piece in found.messages)


def _included(prompt: Stored, above: str = "") -> Iterator[tuple[str, Prompt[Any] | None]]:
    """Yield each content that is included, at any depth, once, by its aliases; None for one that is not at hand."""
    seen: set[str] = set()
    ahead: list[tuple[str, Stored]] = [(above, prompt)]
    for path, each in ahead:
        at_hand = dict(each.included)
        for alias, pin in each.includes.items():
            if str(pin) not in seen:
                seen.add(str(pin))
                found = at_hand.get(alias)
                yield path + alias, found
                if found is not None:
                    ahead.append((f"{path}{alias}.", found))
