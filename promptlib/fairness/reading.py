"""The parts of a variant set out of a file."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import Any

from promptlib.errors import InvalidFile


def parts_of(text: str, source: str) -> dict[str, Any]:
    """Return what *text* says, JSON when *source* is called so, else TOML; dates are ISO text."""
    try:
        given: Any = json.loads(text) if source.endswith(".json") else tomllib.loads(text)
    except ValueError as error:
        raise InvalidFile(f"{source}: {error}") from error
    return dict(_plain(given))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return value.isoformat() if isinstance(value, date) else value
