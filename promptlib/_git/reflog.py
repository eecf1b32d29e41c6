"""Where a ref has been, as its reflog tells; a repository without one tells nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib._git.layout import Layout
    from promptlib._git.runner import Git

_ID = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")


def positions(layout: Layout, git: Git, reference: str) -> tuple[str, ...]:
    """Return the commits that *reference* was at, newest first, each once; none where there is no reflog."""
    found = _asked(git, reference) if layout.reference_format == "reftable" else _read(layout, reference)
    return tuple(dict.fromkeys(each.decode() for each in found if _ID.fullmatch(each) and each.strip(b"0")))


def _read(layout: Layout, reference: str) -> Iterator[bytes]:
    try:
        rows = (layout.common_dir / "logs" / reference).read_bytes().splitlines()
    except OSError:
        return
    for row in reversed(rows):
        before, _, rest = row.partition(b" ")
        yield from (rest.partition(b" ")[0], before)


def _asked(git: Git, reference: str) -> Iterator[bytes]:
    """A reftable is read by git alone."""
    told = git.run("log", "--walk-reflogs", "--format=%H", "--end-of-options", reference, "--", check=False)
    yield from told.out.split(b"\n")
