"""What comes out of a merge, and how what it leaves open is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

from promptlib import codec
from promptlib.chain import Chain
from promptlib.errors import InvalidPrompt, MergeConflict, NotFound, nearest
from promptlib.merge.conflicts import FieldConflict, NameConflict
from promptlib.merge.deciding import Given
from promptlib.merge.drafts import MARKER_SIZE, draft_of, marker_size, read_draft
from promptlib.merge.merging import Course, same_prompt
from promptlib.plain import Frozen
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.merge.deciding import Choose
    from promptlib.merge.texts import Side

#: How a conflict is decided: a side for all, a side or a value by field, or a function that says one or the other.
Choices: TypeAlias = "str | Mapping[str, object] | Callable[[FieldConflict], object]"

SIDES: tuple[Side, ...] = ("ours", "theirs", "base")
_NOTHING = Frozen()
#: The field of a prompt that one side deleted and the other changed.
WHOLE = "prompt"


StoredT = TypeVar("StoredT", bound="Prompt[Any] | Chain[Any]")


@dataclass(frozen=True, slots=True)
class Merged(Generic[StoredT]):
    """The outcome of a merge.

    `prompt` is the merged prompt, or the merged chain; it is None when there are `conflicts`, and when the prompt is
    `deleted`. The three sides are kept, so that a conflict can be decided with `resolve`, or in an editor with `draft`
    and `read_resolved`.
    """

    prompt: StoredT | None
    deleted: bool = False
    conflicts: tuple[FieldConflict, ...] = ()
    base: StoredT | None = None
    ours: StoredT | None = None
    theirs: StoredT | None = None
    _forced: Frozen = field(default=_NOTHING, repr=False)

    def resolve(self, choices: Choices = _NOTHING) -> StoredT | None:
        """Return the prompt with all conflicts decided; None when that means that it is deleted.

        *choices* is `"ours"` or `"theirs"` for all of them; or a mapping from each field to `"ours"`, `"theirs"`,
        `"base"` or a value, as the conflict shows it (None for nothing); or a function from a `FieldConflict` to one
        of these. A text that is one of the three words itself is given as a message.

        Raises `MergeConflict` for fields that nothing is said of, `NotFound` for a field that does not conflict, and
        `InvalidPrompt` when a value is none for its field or the prompt could not be.
        """
        choose = self._choosing(choices)
        if not self.conflicts:
            return self.prompt
        if self.conflicts[0].field == WHOLE:
            return self._whole(choose(self.conflicts[0]))
        try:
            return cast("StoredT", self._course().made(choose)[0])
        except InvalidPrompt as error:
            hint = f"{error.hint}\nall 'ours' or all 'theirs' is always valid".strip()
            raise InvalidPrompt(
                f"with these choices it is no valid prompt: {error.what}",
                where=error.where,
                hint=hint,
                others=error.others,
            ) from error

    def draft(
        self, *, ours: str = "ours", theirs: str = "theirs", file: bytes = b"", marker_size: int = MARKER_SIZE
    ) -> str:
        """Return the merged file for an editor: contested lines of both sides stand between markers as git writes them.

        *ours* and *theirs* name the sides at the markers; *file* is the file of ours, whose comments and spelling are
        kept. A marker has at least *marker_size* signs, and more than any line of the texts begins with.
        """
        return draft_of(self, file, (ours, theirs), self._marker_size(marker_size))

    def read_resolved(
        self, text: str | bytes, *, source: str = "the merged file", marker_size: int = MARKER_SIZE
    ) -> StoredT | None:
        """Return the prompt of a draft that was edited; an empty text means that a contested deletion holds.

        Raises `InvalidFile` with the lines of markers that are left, and what `codec.read` raises; `InvalidPrompt`
        when a foreign prompt would become one's own by it.
        """
        text = text.decode() if isinstance(text, bytes) else text
        return cast("StoredT | None", read_draft(self, text, source=source, size=self._marker_size(marker_size)))

    def _marker_size(self, least: int) -> int:
        return marker_size((self.base, self.ours, self.theirs), least)

    def conflict(self, name: str = "") -> NameConflict:
        """Return all that conflicts as that of one *name*, for a `MergeConflict`."""
        known = next((side.name for side in (self.ours, self.theirs, self.base) if side is not None and side.name), "")
        return NameConflict(
            name=name or known, base=self.base, ours=self.ours, theirs=self.theirs, fields=self.conflicts
        )

    def _course(self) -> Course:
        ours, theirs = cast("Stored", self.ours), cast("Stored", self.theirs)
        return Course(self.base, ours, theirs, cast("Mapping[str, str]", self._forced))

    def _choosing(self, choices: Choices) -> Choose:
        if isinstance(choices, str):
            if choices not in SIDES:
                hint = f"{nearest(choices, SIDES)} or give a mapping by field".strip()
                raise NotFound(f"{choices!r:.80} is no side of a merge", hint=f"sides: {', '.join(SIDES)}; {hint}")
            return lambda _: choices
        if isinstance(choices, Mapping):
            self._check_fields(choices)
            return lambda conflict: _choice(choices[conflict.field])
        return lambda conflict: _choice(choices(conflict))

    def _check_fields(self, choices: Mapping[str, object]) -> None:
        fields = [each.field for each in self.conflicts]
        unknown = next((each for each in choices if each not in fields), None)
        if unknown is not None:
            hint = f"{nearest(str(unknown), fields)} conflicts here: {', '.join(fields) or 'none'}".strip()
            raise NotFound(f"no conflict in {unknown!r:.80}", hint=hint)
        open_ones = tuple(each for each in self.conflicts if each.field not in choices)
        if open_ones:
            said = ", ".join(f"{each.field!r}: 'ours'" for each in open_ones)
            raise MergeConflict(
                f"nothing is said of {', '.join(each.field for each in open_ones)}",
                hint=f"say which side holds, or give a value: {{{said}}}",
                conflicts=(self.conflict(),),
            )

    def _whole(self, choice: Side | Given) -> StoredT | None:
        if not isinstance(choice, Given):
            return cast("StoredT | None", getattr(self, choice))
        value = choice.value
        if value is None or isinstance(value, Prompt | Chain):
            return cast("StoredT | None", value)
        if isinstance(value, str):
            return cast("StoredT", codec.read_stored(value.encode(), source="the value for prompt"))
        raise InvalidPrompt(
            f"the value for prompt is a {type(value).__name__}", hint="give a Prompt, the text of its file, or None"
        )


def _choice(value: object) -> Side | Given:
    return value if isinstance(value, str) and value in SIDES else Given(value)


@overload
def merge(  # type: ignore[overload-overlap] # three times None is deleted, of whichever kind
    base: Prompt[Any] | None, ours: Prompt[Any] | None, theirs: Prompt[Any] | None
) -> Merged[Prompt[Any]]: ...


@overload
def merge(base: Chain[Any] | None, ours: Chain[Any] | None, theirs: Chain[Any] | None) -> Merged[Chain[Any]]: ...


def merge(base: Stored | None, ours: Stored | None, theirs: Stored | None) -> Merged[Any]:
    """Merge what two sides made of the prompt, or the chain, *base*; None stands for one that is not there.

    Each part goes by its own rule (the page on merging has them in a table): what only one side changed is taken, what
    both changed alike is taken once, and what both changed differently is a conflict, as small as can be: two words of
    one line do not conflict. Nothing that a side wrote is lost: it is in the result, or in a conflict. A prompt that
    comes out, also by choosing one side for all conflicts, is valid and can be written to a file.
    """
    return merge_stored(base, ours, theirs)


def merge_stored(base: Stored | None, ours: Stored | None, theirs: Stored | None) -> Merged[Any]:
    """Merge as `merge` does, also where a side put a prompt in the place of a chain, or a chain in that of a prompt."""
    if ours is None or theirs is None or same_prompt(ours, theirs):
        return _with_absent(base, ours, theirs)
    if isinstance(ours, Chain) != isinstance(theirs, Chain):
        why = "one side has a prompt under this name, the other a chain"
        conflict = FieldConflict(WHOLE, _file(base), _file(ours), _file(theirs), why)
        return Merged(None, conflicts=(conflict,), base=base, ours=ours, theirs=theirs)
    if base is not None and isinstance(base, Chain) != isinstance(ours, Chain):
        base = None  # both sides put another kind in its place
    if base is not None and (same_prompt(base, ours) or same_prompt(base, theirs)):
        return Merged(theirs if same_prompt(base, ours) else ours, base=base, ours=ours, theirs=theirs)
    course = Course(base, ours, theirs)
    prompt, conflicts = course.taking_ours()
    forced = Frozen(dict(course.forced))
    return Merged(
        None if conflicts else prompt, conflicts=conflicts, base=base, ours=ours, theirs=theirs, _forced=forced
    )


def _with_absent(base: Stored | None, ours: Stored | None, theirs: Stored | None) -> Merged[Any]:
    """Return the merge where a side has no prompt, or both have the same."""
    left = theirs if ours is None else ours
    if left is None:
        return Merged(None, deleted=True, base=base)
    if (ours is not None and theirs is not None) or base is None:
        return Merged(left, base=base, ours=ours, theirs=theirs)
    if same_prompt(left, base):
        return Merged(None, deleted=True, base=base, ours=ours, theirs=theirs)
    remover, changer = ("ours", "theirs") if ours is None else ("theirs", "ours")
    conflict = FieldConflict(
        WHOLE, _file(base), _file(ours), _file(theirs), f"{remover} deletes it, {changer} changes it"
    )
    return Merged(None, conflicts=(conflict,), base=base, ours=ours, theirs=theirs)


def _file(prompt: Stored | None) -> str | None:
    return None if prompt is None else codec.write(prompt).decode()
