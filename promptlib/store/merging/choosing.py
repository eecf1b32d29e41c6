"""What somebody has decided about conflicts: one side for all, by name, or by asking for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from promptlib.errors import BadRef, nearest

if TYPE_CHECKING:
    from typing import TypeGuard

    from promptlib.chain import Stored
    from promptlib.merge import NameConflict
    from promptlib.version import Version


Taken = Literal["ours", "theirs"]
#: What may be said of one conflict; None leaves it open.
Choice: TypeAlias = "Taken | Stored | Version | Mapping[str, object] | None"
#: What may be said of all: a side, choices by name (`name@label` for a label), or what is asked for each.
Resolve: TypeAlias = "Taken | Mapping[str, Choice] | Callable[[NameConflict], Choice] | None"

SIDES = ("ours", "theirs")
_WAYS = "resolve by 'ours', 'theirs', a mapping of names to choices, or a function that is given each conflict"


class Choices:
    """Answers what was decided about a conflict; whoever is asked is asked once for the same conflict."""

    def __init__(self, resolve: Resolve = None) -> None:
        """Keep *resolve*; raises `BadRef` for what is no way to decide."""
        if not (resolve is None or resolve in SIDES or callable(resolve) or isinstance(resolve, Mapping)):
            raise BadRef(f"{_shown(resolve)} resolves nothing", hint=_WAYS)
        self._resolve = resolve
        self._asked: dict[tuple[object, ...], Choice] = {}

    def of(self, conflict: NameConflict) -> Choice:
        """Return what was decided about *conflict*, None for nothing."""
        if self._resolve is None or isinstance(self._resolve, str):
            return self._resolve
        if isinstance(self._resolve, Mapping):
            return self._resolve.get(called(conflict))
        sides = (conflict.base, conflict.ours, conflict.theirs)
        which = conflict.kind, conflict.name, conflict.label, *(getattr(side, "digest", None) for side in sides)
        if which not in self._asked:
            self._asked[which] = self._resolve(conflict)
        return self._asked[which]

    def side(self, conflict: NameConflict) -> Taken | None:
        """Return which side was chosen, where nothing but a side can be; raises `BadRef` for anything else."""
        found = self.of(conflict)
        if found is None or is_side(found):
            return found
        raise wrong(conflict, found, "'ours' or 'theirs'")


def called(conflict: NameConflict) -> str:
    """Return the word by which a conflict is decided: its name, `name@label` for a label, a path for a file."""
    return f"{conflict.name}@{conflict.label}" if conflict.kind == "label" else conflict.name


def is_side(choice: object) -> TypeGuard[Taken]:
    """Tell whether *choice* is one of the two sides."""
    return isinstance(choice, str) and choice in SIDES


def wrong(conflict: NameConflict, choice: object, wanted: str) -> BadRef:
    """Return the error for a *choice* that a conflict of this kind cannot be decided by."""
    guess = nearest(choice, SIDES) if isinstance(choice, str) else ""
    what = f"{_shown(choice)} does not decide about {called(conflict)}"
    return BadRef(what, hint=f"{guess} say {wanted}, or None to leave it open".strip())


def _shown(value: object) -> str:
    return ascii(value)[:80] if isinstance(value, str | int | float) else f"a {type(value).__name__}"
