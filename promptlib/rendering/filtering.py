"""Every filter by its name, and the most that can come out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.rendering.bounds import either, listing, rounds
from promptlib.rendering.gathering import GATHERINGS, attribute
from promptlib.rendering.growth import TEXTS, Call

if TYPE_CHECKING:
    from promptlib.rendering.bounds import Bound

_RULES = TEXTS | GATHERINGS


def filtered(call: Call) -> Bound:
    """Return what comes out of a filter at most; of a filter that has no rule, nothing is known."""
    if call.name == "map":
        return _mapped(call)
    rule = _RULES.get(call.name)
    if rule is None:
        return call.open(
            "how much it puts out is not known", "use another filter, or let a budget cut it with a segment"
        )
    return rule(call)


def _mapped(call: Call) -> Bound:
    count, item = rounds(call.value)
    if not call.arguments:
        words = dict(call.keywords)
        made = attribute(item, words.get("attribute"))
        return listing(count, either(made, words["default"]) if "default" in words else made)
    name = call.arguments[0].known
    if not name or not isinstance(name[0], str):
        return call.open("which filter it applies is not known", "write the name of the filter in quotes")
    return listing(count, filtered(Call(name[0], item, call.arguments[1:], call.keywords, call.place)))
