"""Names, labels and refs: how people say which prompt and which version of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from promptlib.errors import BadRef, Where, nearest

_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LABEL = re.compile(r"[a-z][a-z0-9._-]{0,63}")
_NUMBER = re.compile(r"v([1-9][0-9]{0,8})")
_PREFIX = re.compile(r"[0-9a-f]{8,64}")
_VERSION_LIKE = re.compile(r"v[0-9]+")
#: Two characters or more: `c:x` is a path of Windows.
_STORE = re.compile(r"[a-z][a-z0-9_-]{1,63}")
#: What stands before the first `:`, where no mark of a name or version comes before that.
_BEFORE = re.compile(r"([^:/@#]*):")
#: The spelling of another tool begins so.
_TAKEN_STORES = frozenset({"prompts"})
_HEX = 64
LONGEST_NAME = 240

#: Names that some system keeps for itself, with or without an extension.
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | {
    f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789"
}
_TAKEN_LABELS = frozenset({"latest", "edited", "head"})
_OWN_SUFFIXES = (".prompty", ".label", ".lock")


def check_name(name: str) -> str:
    """Return *name* when it is a valid prompt name, `segment/segment/…`.

    Raises `BadRef` with the rule that it breaks and, where one can be made, a valid name that is near.
    """
    problem = _name_problem(name)
    if problem:
        proposal = propose_name(name)
        if "it names the store" in problem:
            raise BadRef(f"{_shown(name)} is no name in this store: {problem}", hint=_OTHER_STORE)
        hint = f"a valid name near it: {proposal!r}" if proposal and proposal != name else _GRAMMAR
        raise BadRef(f"{_shown(name)} is no prompt name: {problem}", hint=hint)
    return name


_OTHER_STORE = "another store is written by itself: Store.open(ITS PATH), or promptlib -C ITS-PATH"
_GRAMMAR = "a name is made of segments such as support/triage: [a-z0-9][a-z0-9._-]*, at most 64 characters each"


def check_store(store: str) -> str:
    """Return *store* when it can name another store in a ref, `shared:support/triage`; raises `BadRef`."""
    if not isinstance(store, str) or not _STORE.fullmatch(store):
        raise BadRef(
            f"{_shown(store)} is no name of a store",
            hint="it begins with a-z and goes on with a-z 0-9 _ -, 2 to 64 characters, such as shared",
        )
    if store in _TAKEN_STORES:
        raise BadRef(f"{store!r} cannot name a store: prompts:/name/3 is how MLflow writes a ref", hint="say shared")
    return store


def split_store(text: str) -> tuple[str, str]:
    """Return the store that *text* names and the rest: `shared` and `support/triage` of `shared:support/triage`.

    Without a store the first is empty. Raises `BadRef`, with the place, for what can name none.
    """
    found = _BEFORE.match(text) if not text.startswith("prompts:/") else None
    if found is None:
        return "", text
    try:
        check_store(found[1])
    except BadRef as error:
        raise BadRef(error.what, where=Where("ref", 1, 1, text[:120], max(1, len(found[1]))), hint=error.hint) from None
    return found[1], text[found.end() :]


def _name_problem(name: str) -> str:
    if not isinstance(name, str):
        return f"it is a {type(name).__name__}"
    if (found := _BEFORE.match(name)) and _STORE.fullmatch(found[1]):
        return f"it names the store {found[1]!r}, and what is written goes into this one"
    if not name:
        return "it is empty"
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    return next((problem for segment in name.split("/") if (problem := _segment_problem(segment))), "")


def _segment_problem(segment: str) -> str:
    if not segment:
        return "a segment is empty"
    if not _SEGMENT.fullmatch(segment):
        if len(segment) > 64:  # noqa: PLR2004 - the 64 of the grammar above
            return f"the segment {_shown(segment)} is longer than 64 characters"
        return f"the segment {_shown(segment)} holds something other than a-z 0-9 . _ - or begins with . _ -"
    if segment.endswith("."):
        return f"the segment {segment!r} ends in a dot"
    if segment.split(".", maxsplit=1)[0] in _DEVICES:
        return f"the segment {segment!r} is reserved by an operating system"
    if segment.endswith(_OWN_SUFFIXES):
        return f"the segment {segment!r} ends like a file of the store"
    return ""


def propose_name(text: str) -> str:
    """Return a valid name near *text*, or an empty text when nothing of it can be kept."""
    segments = []
    for part in str(text).lower()[: 4 * LONGEST_NAME].split("/"):
        segment = re.sub(r"[^a-z0-9._-]+", "-", part).strip("._-")[:64].rstrip("._-")
        if segment and _segment_problem(segment):
            segment = f"prompt-{re.sub(r'[.]', '-', segment)}"[:64].rstrip("._-")
        if segment:
            segments.append(segment)
    proposal = "/".join(segments)[:LONGEST_NAME].rstrip("/._-")
    return proposal if proposal and not _name_problem(proposal) else ""


def check_label(label: str) -> str:
    """Return *label* when it is a valid label; raises `BadRef` otherwise."""
    if not isinstance(label, str) or not _LABEL.fullmatch(label) or label.endswith((".", *_OWN_SUFFIXES)):
        raise BadRef(
            f"{_shown(label)} is no label",
            hint="a label begins with a-z and goes on with a-z 0-9 . _ -, at most 64 characters, such as production",
        )
    if label in _TAKEN_LABELS or _VERSION_LIKE.fullmatch(label):
        raise BadRef(
            f"{label!r} cannot be a label: refs give it a meaning of their own",
            hint="latest and v<digits> name versions; edited marks an uncommitted file",
        )
    if label.split(".", maxsplit=1)[0] in _DEVICES:
        raise BadRef(f"{label!r} cannot be a label: an operating system reserves it", hint="choose another word")
    return label


def _shown(word: object) -> str:
    text = ascii(word)
    return text if len(text) <= 80 else text[:77] + "…'"  # noqa: PLR2004 - one line of a terminal


def check_digest(text: str) -> str:
    """Return the full digest `sha256:<64 hex>`; raises `BadRef` for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise BadRef(f"{_shown(text)} is no digest", hint="a digest is sha256: and 64 characters of 0-9a-f")
    return text


@dataclass(frozen=True, slots=True)
class Ref:
    """A prompt and, if said, which version of it: at most one of label, number and latest, and a digest prefix.

    `store` names another store, as this project's settings call it; it is empty for the store that is asked.
    """

    name: str
    label: str = ""
    number: int | None = None
    latest: bool = False
    prefix: str = ""
    store: str = ""

    @classmethod
    def parse(cls, text: str | Ref) -> Ref:
        """Read `name`, `name@latest`, `name@v3`, `name@label`, `name#3f9c2a1b`, `name@v3#3f9c2a1b`.

        Each may stand behind another store's name, `shared:name@production`. `prompts:/name/3` and
        `prompts:/name@label` are read too. Raises `BadRef` with the place of the mistake.
        """
        if isinstance(text, Ref):
            return text
        if not isinstance(text, str):
            raise BadRef(f"a ref is a text, not a {type(text).__name__}", hint=_REFS)
        return _parsed(text)

    def __str__(self) -> str:
        """Return the ref as `parse` reads it."""
        which = self.label or ("latest" if self.latest else f"v{self.number}" if self.number else "")
        store = f"{self.store}:" if self.store else ""
        return f"{store}{self.name}{f'@{which}' if which else ''}{f'#{self.prefix}' if self.prefix else ''}"

    def with_version(self, which: str) -> Ref:
        """Return the ref to version *which* (`v1`, a digest, a label, `latest`) of the same name."""
        if which.startswith("sha256:"):
            return Ref(self.name, prefix=check_digest(which).removeprefix("sha256:"), store=self.store)
        name = f"{self.store}:{self.name}" if self.store else self.name
        return Ref.parse(f"{name}{which}" if which.startswith("#") else f"{name}@{which}")


_REFS = "refs: name, name@latest, name@v3, name@production, name#3f9c2a1b, name@v3#3f9c2a1b"


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Ref:
    if text.startswith("prompts:/"):
        return _foreign(text)
    store, rest = split_store(text)
    before, hash_mark, prefix = rest.partition("#")
    name, at_mark, which = before.partition("@")
    if store and not name:
        raise _bad(text, len(store) + 2, f"no name follows {store}:")
    check_name(name)
    prefix = _checked_prefix(text, prefix.removeprefix("sha256:")) if hash_mark else ""
    if not at_mark:
        return Ref(name, prefix=prefix, store=store)
    if which == "latest":
        return Ref(name, latest=True, prefix=prefix, store=store)
    if number := _NUMBER.fullmatch(which):
        return Ref(name, number=int(number[1]), prefix=prefix, store=store)
    if not which:
        raise _bad(text, len(text) - len(rest) + len(name) + 2, "nothing follows the @")
    return Ref(name, label=check_label(which), prefix=prefix, store=store)


def _bad(text: str, column: int, what: str) -> BadRef:
    return BadRef(f"{_shown(text)} is no ref: {what}", where=Where("ref", 1, column, text[:120]), hint=_REFS)


def _checked_prefix(text: str, prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise _bad(text, text.index("#") + 2, "a digest prefix is 8 to 64 characters of 0-9a-f")
    return prefix


def _foreign(text: str) -> Ref:
    """Read MLflow's spellings."""
    rest = text.removeprefix("prompts:/")
    name, slash, number = rest.rpartition("/")
    if slash and re.fullmatch(r"[1-9][0-9]{0,8}", number) and "@" not in name:
        return Ref(check_name(name), number=int(number))
    if "@" in rest and "#" not in rest:
        return Ref.parse(rest)
    raise _bad(text, len("prompts:/") + 1, "after prompts:/ come name/3 or name@label")


@dataclass(frozen=True, slots=True)
class Pin:
    """A name and the full digest of one content: what files hold, because numbers move and digests never do."""

    name: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name#<64 hex>`; raises `BadRef` for a shorter digest or another form."""
        if not isinstance(text, str):
            raise BadRef(f"a pin is a text, not a {type(text).__name__}", hint=_PIN)
        name, mark, digest = text.partition("#")
        if not mark or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise BadRef(f"{_shown(text)} is no pin", hint=_PIN)
        if _BEFORE.match(name):
            raise BadRef(
                f"{_shown(text)} is no pin: it names another store",
                hint="what is included lies in the same store: save a copy here first, and pin that",
            )
        return cls(check_name(name) if name else "", f"sha256:{digest}")

    def __str__(self) -> str:
        """Return the pin as `parse` reads it."""
        return f"{self.name}#{self.digest.removeprefix('sha256:')}"


MOST_COMPARED = 1_000
_PIN = "a pin is a name and the whole digest, support/style#<64 characters of 0-9a-f>; a Version's `.pin` gives it"


def missing_name(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return what to say next when *name* is not among *known* names."""
    if not known:
        return "this store is empty"
    shown = ", ".join(known[:8]) + (f", … ({len(known)} in all)" if len(known) > 8 else "")  # noqa: PLR2004 - one line
    return f"{nearest(name, _alike(name, known))} names here: {shown}".strip()


def _alike(name: str, known: list[str] | tuple[str, ...]) -> list[str] | tuple[str, ...]:
    """Return the names worth a close look: of very many, those with the same folder and beginning, or the same end."""
    if len(known) <= MOST_COMPARED:
        return known
    folder, slash, last = name.rpartition("/")
    begin = folder + slash + last[:1]
    return [each for each in known if each.startswith(begin) or each.rpartition("/")[2] == last][:MOST_COMPARED]
