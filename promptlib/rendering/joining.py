"""How much joins of plain variables can put out at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from promptlib.messages import Message, Placeholder
from promptlib.rendering.amounts import Size
from promptlib.rendering.bounds import MISSING
from promptlib.rendering.measuring import Row, kept, newest_stays, put_out, thread_size
from promptlib.rendering.positions import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptlib.messages import Piece
    from promptlib.rendering.measuring import Task
    from promptlib.rendering.plainvariables import Join


def most_of_joins(items: Sequence[Join | int], pieces: Sequence[Piece], markable: frozenset[str], task: Task) -> Size:
    """Return the size of all messages that *items* make: joins, and the numbers of placeholders."""
    row = Row(task)
    joins = [item for item in items if not isinstance(item, int)]
    for item in items:
        if isinstance(item, int):
            name = cast("Placeholder", pieces[item]).name
            row.break_off(thread_size(task, name).at(Span(item, 0, 0)))
        else:
            _put(row, item, cast("Message", pieces[item.piece]), markable, task)
    size = row.end(closes=True)
    if any(_stands(join, markable) for join in joins):
        return size
    threads = [(at, each.name) for at, each in enumerate(pieces) if isinstance(each, Placeholder)]
    newest = [newest_stays(name).at(Span(at, 0, 0)) for at, name in threads if name in task.segments]
    return size.plus(*[Size(tokens=each) for each in newest])


def _put(row: Row, join: Join, message: Message, markable: frozenset[str], task: Task) -> None:
    row.message(message)
    row.literal(join.chunks[0])
    for number, variable in enumerate(join.variables):
        size = put_out(task.values.get(variable.name, MISSING), task.scale)
        segment = task.segments.get(variable.name) if variable.name in markable else None
        size = size if segment is None else kept(task, segment, size)
        row.value(size.at(Span(join.piece, variable.start, variable.end)))
        row.literal(join.chunks[2 * number + 2])


def _stands(join: Join, markable: frozenset[str]) -> bool:
    """Say whether a message is certain to be sent: it holds no segment, or literal text besides."""
    if not any(variable.name in markable for variable in join.variables):
        return True
    return any(chunk.strip() for chunk in join.chunks[::2])
