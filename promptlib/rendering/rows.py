"""One prompt over many rows: one result for each, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from promptlib.errors import InvalidInputs, PromptLibError

if TYPE_CHECKING:
    from promptlib.rendering.rendered import RenderedPrompt

RowT = TypeVar("RowT")

_HINT = "give a list, a generator or any other iterable of models or mappings; one row alone is for render"


class RenderedRows(Generic[RowT]):
    """An iterator over the results, in the order of the rows; it holds one row at a time.

    An error names the row as `rows[7]`, counted from 0, and ends nothing: the next `next` goes on with `rows[8]`.
    """

    __slots__ = ("_number", "_render", "_rows")

    def __init__(self, rows: Iterable[RowT], render: Callable[[RowT], RenderedPrompt]) -> None:
        """Begin before the first of *rows*; raises `InvalidInputs` where they are one row, or none."""
        # A model can be looped over too: over its fields.
        if isinstance(rows, str | bytes | Mapping) or hasattr(rows, "__pydantic_validator__"):
            raise InvalidInputs(f"rows is one {type(rows).__name__}, not many", hint=_HINT)
        if not isinstance(rows, Iterable):
            raise InvalidInputs(f"rows is a {type(rows).__name__}, and nothing to loop over", hint=_HINT)
        self._rows = iter(rows)
        self._render = render
        self._number = -1

    @property
    def number(self) -> int:
        """The number of the row that was taken last, from 0; -1 before the first."""
        return self._number

    def __iter__(self) -> Iterator[RenderedPrompt]:
        """Return itself."""
        return self

    def __next__(self) -> RenderedPrompt:
        """Return the next result; what fails on a row says which one it was."""
        row = next(self._rows)
        self._number += 1
        try:
            if row is None:
                raise InvalidInputs("the row is None", hint=_HINT)  # noqa: TRY301 - it gets its number like the others
            return self._render(row)
        except PromptLibError as error:
            error.what = f"rows[{self._number}]: {error.what}"
            error.args = (error.what,)
            raise
        except Exception as error:
            error.add_note(f"while rendering rows[{self._number}]")
            raise
