"""Fairness reports beside the versions that they speak of: a file each, called by what it says.

They are found by the digest of the content, so that a rename moves none of them; two clones that each add one never
conflict; and a number that was stored is never written over, because another number is another file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from promptlib.errors import InvalidInputs, PromptLibError, StoreDamaged, Where
from promptlib.plain import Frozen, freeze
from promptlib.plain import digest as digest_of
from promptlib.refs import Ref
from promptlib.store.layout import REPORTS, report_path, reports_folder
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored
    from promptlib.store.homes import Home
    from promptlib.store.loading import Reader
    from promptlib.store.view import There


class Keepable(Protocol):
    """What can be kept: a `promptlib.fairness.Report`."""

    @property
    def digest(self) -> str:
        """The digest of the prompt that it speaks of."""

    @property
    def identity(self) -> str:
        """The digest of all that it says."""

    def to_json(self) -> str:
        """Return it as text."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it lies in a store: where, of which content, and what it says.

    `data` is plain data that was checked against the name of its file: `promptlib.fairness.Report.from_dict(kept.data)`
    is the report.
    """

    path: str
    digest: str
    data: Frozen

    @property
    def identity(self) -> str:
        """The digest of all that it says."""
        return digest_of(self.data)


class Measured:
    """What a store knows of how its prompts treat groups of people."""

    def reports(self, ref: str | Ref | Version) -> tuple[KeptReport, ...]:
        """Return the fairness reports of the content that *ref* names, oldest first; none where nobody measured it.

        Raises what `load_stored` raises, and `StoreDamaged` for a report that was changed after it was kept.
        """
        if isinstance(ref, Version):
            return self.reports_of(ref.digest)
        if there := self._there(ref):
            return there.store.reports(there.rest)
        return self.reports_of(self._loaded(Ref.parse(ref)).digest)

    def reports_of(self, digest: str) -> tuple[KeptReport, ...]:
        """Return the fairness reports of the content with *digest*, oldest first; raises `StoreDamaged`."""
        return tuple(reports_in(self._reading().files, digest))

    def measured(self) -> frozenset[str]:
        """Return the digests of the contents that have reports."""
        return frozenset(f"sha256:{folder}" for folder in self._reading().files.folders(REPORTS))

    if TYPE_CHECKING:

        def _there(self, ref: str | Ref) -> There | None: ...

        def _loaded(self, ref: Ref) -> Stored: ...

        def _reading(self) -> Reader: ...


def reports_in(files: Home, digest: str) -> Iterator[KeptReport]:
    """Yield the reports of the content with *digest*, oldest first; raises `StoreDamaged`."""
    paths = files.walk(reports_folder(digest))
    found = [read_report(files.read(path) or b"", path, files.shown(path)) for path in paths]
    yield from sorted(found, key=lambda each: (str(each.data.get("time") or ""), each.path))


def read_report(data: bytes, path: str, source: str) -> KeptReport:
    """Return the report in the file *path*; raises `StoreDamaged` where it is not what its name says."""
    try:
        said = freeze(json.loads(data), what=source)
    except (ValueError, RecursionError) as error:
        what = error.what if isinstance(error, PromptLibError) else "it is no JSON"
        raise _damaged(source, what) from error
    digest = str(said.get("digest")) if isinstance(said, Frozen) else ""
    if not isinstance(said, Frozen) or path != f"{REPORTS}{_hex(digest)}/{_hex(digest_of(said))}.json":
        raise _damaged(source, "its name is the digest of what it said when it was kept")
    return KeptReport(path, digest, said)


def to_keep(report: Keepable, version: Version) -> tuple[str, bytes]:
    """Return path and bytes of the file of *report*; raises `InvalidInputs` where it is not of *version*."""
    if not all(hasattr(report, name) for name in ("digest", "identity", "to_json")):
        raise InvalidInputs(f"a {type(report).__name__} is no fairness report", hint="give what vary(…) returned")
    if report.digest != version.digest:
        raise InvalidInputs(
            f"this report is of the content #{report.digest[7:15]}, and {version} is another",
            hint="save what was measured first, or keep the report beside the version that it is of",
        )
    path = report_path(report.digest, report.identity)
    data = report.to_json().encode()
    read_report(data, path, path)
    return path, data


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _damaged(source: str, what: str) -> StoreDamaged:
    return StoreDamaged(
        f"{source} is not the report that was kept: {what}",
        where=Where(source),
        hint=f"take back what was kept: git log -- {source}; or take the file away and measure again",
    )
