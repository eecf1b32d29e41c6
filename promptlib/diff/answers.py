"""Whether a change of settings or tools breaks code that reads the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.inputs.wording import shown
from promptlib.plain import Frozen, canonical

if TYPE_CHECKING:
    from promptlib.diff.rows import Change
    from promptlib.plain import Plain

#: Settings that say which form an answer has, as the providers spell them, without `_` and in lower case.
_FORMS = frozenset(
    {"responseformat", "responseschema", "responsemimetype", "jsonschema", "outputschema", "outputformat", "format"}
)
#: Keys of a schema that speak to the model and bind nobody.
_WORDS = frozenset({"description", "title", "example", "examples", "default", "$comment"})


class Verdict(NamedTuple):
    """Whether it breaks readers of the answers, and why or why not."""

    breaking: bool
    reason: str = ""


def of_setting(path: str) -> Verdict:
    """Return whether another value of the setting at *path* breaks who reads the answers."""
    keys = [key.replace("_", "").replace("-", "").lower() for key in path.split(".")]
    if _FORMS.isdisjoint(keys):
        return Verdict(breaking=False)
    return Verdict(breaking=True, reason="answers may take a form that readers do not expect")


def of_tool(tool: Plain, change: Change) -> Verdict:
    """Return whether a whole *tool* that came or went breaks who answers its calls."""
    if change == "removed":
        return Verdict(breaking=False, reason="it is not called any more")
    if not _called(tool):
        return Verdict(breaking=False, reason="the provider runs it, or nobody has to answer it")
    return Verdict(breaking=True, reason="the model may call it, and code that answers calls does not know it")


def of_part(tool: Plain, path: str, change: Change, before: Plain, after: Plain) -> Verdict:
    """Return whether a change at *path* inside of a *tool* breaks who answers its calls."""
    keys = path.removeprefix("function.").split(".")
    if not _called(tool):
        return Verdict(breaking=False)
    if keys[0] in ("kind", "type"):
        return Verdict(breaking=True, reason="its calls may take another form")
    if keys[0] == "strict":
        looser = after is not True
        return Verdict(looser, "arguments may leave their schema" if looser else "arguments keep to their schema")
    if keys[0] != "parameters":
        return Verdict(breaking=False)
    return _of_parameter(keys[1:], change, before, after)


def _of_parameter(keys: list[str], change: Change, before: Plain, after: Plain) -> Verdict:
    last, above = (keys or [""])[-1], keys[-2] if len(keys) > 1 else ""
    if above == "properties":
        if change == "added":
            return Verdict(breaking=True, reason="calls may give an argument that code does not know")
        if change == "removed":
            return Verdict(breaking=True, reason="calls do not give this argument any more")
    if above != "properties" and last in _WORDS:
        return Verdict(breaking=False)
    if above != "properties" and last == "required":
        gone = [] if change == "added" else _missing(before, after)
        if not gone:
            return Verdict(breaking=False, reason="arguments are there at least as often")
        return Verdict(breaking=True, reason=f"calls may leave out {', '.join(map(shown, gone))}")
    if above != "properties" and last == "enum":
        new = "any value" if change == "removed" else next(map(shown, _missing(after, before)), "")
        if change == "added" or not new:
            return Verdict(breaking=False, reason="every value that calls give was known")
        return Verdict(breaking=True, reason=f"calls may give {new}")
    return Verdict(breaking=True, reason="calls may come with other arguments")


def _missing(old: Plain, new: Plain) -> list[Plain]:
    """Return what the list *old* has and the list *new* has not."""
    known = {canonical(each) for each in new} if isinstance(new, tuple) else set()
    return [each for each in old if canonical(each) not in known] if isinstance(old, tuple) else []


def _called(tool: Plain) -> bool:
    """Whether the application has to answer calls of *tool*: a function, or what says no kind."""
    if not isinstance(tool, Frozen) or "function" in tool or "parameters" in tool:
        return True
    return tool.get("kind", tool.get("type", "function")) == "function"
