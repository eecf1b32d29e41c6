"""Prompts that stand in a table: one row is one prompt."""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import InvalidFile, InvalidPrompt, Where, nearest
from promptlib.formats.arrivals import Arrival, Bringing, Imported, Made, slug
from promptlib.formats.dollars import dollars_in, templated
from promptlib.formats.rows import Row, rows_of
from promptlib.messages import ROLES, Message, Role, Text
from promptlib.plain import Frozen
from promptlib.prompt import Prompt
from promptlib.store.describing import TITLE
from promptlib.store.opening import checked_path
from promptlib.trust import FOREIGN, checked_trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptlib.store import Store
    from promptlib.trust import Trust

#: What a column is called elsewhere, the likeliest first.
GUESSES = {
    "name": ("name", "slug", "act", "title", "prompt_name", "prompt name", "id", "key"),
    "text": ("prompt", "text", "content", "template", "prompt_text", "prompt text", "body", "instruction", "message"),
    "description": ("description", "desc", "summary", "about"),
    "tags": ("tags", "tag", "category", "categories", "keywords", "topics", "topic"),
    "role": ("role",),
}


class Columns(NamedTuple):
    """Which column holds what; an empty text is none."""

    name: str
    text: str
    description: str = ""
    tags: str = ""
    role: str = ""


def import_csv(  # noqa: PLR0913 - what a table may be like, all by keyword
    store: Store,
    file: Path | str,
    *,
    name: str = "",
    text: str = "",
    description: str = "",
    tags: str = "",
    role: str = "",
    as_role: Role = "system",
    into: str = "",
    renames: Mapping[str, str] | None = None,
    variables: bool = False,
    trust: Trust = FOREIGN,
    encoding: str = "",
    delimiter: str = "",
    dry_run: bool = False,
    message: str = "",
) -> Imported:
    """Save each row of the table *file* (CSV, RFC 4180, with a row of titles) as a prompt of one literal message.

    *name*, *text*, *description*, *tags* and *role* name columns; those that are not named are guessed by their
    titles, and the report says what was guessed and which columns were not read. A row without a role has *as_role*.
    A name is made of its cell: `Linux Terminal` becomes `linux-terminal`, and the cell is kept as the title. *into* is
    a folder that all names stand in, *renames* maps a cell to a name. With *variables* a `${x}` or `${x:default}` in a
    text becomes a typed input; else it stays text. The words are foreign unless *trust* says otherwise.

    Everything becomes one commit, and with *dry_run* none. A second import of the same rows makes nothing. What was
    changed, deleted or renamed in the store since is left as it is, and told.

    Raises `InvalidFile` with the line for a table that cannot be read (encoding, quotes), `NotFound` where there is no
    such file, `BadRef` for a mapped name outside the grammar, and what `Store.transaction` raises.
    """
    _check_role(as_role)
    checked_trust(trust)
    path = checked_path(Path(file))
    data = path.read_bytes()
    table = rows_of(data, path.name, encoding=encoding, delimiter=delimiter)
    asked = {"name": name, "text": text, "description": description, "tags": tags, "role": role}
    columns = _columns(table.titles, asked, path.name)
    reading, bringing = _Reading(columns, as_role, trust, variables), Bringing(store, renames or {}, into)
    rows = [(row, _ragged(row, table.titles)) for row in table.rows]
    notes = [
        *table.notes,
        *_notes(columns, asked, table.titles),
        *_dollar_notes([row for row, wrong in rows if not wrong], columns, variables=variables),
    ]
    arrivals = _arrivals(rows, reading, bringing, path.name)
    digest, said = sha256(data).hexdigest(), message or f"Import {path.name}"
    return bringing.bring(arrivals, message=said, source=digest, dry_run=dry_run, notes=notes)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise InvalidPrompt(f"no role {role!r}", hint=f"roles: {', '.join(ROLES)}")


def _columns(titles: Sequence[str], asked: Mapping[str, str], source: str) -> Columns:
    """Return which column holds what: as *asked*, else guessed; raises `InvalidFile` where name or text has none."""
    by_word = {title.strip().casefold(): title for title in reversed(titles)}
    found: dict[str, str] = {}
    for part, given in asked.items():
        if given:
            if given not in titles:
                raise _no_column(f"no column {given!r}", given, titles, source)
            found[part] = given
            continue
        free = {word: title for word, title in by_word.items() if title not in {*asked.values(), *found.values()}}
        found[part] = next((free[word] for word in GUESSES[part] if word in free), "")
    for part in ("name", "text"):
        if not found[part]:
            raise _no_column(f"no column is known to hold the {part}", "", titles, source, f"--{part} COLUMN")
    twice = next((title for title in found.values() if title and titles.count(title) > 1), None)
    if twice is not None:
        raise InvalidFile(
            f"two columns are called {twice!r}", where=Where(source, 1), hint="give one of them another title"
        )
    return Columns(**found)


def _no_column(what: str, given: str, titles: Sequence[str], source: str, option: str = "") -> InvalidFile:
    shown = ", ".join(map(repr, titles[:20]))
    hint = f"{nearest(given, titles)} columns: {shown}".strip()
    return InvalidFile(what, where=Where(source, 1), hint=f"{hint}; say which: {option}" if option else hint)


def _notes(columns: Columns, asked: Mapping[str, str], titles: Sequence[str]) -> list[str]:
    held = {part: column for part, column in columns._asdict().items() if column}
    guessed = [f"{part} from {column!r}" for part, column in held.items() if not asked[part]]
    unread = [repr(title) for title in dict.fromkeys(titles) if title not in held.values()]
    found = [f"guessed: {', '.join(guessed)}"] if guessed else []
    return found + ([f"columns that were not read: {', '.join(unread)}"] if unread else [])


def _dollar_notes(rows: Sequence[Row], columns: Columns, *, variables: bool) -> list[str]:
    if variables:
        return []
    count = sum(bool(dollars_in(row.cells[columns.text])) for row in rows)
    what = f"{count:,} text{' has' if count == 1 else 's have'} variables such as ${{x:default}}, which stay text"
    return [f"{what}; --variables makes inputs of them"] if count else []


def _ragged(row: Row, titles: Sequence[str]) -> str:
    """Return what is wrong with the number of cells of *row*; an empty text for nothing."""
    if row.width == len(titles):
        return ""
    cells = f"{row.width:,} cell{'' if row.width == 1 else 's'} below {len(titles):,} titles"
    return f"{cells}: a comma or a quote is missing or too much"


class _Reading(NamedTuple):
    """How rows become prompts."""

    columns: Columns
    role: Role
    trust: Trust
    variables: bool

    def made(self, row: Row, title: str, name: str, where: str) -> Made:
        """Return the prompt of *row*; raises `InvalidPrompt`."""
        text = row.cells[self.columns.text]
        if not text:
            raise InvalidPrompt("the text is empty")
        role = self._role(row)
        prompt: Prompt[Any] = Prompt(
            messages=(Message(role, (Text(text),), literal=True),),
            description=row.cells.get(self.columns.description, "").strip(),
            tags=tags_of(row.cells.get(self.columns.tags, "")),
            trust=self.trust,
            extra=Frozen({TITLE: title}) if title and title != name else Frozen(),
        )
        if not self.variables:
            return Made(prompt)
        made, lost = templated(prompt)
        return Made(made, tuple((what, where) for what in lost))

    def _role(self, row: Row) -> Role:
        given = row.cells.get(self.columns.role, "").strip().lower()
        if not given:
            return self.role
        _check_role(given)
        return next(role for role in ROLES if role == given)


def tags_of(cell: str) -> tuple[str, ...]:
    """Return the tags that a cell holds: a JSON list, or words with `,` `;` or `|` between them; each once."""
    words: list[str] = []
    if cell.lstrip().startswith("["):
        try:
            words = [str(word) for word in json.loads(cell)]
        except (ValueError, RecursionError):
            words = []
    words = words or cell.replace(";", ",").replace("|", ",").split(",")
    return tuple(dict.fromkeys(filter(None, (word.strip() for word in words))))


def _arrivals(rows: Sequence[tuple[Row, str]], reading: _Reading, bringing: Bringing, source: str) -> Iterator[Arrival]:
    """Yield a prompt to be for each row; a title that came before gets a key of its own, so that it can be mapped."""
    seen: dict[str, int] = {}
    keys = {row.cells[reading.columns.name].strip() for row, wrong in rows if not wrong}
    for row, wrong in rows:
        where = f"{source}:{row.line}"
        if wrong:
            bringing.leave(row.cells.get(reading.columns.name, "").strip(), wrong, where=where)
            continue
        title = row.cells[reading.columns.name].strip()
        key, count = title, seen.get(title, 0) + 1
        if count > 1:
            while (key := f"{title} ({count})".strip()) in keys:
                count += 1
        seen[title] = count
        name = slug(title)
        yield Arrival(key, name, partial(reading.made, row, title, name, where), where)
