"""What lint is made of: rules, what they find, and how a file is mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from promptlib.errors import NotFound, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptlib.errors import Where
    from promptlib.lint.subject import Subject

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of a file, from `start` up to `end`, and the text that takes their place."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends a file: in words, and edit by edit. Whether its digest changes is told when it is applied."""

    what: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Words of a file, others that could take their place, and why: a person decides, and `--fix` leaves them alone."""

    words: str
    rewording: str
    reason: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule says of one place: what is wrong, and what to do."""

    where: Where
    message: str
    advice: str
    fix: Fix | None = None
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found: by which rule, in which prompt, at which place of its file, and what to do about it.

    `where` says file, line and column (from 1), and holds the line itself for a picture with a caret. `fix` is None
    where a person has to decide; `suggestion` is other words to decide on, where the rule knows some.
    """

    rule: str
    severity: Severity
    name: str
    where: Where
    message: str
    advice: str
    fix: Fix | None = None
    suggestion: Suggestion | None = None

    def __str__(self) -> str:
        """Return place, rule and message on one line."""
        return f"{self.where}: {self.rule}: {self.message}"

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain data."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "name": self.name,
            "file": self.where.source,
            "line": self.where.line,
            "column": self.where.column,
            "width": self.where.width,
            "text": self.where.text,
            "message": self.message,
            "advice": self.advice,
            "fix": self.fix.what if self.fix else None,
            "suggestion": self.suggestion.rewording if self.suggestion else None,
        }


Check: TypeAlias = "Callable[[Subject], Iterable[Hit]]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that lint looks for.

    `id` is a word that never changes, `family` the module that it lives in. `on` says whether it looks unless it is
    told to. `fixes` says that some of what it finds can be mended by `--fix`, `chains` that it looks at chains too.
    """

    id: str
    family: str
    summary: str
    severity: Severity
    on: bool
    fixes: bool
    chains: bool
    check: Check

    def to_dict(self) -> dict[str, object]:
        """Return the rule as plain data."""
        return {
            "id": self.id,
            "family": self.family,
            "summary": self.summary,
            "severity": self.severity,
            "on": self.on,
            "fixes": self.fixes,
            "chains": self.chains,
        }


class Family:
    """The rules of one module, in the order in which they are written."""

    def __init__(self, name: str) -> None:
        """Begin without rules."""
        self.name = name
        self._rules: list[Rule] = []

    def __iter__(self) -> Iterator[Rule]:
        """Iterate over the rules."""
        return iter(self._rules)

    def rule(
        self,
        name: str,
        summary: str,
        *,
        severity: Severity = "warning",
        on: bool = True,
        fixes: bool = False,
        chains: bool = False,
    ) -> Callable[[Check], Check]:
        """Make a rule of the function below."""

        def keep(check: Check) -> Check:
            self._rules.append(Rule(name, self.name, summary, severity, on, fixes, chains, check))
            return check

        return keep


def unknown_rule(name: str, known: Iterable[str]) -> NotFound:
    """Return the error for a word that names no rule."""
    hint = f"{nearest(name, known)} all rules: promptlib explain".strip()
    return NotFound(f"no rule {name!r:.80}", hint=hint)
