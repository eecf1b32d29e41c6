"""A version in words, and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib import Version
    from promptlib.chain import Stored
    from promptlib.cli.terminal import Span

MINUTE, HOUR, DAY = 60, 3600, 86400
#: (seconds in one, name): the largest unit that fits is told.
UNITS = ((365 * DAY, "year"), (30 * DAY, "month"), (7 * DAY, "week"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


def described(version: Version) -> dict[str, object]:
    """Return *version* as JSON; its shape is in docs/reference/json.md."""
    return {
        "name": version.name,
        "number": version.number,
        "provisional": version.provisional,
        "digest": version.digest,
        "ref": version.ref,
        "commit": version.commit,
        "author": version.author,
        "email": version.email,
        "time": version.time.isoformat(),
        "message": version.message,
        "labels": list(version.labels),
        "parents": [str(parent) for parent in version.parents],
        "derived_from": str(version.derived_from) if version.derived_from else None,
        "renamed_from": version.renamed_from or None,
        "trust": version.trust,
        "vouched": version.vouched or None,
    }


def number(version: Version) -> str:
    """Return `v3`, `v3~` while it may still move, `v?` where history is cut off."""
    return "v?" if version.number is None else f"v{version.number}{'~' if version.provisional else ''}"


def short(version: Version) -> str:
    """Return the first characters of the digest; question marks where its text is not here, or cannot be read."""
    return version.short or "????????"


def heading(version: Version) -> tuple[Span, ...]:
    """Return `support/triage v3 (3f9c2a1b)  production` as spans."""
    return (
        (version.name, "bold"),
        (" ", ""),
        (number(version), "bold yellow"),
        (" (", ""),
        (short(version), "cyan"),
        (")", ""),
        *label_spans(version.labels),
    )


def label_spans(labels: Iterable[str]) -> tuple[Span, ...]:
    """Return the labels as spans that stand behind something else."""
    text = ", ".join(labels)
    return (("  ", ""), (text, "bold green")) if text else ()


def subject(version: Version) -> str:
    """Return the first line of the message."""
    return next(iter(version.message.splitlines()), "")


def age(time: datetime, now: datetime | None = None) -> str:
    """Return how long ago *time* was, in words such as `3 days ago`."""
    seconds = int(((now or datetime.now(UTC)) - time).total_seconds())
    for size, unit in UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds >= 0 else "in the future"


def source_tokens(stored: Stored, encoding: str = "o200k_base") -> int:
    """Return the tokens of the messages' source texts: what a change of the words costs, values apart.

    Those of a chain are those of its pinned steps.
    """
    from promptlib import Prompt, count_tokens  # noqa: PLC0415 - only numbers need a vocabulary

    prompts = [stored] if isinstance(stored, Prompt) else [stored.resolve(name) for name in stored.includes]
    return sum(count_tokens(piece.text, encoding=encoding) for prompt in prompts for piece in prompt.messages)


def signed(change: int) -> str:
    """Return a difference with its sign: `+12`, `-4`, `±0`."""
    return f"{change:+,d}" if change else "±0"
