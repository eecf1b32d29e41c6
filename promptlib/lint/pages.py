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
_BLOCK = re.compile(
    r'^(?P<fence>`{3,})prompty(?: title="(?P<name>[^"]+)\.prompty")?\n(?P<body>.*?)^(?P=fence)$',
    re.MULTILINE | re.DOTALL,
)
#: What a file of an example is called that says no name.
EXAMPLE = "example"
#: Signs that a page cannot show, as it writes them.
_WRITTEN = {"␍": "\r", "␠": " ", "⟨U+200B⟩": "\u200b"}


@dataclass(frozen=True, slots=True)
class Example:
    """Files of an example in the order in which they are saved, by name; the last one is looked at."""

    files: tuple[tuple[str, str], ...]


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

    def example(self, title: str) -> Example:
        """Return the files of the section `Bad` or `Good`."""
        found = _BLOCK.finditer(self.sections[title] + "\n")
        return Example(tuple((match["name"] or EXAMPLE, _meant(match["body"])) for match in found))


def _meant(text: str) -> str:
    for written, meant in _WRITTEN.items():
        text = text.replace(written, meant)
    return text


def page(rule: str) -> Page:
    """Return the page of *rule*; raises `NotFound`, with the nearest, where there is no such rule."""
    if rule not in IDS:
        raise unknown_rule(rule, IDS)
    found = RULES[IDS.index(rule)]
    return Page(found, (files("promptlib.lint") / "pages" / f"{rule}.md").read_text(encoding="utf-8"))
