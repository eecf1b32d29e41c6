"""The table: a contestant has a row of medians, and below it where the middle half of the pairs lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COLUMNS = ("import", "first text", "tiny", "chat", "200 KB", "same text", "new text", "many rows")
DIFFERS = "differs"
NAME, CELL = 36, 13


class Row(NamedTuple):
    """What was measured of one contestant; a figure is None where the text it made was another one."""

    name: str
    version: str
    prepared: bool
    figures: Mapping[str, Sequence[float] | None]
    grown: float


def row_of(told: Mapping[str, object], rows: Sequence[object]) -> Row:
    """Return the row that the two answers of `contest.py` make; raises `ValueError` for others."""
    match dict(told), list(rows):
        case {"name": str(name), "version": str(version), "prepared": bool(prepared), "figures": dict(figures)}, [
            list(figure),
            float(grown) | int(grown),
        ]:
            return Row(name, version, prepared, {**figures, COLUMNS[-1]: figure}, grown)
        case _:
            raise ValueError(f"a contest answers otherwise: {told}, {rows}")


def table(rows: Sequence[Row], missing: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the table; *missing* says why a library is not in it."""
    yield _line("x over compiled sandboxed Jinja", [*COLUMNS, "MiB grown"])
    for row in rows:
        figures = [row.figures[name] for name in COLUMNS]
        cells = [f"{each[0]:.3g}" if each else DIFFERS for each in figures]
        cells[COLUMNS.index("chat")] += "*" if row.prepared else ""
        yield _line(f"{row.name} {row.version}", [*cells, f"{row.grown:.0f}"])
        yield _line("", [f"{each[1]:.3g}-{each[2]:.3g}" if each else "" for each in figures])
    for name, reason in missing.items():
        yield f"{name:<{NAME}} not installed: {reason}"


def _line(name: str, cells: Sequence[str]) -> str:
    return (f"{name:<{NAME}}" + "".join(f"{cell:>{CELL}}" for cell in cells)).rstrip()
