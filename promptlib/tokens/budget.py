"""A budget: how many tokens a prompt may take, and the account of those that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from promptlib.errors import BudgetExceeded, InvalidInputs
from promptlib.tokens.chat import OPENAI_CHAT, ChatCount, chat_count
from promptlib.tokens.counting import counter
from promptlib.tokens.vocabulary import DEFAULT, LONGEST_TOKEN, EncodingCounter, check_name, utf8_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptlib.messages import Message, Role
    from promptlib.tokens.counts import Exactness, TokenCount, TokenCounter

SHOWN = 20


@dataclass(frozen=True, slots=True)
class MessageTokens:
    """The share of one message: the tokens of its content, and what became of it."""

    index: int
    role: Role
    tokens: int
    outcome: Literal["kept"] = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetReport:
    """The account of a budget: messages and overhead make the total; total, reserve, margin and remaining the limit."""

    messages: tuple[MessageTokens, ...]
    overhead: int
    total: TokenCount
    reserve: int
    margin: int
    max_tokens: int

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

    def explain(self) -> str:
        """Return the account as a table of text; of many messages the largest are shown one by one."""
        largest = sorted(self.messages, key=lambda message: (-message.tokens, message.index))[:SHOWN]
        rows: list[tuple[str, str, int, str]] = [
            (str(message.index), message.role, message.tokens, message.outcome)
            for message in sorted(largest, key=lambda message: message.index)
        ]
        others = len(self.messages) - len(largest)
        if others:
            smaller = sum(message.tokens for message in self.messages) - sum(message.tokens for message in largest)
            rows.append(("", f"{others} smaller", smaller, "kept"))
        rows += [("", "overhead", self.overhead, ""), ("", "total", int(self.total), self.exactness)]
        rows += [
            ("", name, tokens, "") for name, tokens in (("reserve", self.reserve), ("margin", self.margin)) if tokens
        ]
        rows += [("", "limit", self.max_tokens, ""), ("", "remaining", self.remaining, "")]
        return f"counted by {_engine(self.total)}\n{_table(rows)}"


def _engine(count: TokenCount) -> str:
    return f"{count.engine}, as {count.profile}" if count.profile else count.engine


def _table(rows: Sequence[tuple[str, str, int, str]]) -> str:
    index = max(len(row[0]) for row in rows)
    name = max(len(row[1]) for row in rows)
    number = max(len(f"{row[2]:,}") for row in rows)
    return "\n".join(f"  {row[0]:>{index}}  {row[1]:<{name}}  {row[2]:>{number},}  {row[3]}".rstrip() for row in rows)


@dataclass(frozen=True, slots=True)
class Budget:
    """At most *max_tokens*, of which *reserve* stays free for the answer.

    Tokens are those of the bundled *encoding*, or of *counter*: a TokenCounter, a `tiktoken.Encoding` or a function
    from text to int. Where the number is no exact one, *margin* tokens must stay free besides: without it such a
    budget is refused, since it would promise what nobody knows.
    """

    max_tokens: int
    reserve: int = 0
    encoding: str = DEFAULT
    counter: TokenCounter | Callable[[str], int] | None = None
    margin: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be a budget; no vocabulary is loaded here."""
        _check_number("max_tokens", self.max_tokens, at_least=1)
        _check_number("reserve", self.reserve, at_least=0)
        _check_number("margin", self.margin, at_least=0)
        if self.reserve + self.margin >= self.max_tokens:
            raise InvalidInputs(
                f"a budget of {self.max_tokens:,} tokens has no room beside its reserve of {self.reserve:,}"
                + (f" and its margin of {self.margin:,}" if self.margin else ""),
                hint=f"give max_tokens above {self.reserve + self.margin:,}, or reserve less",
            )
        if self.counter is None:
            check_name(self.encoding)
            return
        if self.encoding != DEFAULT:
            raise InvalidInputs(
                "a budget counts by its encoding or by its counter, not by both", hint="give one of them"
            )
        object.__setattr__(self, "counter", counter(self.counter))
        if self.token_counter.exactness != "exact":
            self._require_margin(self.token_counter.exactness, f"the counter {self.token_counter.name}")

    @property
    def token_counter(self) -> TokenCounter:
        """What counts: the counter, or the encoding, which is loaded now."""
        return counter(self.encoding if self.counter is None else self.counter)

    def measure(self, messages: Iterable[Message]) -> BudgetReport:
        """Return the account of *messages*, whether they fit or not.

        Raises `InvalidInputs` when the number is no exact one and the budget has no margin.
        """
        counted = tuple(messages)
        found = chat_count(counted, self.token_counter, OPENAI_CHAT)
        if found.total.exactness != "exact":
            self._require_margin(found.total.exactness, f"{_engine(found.total)}, for these messages,")
        return self._report(counted, found)

    def check(self, messages: Iterable[Message]) -> BudgetReport:
        """Return the account of *messages*, which fit; else `BudgetExceeded` shows the arithmetic.

        Text that is too long by its bytes alone is refused without being encoded.
        """
        counted = tuple(messages)
        self._refuse_by_bytes(counted)
        report = self.measure(counted)
        if report.remaining < 0:
            raise BudgetExceeded(
                f"the prompt takes {report.required:,} of {self.max_tokens:,} tokens: {-report.remaining:,} over\n"
                + report.explain(),
                hint=f"shorten it, or raise the limit: max_tokens={report.required} is the smallest that would do",
            )
        return report

    def _report(self, messages: Sequence[Message], found: ChatCount) -> BudgetReport:
        return BudgetReport(
            messages=tuple(
                MessageTokens(index, message.role, tokens)
                for index, (message, tokens) in enumerate(zip(messages, found.contents, strict=True))
            ),
            overhead=found.overhead,
            total=found.total,
            reserve=self.reserve,
            margin=self.margin,
            max_tokens=self.max_tokens,
        )

    def _refuse_by_bytes(self, messages: Sequence[Message]) -> None:
        """Stop before hostile text is encoded: no token of ours is longer than `LONGEST_TOKEN` bytes."""
        by = self.token_counter
        if not (isinstance(by, EncodingCounter) and by.bundled):
            return
        size = sum(utf8_length(message.text) for message in messages)
        at_least = -(-size // LONGEST_TOKEN)
        if at_least + self.reserve + self.margin > self.max_tokens:
            raise BudgetExceeded(
                f"the prompt takes more than the {self.max_tokens:,} tokens of its budget: its {size:,} bytes of text "
                f"are at least {at_least:,} tokens, and {self.reserve + self.margin:,} are reserved",
                hint=f"no token is longer than {LONGEST_TOKEN} bytes, so the text was not counted; shorten it first",
            )

    def _require_margin(self, exactness: Exactness, what: str) -> None:
        if not self.margin:
            raise InvalidInputs(
                f"{what} tells {'an estimate' if exactness == 'estimate' else 'a number of its provider'}, "
                "and a budget without margin would promise an exact one",
                hint=f"say how far it may be off: Budget({self.max_tokens}, margin={max(1, self.max_tokens // 10)})",
            )


def _check_number(name: str, value: object, *, at_least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise InvalidInputs(f"{name} of a budget is {value!r:.80}", hint=f"it is an int, {at_least} or more")
