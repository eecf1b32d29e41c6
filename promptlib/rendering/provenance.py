"""Where a rendered prompt came from, told when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from promptlib.messages import File, Image, Message, to_plain
from promptlib.plain import LARGEST_INTEGER, Frozen, Plain, digest, freeze, thaw
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptlib.tokens import BudgetReport


class Origin(Protocol):
    """The stored version that a prompt was loaded from."""

    @property
    def qualified(self) -> str:
        """The name it is stored under, behind that of another store where it lies in one."""

    @property
    def version(self) -> str | None:
        """`v7`, `v7+edited`, or None where history is not at hand."""

    @property
    def label(self) -> str:
        """The label it was asked for by, or an empty text."""

    @property
    def commit(self) -> str:
        """The commit it was read from, or an empty text."""


class Rendered(Protocol):
    """The prompt that was rendered, as far as provenance needs it."""

    @property
    def digest(self) -> str:
        """The digest of its content."""

    @property
    def includes(self) -> Mapping[str, Plain]:
        """The pins of its includes, by alias."""

    @property
    def origin(self) -> Origin | None:
        """The stored version that it was loaded from, if any."""


class Source(NamedTuple):
    """The prompt and the plain values behind a result."""

    prompt: Rendered
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a result: the prompt by name and digest, what it includes, and digests of the inputs and the result.

    A name is empty and a version None for a prompt that was never stored. The digests are over canonical JSON, so
    the same inputs and the same messages have the same digest on every machine; no value is kept here. `budget` tells
    what the budget decided, by what count; None where there was none.
    """

    name: str
    version: str | None
    digest: str
    label: str
    commit: str
    includes: tuple[Pin, ...]
    inputs_digest: str
    result_digest: str
    budget: Frozen | None = None

    def to_dict(self) -> dict[str, object]:
        """Return plain data for a log or a trace."""
        return {
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "label": self.label,
            "commit": self.commit,
            "includes": list(map(str, self.includes)),
            "inputs_digest": self.inputs_digest,
            "result_digest": self.result_digest,
            **({} if self.budget is None else {"budget": thaw(self.budget)}),
        }


def provenance_of(source: Source, messages: tuple[Message, ...], report: BudgetReport | None = None) -> Provenance:
    """Return where *messages* came from, shortened by the budget that *report* tells of."""
    prompt, origin = source.prompt, source.prompt.origin
    return Provenance(
        name=origin.qualified if origin else "",
        version=origin.version if origin else None,
        digest=prompt.digest,
        label=origin.label if origin else "",
        commit=origin.commit if origin else "",
        includes=tuple(Pin.parse(str(pin)) for pin in prompt.includes.values()),
        inputs_digest=digest(_plain(source.values)),
        result_digest=digest(_plain(messages)),
        budget=None if report is None else cast("Frozen", freeze(report.decisions(), what="a budget")),
    )


def _plain(value: object) -> Plain:
    """Return *value* as what canonical JSON can say; what JSON cannot say alike everywhere is tagged text."""
    match value:
        case None | bool():
            return value
        case str():
            return value if value.isascii() else _unicode(value)
        case int():
            return value if abs(value) <= LARGEST_INTEGER else Frozen({"integer": hex(value)})
        case float():
            return value if isfinite(value) else Frozen({"float": repr(value)})
        case dict() | Frozen() | list() | tuple():
            return _container(value)
        case Message():
            return _plain(to_plain(value))
        case Image() | File():
            return _plain(to_plain(Message("user", (value,)))["content"])
    return str(value)


def _container(value: Mapping[str, object] | Sequence[object]) -> Plain:
    if isinstance(value, dict | Frozen):
        return Frozen({str(key): _plain(item) for key, item in value.items()})
    return tuple(map(_plain, value))


def _unicode(text: str) -> Plain:
    try:
        text.encode()
    except UnicodeEncodeError:
        return Frozen({"utf-16": text.encode("utf-16-be", "surrogatepass").hex()})
    return text
