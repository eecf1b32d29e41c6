"""What was most likely meant, where Jinja and Python say only what they ran into."""

from __future__ import annotations

import inspect
import re

from jinja2.sandbox import MAX_RANGE

from promptlib.rendering.environment import ENVIRONMENT
from promptlib.rendering.showing import KINDS

_NO_FIELD = "Jinja is no mustache: {{ name }}, {% if name %}…{% endif %}, {% for item in list %}…{% endfor %}"
#: What Jinja says of a template that cannot be read, and what to write instead.
_SYNTAX = (
    (r"unexpected char (?:\"'\"|'\"')", "a text needs a closing quote"),
    (r"unexpected char '&'", "write `and`"),
    (r"unexpected char '!'", "write `not`"),
    (r"unexpected char '\?'", "write {{ a if condition else b }}"),
    (r"unexpected char '[#^@]'", _NO_FIELD),
    (r"unexpected char '\$'", "write the name without $"),
    (r"expected token 'name', got '\|'", "write `or`"),
    (r"expected token '(?:%\}|\}\})', got '='", "compare with =="),
    (r"expected token '%\}', got 'if'", "write {% elif condition %}"),
    (r"expected token '\}\}', got '(?:string|name|\w+)'", "join two values with ~, and put a filter behind |"),
    (r"expected token 'in', got", "write {% for item in list %}"),
    (r"unexpected '/'", _NO_FIELD),
    (r"Expected an expression, got '\}\}'", "write a name or a text there"),
    (r"expected token ':', got '\}'", "a variable has two braces, {{ name }}, and a mapping {'key': value}"),
)
#: Statements of other languages.
STATEMENTS = {
    "elsif": "write {% elif condition %}",
    "elseif": "write {% elif condition %}",
    "foreach": "write {% for item in list %}",
    "end": "write {% endif %}, {% endfor %}: the end of a statement names it",
    "let": "write {% set name = value %}",
    "assign": "write {% set name = value %}",
    "switch": "write {% if … %}{% elif … %}{% else %}{% endif %}",
    "unless": "write {% if not condition %}",
    "comment": "write {# … #}",
}
_NONE_FIRST = "look first whether it is there: {% if name %}…{% endif %}, or write (name or [])"
_ONE_KIND = "compare values of one kind: `name | int` makes a number of a text; look first whether it is None"
_TEXTS = "join texts with ~; `name | int` makes a number of a text"
#: What Python says of a render that failed, how people say it (or nothing where Python says it well), and what to do.
_FAILURES = (
    (r"'(?!None)(\w+)' object is not iterable", "{} is no list to go through", "loop over a list, a mapping or a text"),
    (r"'(\w+)' object is not iterable", "{} is no list to go through", _NONE_FIRST),
    (r"object of type '(\w+)' has no len\(\)", "{} has no length", _NONE_FIRST),
    (r"can only concatenate (\w+) \(not \"(\w+)\"\)", "{} + {} cannot be computed", _TEXTS),
    (r"unsupported operand type\(s\) for (?P<sign>\S+?)(?: or pow\(\))?: '(\w+)' and '(\w+)'", "", _TEXTS),
    (r"'(?P<sign>[<>]=?)' not supported between instances of '(\w+)' and '(\w+)'", "", _ONE_KIND),
    (r"division by zero", "", "look first: {% if count %}{{ total / count }}{% endif %}"),
    (r"unhashable type", "", "a key is a text or a number"),
    (r"Range too big", f"a range of more than {MAX_RANGE:,} numbers", "count less far"),
    (r"type (\w+) doesn't define __round__", "{} is no number", "`name | float` makes a number of a text"),
    (r"bad operand type for .+: '(\w+)'", "{} is no number", "`name | float` makes a number of a text"),
    (r"macro '\w+' takes", "", "its arguments are those that {% macro … %} names"),
    (r"not all arguments converted|not enough arguments for format", "", "give one value for each % in the text"),
)
_HANDED_IN = ("context", "environment", "eval_ctx")
_WRONG_CALL = re.compile(r"(\w+)\(\) (?:takes|got|missing)\b")


def syntax_hint(message: str) -> str:
    """Return what to write instead of what Jinja's *message* is about, or an empty text."""
    return next((hint for pattern, hint in _SYNTAX if re.match(pattern, message)), "")


def failure(message: str) -> tuple[str, str]:
    """Return what Python's *message* says, for people, and what to do about it, if that is known."""
    called = _WRONG_CALL.match(message)
    name = _filter_named(called[1]) if called else None
    if name is not None:
        return f"wrong arguments for the filter {name!r}", f"it is called so: {signature_of(name)}"
    for pattern, said, hint in _FAILURES:
        found = re.match(pattern, message)
        if found is not None:
            return _said(said, found) or message, hint
    return message, ""


def _said(said: str, found: re.Match[str]) -> str:
    """Return *said* with the kinds of the values that *found* names."""
    sign = found.groupdict().get("sign")
    kinds = [KINDS.get(word, word) for word in found.groups() if word != sign]
    return f"{kinds[0]} {sign} {kinds[1]} cannot be computed" if sign else said.format(*kinds)


def _filter_named(function: str) -> str | None:
    """Return the filter whose work is done by the *function* of that name."""
    own = {getattr(work, "__name__", ""): name for name, work in ENVIRONMENT.filters.items() if len(name) > 1}
    word = function.removeprefix("sync_").removeprefix("do_").lstrip("_")
    return own.get(function) or (word if word in ENVIRONMENT.filters else None)


def signature_of(name: str) -> str:
    """Return how a filter is called: `indent(width=4, first=False, blank=False)`."""
    work = ENVIRONMENT.filters[name]
    parameters = list(inspect.signature(work).parameters.values())
    # The first is the value, after what Jinja itself hands in.
    given = parameters[1 + (parameters[0].name in _HANDED_IN) :]
    written = ", ".join(str(each.replace(annotation=inspect.Parameter.empty)) for each in given)
    return f"{name}({written})" if written else name
