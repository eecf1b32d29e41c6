"""A prompt as search sees it: its words, by where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, get_args

from promptlib.errors import InvalidPrompt
from promptlib.query.hits import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.inputs import Input

FIELDS: tuple[Field, ...] = get_args(Field)
_PARTS = re.compile(r"[/._-]+")
_ROLE_LINE = re.compile(r"^(?:system|developer|user|assistant|tool):\r?$", re.MULTILINE)


class Document(NamedTuple):
    """The texts of one version, in the order of `FIELDS`."""

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


def told_inputs(inputs: Iterable[Input]) -> tuple[tuple[str, str, str], ...]:
    """Return the name, the kind and the description of each input."""
    return tuple((each.name, each.type.kind, each.description) for each in inputs)


def document(
    name: str,
    *,
    description: str,
    tags: Iterable[str],
    inputs: Iterable[tuple[str, str, str]],
    body: str,
    message: str = "",
) -> Document:
    """Return the texts of a prompt called *name* with these parts."""
    return Document(
        name=name,
        title=title_of(name),
        description=description,
        tags="\n".join(tags),
        inputs="\n".join(f"{input_name} {told}".rstrip() for input_name, _, told in inputs),
        body=body,
        message=message,
    )


def body_of(data: bytes) -> str:
    """Return the text of a file below its front matter, without the lines that only name a role."""
    from promptlib.codec.fence import halves  # noqa: PLC0415 - hits are values, and need no codec

    try:
        body = halves(data, "").body
    except InvalidPrompt:
        body = data.decode("utf-8", "replace")
    return _ROLE_LINE.sub("", body)
