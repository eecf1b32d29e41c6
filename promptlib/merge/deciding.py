"""What becomes of one part that two sides may have changed: a rule, or a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from promptlib.errors import InvalidPrompt, PromptLibError
from promptlib.merge.conflicts import FieldConflict, shortly
from promptlib.merge.texts import merge_texts
from promptlib.plain import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.merge.texts import MergedText, Side
    from promptlib.plain import Plain

T = TypeVar("T")


class _Absent:
    """Stands where a part is not there, which is not the same as null."""

    __slots__ = ()


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave for a contested field."""

    value: object


Choose: TypeAlias = "Callable[[FieldConflict], Side | Given]"


@dataclass(frozen=True, slots=True)
class Three:
    """What the base and both sides have in one part; `ABSENT` or None where it is not there."""

    base: Any
    ours: Any
    theirs: Any

    def __iter__(self) -> Any:  # noqa: ANN401 - the three parts
        """Iterate over base, ours, theirs."""
        return iter((self.base, self.ours, self.theirs))

    def each(self, part: Callable[[Any], Any]) -> Three:
        """Return *part* of each of the three."""
        return Three(part(self.base), part(self.ours), part(self.theirs))

    def at(self, key: str) -> Three:
        """Return what three mappings have under *key*."""
        return self.each(lambda side: side.get(key, ABSENT))


class Decisions:
    """Settles parts by the rule of three, and asks *choose* where that says nothing.

    A part in *forced*, by its key, is asked for whatever the rule says: its value is the reason. `conflicts` are those
    that were asked for, in order, and `units` the keys of parts that the sides do not have alike.
    """

    def __init__(self, choose: Choose, forced: Mapping[str, str], memo: dict[object, Any]) -> None:
        """Begin without conflicts; *memo* keeps what is the same for every choice."""
        self.choose = choose
        self.forced = forced
        self.conflicts: list[FieldConflict] = []
        self.units: dict[str, None] = {}
        self._memo = memo

    def text(self, three: Three, *, template: bool = False) -> MergedText:
        """Return a text merged by lines and words."""
        return self.once((*three, template), lambda: merge_texts(*three, template=template))

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Return what *make* makes, the same for the same *key*."""
        if key not in self._memo:
            self._memo[key] = make()
        return cast("T", self._memo[key])

    def contest(
        self,
        field: str,
        three: Three,
        why: str,
        *,
        shown: Callable[[Any], Plain],
        given: Callable[[object], Any],
    ) -> Any:  # noqa: ANN401 - one of the three, or what *given* makes of a value
        """Return what is chosen for *field*; *shown* makes plain data of a part, and *given* a part of a value."""
        conflict = FieldConflict(field, shown(three.base), shown(three.ours), shown(three.theirs), why)
        self.conflicts.append(conflict)
        choice = self.choose(conflict)
        if not isinstance(choice, Given):
            return getattr(three, choice)
        try:
            return given(choice.value)
        except PromptLibError as error:
            hint = error.hint or "give a value of the same kind as the two of the conflict, or 'ours' or 'theirs'"
            raise InvalidPrompt(f"the value for {field} is none: {error.what}", hint=hint) from error

    def settle(self, field: str, three: Three, same: Callable[[Any, Any], bool], **ways: Any) -> Any:  # noqa: ANN401 - a part
        """Return the part that only one side changed, or that both have alike; else what is chosen for *field*."""
        if why := self.forced.get(field):
            return self.contest(field, three, why, **ways)
        if same(three.ours, three.theirs) or same(three.theirs, three.base):
            return three.ours
        if same(three.ours, three.base):
            return three.theirs
        return self.contest(field, three, why_of(three, ways["shown"]), **ways)

    def unit(self, key: str) -> None:
        """Remember *key*, a part that the sides do not have alike."""
        self.units[key] = None


def why_of(three: Three, shown: Callable[[Any], Plain]) -> str:
    """Say in words how two sides contradict each other in one part."""
    base, ours, theirs = map(shown, three)
    if base is None:
        return "both sides add it, differently"
    if ours is None or theirs is None:
        remover, changer = ("ours", "theirs") if ours is None else ("theirs", "ours")
        return f"{remover} removes what {changer} changes"
    return f"changed from {shortly(base)} on both sides, differently"


def plain_shown(part: Any) -> Plain:  # noqa: ANN401 - plain data or ABSENT
    """Return plain data as a conflict shows it: None where there is nothing."""
    return None if part is ABSENT else cast("Plain", part)


def plain_given(value: object) -> Any:  # noqa: ANN401 - plain data or ABSENT
    """Return a chosen value as plain data; None takes the part out."""
    return ABSENT if value is None else freeze(value)


def mapping_given(value: object) -> Any:  # noqa: ANN401 - a mapping or ABSENT
    """Return a chosen value as a mapping; None takes the part out."""
    found = plain_given(value)
    if found is not ABSENT and not isinstance(found, Frozen):
        raise InvalidPrompt(f"a {type(value).__name__} is no mapping", hint="give a mapping, or None for nothing")
    return found
