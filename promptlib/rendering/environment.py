"""The Jinja environment of promptlib: immutable, strict, and over plain data only."""

from __future__ import annotations

import json
from types import MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from markupsafe import escape

from promptlib.errors import nearest
from promptlib.rendering.showing import part_of, text_of
from promptlib.rendering.words import LOOP_WORDS, UNKNOWN_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable


class RenderContext(Context):
    """What one render resolves names in; `include` returns the text of an included prompt."""

    include: Callable[[str], str]


class Missing(StrictUndefined):
    """A name, key or item that is not there: using it in any way is an error that says what there is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, holder = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if isinstance(holder, dict):
            keys = [key for key in holder if isinstance(key, str)]
            return f"no key {name!r} here {nearest(str(name), keys)}".rstrip()
        if isinstance(holder, list | tuple):
            return f"no item {name!r} in a list of {len(holder)}"
        if isinstance(holder, str | int | float) or holder is None:
            return f"{_WORDS.get(type(holder), 'a value')} has no attribute {name!r}"
        return f"{name!r} has no value here"


_WORDS = {str: "a text", int: "a number", float: "a number", bool: "a truth value", type(None): "None"}


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Attributes are the keys of data; only macros, loops, `range`, `dict` and `namespace` are called."""

    context_class = RenderContext

    def __init__(self) -> None:
        """Set the one policy: line breaks stay as written, nothing is escaped, an undefined name is an error."""
        super().__init__(undefined=Missing, keep_trailing_newline=True, autoescape=False, cache_size=0)
        callables = {"range", "dict", "namespace"}
        self.globals = {name: value for name, value in self.globals.items() if name in callables}
        self._callables = tuple(self.globals.values())
        plain = {"tojson": to_json, "e": escaped, "escape": escaped, "forceescape": escaped, "safe": str}
        self.filters = {name: function for name, function in self.filters.items() if name not in UNKNOWN_FILTERS}
        self.filters.update(plain)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - Jinja's own signature
        """Return the value under a key: never a method, so that a key called `items` is data."""
        if obj.__class__ is dict:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP_WORDS:
            return getattr(obj, attribute)
        group = isinstance(obj, tuple) and attribute in getattr(obj, "_fields", ())  # as `groupby` makes them
        if group or (isinstance(obj, Namespace) and not attribute.startswith("_") and hasattr(obj, attribute)):
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:  # noqa: ANN401 - Jinja's own signature
        """Return an item of a list, a character of a text or the value under a key: never an attribute."""
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401 - Jinja's own signature
        """Allow what templates define or this environment provides."""
        if isinstance(obj, MethodType):
            return isinstance(obj.__self__, LoopContext)
        return isinstance(obj, Macro | LoopContext) or any(obj is known for known in self._callables)


def to_json(value: object, indent: int | None = None) -> str:
    """Return *value* as JSON for a reader: sorted keys, no escapes for web pages or other alphabets."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent)


def escaped(value: object) -> str:
    """Return *value* with `&`, `<`, `>` and quotes written as in XML, as plain text."""
    return str(escape(str(value)))


def shown(value: object) -> object:
    """Return *value* as it stands in a message: text, or the image or file itself."""
    return str(value) if isinstance(value, Undefined) else part_of(value)


def shown_text(value: object) -> str:
    """Return *value* as text; raises `RenderFailed` for what has no text of its own."""
    return str(value) if isinstance(value, Undefined) else text_of(value)


ENVIRONMENT = PromptEnvironment()
