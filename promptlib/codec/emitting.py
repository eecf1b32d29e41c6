"""Front matter written: plain data to YAML that every reader takes for the same data.

One entry a line, block style, quotes only where some reader would misread the word, texts of several lines with `|`.
A fence never stands inside: `---` and `+++` in a text are written with an escape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from promptlib.codec.parsing import DEEPEST, LONGEST_KEY
from promptlib.codec.scalars import means_itself
from promptlib.errors import InvalidPrompt

_STEP = "  "
_PLAIN = re.compile(
    r"(?:[^\W]|[$./(<])(?:[^\x00-\x20\x7f-\xa0:#\u2028\u2029\ufeff\ufffe\uffff]|:(?=\S)|(?<=\S)#| (?=[^ #]))*"
)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]|(?<=--)-|(?<=\\+\\+)\\+')
_UNPRINTED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]|---|\\+\\+\\+|^[ ]+$", re.MULTILINE
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "\0": "\\0"}
_FENCES = ("---", "+++")


def entries(mapping: Mapping[str, object], indent: int = 0, depth: int = 1) -> str:
    """Return *mapping* as lines, `key: value`, each ending in a newline."""
    return "".join([entry(key, value, indent, depth) for key, value in mapping.items()])


def entry(key: str, value: object, indent: int, depth: int = 1) -> str:
    """Return one `key: value` with all its lines."""
    if len(key) >= LONGEST_KEY:
        raise InvalidPrompt(f"a key longer than {LONGEST_KEY} characters: {key[:40]!r}…", hint="shorten it")
    word = key if _PLAIN_KEY.fullmatch(key) and means_itself(key) and not _has_fence(key) else _quoted(key)
    return f"{' ' * indent}{word}:{_behind(value, indent, depth)}"


def item(value: object, indent: int, depth: int = 1) -> str:
    """Return one item of a list, `- value`, with all its lines."""
    if isinstance(value, Mapping) and value:
        _check_depth(depth + 1)
        lines = entries(value, indent + 2, depth + 1)
        return f"{' ' * indent}- {lines[indent + 2 :]}"
    return f"{' ' * indent}-{_behind(value, indent, depth)}"


def _behind(value: object, indent: int, depth: int) -> str:
    """Return what follows the colon or the dash, up to the last newline."""
    if isinstance(value, Mapping) and value:
        _check_depth(depth + 1)
        return "\n" + entries(value, indent + 2, depth + 1)
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        _check_depth(depth + 1)
        return "\n" + "".join([item(each, indent + 2, depth + 1) for each in value])
    if isinstance(value, str) and "\n" in value and _stands_as_block(value):
        lines = [f"{' ' * (indent + 2)}{line}" if line else "" for line in value.removesuffix("\n").split("\n")]
        return f" {'|' if value.endswith(chr(10)) else '|-'}\n" + "\n".join(lines) + "\n"
    return f" {inline(value)}\n"


def _check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise InvalidPrompt(f"front matter would be nested deeper than {DEEPEST} levels", hint="flatten it")


def inline(value: object) -> str:
    """Return a scalar or an empty collection on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, int):
        return str(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _float(value: float) -> str:
    text = repr(value)
    # YAML 1.1 takes 1e+16 for text; with a point every reader takes it for a number.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and means_itself(text) and not _has_fence(text)


def _has_fence(text: str) -> bool:
    return any(fence in text for fence in _FENCES)


def _stands_as_block(text: str) -> bool:
    body = text.removesuffix("\n")
    first = body.lstrip("\n")[:1]
    return bool(first) and first not in " \t" and not body.endswith("\n") and not _UNPRINTED.search(text)


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    return _SHORT.get(char) or (f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}")  # noqa: PLR2004 - two digits
