"""Where things lie below a store's root, and what a label's file holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, StoreDamaged, Where
from promptlib.plain import digest as digest_of
from promptlib.refs import check_digest, check_label, check_name
from promptlib.version import SHORT

if TYPE_CHECKING:
    from promptlib.store.homes import Home

PROMPT = ".prompty"
LABEL = ".label"
LABELS = ".labels/"
INCLUDES = ".labels/.includes/"
#: Fairness reports, by the digest of the content that they speak of.
REPORTS = ".fairness/"
#: In a bundle, the refs of the versions that it was made of, where that was asked for.
VERSIONS = "promptlib.versions"
ATTRIBUTES = ".gitattributes"
#: Line ends are content: git must not touch them.
ATTRIBUTES_TEXT = b"*.prompty -text\n*.label -text\n"


def prompt_path(name: str) -> str:
    """Return the path of *name* below the root; raises `BadRef` for a name outside the grammar."""
    return _prompt_path(name) if isinstance(name, str) else check_name(name)


def label_path(name: str, label: str) -> str:
    """Return the path of the file that *label* on *name* is."""
    if isinstance(name, str) and isinstance(label, str):
        return _label_path(name, label)
    return check_name(name) + check_label(label)


@lru_cache(maxsize=1024)
def _prompt_path(name: str) -> str:
    return check_name(name) + PROMPT


@lru_cache(maxsize=1024)
def _label_path(name: str, label: str) -> str:
    return f"{LABELS}{check_label(label)}/{check_name(name)}{LABEL}"


def include_path(digest: str) -> str:
    """Return the path where a labelled prompt's pinned include lies."""
    return f"{INCLUDES}{check_digest(digest).removeprefix('sha256:')}{PROMPT}"


def report_path(digest: str, identity: str) -> str:
    """Return the path of the fairness report *identity* of the content with *digest*; both are digests."""
    return f"{reports_folder(digest)}{check_digest(identity).removeprefix('sha256:')}.json"


def reports_folder(digest: str) -> str:
    """Return the folder where the fairness reports of the content with *digest* lie."""
    return f"{REPORTS}{check_digest(digest).removeprefix('sha256:')}/"


def index_name(prefix: str) -> str:
    """Each root of a repository has an index of its own: a larger one may hold many stores."""
    if prefix in {"", "prompts/"}:
        return "index.sqlite"
    return f"index-{digest_of(prefix).removeprefix('sha256:')[:SHORT]}.sqlite"


def name_at(path: str) -> str | None:
    """Return the name whose prompt lies at *path*, or None when that is no prompt of a store."""
    if not path.endswith(PROMPT) or path.startswith("."):
        return None
    return _valid(path.removesuffix(PROMPT))


def label_at(path: str) -> tuple[str, str] | None:
    """Return (name, label) of the label that *path* is, or None."""
    if not path.startswith(LABELS) or not path.endswith(LABEL):
        return None
    label, _, rest = path.removeprefix(LABELS).partition("/")
    name = _valid(rest.removesuffix(LABEL))
    try:
        return (name, check_label(label)) if name else None
    except BadRef:
        return None


def labels_of(name: str, files: Home) -> dict[str, bytes]:
    """Return the file of every label on *name*: each label is looked for, whatever else is labelled."""
    paths = {label: label_path(name, label) for label in files.folders(LABELS) if _is_label(label)}
    return {label: data for label, path in paths.items() if (data := files.read(path)) is not None}


def names_in(files: Home, prefix: str = "") -> tuple[str, ...]:
    """Return the names that have a file and begin with *prefix*, in alphabetical order."""
    folder = prefix.rpartition("/")[0]
    below = f"{folder}/" if folder and _valid(folder) else ""
    return tuple(sorted(name for path in files.walk(below) if (name := name_at(path)) and name.startswith(prefix)))


def _is_label(text: str) -> bool:
    try:
        return bool(check_label(text))
    except BadRef:
        return False


def _valid(name: str) -> str | None:
    try:
        return check_name(name)
    except BadRef:
        return None


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a label's file holds: the digest, and the labelled version's file byte for byte."""

    digest: str
    data: bytes

    def to_bytes(self) -> bytes:
        """Return the file: one line with the digest, then the labelled file."""
        return self.digest.encode() + b"\n" + self.data

    @classmethod
    def from_bytes(cls, raw: bytes, source: str) -> Labelled:
        """Read the file; raises `StoreDamaged` when the first line is no digest."""
        first, _, data = raw.partition(b"\n")
        try:
            return cls(check_digest(first.decode()), data)
        except (BadRef, UnicodeDecodeError) as error:
            raise StoreDamaged(
                f"{source} is no label: its first line is not a digest",
                where=Where(source, 1, 1, first[:80].decode(errors="replace")),
                hint="move the label again: promptlib label NAME LABEL VERSION",
            ) from error
