"""What changed in the declared inputs and outputs, and whether callers notice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptlib.diff.refusals import accepts, beyond
from promptlib.diff.rows import InputChange
from promptlib.inputs import Input, InputType, canonical, describe
from promptlib.inputs.wording import shown
from promptlib.plain import canonical as text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Inputs = tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class _Direction:
    """Which side can fail: callers give inputs, readers take answers."""

    answers: bool

    def fits(self, before: InputType, after: InputType) -> bool:
        """Whether everything that was given is still accepted, or everything that is answered was expected."""
        return accepts(before, after) if self.answers else accepts(after, before)

    def added(self, declared: Input) -> tuple[bool, str]:
        if self.answers:
            return False, "readers of the answer need not know it"
        if declared.required:
            return True, "it is required, and callers do not give it yet"
        return False, "callers may leave it out"

    def removed(self) -> tuple[bool, str]:
        if self.answers:
            return True, "readers of the answer do not find it any more"
        return True, "callers that give it are refused"

    def required(self, after: Input) -> tuple[bool, str]:
        if self.answers:
            reason = "it is always there" if after.required else "readers of the answer may not find it"
            return not after.required, reason
        return after.required, "callers that leave it out are refused" if after.required else "callers may leave it out"

    def defaulted(self, after: Input) -> tuple[bool, str]:
        who = "an answer without it reads as" if self.answers else "callers that leave it out get"
        return False, f"{who} {shown(after.default)}"

    def retyped(self, before: InputType, after: InputType) -> tuple[bool, str]:
        if self.fits(before, after):
            return False, "every answer fits the old type" if self.answers else "every value that was accepted still is"
        if self.answers:
            return True, f"readers of the answer may meet {beyond(before, after)}"
        return True, f"callers may give {beyond(after, before)}"


_INPUTS = _Direction(answers=False)
_ANSWERS = _Direction(answers=True)


def compare_inputs(before: Inputs | None, after: Inputs) -> tuple[InputChange, ...]:
    """Return a row for each aspect that differs; `breaking` for callers. None before: nobody calls it yet."""
    return tuple(_new(after) if before is None else _compared(before, after, _INPUTS, ""))


def compare_outputs(before: Inputs | None, after: Inputs) -> tuple[InputChange, ...]:
    """Return a row for each aspect that differs; `breaking` for those who read the answers."""
    if before is None:
        return tuple(_new(after))
    rows = tuple(_compared(before, after, _ANSWERS, ""))
    if before and after:
        return rows
    reason = "answers were text of any form before" if after else "answers are text of any form now"
    return tuple(replace(row, breaking=True, reason=reason) for row in rows)


def _new(after: Inputs) -> Iterator[InputChange]:
    for each in after:
        yield InputChange(path=each.name, aspect="input", change="added", after=_declared(each))


def _compared(before: Inputs, after: Inputs, direction: _Direction, prefix: str) -> Iterator[InputChange]:
    old, new = {each.name: each for each in before}, {each.name: each for each in after}
    for name in {**old, **new}:
        path = prefix + name
        if name not in new:
            breaking, reason = direction.removed()
            yield InputChange(
                path=path,
                aspect="input",
                change="removed",
                before=_declared(old[name]),
                breaking=breaking,
                reason=reason,
            )
        elif name not in old:
            breaking, reason = direction.added(new[name])
            yield InputChange(
                path=path, aspect="input", change="added", after=_declared(new[name]), breaking=breaking, reason=reason
            )
        else:
            yield from _one(old[name], new[name], direction, path)


def _one(old: Input, new: Input, direction: _Direction, path: str) -> Iterator[InputChange]:
    yield from _types(old.type, new.type, direction, path)
    if old.required != new.required:
        breaking, reason = direction.required(new)
        yield InputChange(
            path=path,
            aspect="required",
            change="changed",
            before=_necessity(old),
            after=_necessity(new),
            breaking=breaking,
            reason=reason,
        )
    elif not old.required and text_of(old.default) != text_of(new.default):
        breaking, reason = direction.defaulted(new)
        yield InputChange(
            path=path,
            aspect="default",
            change="changed",
            before=shown(old.default),
            after=shown(new.default),
            breaking=breaking,
            reason=reason,
        )
    if old.description != new.description:
        yield InputChange(
            path=path, aspect="description", change="changed", before=old.description, after=new.description
        )
    if old.demographic != new.demographic:
        before, after = (str(each.demographic or "tells no group") for each in (old, new))
        yield InputChange(path=path, aspect="demographic", change="changed", before=before, after=after)


def _types(old: InputType, new: InputType, direction: _Direction, path: str) -> Iterator[InputChange]:
    """Yield a row for the type itself and then rows for what is inside, where both have an inside of one kind."""
    inside = old.kind == new.kind and old.kind in ("array", "map", "object")
    before, after = (_shell(old), _shell(new)) if inside else (old, new)
    if _content(before) != _content(after):
        breaking, reason = direction.retyped(before, after)
        yield InputChange(
            path=path,
            aspect="type",
            change="changed",
            before=describe(old),
            after=describe(new),
            breaking=breaking,
            reason=reason,
        )
    if inside and old.items is not None and new.items is not None:
        yield from _types(old.items, new.items, direction, path + ("[]" if old.kind == "array" else "{}"))
    elif inside:
        yield from _compared(old.properties, new.properties, direction, f"{path}.")


def _shell(kind_of: InputType) -> InputType:
    """Return the type without its inside: what is left is whether it can be null, and its length."""
    return replace(kind_of, properties=(), items=None if kind_of.items is None else InputType(kind="json"))


def _content(kind_of: InputType) -> bytes:
    return text_of(canonical([Input(name="it", type=kind_of)]))


def _necessity(declared: Input) -> str:
    return "required" if declared.required else f"optional, {shown(declared.default)} when left out"


def _declared(declared: Input) -> str:
    return f"{describe(declared.type)}, {_necessity(declared)}"
