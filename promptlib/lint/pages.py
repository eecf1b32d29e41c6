"""The page of each rule: why it is there, a bad and a good example, its source, and how to silence it.

The pages are data of the package. docs/reference/lint/ shows the same files, and the tests run their examples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from promptlib.lint.linting import IDS, RULES
from promptlib.lint.rule import unknown_rule

if TYPE_CHECKING:
    from promptlib.lint.rule import Rule

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """What is written about a rule."""

    rule: Rule
    text: str

    @property
    def sections(self) -> dict[str, str]:
        """The sections by their titles: Why, Bad, Good, Source, Silence."""
        _, *parts = _SECTION.split(self.text)
        return {title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}


def page(rule: str) -> Page:
    """Return the page of *rule*; raises `NotFound`, with the nearest, where there is no such rule."""
    if rule not in IDS:
        raise unknown_rule(rule, IDS)
    found = RULES[IDS.index(rule)]
    return Page(found, (files("promptlib.lint") / "pages" / f"{rule}.md").read_text(encoding="utf-8"))
