"""Numbers, days and places as pages tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from promptlib.site.gathering import Change
    from promptlib.tokens import TokenCount


def count(number: int, word: str) -> str:
    """Return `1 token`, `2 tokens`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def told(tokens: TokenCount | None) -> str:
    """Return a count of tokens with how sure it is."""
    return "" if tokens is None else f"{count(int(tokens), 'token')} ({tokens.exactness}, {tokens.engine})"


def day(time: datetime | None) -> str:
    """Return a moment as HTML: its day for people, and all of it for who looks closer."""
    if time is None:
        return ""
    return (
        f'<time datetime="{time.isoformat()}" title="{time.isoformat(" ", "minutes")}">{time.date().isoformat()}</time>'
    )


def anchor(change: Change) -> str:
    """Return the name of a version's place on its page."""
    version = change.version
    return f"v{version.number}" if version.number is not None else f"c{version.commit[:12]}"
