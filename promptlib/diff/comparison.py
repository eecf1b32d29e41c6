"""The difference between two prompts, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptlib.chain import Chain
from promptlib.diff import layout
from promptlib.diff.alignment import align
from promptlib.diff.bumped import compare_includes
from promptlib.diff.contract import compare_inputs, compare_outputs
from promptlib.diff.fields import compare_metadata, compare_segments, compare_settings, compare_tools
from promptlib.diff.steps import answers_of, compare_steps
from promptlib.errors import InvalidPrompt
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.diff.bumped import Compare
    from promptlib.diff.counts import DiffTokens
    from promptlib.diff.rows import FieldChange, IncludeChange, InputChange, MessageChange
    from promptlib.diff.steps import StepChange
    from promptlib.tokens.counting import Counting

ENCODING = "o200k_base"


@dataclass(frozen=True, slots=True)
class Side:
    """Which prompt stands on one side: its digest and, when it came from a store, its name and version."""

    digest: str
    name: str = ""
    version: str = ""

    def __str__(self) -> str:
        """Return `support/triage v3 (3f9c2a1b)`, as far as known."""
        short = self.digest.removeprefix("sha256:")[: layout.SHORT]
        return " ".join(part for part in (self.name, self.version, f"({short})") if part)

    def to_dict(self) -> dict[str, object]:
        """Return the side as JSON data."""
        return {"name": self.name, "version": self.version, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDiff:
    """What changed from one prompt to another, or from one chain to another, in rows.

    `messages` holds a row for every message, also the unchanged ones, in the order of the new prompt; all others hold
    only what differs. True when anything differs, be it only a description; `same` when the content, and so the
    digest, is the same. `before` is None for a new prompt. In a notebook it shows itself as `html()`.
    """

    before: Side | None
    after: Side
    messages: tuple[MessageChange, ...] = ()
    inputs: tuple[InputChange, ...] = ()
    outputs: tuple[InputChange, ...] = ()
    settings: tuple[FieldChange, ...] = ()
    tools: tuple[FieldChange, ...] = ()
    includes: tuple[IncludeChange, ...] = ()
    segments: tuple[FieldChange, ...] = ()
    #: Of chains, which have no messages, settings, tools, includes and segments of their own.
    steps: tuple[StepChange, ...] = ()
    metadata: tuple[FieldChange, ...] = ()
    #: The prompts or chains themselves, with what they include or run, for who counts tokens.
    prompts: tuple[Stored | None, Stored | None] = field(default=(None, None), repr=False, compare=False)

    @property
    def same(self) -> bool:
        """Whether both have the same digest: nothing that is sent or accepted differs."""
        return self.before is not None and self.before.digest == self.after.digest

    @property
    def breaking(self) -> bool:
        """Whether code that calls the old prompt, or reads its answers, can fail with the new one.

        False is a promise about inputs: every value that the old ones accepted, the new ones accept.
        """
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is breaking, one sentence for each cause."""
        return tuple(f"{what} {row.path!r}: {row.reason}" for what, row in self.causes)

    @property
    def causes(self) -> tuple[tuple[str, InputChange | FieldChange | StepChange], ...]:
        """The rows that are breaking, each with what it is: `input`, `output`, `setting`, `tool` or `step`."""
        layers: tuple[tuple[str, tuple[InputChange | FieldChange | StepChange, ...]], ...] = (
            ("input", self.inputs),
            ("output", self.outputs),
            ("setting", self.settings),
            ("tool", self.tools),
            ("step", self.steps),
        )
        return tuple((what, row) for what, rows in layers for row in rows if row.breaking)

    @property
    def tokens(self) -> DiffTokens:
        """The tokens before and after, and their change, by o200k_base: in all, of each message, of each include.

        Source texts are counted: values are not in it. They are counted when this is read.
        """
        return self.count()

    def count(self, encoding: Counting = ENCODING) -> DiffTokens:
        """Return `tokens` by another encoding or counter: whatever `count_tokens` takes."""
        from promptlib.diff.counts import tokens_of  # noqa: PLC0415 - only numbers need a tokenizer

        return tokens_of(self.messages, *self.prompts, encoding)

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        changed = any(row.change != "same" for row in self.messages)
        return changed or any(getattr(self, layer) for layer in _LAYERS)

    def text(self, width: int = 100, *, encoding: Counting = ENCODING) -> str:
        """Return the difference for people, without colours: what breaks, tokens, each layer, then the words.

        From 120 columns on reworded messages stand side by side. In less, message text is shown whole around what
        changed, as `[-removed-]{+added+}`; values that are longer than *width* are cut. Control and direction
        characters are shown as escapes.
        """
        return layout.as_text(self, width, encoding)

    def __str__(self) -> str:
        """Return `text()`."""
        return self.text()

    def html(self, *, page: bool = False, encoding: Counting = ENCODING) -> str:
        """Return the difference as HTML: a fragment with its own style, or with *page* a whole document.

        It needs no other file and runs no script, and takes light or dark from what is around it. Every text of the
        prompts is escaped.
        """
        from promptlib.diff.page import as_html  # noqa: PLC0415 - a terminal needs no page

        return as_html(self, self.count(encoding), page=page)

    def _repr_html_(self) -> str:
        """Return `html()`, which is what a notebook shows."""
        return self.html()

    def markdown(self, *, heading: int = 3, encoding: Counting = ENCODING) -> str:
        """Return the difference as Markdown for a pull request; *heading* is the level of its heading.

        Every text of the prompts stands in code, in a fence longer than any in it: nothing of it can be a heading, a
        link, a picture, a mention or HTML.
        """
        from promptlib.diff.markdown import as_markdown  # noqa: PLC0415 - a terminal needs no Markdown

        return as_markdown(self, self.count(encoding), heading)

    def to_dict(self, *, encoding: Counting = ENCODING) -> dict[str, object]:
        """Return the difference as JSON data: the fields of this class and of its rows, by name.

        `before` and `after` are `{name, version, digest}` (`before` null for a new prompt); `same`, `breaking`,
        `reasons` and `tokens` stand beside the lists of rows `messages, inputs, outputs, settings, tools, includes,
        segments, steps, metadata`. Each message has its `tokens` too.
        """
        tokens = self.count(encoding).to_dict()
        costs = tokens.pop("messages")
        messages = [
            {**row.to_dict(), "tokens": cost}
            for row, cost in zip(self.messages, costs if isinstance(costs, list) else [], strict=True)
        ]
        return {
            "before": self.before.to_dict() if self.before else None,
            "after": self.after.to_dict(),
            "same": self.same,
            "breaking": self.breaking,
            "reasons": list(self.reasons),
            "tokens": tokens,
            "messages": messages,
        } | {layer: [row.to_dict() for row in getattr(self, layer)] for layer in _LAYERS}


#: The rows besides the messages, in their order.
_LAYERS = ("inputs", "outputs", "settings", "tools", "includes", "segments", "steps", "metadata")


def diff(before: Stored | None, after: Stored) -> PromptDiff:
    """Return what changed from *before* to *after*; for a new prompt, with None before it, everything is added.

    Two chains are compared as two prompts are; a prompt and a chain have nothing in common: `InvalidPrompt`.

    Prompts are compared, not their files: another order of inputs, other quotes or comments make no difference.
    """

    def inside(old: Prompt[Any] | None, new: Prompt[Any]) -> PromptDiff:
        return _compared(old, new, None)

    if isinstance(after, Prompt) and (before is None or isinstance(before, Prompt)):
        return _compared(before, after, inside)
    if isinstance(after, Chain) and (before is None or isinstance(before, Chain)):
        return _chains(before, after, inside)
    kinds = ("a chain", "a prompt") if isinstance(before, Chain) else ("a prompt", "a chain")
    raise InvalidPrompt(
        f"{kinds[0]} and {kinds[1]} cannot be compared: {_side(before)}, {_side(after)}" if before else "",
        hint="promptlib show REF tells each by itself",
    )


def _chains(before: Chain[Any] | None, after: Chain[Any], inside: Compare) -> PromptDiff:
    return PromptDiff(
        before=_side(before) if before else None,
        after=_side(after),
        inputs=compare_inputs(before.inputs if before else None, after.inputs),
        outputs=compare_outputs(answers_of(before) if before else None, answers_of(after)),
        steps=compare_steps(before, after, inside),
        metadata=compare_metadata(before, after),
        prompts=(before, after),
    )


def _compared(before: Prompt[Any] | None, after: Prompt[Any], inside: Compare | None) -> PromptDiff:
    return PromptDiff(
        before=_side(before) if before else None,
        after=_side(after),
        messages=align(before.messages if before else (), after.messages),
        inputs=compare_inputs(before.inputs if before else None, after.inputs),
        outputs=compare_outputs(before.outputs if before else None, after.outputs),
        settings=compare_settings(before, after),
        tools=compare_tools(before, after),
        includes=compare_includes(before, after, inside),
        segments=compare_segments(before, after),
        metadata=compare_metadata(before, after),
        prompts=(before, after),
    )


def _side(prompt: Stored) -> Side:
    version = prompt.origin.version if prompt.origin and prompt.origin.digest == prompt.digest else None
    return Side(prompt.digest, prompt.name, version or "")
