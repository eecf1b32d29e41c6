"""`promptlib maintain`: a store that stays small and quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.store import Maintained


def maintain(*, json: Json = False) -> None:
    """Pack a bare store, complete its index and tidy up after killed processes; others may read and write meanwhile."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    with Store.open() as store:
        report = store.maintain()
    if json:
        print_json("maintain", report.to_dict())
    else:
        emit(rows(report))


def rows(report: Maintained) -> Iterator[Row]:
    """Yield sizes before and after, what was tidied up, and what is left for somebody to look at."""
    before, after = report.before, report.after
    figures = {
        "loose objects": (f"{before.loose:,}", f"{after.loose:,}"),
        "packed objects": (f"{before.packed:,}", f"{after.packed:,}"),
        "packs": (f"{before.packs:,}", f"{after.packs:,}"),
        "objects, KiB": (f"{before.size // 1024:,}", f"{after.size // 1024:,}"),
        "index, KiB": (f"{report.index_before // 1024:,}", f"{report.index_after // 1024:,}"),
    }
    told: list[Row] = [(("", ""), ("before", "dim"), ("after", "dim"))]
    told += [((what, ""), (was, ""), (now, "bold")) for what, (was, now) in figures.items()]
    yield from aligned(told, right=(1, 2))
    if not report.repacked:
        yield plain("the objects of an application's repository are left to git: git maintenance run, or git gc", "dim")
    for what, gone in (("left-over files", report.removed), ("refs of finished work", report.dropped)):
        if gone:
            yield plain(f"{what} removed: {len(gone):,}")
    if report.waiting:
        yield plain("kept for you to look at, then remove with git update-ref -d:", "bold")
        for each in report.waiting:
            yield (("  ", ""), (", ".join(each.names) or each.reference, "bold"), (f"  {each.look}", ""))
