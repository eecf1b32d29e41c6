"""Answers that a prompt declares and shows: which fields there are, and whether an example is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptlib.chain.answers import checked
from promptlib.errors import PromptLibError

if TYPE_CHECKING:
    from promptlib.inputs import Input
    from promptlib.learn.work import Work


def answer_of(work: Work, text: str) -> tuple[dict[str, Any] | None, str]:
    """Return *text* as the declared answer, and an empty text; or None, and why it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None, f"{text.strip()!r:.40} is no JSON"
    if not isinstance(data, dict):
        return None, f"{text.strip()!r:.40} is no JSON object"
    try:
        return dict(checked(data, work.prompt.outputs)), ""
    except PromptLibError as error:
        return None, error.what


def choices(work: Work) -> dict[str, Input]:
    """Return the declared outputs that are one of some values, by name."""
    return {each.name: each for each in work.prompt.outputs if each.type.kind == "enum"}
