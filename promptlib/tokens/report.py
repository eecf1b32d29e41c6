"""The account of a budget: what each message and segment asked for and got, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from promptlib.tables import TABLE
from promptlib.tokens.vocabulary import SAME_TOKENS, VOCABULARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptlib.messages import Role
    from promptlib.tokens.counts import Exactness, TokenCount

Outcome = Literal["kept", "truncated", "dropped"]

SHOWN = 20
#: Columns of the bar.
BAR = 40
_FULL, _PART, _EMPTY = "█", "▒", "·"


@dataclass(frozen=True, slots=True)
class MessageTokens:
    """The share of one message: the tokens of its content, and what became of it."""

    index: int
    role: Role
    tokens: int
    outcome: Literal["kept", "truncated"] = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTokens:
    """What became of one segment.

    It *asked* for so many tokens, or for more where `at_least`: a text that is far too long is not counted to its end.
    It was *given* so many, those of its marker among them; a thread counts its messages' contents. *why* says in words
    what decided.
    """

    name: str
    priority: int
    asked: int
    given: int
    outcome: Outcome
    why: str
    at_least: bool = False


class Explanation(str):
    """An account as text for a terminal, which a notebook shows as a table."""

    __slots__ = ("html",)

    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        """Return the text itself: at a prompt an account is read, not copied."""
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetReport:
    """The account of a budget.

    The messages and the overhead make the total; total, reserve, margin and remaining make the limit. Of the messages'
    tokens, those of the segments and `fixed`, the text outside of them, make the sum.
    """

    messages: tuple[MessageTokens, ...]
    overhead: int
    total: TokenCount
    reserve: int
    margin: int
    max_tokens: int
    # A function until they are first read: most accounts are only kept.
    _segments: tuple[SegmentTokens, ...] | Callable[[], tuple[SegmentTokens, ...]] = field(
        default=(), compare=False, repr=False
    )
    _stable: int | Callable[[], int] = field(default=0, compare=False, repr=False)

    @property
    def segments(self) -> tuple[SegmentTokens, ...]:
        """What became of each segment, in the order of the prompt."""
        found = self._segments
        if not isinstance(found, tuple):
            found = found()
            object.__setattr__(self, "_segments", found)
        return found

    @property
    def stable_prefix_tokens(self) -> int:
        """The tokens at the beginning that were the same one turn ago, as a provider's prefix cache sees them.

        One turn ago the thread ended before its last message of the user, and there was as much room for it; what
        stands before the thread is taken for unchanged. 0 without a thread.
        """
        found = self._stable
        if not isinstance(found, int):
            found = found()
            object.__setattr__(self, "_stable", found)
        return found

    @property
    def fixed(self) -> int:
        """The tokens of the messages outside of all segments."""
        return int(self.total) - self.overhead - sum(segment.given for segment in self.segments)

    @property
    def remaining(self) -> int:
        """The tokens that are left; below 0 when the budget is exceeded."""
        return self.max_tokens - self.required

    @property
    def required(self) -> int:
        """The smallest limit that would do: total, reserve and margin."""
        return int(self.total) + self.reserve + self.margin

    @property
    def exactness(self) -> Exactness:
        """How far the total can be trusted."""
        return self.total.exactness

    def decisions(self) -> dict[str, object]:
        """Return as plain data by what count the budget decided, and what: the words that a log keeps.

        `vocabulary` is the sha256 of the bundled vocabulary as its publisher pins it, or an empty text.
        """
        bundled = VOCABULARIES.get(SAME_TOKENS.get(self.total.engine, self.total.engine))
        return {
            "max_tokens": self.max_tokens,
            "reserve": self.reserve,
            "margin": self.margin,
            "total": int(self.total),
            "exactness": self.exactness,
            "engine": self.total.engine,
            "profile": self.total.profile,
            "vocabulary": bundled.source_sha256 if bundled else "",
            "segments": [asdict(segment) for segment in self.segments],
        }

    def explain(self) -> Explanation:
        """Return the account as a table and a bar; a notebook shows it as HTML. Of many rows the largest are shown."""
        return explained(self)

    def _repr_html_(self) -> str:
        return explained(self).html

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what the account says, not what it would be computed from."""
        told = replace(self, _segments=self.segments, _stable=self.stable_prefix_tokens)
        return BudgetReport._restored, tuple(getattr(told, name) for name in _FIELDS)

    @staticmethod
    def _restored(*values: object) -> BudgetReport:
        return BudgetReport(**dict(zip(_FIELDS, values, strict=True)))  # type: ignore[arg-type] # the values of its fields


_FIELDS = tuple(BudgetReport.__dataclass_fields__)


def explained(report: BudgetReport) -> Explanation:
    """Return *report* as text and as HTML."""
    counted, *table = arithmetic(report).split("\n")
    text = Explanation("\n".join([counted, _bar(report), *table]))
    text.html = _html(report)
    return text


def engine(count: TokenCount) -> str:
    """Return what made the number, and by which profile."""
    return f"{count.engine}, as {count.profile}" if count.profile else count.engine


Row = tuple[str, str, int, str]


def arithmetic(report: BudgetReport) -> str:
    """Return the numbers of *report* as a table, as an error shows them."""
    rows = [f"counted by {engine(report.total)}", *_table([*_message_rows(report), *_sum_rows(report)])]
    return "\n".join([*rows, *_segment_table(report.segments)])


def _message_rows(report: BudgetReport) -> list[Row]:
    largest = sorted(report.messages, key=lambda message: (-message.tokens, message.index))[:SHOWN]
    rows: list[Row] = [
        (str(message.index), message.role, message.tokens, message.outcome)
        for message in sorted(largest, key=lambda message: message.index)
    ]
    others = len(report.messages) - len(largest)
    if others:
        smaller = sum(message.tokens for message in report.messages) - sum(message.tokens for message in largest)
        rows.append(("", f"{others} smaller", smaller, "kept"))
    return rows


def _sum_rows(report: BudgetReport) -> Iterator[Row]:
    yield from (("", "overhead", report.overhead, ""), ("", "total", int(report.total), report.exactness))
    for name, tokens in (("reserve", report.reserve), ("margin", report.margin)):
        if tokens:
            yield "", name, tokens, ""
    yield from (("", "limit", report.max_tokens, ""), ("", "remaining", report.remaining, ""))


def _table(rows: Sequence[Row]) -> list[str]:
    index = max(len(row[0]) for row in rows)
    name = max(len(row[1]) for row in rows)
    number = max(len(f"{row[2]:,}") for row in rows)
    return [f"  {row[0]:>{index}}  {row[1]:<{name}}  {row[2]:>{number},}  {row[3]}".rstrip() for row in rows]


def _bar(report: BudgetReport) -> str:
    """Return the limit as a bar: what is taken, what is reserved, what is left."""
    taken = _columns(int(report.total), report.max_tokens)
    held = max(0, min(_columns(report.required, report.max_tokens), BAR) - min(taken, BAR))
    bar = _FULL * min(taken, BAR) + _PART * held
    share = 100 * report.required // report.max_tokens
    return f"  {bar.ljust(BAR, _EMPTY)}  {share} % of {report.max_tokens:,}"


def _columns(tokens: int, of: int) -> int:
    return -(-tokens * BAR // of)


def _asked(segment: SegmentTokens) -> str:
    return f"{segment.asked:,}{'+' if segment.at_least else ''}"


def _by_priority(segments: Sequence[SegmentTokens]) -> tuple[list[SegmentTokens], int]:
    """Return the segments to be shown, high priority first, and how many more there are."""
    shown = sorted(segments, key=lambda segment: (-segment.priority, segment.outcome == "dropped"))
    return shown[:SHOWN], max(0, len(segments) - SHOWN)


def _segment_table(segments: Sequence[SegmentTokens]) -> Iterator[str]:
    if not segments:
        return
    yield "segments, the last to go first"
    shown, more = _by_priority(segments)
    rows = [(each.name, str(each.priority), _asked(each), f"{each.given:,}", each.outcome, each.why) for each in shown]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, priority, asked, given, outcome, why in rows:
        cells = (
            f"{name:<{widths[0]}}", f"{priority:>{widths[1]}}", f"{asked:>{widths[2]}} asked",
            f"{given:>{widths[3]}} given", f"{outcome:<{widths[4]}}", why,
        )  # fmt: skip
        yield ("  " + "  ".join(cells)).rstrip()
    if more:
        yield f"  and {more:,} more"


def _html(report: BudgetReport) -> str:
    from html import escape  # noqa: PLC0415 - its table of entities costs a start more than all of this package

    rows = [
        f"<tr><td>{index}</td><td>{name}</td><td style='text-align:right'>{tokens:,}</td><td>{escape(note)}</td></tr>"
        for index, name, tokens, note in [*_message_rows(report), *_sum_rows(report)]
    ]
    share = min(100, 100 * int(report.total) // report.max_tokens)
    held = min(100 - share, 100 * (report.reserve + report.margin) // report.max_tokens)
    bar = (
        "<div style='display:flex;width:24em;height:0.8em;background:#8883'>"
        f"<div style='width:{share}%;background:#4a7'></div><div style='width:{held}%;background:#ca5'></div></div>"
    )
    segments, more = _by_priority(report.segments)
    parts = [
        f"<tr><td>{escape(each.name)}</td><td style='text-align:right'>{each.priority}</td>"
        f"<td style='text-align:right'>{_asked(each)}</td><td style='text-align:right'>{each.given:,}</td>"
        f"<td>{each.outcome}</td><td>{escape(each.why)}</td></tr>"
        for each in segments
    ]
    table = (
        f"{TABLE}<tr style='text-align:left'>"
        "<th>segment</th><th>priority</th><th>asked</th><th>given</th><th>outcome</th><th>why</th></tr>"
        f"{''.join(parts)}</table>" + (f"<p>and {more:,} more</p>" if more else "")
    )
    head = f"<p>counted by {escape(engine(report.total))}</p>"
    return f"<div>{head}{bar}{TABLE}{''.join(rows)}</table>{table if parts else ''}</div>"
