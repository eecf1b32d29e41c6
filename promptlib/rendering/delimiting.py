"""The filter `delimited`: a value between two tags that do not occur in it."""

from __future__ import annotations

import re

from jinja2.runtime import Undefined

from promptlib.errors import RenderFailed

LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
#: What a template says when it names nothing.
DEFAULT_LABEL = "document"


def delimited(value: object, label: object = DEFAULT_LABEL) -> str:
    """Return *value* on lines of its own between `<label>` and `</label>`.

    Where the value itself holds such a tag, in whatever case and with whatever blanks, both get the first number from
    2 on that no tag in the value has: `<label-2>`. The same value has the same fence each time, and not one byte of
    it changes. Raises `RenderFailed` for a value that is no text and for a label that is no plain word.
    """
    if not isinstance(label, str) or not LABEL.fullmatch(label):
        hint = 'a letter, then letters, digits, _ or -, 40 at most: {{ document | delimited("document") }}'
        raise RenderFailed(f"{label!r:.60} is no label for a fence", hint=hint)
    if isinstance(value, Undefined):
        str(value)  # a name that is not there says so by itself
    if not isinstance(value, str):
        kind = "None" if value is None else type(value).__name__
        raise RenderFailed(
            f"only a text can be fenced, and this is {kind}", hint="write {{ value | tojson | delimited }}"
        )
    tag = _free_tag(value, label)
    return f"<{tag}>\n{value}\n</{tag}>"


def _free_tag(text: str, label: str) -> str:
    # One pass, whatever the text holds: trying one number after the other would let a text of such tags take for ever.
    # Folded, a ligature is its letters; blanks and slashes are one class, so that nothing is tried twice.
    folded = text if text.isascii() else text.casefold()
    found = re.findall(rf"<(?i:[\s/]*{re.escape(label.casefold())}(?:-([0-9]*))?)", folded)
    if not found:
        return label
    taken, number = set(found), 2
    while str(number) in taken:
        number += 1
    return f"{label}-{number}"
