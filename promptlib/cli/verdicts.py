"""What `promptlib check` tells of numbers, labels and the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.store import Checked


def rows(checked: Checked, *, locked: bool) -> Iterator[Row]:
    """Yield failures first, then warnings, each with what to type."""
    for movement in sorted(checked.movements, key=lambda each: not each.failed):
        style = "bold red" if movement.failed else "yellow"
        verb = "would move" if movement.cause == "pull" else "moved"
        count = len(movement.numbers)
        yield plain(f"{count:,} published number{'' if count == 1 else 's'} {verb}: {movement.why}", style)
        yield from (plain(f"  {line}") for line in movement.told())
        yield from _steps(movement.remedy)
    for drift in checked.drifts:
        yield ((drift.what, "bold"), (f": {drift.told}", ""))
        yield from _steps(drift.remedy)
    for label in checked.labels:
        yield plain(str(label), "yellow")
        yield from _steps(label.remedy)
    for note in checked.notes:
        yield plain(f"{note.where}: {note.what}", "yellow")
        yield from _steps(note.hint)
    for words in checked.unknown:
        yield plain(f"not known: {words}", "yellow")
    if locked:
        count = len(checked.drifts)
        if count:
            yield plain(f"{count:,} {'differs' if count == 1 else 'differ'} from the lock", "bold red")
        else:
            yield plain("as locked", "green")


def _steps(remedy: str) -> Iterator[Row]:
    """Yield each step on a line of its own, to be copied from there."""
    yield from (plain(f"    {step}", "green") for step in remedy.split("; "))


def as_json(checked: Checked, *, locked: bool) -> dict[str, object]:
    """Return the same for programs; `drifts` is null where no lock was asked for."""
    return {
        "movements": [each.to_dict() for each in checked.movements],
        "labels": [each.to_dict() for each in checked.labels],
        "notes": [{"what": each.what, "where": str(each.where), "hint": each.hint} for each in checked.notes],
        "unknown": list(checked.unknown),
        "undescribed": list(checked.undescribed),
        "drifts": [each.to_dict() for each in checked.drifts] if locked else None,
    }
