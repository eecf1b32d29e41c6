"""A prompt as search sees it: its words, by where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol, get_args

from promptlib.errors import PromptLibError
from promptlib.query.hits import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: tuple[Column, ...] = get_args(Column)
_PARTS = re.compile(r"[/._-]+")
#: What git, forges and importers write of themselves: words of no change.
_ABOUT_ITSELF = re.compile(
    r"^(?:Merge (?:pull request|branch|remote-tracking branch|tag|commit) .*|[A-Z][a-z]+(?:-[A-Za-z]+)+: .*)$",
    re.MULTILINE,
)
_ROLE_LINE = re.compile(r"^(?:system|developer|user|assistant|tool):\r?$", re.MULTILINE)


class Document(NamedTuple):
    """The texts of one version, in the order of `FIELDS`: of its name the folders, with the last segment as title."""

    name: str
    title: str = ""
    description: str = ""
    tags: str = ""
    inputs: str = ""
    body: str = ""
    message: str = ""


def title_of(name: str) -> str:
    """Return the last segment of *name* as words: what people read."""
    return _PARTS.sub(" ", name.rpartition("/")[2]).strip()


class Said(Protocol):
    """What a prompt's front matter says, as the index remembers it."""

    @property
    def title(self) -> str:
        """A title beside its name."""

    @property
    def description(self) -> str:
        """What it is for."""

    @property
    def tags(self) -> Sequence[str]:
        """What it is filed under."""

    @property
    def inputs(self) -> Sequence[str]:
        """The inputs that it declares."""

    @property
    def kind(self) -> str:
        """What it is, where it is no prompt."""


def document(name: str, said: Said, data: bytes, message: str = "") -> Document:
    """Return what is searched of the prompt *name*, whose file is *data* and says what is *said*."""
    from promptlib.codec.outlining import outline  # noqa: PLC0415 - hits are values, and need no codec

    inputs = outline(data).inputs if said.inputs else ()
    return Document(
        name=name.rpartition("/")[0],
        title=f"{title_of(name)} {said.title}".strip(),
        description=said.description,
        tags="\n".join(said.tags),
        inputs="\n".join(f"{each.name} {each.description}".rstrip() for each in inputs),
        body=_steps_of(data) if said.kind else body_of(data),
        message=_ABOUT_ITSELF.sub("", message),
    )


def _steps_of(data: bytes) -> str:
    """Return what a chain says below its front matter, which is nothing: its steps, and whom each of them asks."""
    from promptlib.codec.outlining import outline  # noqa: PLC0415 - hits are values, and need no codec

    told = outline(data)
    steps = {**told.includes, **(told.follows or {})}
    return "\n".join(f"{step}: {str(asked).partition('#')[0]}" for step, asked in steps.items())


def body_of(data: bytes) -> str:
    """Return the text of a file below its front matter, without the lines that only name a role."""
    from promptlib.codec.fence import halves  # noqa: PLC0415 - hits are values, and need no codec

    try:
        body = halves(data, "").body
    except PromptLibError:
        body = data.decode("utf-8", "replace")
    # Most bodies have no such line, and a look for its end is quick.
    return _ROLE_LINE.sub("", body) if ":\n" in body or ":\r\n" in body or body.endswith(":") else body
