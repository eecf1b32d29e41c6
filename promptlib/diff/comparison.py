"""The difference between two prompts, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib.diff import layout
from promptlib.diff.alignment import align
from promptlib.diff.contract import compare_inputs, compare_outputs
from promptlib.diff.fields import (
    compare_includes,
    compare_metadata,
    compare_segments,
    compare_settings,
    compare_tools,
)

if TYPE_CHECKING:
    from promptlib.diff.rows import FieldChange, InputChange, MessageChange
    from promptlib.prompt import Prompt


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
    """What changed from one prompt to another, in rows.

    `messages` holds a row for every message, also the unchanged ones, in the order of the new prompt; all others hold
    only what differs. True when anything differs, be it only a description; `same` when the content, and so the
    digest, is the same. `before` is None for a new prompt.
    """

    before: Side | None
    after: Side
    messages: tuple[MessageChange, ...] = ()
    inputs: tuple[InputChange, ...] = ()
    outputs: tuple[InputChange, ...] = ()
    settings: tuple[FieldChange, ...] = ()
    tools: tuple[FieldChange, ...] = ()
    includes: tuple[FieldChange, ...] = ()
    segments: tuple[FieldChange, ...] = ()
    metadata: tuple[FieldChange, ...] = ()

    @property
    def same(self) -> bool:
        """Whether both have the same digest: nothing that is sent or accepted differs."""
        return self.before is not None and self.before.digest == self.after.digest

    @property
    def breaking(self) -> bool:
        """Whether code that calls the old prompt, or reads its answers, can fail with the new one."""
        return any(row.breaking for row in (*self.inputs, *self.outputs))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is breaking, one sentence for each cause."""
        rows = (*(("input", row) for row in self.inputs), *(("output", row) for row in self.outputs))
        return tuple(f"{what} {row.path!r}: {row.reason}" for what, row in rows if row.breaking)

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        changed = any(row.change != "same" for row in self.messages)
        return changed or any(getattr(self, layer) for layer in _LAYERS)

    def text(self, width: int = 100) -> str:
        """Return the difference for people, without colours: metadata, inputs, settings, then the words.

        Values that are longer than *width* are cut; message text is shown whole around what changed, as
        `[-removed-]{+added+}`. Control and direction characters are shown as escapes.
        """
        return layout.as_text(self, width)

    def __str__(self) -> str:
        """Return `text()`."""
        return self.text()

    def to_dict(self) -> dict[str, object]:
        """Return the difference as JSON data: the fields of this class and of its rows, by name.

        `before` and `after` are `{name, version, digest}` (`before` null for a new prompt); `same`, `breaking` and
        `reasons` stand beside the lists of rows `messages, inputs, outputs, settings, tools, includes, segments,
        metadata`.
        """
        return {
            "before": self.before.to_dict() if self.before else None,
            "after": self.after.to_dict(),
            "same": self.same,
            "breaking": self.breaking,
            "reasons": list(self.reasons),
        } | {layer: [row.to_dict() for row in getattr(self, layer)] for layer in ("messages", *_LAYERS)}


#: The rows besides the messages, in their order.
_LAYERS = ("inputs", "outputs", "settings", "tools", "includes", "segments", "metadata")


def diff(before: Prompt[Any] | None, after: Prompt[Any]) -> PromptDiff:
    """Return what changed from *before* to *after*; for a new prompt, with None before it, everything is added.

    Prompts are compared, not their files: another order of inputs, other quotes or comments make no difference.
    """
    return PromptDiff(
        before=_side(before) if before else None,
        after=_side(after),
        messages=align(before.messages if before else (), after.messages),
        inputs=compare_inputs(before.inputs, after.inputs) if before else compare_inputs(None, after.inputs),
        outputs=compare_outputs(before.outputs, after.outputs) if before else compare_outputs(None, after.outputs),
        settings=compare_settings(before, after),
        tools=compare_tools(before, after),
        includes=compare_includes(before, after),
        segments=compare_segments(before, after),
        metadata=compare_metadata(before, after),
    )


def _side(prompt: Prompt[Any]) -> Side:
    version = prompt.origin.version if prompt.origin and prompt.origin.digest == prompt.digest else None
    return Side(prompt.digest, prompt.name, version or "")
