"""The rows that a difference between two prompts is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from promptlib.plain import thaw

if TYPE_CHECKING:
    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.counts import TokenChange
    from promptlib.plain import Plain

Edit = Literal["same", "removed", "added"]
Change = Literal["same", "added", "removed", "changed"]
Layer = Literal["settings", "tools", "includes", "segments", "metadata", "steps"]
Aspect = Literal["input", "type", "default", "required", "description", "demographic"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words that both texts have, or that only one of them has."""

    edit: Edit
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChange:
    """One message, placeholder or prelude in both prompts, or in one of them.

    `role` is a message's role, `placeholder` or `prelude`; `name` is a placeholder's input. `before` and `after` are
    positions from 1, None where there is no such message. The `same` and `removed` stretches joined are the old
    text, the `same` and `added` ones the new text. An added message whose words were taken out of another one tells
    as `split_from` that one's old position; a removed one whose words were put into another tells as `merged_into`
    that one's new position.
    """

    change: Change
    role: str
    name: str = ""
    before: int | None = None
    after: int | None = None
    moved: bool = False
    old_role: str = ""
    literal: bool = False
    was_literal: bool = False
    split_from: int | None = None
    merged_into: int | None = None
    words: tuple[Stretch, ...] = ()

    @property
    def old_text(self) -> str | None:
        """The source text before, or None where there was no such message."""
        return None if self.before is None else "".join([word.text for word in self.words if word.edit != "added"])

    @property
    def new_text(self) -> str | None:
        """The source text after, or None where there is no such message any more."""
        return None if self.after is None else "".join([word.text for word in self.words if word.edit != "removed"])

    @property
    def tokens(self) -> TokenChange:
        """The tokens of the source text before and after, by o200k_base; `PromptDiff.count` takes other encodings."""
        from promptlib.diff.counts import change_of  # noqa: PLC0415 - only numbers need a tokenizer

        return change_of(self.old_text, self.new_text)

    @property
    def reworded(self) -> bool:
        """Whether the message is in both prompts with another text."""
        return self.change == "changed" and any(stretch.edit != "same" for stretch in self.words)

    @property
    def title(self) -> str:
        """What it is, in words: `user message 2`, `placeholder history`."""
        if self.role == "placeholder":
            return f"placeholder {self.name}"
        return "prelude" if self.role == "prelude" else f"{self.role} message {self.after or self.before}"

    @property
    def summary(self) -> str:
        """What happened to it, in words: `moved from 3, reworded`."""
        if self.change != "changed":
            split = f", split from {self.split_from}" if self.split_from else ""
            return self.change + (f", merged into {self.merged_into}" if self.merged_into else split)
        parts = [
            f"moved from {self.before}" if self.moved else "",
            f"role was {self.old_role}" if self.old_role else "",
            "" if self.literal == self.was_literal else f"now {'literal' if self.literal else 'a template'}",
            "reworded" if self.reworded else "",
        ]
        return ", ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, object]:
        """Return the row as JSON data; `words` is a list of `[edit, text]`."""
        return {
            "change": self.change,
            "role": self.role,
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "moved": self.moved,
            "reworded": self.reworded,
            "old_role": self.old_role or self.role,
            "literal": self.literal,
            "was_literal": self.was_literal,
            "split_from": self.split_from,
            "merged_into": self.merged_into,
            "words": [[stretch.edit, stretch.text] for stretch in self.words],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChange:
    """One aspect of one input or output, such as its type or its default.

    `path` reaches into objects (`customer.age`), lists (`turns[].text`) and maps (`scores{}`). `breaking` says
    whether code that was right before can fail now, and `reason` why or why not. A description is no content, and
    neither is what an input tells of a person's group.
    """

    path: str
    aspect: Aspect
    change: Change
    before: str = ""
    after: str = ""
    breaking: bool = False
    reason: str = ""

    @property
    def content(self) -> bool:
        """Whether the digest depends on it."""
        return self.aspect not in ("description", "demographic")

    def to_dict(self) -> dict[str, object]:
        """Return the row as JSON data."""
        return {
            "path": self.path,
            "aspect": self.aspect,
            "change": self.change,
            "before": self.before,
            "after": self.after,
            "breaking": self.breaking,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One value of the settings, the tools, the includes, the segments or the metadata.

    `path` reaches into mappings with dots. `content` says whether the digest depends on it: never for metadata, and
    not for an include whose pin has another name for the same digest. `breaking` says whether code that reads the
    answers can fail now, and `reason` why or why not, where that is worth a word.
    """

    layer: Layer
    path: str
    change: Change
    before: Plain = None
    after: Plain = None
    content: bool = True
    breaking: bool = False
    reason: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the row as JSON data."""
        return {
            "path": self.path,
            "change": self.change,
            "before": thaw(self.before),
            "after": thaw(self.after),
            "content": self.content,
            "breaking": self.breaking,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludeChange(FieldChange):
    """An include that came, went, or is pinned to another content or name.

    `path` is the alias; of what is included by an include both aliases, with a dot. `before` and `after` are pins,
    `name#<64 hex>`; `old_version` and `new_version` are their numbers where the store can tell (`v3`, else an empty
    text). `difference` is what that changes, None where the content is the same, or one of the two is not at hand.
    """

    old_version: str = ""
    new_version: str = ""
    difference: PromptDiff | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the row as JSON data; `difference` is a whole document, or null."""
        return {
            **FieldChange.to_dict(self),
            "old_version": self.old_version,
            "new_version": self.new_version,
            "difference": None if self.difference is None else self.difference.to_dict(),
        }
