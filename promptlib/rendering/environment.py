"""The Jinja environment of promptlib: immutable, strict, and over plain data only."""

from __future__ import annotations

import json
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

from jinja2 import StrictUndefined
from jinja2.filters import do_format, make_attrgetter
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, pass_environment
from markupsafe import escape

from promptlib.errors import nearest
from promptlib.rendering.dating import dated, days_until
from promptlib.rendering.delimiting import delimited
from promptlib.rendering.showing import kind_of, part_of, text_of
from promptlib.rendering.words import LOOP_WORDS, UNKNOWN_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptlib.rendering.metering import Meter


class RenderContext(Context):
    """What one render resolves names in; `include` returns the text of an included prompt."""

    include: Callable[[str], str]
    #: What a foreign template may still do; set for those alone.
    meter: Meter


class Missing(StrictUndefined):
    """A name, key or item that is not there: using it in any way is an error that says what there is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, holder = self._undefined_name, self._undefined_obj
        while isinstance(holder, Missing):  # in `a.b.c` the `b`, without which there can be no `c`
            name, holder = holder._undefined_name, holder._undefined_obj  # noqa: SLF001 - of its own kind
        name = f"{name[:LONGEST_NAME]}…" if isinstance(name, str) and len(name) > LONGEST_NAME else name
        if self._undefined_hint:
            return self._undefined_hint
        if isinstance(holder, dict):
            keys = [key for key in holder if isinstance(key, str)]
            return f"no key {name!r} here\n{nearest(str(name), keys) or _keys_here(keys)}"
        if isinstance(holder, list | tuple):
            count = "items are counted from 0, and from -1 at the end" if isinstance(name, int) else _LOOP_OVER
            return f"no item {name!r} in a list of {len(holder)}\n{count}"
        if isinstance(holder, str | int | float) or holder is None:
            hint = _NONE_FIRST if holder is None else "attributes are keys of mappings"
            return f"{kind_of(holder)} has no {'item' if isinstance(name, int) else 'attribute'} {name!r}\n{hint}"
        return f"{name!r} has no value here\n{_SET_BEFORE}"


def _keys_here(keys: list[str]) -> str:
    """Return the first keys there are: a mapping may have a million, of a megabyte each."""
    shown = [f"{key[:MOST_OF_A_KEY]}…" if len(key) > MOST_OF_A_KEY else key for key in keys[:MOST_KEYS]]
    more = ", …" if len(keys) > MOST_KEYS else ""
    return (
        f'keys here: {", ".join(shown) or "none"}{more}; a key that may be missing: {{{{ value.key | default("…") }}}}'
    )


MOST_KEYS = 8
MOST_OF_A_KEY = 40
_LOOP_OVER = "loop over the list, or take one item: {{ list[0].key }}"
_NONE_FIRST = "look first whether it is there: {% if value %}{{ value.key }}{% endif %}"
_SET_BEFORE = 'set it before, in every branch; what may be missing: {{ name | default("…") }}'
#: Characters of a missing name that are told.
LONGEST_NAME = 200


class Function:
    """What a template can call by name; it tells nothing of itself but the name."""

    __slots__ = ("_call", "_name")

    def __init__(self, name: str, call: Callable[..., object]) -> None:
        """Call *call* under the *name*."""
        self._name = name
        self._call = call

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call it."""
        return self._call(*args, **kwargs)

    def __repr__(self) -> str:
        """Return the name."""
        return self._name


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Attributes are the keys of data; only macros, loops, `range`, `dict` and `namespace` are called."""

    context_class = RenderContext

    def __init__(self) -> None:
        """Set the one policy: line breaks stay as written, nothing is escaped, an undefined name is an error."""
        super().__init__(undefined=Missing, keep_trailing_newline=True, autoescape=False, cache_size=0)
        self.globals = {
            name: Function(name, cast("Callable[..., object]", self.globals[name]))
            for name in ("range", "dict", "namespace")
        }
        self._callables = tuple(self.globals.values())
        plain: dict[str, Callable[..., object]] = {
            "tojson": to_json,
            "e": escaped,
            "escape": escaped,
            "forceescape": escaped,
        }
        plain |= {"delimited": delimited, "date": dated, "days_until": days_until}
        plain |= {"safe": written, "string": written, "join": joined, "format": formatted}
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
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, default=written)


def escaped(value: object) -> str:
    """Return *value* with `&`, `<`, `>` and quotes written as in XML, as plain text."""
    return str(escape(written(value)))


def written(value: object) -> str:
    """Return *value* as Jinja writes it where it needs a text; raises `RenderFailed` for what is no data."""
    if value is None or isinstance(value, str | int | float | list | dict | tuple | Undefined):
        return str(value)
    return text_of(value)


def concatenated(values: Iterable[object]) -> str:
    """Return *values* as one text: the operator `~`."""
    return "".join([value if value.__class__ is str else written(value) for value in values])


@pass_environment
def joined(
    environment: PromptEnvironment,
    value: Iterable[object],
    d: object = "",
    attribute: str | int | None = None,
) -> str:
    """Return the items of *value*, or that attribute of each, with *d* between them."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return written(d).join([item if item.__class__ is str else written(item) for item in value])


def formatted(value: object, *args: object, **kwargs: object) -> str:
    """Return *value* with *args* filled in, as `%` does it."""
    for each in (*args, *kwargs.values()):
        written(each)
    return do_format(written(value), *args, **kwargs)


def shown(value: object) -> object:
    """Return *value* as it stands in a message: text, or the image or file itself."""
    return str(value) if isinstance(value, Undefined) else part_of(value)


def shown_text(value: object) -> str:
    """Return *value* as text; raises `RenderFailed` for what has no text of its own."""
    return str(value) if isinstance(value, Undefined) else text_of(value)


ENVIRONMENT = PromptEnvironment()
