"""The result of rendering a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs
from promptlib.messages import File, Image, Text
from promptlib.rendering import providers
from promptlib.rendering.provenance import provenance_of

if TYPE_CHECKING:
    from promptlib.messages import Message, Part
    from promptlib.rendering.invisible import UnicodeReport
    from promptlib.rendering.provenance import Provenance, Source
    from promptlib.tokens import BudgetReport, Explanation, TokenCount


@dataclass(frozen=True, slots=True, init=False)
class RenderedPrompt:
    """The messages, ready to be sent. Two results with the same messages are equal.

    Tokens and provenance are computed when they are first read.
    """

    messages: tuple[Message, ...]
    #: The account of the budget, when one was given.
    report: BudgetReport | None = field(default=None, compare=False, repr=False)
    source: Source | None = field(default=None, compare=False, repr=False)
    # Empty until they are first read: most results are only sent.
    _tokens: TokenCount = field(init=False, compare=False, repr=False)
    _provenance: Provenance | None = field(init=False, compare=False, repr=False)
    _unicode: UnicodeReport = field(init=False, compare=False, repr=False)

    def __init__(
        self,
        *,
        messages: tuple[Message, ...],
        report: BudgetReport | None = None,
        source: Source | None = None,
        unicode: UnicodeReport | None = None,
    ) -> None:
        """Hold *messages*, the account of the budget, what they were made of, and what is invisible in that."""
        # The dataclass's own way costs as much as joining the text of a small prompt.
        _put_messages(self, messages)
        _put_report(self, report)
        _put_source(self, source)
        if unicode is not None:
            object.__setattr__(self, "_unicode", unicode)

    @property
    def text(self) -> str:
        """The texts of the messages, joined by blank lines: for one message, exactly its text."""
        return "\n\n".join([message.text for message in self.messages])

    @property
    def tokens(self) -> TokenCount:
        """How many tokens the messages take, the chat's overhead counted in: the budget's count, or o200k_base."""
        try:
            return self._tokens
        except AttributeError:
            object.__setattr__(self, "_tokens", self._counted())
        return self._tokens

    def _counted(self) -> TokenCount:
        if self.report is not None:
            return self.report.total
        from promptlib.tokens import count_messages  # noqa: PLC0415 - most results are never counted

        return count_messages(self.messages)

    @property
    def provenance(self) -> Provenance | None:
        """Where the messages came from; None for messages that no prompt made."""
        try:
            return self._provenance
        except AttributeError:
            found = provenance_of(self.source, self.messages, self.report) if self.source else None
            object.__setattr__(self, "_provenance", found)
        return self._provenance

    @property
    def unicode(self) -> UnicodeReport | None:
        """The invisible characters in the values, where `check_unicode=True` asked for them; else None."""
        try:
            return self._unicode
        except AttributeError:
            return None

    @property
    def stable_prefix_tokens(self) -> int | None:
        """The tokens at the beginning that were the same one turn ago (see `BudgetReport`); None without a budget."""
        return None if self.report is None else self.report.stable_prefix_tokens

    def explain(self) -> Explanation:
        """Return the account of the budget as a table and a bar; a notebook shows it as HTML.

        Raises `InvalidInputs` when the prompt was rendered without a budget.
        """
        if self.report is None:
            raise InvalidInputs(
                "this prompt was rendered without a budget, so there is no account",
                hint="render(…, budget=Budget(8_000)).explain()",
            )
        return self.report.explain()

    def to_openai(self) -> list[dict[str, object]]:
        """Return the `messages` for OpenAI's chat completions, and for the many services with the same API."""
        return providers.openai(self.messages)

    def to_openai_responses(self) -> list[dict[str, object]]:
        """Return the `input` for OpenAI's responses API."""
        return providers.openai_responses(self.messages)

    def to_anthropic(self) -> dict[str, object]:
        """Return the `messages` for Anthropic's API, and `system` when there is one: `create(**…to_anthropic())`."""
        return providers.anthropic(self.messages)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what was rendered and from what; the rest is computed again when it is read."""
        return _restored, (self.messages, self.report, self.source, self.unicode)

    def __str__(self) -> str:
        """Return the chat for people: each role on a line above its text."""
        return "\n\n".join([f"{message.role}:\n{_readable(message)}" for message in self.messages])

    def __repr__(self) -> str:
        """Say how many messages of which roles there are, never their text."""
        roles = ", ".join(message.role for message in self.messages[:_SHOWN])
        more = ", …" if len(self.messages) > _SHOWN else ""
        return f"RenderedPrompt({len(self.messages)} messages: {roles}{more})"

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 - its table of entities costs a start more than all of this package

        from promptlib.tables import TABLE  # noqa: PLC0415 - beside it

        rows = [
            f"<tr><th style='vertical-align:top;text-align:left'>{message.role}</th>"
            f"<td style='text-align:left;white-space:pre-wrap'>{escape(_readable(message))}</td></tr>"
            for message in self.messages
        ]
        return f"{TABLE}{''.join(rows)}</table>"


_SHOWN = 6
_put_messages, _put_report, _put_source = (
    RenderedPrompt.__dict__[name].__set__ for name in ("messages", "report", "source")
)


def _restored(
    messages: tuple[Message, ...],
    report: BudgetReport | None,
    source: Source | None,
    unicode: UnicodeReport | None,
) -> RenderedPrompt:
    return RenderedPrompt(messages=messages, report=report, source=source, unicode=unicode)


def _readable(message: Message) -> str:
    text = "".join(map(_readable_part, message.parts))
    calls = [f"[calls {call.name}({call.arguments})]" for call in message.tool_calls]
    return "\n".join([text, *calls] if text else calls) if calls else text


def _readable_part(part: Part) -> str:
    match part:
        case Text(text):
            return text
        case Image(url):
            return f"[image {url[:60]}]"
        case File(url, name):
            return f"[file {name or url[:60]}]"
