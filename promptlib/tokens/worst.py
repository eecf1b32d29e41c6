"""The worst case: how many tokens a prompt can take at most, whatever values its inputs are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from promptlib.messages import Message, Text
from promptlib.tables import TABLE
from promptlib.tokens.chat import around
from promptlib.tokens.edges import LONGEST_CHARACTER
from promptlib.tokens.fitting import Packing, Rules
from promptlib.tokens.memo import counts_of
from promptlib.tokens.profiles import chat_profile
from promptlib.tokens.report import Explanation
from promptlib.tokens.seams import last_safe_cut
from promptlib.tokens.streaming import SURROGATE, safe_cut
from promptlib.tokens.turns import Steady
from promptlib.tokens.vocabulary import EncodingCounter, utf8_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.errors import Where
    from promptlib.messages import Role
    from promptlib.plain import Plain
    from promptlib.segments import Segment, Stretch
    from promptlib.tokens.budget import Budget
    from promptlib.tokens.chat import ChatCount
    from promptlib.tokens.counts import Exactness

#: What a text that was cut may take beyond what it was cut to: three tokens were seen, none are proven.
SEAM = 16
#: The same of a list, whose items meet as often as there are items: one for each so many tokens.
SEAMS = 4
#: Bytes of a character, and so tokens.
_WIDEST = 4
#: Ends of a text that is cut in its middle.
_TWO = 2
#: In characters: where the last safe cut of a text is looked for first.
NEAR = 256
NO_LIMIT = "no limit"


@dataclass(frozen=True, slots=True)
class Unbounded:
    """Something that can be of any size: its name, where it stands, why it has no limit, and what to do."""

    name: str
    where: Where | None
    why: str
    hint: str

    def to_dict(self) -> dict[str, Plain]:
        """Return it as plain data."""
        return {"name": self.name, "where": str(self.where or ""), "why": self.why, "hint": self.hint}


class Share(NamedTuple):
    """What a part of a prompt takes at most; None where that has no limit."""

    name: str
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCase:
    """The most tokens that a prompt takes, whatever values its inputs accept.

    `most` has the chat's overhead in it and no reserve, like the `limit` of the budget that it is compared with; None
    when something is `unbounded`. What a budget may cut away counts only as far as it must stay. `fits` is proven: no
    value can make the prompt exceed the budget; only what a cut text or list with `min_tokens` takes at its seams is
    allowed for as it was measured. `shares` says what each input has part in it. Most values take far less.
    """

    most: int | None
    limit: int
    fits: bool
    unbounded: tuple[Unbounded, ...] = ()
    exactness: Exactness = "exact"
    engine: str = ""
    shares: tuple[Share, ...] = ()

    def explain(self) -> Explanation:
        """Return what makes the sum as a table, and the verdict; a notebook shows it as HTML."""
        return _explained(self)

    def _repr_html_(self) -> str:
        return _explained(self).html

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "most": self.most,
            "limit": self.limit,
            "fits": self.fits,
            "exactness": self.exactness,
            "engine": self.engine,
            "shares": [{"name": name, "tokens": tokens} for name, tokens in self.shares],
            "unbounded": [each.to_dict() for each in self.unbounded],
        }


class TokenScale:
    """What texts and messages take at most, as one budget counts.

    Under an encoding no text takes more tokens than it has bytes. A literal text takes exactly what it takes alone from
    its first to its last safe cut, whatever stands beside it; its ends go by their bytes.
    """

    def __init__(self, budget: Budget, groups: frozenset[str] = frozenset()) -> None:
        """Take the counter and the profile of *budget*; of each of *groups* something must stay."""
        self._counts = counts_of(budget.token_counter)
        self._profile = chat_profile(budget.profile)
        self._groups = groups
        self._known: dict[tuple[str, bool, bool], int] = {}

    @property
    def picture(self) -> int:
        """The most tokens of an image."""
        return max(self._profile.image, self._profile.image_low)

    @property
    def reply(self) -> int:
        """The tokens that begin the reply."""
        return self._profile.reply

    def around(self, role: Role) -> int:
        """Return the tokens around a message of that *role*."""
        return around(Message(role, (Text(""),), literal=True), self._counts, self._profile)

    def literal(self, text: str, *, opens: bool, closes: bool) -> int:
        """Return the most tokens that *text* adds; it *opens* and *closes* its message where nothing stands beside."""
        key = text, opens, closes
        if key not in self._known:
            self._known[key] = self._measured(text, opens=opens, closes=closes)
        return self._known[key]

    def _measured(self, text: str, *, opens: bool, closes: bool) -> int:
        if SURROGATE.search(text):
            return len(text.encode(errors="surrogatepass"))  # a message that holds it is refused
        if opens and closes and isinstance(self._counts.by, EncodingCounter):
            return self._counts.count(text)
        begin, end = self._cuts(text, opens=opens, closes=closes) if self._counts.bundled else (0, 0)
        edges = utf8_length(text[:begin]) + utf8_length(text[end:])
        return edges + self._counts.count(text[begin:end])

    def _cuts(self, text: str, *, opens: bool, closes: bool) -> tuple[int, int]:
        """Return between which places the tokens of *text* are what they are anywhere; twice the same for nowhere."""
        begin = 0 if opens else safe_cut(text, 1, len(text) - 1)
        end = len(text) if closes else _last_cut(text)
        if begin is None or end is None or end < begin:
            return 0, 0
        return begin, end

    def least(self, segment: Segment) -> int:
        """Return how many tokens of *segment* must stay; 0 where all of it can go."""
        return max(segment.min_tokens, int(segment.group in self._groups))

    def cut(self, segment: Segment, size: int | None) -> int:
        """Return the most tokens that stay of a text of *size* bytes, or of any size, when its least is kept.

        It is cut between characters as people see them, the longest of which may be needed to reach the least.
        """
        ends = _TWO if segment.truncate == "middle" else 1
        most = max(self.least(segment) + ends * LONGEST_CHARACTER * _WIDEST, self._marker(segment) + 1)
        return _at_most(most + _TWO * SEAM, self._whole(segment, size))

    def items(self, segment: Segment, size: int | None, frame: int, item: int | None) -> int | None:
        """Return the same of a list: whole items are kept, and the *frame* around them; None without a limit."""
        whole = self._whole(segment, size)
        if item is None:
            return whole
        least = self.least(segment)
        most = max(least + least // SEAMS, frame) + item + self._marker(segment) + SEAM
        return _at_most(most, whole)

    def _marker(self, segment: Segment) -> int:
        return utf8_length(segment.marker)

    def _whole(self, segment: Segment, size: int | None) -> int | None:
        return None if size is None else size + self._marker(segment)


def _last_cut(text: str) -> int | None:
    """Return the last safe cut of *text*; nearly always it is near the end, and then no more is looked through."""
    near = max(0, len(text) - NEAR)
    cut = last_safe_cut(text[near:])
    return last_safe_cut(text) if cut is None else near + cut


def _at_most(most: int, limit: int | None) -> int:
    return most if limit is None else min(most, limit)


def least_count(messages: Sequence[Message], stretches: Sequence[Stretch], budget: Budget) -> ChatCount:
    """Return what *messages* take when of *stretches* nothing stays but what must."""
    rules = Rules(counts_of(budget.token_counter), chat_profile(budget.profile), Steady())
    return Packing(messages, stretches, rules).packed().count


def judged(
    budget: Budget, shares: Sequence[Share], unbounded: Sequence[Unbounded] = (), *, plain: bool, counted: bool = False
) -> WorstCase:
    """Return the verdict on what *shares* come to.

    *plain* says that there can be nothing but text in the messages, *counted* that the numbers were counted.
    """
    by, profile = budget.token_counter, chat_profile(budget.profile)
    found = list(unbounded)
    if not counted and not isinstance(by, EncodingCounter):
        hint = "count by a bundled encoding: Budget(…, encoding=…)"
        why = "how many tokens it makes of a byte is not known, so nothing is proven"
        found.insert(0, Unbounded(f"the counter {by.name}", None, why, hint))
    most = None if found else sum(each.tokens or 0 for each in shares)
    exact = by.exactness == "exact" and by.name in profile.encodings and plain
    exactness: Exactness = "exact" if exact else "estimate" if by.exactness == "exact" else by.exactness
    return WorstCase(
        most=most,
        limit=budget.limit,
        fits=most is not None and most <= budget.limit and (exact or budget.margin > 0),
        unbounded=tuple(found),
        exactness=exactness,
        engine=f"{by.name}, as {profile.name}",
        shares=tuple(shares),
    )


# --- for people -------------------------------------------------------------------------------------------------------


def _explained(case: WorstCase) -> Explanation:
    rows = [*case.shares, Share("at most", case.most), Share("limit", case.limit)]
    numbers = [NO_LIMIT if tokens is None else f"{tokens:,}" for _, tokens in rows]
    name = max(len(row.name) for row in rows)
    wide = max(map(len, numbers))
    table = [f"  {row.name:<{name}}  {number:>{wide}}" for row, number in zip(rows, numbers, strict=True)]
    verdict = list(_verdict(case))
    text = Explanation("\n".join([f"the worst case, by {case.engine}", *table, *verdict]))
    text.html = _html(case, list(zip(rows, numbers, strict=True)), verdict)
    return text


def _verdict(case: WorstCase) -> Iterator[str]:
    if case.fits:
        yield "it always fits"
        return
    if case.most is not None and case.most <= case.limit:
        yield "the number is an estimate, and a budget without margin would promise an exact one"
        yield f"say how far it may be off: margin={max(1, case.limit // 10)}"
        return
    if case.most is not None:
        yield f"it can be {case.most - case.limit:,} tokens over"
        yield "limit the largest inputs (max_length, ge and le), let a budget cut them (Segment), or raise the limit"
        return
    yield "it can overflow"
    for each in case.unbounded:
        place = f" ({each.where})" if each.where and str(each.where) else ""
        yield f"  {each.name}{place}: {each.why}"
        yield f"    {each.hint}"


def _html(case: WorstCase, rows: Sequence[tuple[Share, str]], verdict: Sequence[str]) -> str:
    from html import escape  # noqa: PLC0415 - its table of entities costs a start more than all of this package

    cells = [f"<tr><td>{escape(row.name)}</td><td style='text-align:right'>{number}</td></tr>" for row, number in rows]
    told = "".join(f"<p>{escape(line.strip())}</p>" for line in verdict)
    return f"<div><p>the worst case, by {escape(case.engine)}</p>{TABLE}{''.join(cells)}</table>{told}</div>"
