"""The page of each lesson: what there is to read, the task, the broken prompt, hints, the reason, an answer.

The pages are data of the package. docs/lessons/ shows the same files, and the tests check their prompts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r'^```prompty(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^\d+\. ", re.MULTILINE)
#: The sections of every page, in their order.
SECTIONS = ("Task", "Broken", "Hints", "Checked", "Answer", "Why", "Source")


class Block(NamedTuple):
    """A prompt of a page, and the file that it stands for (an empty text where none is said)."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What is written about a lesson, as Markdown."""

    lesson: str
    text: str

    @property
    def title(self) -> str:
        """The first line, without its sign."""
        return self.text.partition("\n")[0].removeprefix("# ")

    @property
    def reading(self) -> str:
        """What stands between the title and the task."""
        return _SECTION.split(self.text, maxsplit=1)[0].partition("\n")[2].strip()

    @property
    def sections(self) -> dict[str, str]:
        """The sections by their titles: `SECTIONS`."""
        _, *parts = _SECTION.split(self.text)
        return {title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints, each says more than the one before."""
        return tuple(each.strip() for each in _STEP.split(self.sections["Hints"])[1:])

    def blocks(self, section: str) -> tuple[Block, ...]:
        """Return the prompts of a section, in their order."""
        return tuple(Block(*each) for each in _BLOCK.findall(self.sections[section] + "\n"))

    @property
    def broken(self) -> str:
        """The text of the file that is to be mended: the last one of its section."""
        return self.blocks("Broken")[-1].text

    @property
    def answer(self) -> str:
        """The text of the model answer: the last one of its section."""
        return self.blocks("Answer")[-1].text


def page_of(lesson: str) -> Page:
    """Return the page of the lesson of that name, which there is."""
    return Page(lesson, (files("promptlib.learn") / "pages" / f"{lesson}.md").read_text(encoding="utf-8"))
