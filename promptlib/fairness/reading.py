"""The parts of a variant set out of a file, with the line and column of every mistake."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from promptlib.codec.source import Source
from promptlib.errors import InvalidFile, NotFound, nearest
from promptlib.fairness.checking import MOST_MISTAKES, Mistake, mistakes_of, shown
from promptlib.fairness.locating import Place, Places

KEYS = ("axis", "language", "source", "licence", "note", "everyday", "groups")
LARGEST = 1 << 20
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(path: Path | str) -> dict[str, Any]:
    """Return the parts of the set in the file at *path*; raises `NotFound` and `InvalidFile`."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no file {str(path)!r}", hint="give the path of a set in TOML or JSON") from error
    except OSError as error:
        raise InvalidFile(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise InvalidFile(f"{str(path)!r} holds {len(data):,} bytes", hint=f"a set has at most {LARGEST:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source = Source(data[: error.start].decode("utf-8-sig"), str(path))
        raise source.error(error.start, "this is no UTF-8", "save the file as UTF-8") from error
    return parts_of(text, str(path))


def parts_of(text: str, name: str) -> dict[str, Any]:
    """Return the parts of the set in *text*, JSON when *name* ends in `.json`, else TOML; dates become ISO text."""
    try:
        return _parts(Source(text, name), is_json=name.lower().endswith(".json"))
    except RecursionError as error:
        raise InvalidFile(f"{name} is nested too deep", hint="a set is groups of forms of values") from error


def _parts(source: Source, *, is_json: bool) -> dict[str, Any]:
    text = source.text
    given = _plain(_parsed(text, source, is_json=is_json))
    if not isinstance(given, dict):
        raise source.error(0, "a set is a table of names and values", 'write {"axis": "gender", …}')
    places = Places(text, is_json=is_json)
    found = [*_strange(given), *islice(mistakes_of(given), MOST_MISTAKES)]
    errors = [_error(source, places.of(each.path), each) for each in found]
    if is_json:
        twice = Mistake((), "it stands here twice", "keep one of them")
        errors += [_error(source, place, twice._replace(path=path)) for path, place in places.twice]
    if errors:
        raise InvalidFile(errors[0].what, where=errors[0].where, hint=errors[0].hint, others=errors[1:])
    return given


def _parsed(text: str, source: Source, *, is_json: bool) -> Any:  # noqa: ANN401 - whatever a file holds
    try:
        return json.loads(text) if is_json else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise source.error(error.pos, f"this is no JSON: {error.msg}", "check commas and quotes before it") from error
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        offset = len(text)
        if found is not None and found[1]:
            lines = text.splitlines(keepends=True)
            offset = sum(map(len, lines[: int(found[1]) - 1])) + int(found[2]) - 1
        raise source.error(offset, f"this is no TOML: {_AT.sub('', str(error))}", "check the quotes") from error


def _strange(given: dict[str, Any]) -> list[Mistake]:
    names = f"keys: {', '.join(KEYS)}"
    return [Mistake((key,), "no such key", f"{nearest(key, KEYS)} {names}".strip()) for key in given if key not in KEYS]


def _error(source: Source, place: Place, mistake: Mistake) -> InvalidFile:
    start, end = place
    return source.error(start, f"{shown(mistake.path)}: {mistake.what}", mistake.hint, max(1, end - start))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return value.isoformat() if isinstance(value, date) else value
