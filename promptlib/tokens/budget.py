"""A budget: how many tokens a prompt may take, the promise that it takes no more, and the account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import BudgetExceeded, InvalidInputs
from promptlib.tokens.chat import ChatCount, chat_count
from promptlib.tokens.counting import counter
from promptlib.tokens.fitting import Packed, Rules, pack, unshortened
from promptlib.tokens.memo import ALL_AT_ONCE, counts_of
from promptlib.tokens.profiles import DEFAULT_PROFILE, chat_profile
from promptlib.tokens.report import BudgetReport, MessageTokens, arithmetic, engine
from promptlib.tokens.turns import Steady
from promptlib.tokens.vocabulary import DEFAULT, LONGEST_TOKEN, EncodingCounter, check_name, utf8_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptlib.messages import Message
    from promptlib.segments import Stretch
    from promptlib.tokens.counts import Exactness, TokenCounter
    from promptlib.tokens.tokenizer import Tokenizer
    from promptlib.tokens.vocabulary import Encoding


# In bytes: a longer text is refused by its size alone; a shorter one is counted, so that the error can tell how much.
UNCOUNTED = 1 << 20
# In bytes of UTF-8.
LONGEST_CHARACTER = 4


class Fit(NamedTuple):
    """Messages that fit a budget, the account of it, and the numbers that they had among those that were given."""

    messages: tuple[Message, ...]
    report: BudgetReport
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """At most *max_tokens*, of which *reserve* stays free for the answer.

    Tokens are those of the bundled *encoding*, or of *counter*: a TokenCounter, a `tiktoken.Encoding`, a
    `tokenizers.Tokenizer` or a function from text to int; *profile* names what a chat adds around its messages. Where
    the number is no exact one, *margin* tokens must stay free besides: without it such a budget is refused, since it
    would promise what nobody knows.

    *low_water* says how far down a thread is cut that must be cut: to a share of the room that it has, such as 0.75, or
    an int, which stands for its share of what messages may take. *grid* says at which of its messages: every so many,
    counted from its beginning. Both keep the beginning unchanged for some turns, so that a provider's prefix cache
    survives; without either as much is kept as fits.
    """

    max_tokens: int
    reserve: int = 0
    encoding: str = DEFAULT
    counter: TokenCounter | Encoding | Tokenizer | Callable[[str], int] | None = None
    margin: int = 0
    low_water: float | None = None
    grid: int | None = None
    profile: str = DEFAULT_PROFILE

    @classmethod
    def for_model(
        cls,
        name: str,
        max_tokens: int,
        reserve: int = 0,
        *,
        margin: int = 0,
        low_water: float | None = None,
        grid: int | None = None,
    ) -> Budget:
        """Return a budget that counts as the model *name* does: by its encoding and its chat profile.

        A model without a public tokenizer is counted by an estimate, which needs a *margin*. Raises `UnknownEncoding`
        for a name that is not in the table of models.
        """
        from promptlib.tokens.models import model  # noqa: PLC0415 - a table for those who ask by name

        found = model(name)
        return cls(
            max_tokens,
            reserve,
            encoding=found.encoding or DEFAULT,
            counter=None if found.encoding else found.counter,
            margin=margin,
            low_water=low_water,
            grid=grid,
            profile=found.profile or DEFAULT_PROFILE,
        )

    def __post_init__(self) -> None:
        """Refuse what cannot be a budget; no vocabulary is loaded here."""
        _check_number("max_tokens", self.max_tokens, at_least=1)
        _check_number("reserve", self.reserve, at_least=0)
        _check_number("margin", self.margin, at_least=0)
        if self.limit <= 0:
            raise InvalidInputs(
                f"a budget of {self.max_tokens:,} tokens has no room beside its reserve of {self.reserve:,}"
                + (f" and its margin of {self.margin:,}" if self.margin else ""),
                hint=f"give max_tokens above {self.reserve + self.margin:,}, or reserve less",
            )
        if self.grid is not None:
            _check_number("grid", self.grid, at_least=1)
        if self.low_water is not None:
            _check_low_water(self.low_water, self.limit)
        chat_profile(self.profile)
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
    def limit(self) -> int:
        """The tokens that messages may take: max_tokens without reserve and margin."""
        return self.max_tokens - self.reserve - self.margin

    @property
    def token_counter(self) -> TokenCounter:
        """What counts: the counter, or the encoding, which is loaded now."""
        return counter(self.encoding if self.counter is None else self.counter)

    def measure(self, messages: Iterable[Message]) -> BudgetReport:
        """Return the account of *messages*, whether they fit or not.

        Raises `InvalidInputs` when the number is no exact one and the budget has no margin.
        """
        counted = tuple(messages)
        return self._report(counted, self._counted(counted))

    def check(self, messages: Iterable[Message]) -> BudgetReport:
        """Return the account of *messages*, which fit as they are; else `BudgetExceeded` shows the arithmetic.

        Text that is too long by its bytes alone is refused without being encoded.
        """
        return self.fit(messages).report

    def fit(self, messages: Iterable[Message], stretches: Sequence[Stretch] = ()) -> Fit:
        """Return *messages*, shortened where *stretches* allow it so that they fit, and the account.

        Nothing changes when everything fits. Of the stretches those of higher priority stay longer, among equals the
        first; the result was counted as a whole. Raises `BudgetExceeded`, with the arithmetic and the smallest budget
        that would do, when what must stay does not fit, and `InvalidInputs` like `measure`.
        """
        given = tuple(messages)
        self._refuse_by_bytes(given, stretches)
        rules = Rules(counts_of(self.token_counter), chat_profile(self.profile), self._steady())
        found = self._whole(given, stretches, rules) or pack(given, stretches, rules, self.limit)
        self._check_exactness(found.count)
        report = self._report(found.messages, found.count, found)
        if report.remaining < 0:
            raise _exceeded(report, cut=bool(stretches))
        return Fit(found.messages, report, found.numbers)

    def _whole(self, messages: Sequence[Message], stretches: Sequence[Stretch], rules: Rules) -> Packed | None:
        """Return *messages* as they are, if a look at their size says that they may fit, and a count that they do."""
        if stretches:
            if any(each.segment.max_tokens is not None for each in stretches):
                return None
            most = self.limit * ALL_AT_ONCE
            if sum(len(message.text) for message in messages) > most:
                return None
            if sum(utf8_length(message.text) for message in messages) > most:
                return None
        found = unshortened(messages, stretches, rules)
        return found if not stretches or int(found.count.total) <= self.limit else None

    def _steady(self) -> Steady:
        if self.low_water is None:
            return Steady(None, self.grid)
        share = self.low_water if isinstance(self.low_water, float) else self.low_water / self.limit
        return Steady(share, self.grid)

    def _counted(self, messages: Sequence[Message]) -> ChatCount:
        found = chat_count(messages, self.token_counter, chat_profile(self.profile))
        self._check_exactness(found)
        return found

    def _check_exactness(self, found: ChatCount) -> None:
        if found.total.exactness != "exact":
            self._require_margin(found.total.exactness, f"{engine(found.total)}, for these messages,")

    def _report(self, messages: Sequence[Message], found: ChatCount, packed: Packed | None = None) -> BudgetReport:
        shortened = packed.shortened if packed else frozenset()
        report = BudgetReport(
            messages=tuple(
                MessageTokens(index, message.role, tokens, "truncated" if index in shortened else "kept")
                for index, (message, tokens) in enumerate(zip(messages, found.contents, strict=True))
            ),
            overhead=found.overhead,
            total=found.total,
            reserve=self.reserve,
            margin=self.margin,
            max_tokens=self.max_tokens,
        )
        if packed is None or not packed.stretches:
            return report
        return replace(report, _segments=packed.segments, _stable=packed.stable)

    def _refuse_by_bytes(self, messages: Sequence[Message], stretches: Sequence[Stretch]) -> None:
        """Stop before hostile text is encoded: no token of ours is longer than `LONGEST_TOKEN` bytes."""
        by = self.token_counter
        if not (isinstance(by, EncodingCounter) and by.bundled):
            return
        if sum(len(message.text) for message in messages) * LONGEST_CHARACTER <= UNCOUNTED:
            return
        size = sum(utf8_length(text) for text in _outside(messages, stretches))
        at_least = -(-size // LONGEST_TOKEN)
        if size > UNCOUNTED and at_least > self.limit:
            raise BudgetExceeded(
                f"the prompt takes more than the {self.max_tokens:,} tokens of its budget: its {size:,} bytes of text "
                + ("outside of segments " if stretches else "")
                + f"are at least {at_least:,} tokens, and {self.reserve + self.margin:,} are reserved",
                hint=f"no token is longer than {LONGEST_TOKEN} bytes, so the text was not counted; shorten it first",
            )

    def _require_margin(self, exactness: Exactness, what: str) -> None:
        if not self.margin:
            share = getattr(self.token_counter, "suggested_margin", 0.1)
            # What was counted may be so much more in truth: both together are to be the room.
            margin = max(1, ceil((self.max_tokens - self.reserve) * share / (1 + share)))
            raise InvalidInputs(
                f"{what} tells {'an estimate' if exactness == 'estimate' else 'a number of its provider'}, "
                "and a budget without margin would promise an exact one",
                hint=f"say how far it may be off: Budget({self.max_tokens}, margin={margin})",
            )


def _outside(messages: Sequence[Message], stretches: Sequence[Stretch]) -> Iterable[str]:
    """Yield the texts of *messages* that are in none of *stretches*."""
    if not stretches:
        yield from (message.text for message in messages)
        return
    threads = {at for each in stretches for at in range(each.message, each.message + each.messages)}
    inside: dict[int, list[Stretch]] = {}
    for each in stretches:
        inside.setdefault(each.message, []).append(each)
    for at, message in enumerate(messages):
        if at not in threads:
            begin = 0
            for each in sorted(inside.get(at, ()), key=lambda each: each.start):
                yield message.text[begin : each.start]
                begin = each.end
            yield message.text[begin:]


def _exceeded(report: BudgetReport, *, cut: bool) -> BudgetExceeded:
    over = f"of {report.max_tokens:,} tokens"
    what = f"the prompt takes {report.required:,} {over}: {-report.remaining:,} over"
    hint = f"shorten it, or raise the limit: max_tokens={report.required} is the smallest that would do"
    if cut:
        what = f"what must stay takes {report.required:,} {over}: {-report.remaining:,} over"
        hint = (
            "shorten what stands outside of segments, lower their min_tokens, or raise the limit: "
            f"max_tokens={report.required} is the smallest that would do"
        )
    return BudgetExceeded(f"{what}\n{arithmetic(report)}", hint=hint, smallest=report.required)


def _check_number(name: str, value: object, *, at_least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise InvalidInputs(f"{name} of a budget is {value!r:.80}", hint=f"it is an int, {at_least} or more")


def _check_low_water(value: object, limit: int) -> None:
    if isinstance(value, float) and 0 < value < 1:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < limit:
        raise InvalidInputs(
            f"low_water of a budget is {value!r:.80}",
            hint=f"it is an int below the {limit:,} tokens that messages may take, or a share such as 0.75",
        )
