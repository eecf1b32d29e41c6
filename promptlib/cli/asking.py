"""The store that a verb asks: as it is, or as it was at some moment."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promptlib.cli.terminal import emit, on_terminal, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.store import View


@contextmanager
def asked(at: str = "") -> Iterator[View]:
    """Open the store around the working directory, as it was *at* some moment where one is said."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        view = store.at(at) if at else store
        if at and on_terminal(sys.stderr):
            emit([plain(f"as of {told(view)}", "dim")], stream=sys.stderr)
        yield view


def told(view: View) -> str:
    """Return of when and of which commit *view* is, in words; an empty text for a store as it is."""
    from promptlib.store import EarlierView  # noqa: PLC0415 - help needs no store

    return f"{view.time.isoformat(sep=' ')}, commit {view.commit[:8]}" if isinstance(view, EarlierView) else ""


def moment(view: View) -> dict[str, object]:
    """Return what a document says of the moment that was asked about; empty for a store as it is."""
    from promptlib.store import EarlierView  # noqa: PLC0415 - help needs no store

    if not isinstance(view, EarlierView):
        return {}
    return {"at": {"commit": view.commit, "time": view.time.isoformat()}}
