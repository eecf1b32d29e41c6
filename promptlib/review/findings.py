"""What a review found, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from promptlib.diff import PromptDiff
    from promptlib.lineage import Graph
    from promptlib.review.tracing import Touched
    from promptlib.store.movement import MovedNumber
    from promptlib.version import Version

PromptFate: TypeAlias = Literal["added", "changed", "renamed", "removed"]
LabelFate: TypeAlias = Literal["added", "moved", "removed"]
#: Characters that a comment on a forge may have: GitHub takes 65,536.
LONGEST = 65_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptReview:
    """What happened to one prompt.

    `before` and `after` are the versions at both ends, None where there is none; `versions` those that were made in
    between, oldest first. `difference` is None for a prompt that went, and where a file cannot be read: then `error`
    says why. `impact` is who includes it or derives from it now, under its name and labels at the head.
    """

    name: str
    change: PromptFate
    old_name: str = ""
    before: Version | None = None
    after: Version | None = None
    versions: tuple[Version, ...] = ()
    difference: PromptDiff | None = None
    error: str = ""
    impact: tuple[Touched, ...] = ()

    @property
    def breaking(self) -> bool:
        """Whether code that uses it can fail: by what changed, or because the name is gone or cannot be read."""
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is breaking, one sentence for each cause."""
        if self.error:
            return (f"it cannot be read: {self.error}",)
        if self.change == "removed":
            return ("the name is gone: a load of it fails",)
        gone = (f"the name {self.old_name} is gone: a load of it fails",) if self.old_name else ()
        return (*gone, *(self.difference.reasons if self.difference else ()))

    @property
    def newly_trusted(self) -> bool:
        """Whether its words were foreign at the base, and at the head its template may do what one's own may."""
        before, after = self.difference.prompts if self.difference else (None, None)
        return before is not None and after is not None and (before.trust, after.trust) == (FOREIGN, OWN)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data; the shape is in docs/reference/json.md."""
        return {
            "name": self.name,
            "change": self.change,
            "old_name": self.old_name or None,
            "before": self.before.ref if self.before else None,
            "after": self.after.ref if self.after else None,
            "versions": [version.ref for version in self.versions],
            "breaking": self.breaking,
            "reasons": list(self.reasons),
            "newly_trusted": self.newly_trusted,
            "error": self.error or None,
            "difference": self.difference.to_dict() if self.difference else None,
            "impact": [each.to_dict() for each in self.impact],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReview:
    """A label that moves: from which version to which, and the words that go live with that.

    `difference` is None for a label that is taken away, and where a file cannot be read: then `error` says why.
    """

    name: str
    label: str
    change: LabelFate
    before: Version | None = None
    after: Version | None = None
    difference: PromptDiff | None = None
    error: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON data; the shape is in docs/reference/json.md."""
        return {
            "name": self.name,
            "label": self.label,
            "change": self.change,
            "before": self.before.ref if self.before else None,
            "after": self.after.ref if self.after else None,
            "breaking": bool(self.difference and self.difference.breaking),
            "error": self.error or None,
            "difference": self.difference.to_dict() if self.difference else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What the commits from *base* to *head* change about the prompts of a store. True when they change any.

    `moved` are numbers of the base that mean something else at the head. `notes` say what is worth knowing besides,
    such as a history that is cut off. `lineage` holds the versions that
    were made, and what they came from and include.
    """

    base: str
    head: str
    prompts: tuple[PromptReview, ...] = ()
    labels: tuple[LabelReview, ...] = ()
    moved: tuple[MovedNumber, ...] = ()
    notes: tuple[str, ...] = ()
    lineage: Graph | None = None

    @property
    def breaking(self) -> bool:
        """Whether code that uses one of the prompts can fail."""
        return any(each.breaking for each in self.prompts)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is breaking, one sentence for each cause, with the prompt's name."""
        return tuple(f"{each.name}: {reason}" for each in self.prompts for reason in each.reasons)

    @property
    def token_change(self) -> int:
        """How many tokens more the prompts have that are there at both ends, by o200k_base, in their source texts."""
        both = (each.difference for each in self.prompts if each.before and each.difference)
        return sum(difference.tokens.change for difference in both)

    def __bool__(self) -> bool:
        """Return whether anything about prompts changed."""
        return bool(self.prompts or self.labels)

    def markdown(self, limit: int | None = LONGEST) -> str:
        """Return the review for a pull request, in at most *limit* characters (None: however long).

        What breaks comes first. Where it would be too long, the words of whole prompts are left out, the last ones
        first, and the text says so and how to see them. No text of a prompt, message or name can be more than text.
        """
        from promptlib.review.writing import as_markdown  # noqa: PLC0415 - a program may want the findings only

        return as_markdown(self, limit)

    def __str__(self) -> str:
        """Return `markdown()`."""
        return self.markdown()

    def to_dict(self) -> dict[str, object]:
        """Return the review as JSON data; the shape is in docs/reference/json.md."""
        return {
            "base": self.base,
            "head": self.head,
            "breaking": self.breaking,
            "reasons": list(self.reasons),
            "token_change": self.token_change,
            "prompts": [each.to_dict() for each in self.prompts],
            "labels": [each.to_dict() for each in self.labels],
            "moved": [each.to_dict() for each in self.moved],
            "notes": list(self.notes),
        }
