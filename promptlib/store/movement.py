"""Published numbers that belong to other content now, as values, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

Cause = Literal["merge", "rewritten", "remote", "pull"]


@dataclass(frozen=True, slots=True)
class MovedNumber:
    """A published number that is other content now: the digest that it `was`, and the one that it is `now`.

    `now` is empty where the number belongs to nothing; `elsewhere` is the number that the content has now, if any.
    A file that cannot be read has an empty digest too.
    """

    name: str
    number: int
    was: str
    now: str
    elsewhere: int | None = None

    @property
    def ref(self) -> str:
        """`name@v3#3f9c2a1b`, which loads that content or nothing."""
        return f"{self.name}@v{self.number}#{_short(self.was)}"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "number": self.number,
            "was": self.was or None,
            "now": self.now or None,
            "elsewhere": self.elsewhere,
        }


@dataclass(frozen=True, slots=True)
class Movement:
    """Numbers that one cause moved, or would move.

    `cause` is `merge` (a merge here made the published line its second parent), `rewritten` (published commits were
    squashed or rebased here), `remote` (the published branch itself was rewritten or merged the other way round), or
    `pull` (nothing has moved yet; a plain `git pull` would). `published` is the branch, `at` the commit whose numbers
    counted, `commit` the merge or the commit that was left. `remedy` is what to do.
    """

    cause: Cause
    published: str
    at: str
    commit: str
    numbers: tuple[MovedNumber, ...]
    remedy: str

    @property
    def failed(self) -> bool:
        """Whether numbers have moved here, and can still be brought back before anybody sees it."""
        return self.cause in {"merge", "rewritten"}

    @property
    def why(self) -> str:
        """The cause in words."""
        if self.cause == "merge":
            return f"the merge {self.commit[:7]} made the published line its second parent"
        if self.cause == "rewritten":
            return (
                f"published commits were rewritten here: this branch no longer holds {self.at[:7]} of {self.published}"
            )
        if self.cause == "pull":
            return f"this branch and {self.published} have diverged, and a plain git pull would put this one first"
        if self.commit:
            return f"the merge {self.commit[:7]} of {self.published} made what was published before its second parent"
        return f"{self.published} was rewritten: it no longer holds {self.at[:7]}"

    def told(self) -> Iterator[str]:
        """Yield one line for each number."""
        then = {"remote": f"at {self.published} before"}.get(self.cause, f"at {self.published}")
        where = {"remote": "there now", "pull": "here after it"}.get(self.cause, "here")
        verb = "would be" if self.cause == "pull" else "is"
        for each in self.numbers:
            was = f"#{_short(each.was)}" if each.was else "a file that cannot be read"
            now = f"#{_short(each.now)}" if each.now else "nothing that can be read"
            goes_on = f" (that content: v{each.elsewhere})" if each.elsewhere else ""
            yield f"{each.name}@v{each.number} was {was} {then} and {verb} {now} {where}{goes_on}"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "cause": self.cause,
            "why": self.why,
            "published": self.published,
            "at": self.at,
            "commit": self.commit or None,
            "failed": self.failed,
            "numbers": [each.to_dict() for each in self.numbers],
            "remedy": self.remedy,
        }


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHORT]
