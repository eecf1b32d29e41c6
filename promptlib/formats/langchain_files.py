"""Files of LangChain's JSON, each one template, into a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import InvalidFile, InvalidPrompt, Where
from promptlib.formats.arrivals import Bringing, Imported, Made, slug
from promptlib.formats.finding import Source, message_for, read_all, sources_in
from promptlib.formats.langchain import Functions, from_langchain
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.trust import FOREIGN, checked_trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.store import Store
    from promptlib.trust import Trust

ENDING = ".json"


def import_langchain(  # noqa: PLR0913 - what an import is asked for, all by keyword
    store: Store,
    *files: Path | str,
    into: str = "",
    renames: Mapping[str, str] | None = None,
    functions: Functions = "refuse",
    roles: Mapping[str, str] | None = None,
    escape: bool = True,
    trust: Trust = FOREIGN,
    dry_run: bool = False,
    message: str = "",
) -> Imported:
    """Save each of *files*, and each `.json` file in those that are folders, as a prompt, in one commit.

    A file holds one template, as `json.dump(langchain_core.load.dumpd(template), file)` writes it; nothing in it is
    run. Its name is that of the file. How it is read, and what *functions*, *roles*, *escape* and *trust* say, is told
    at `from_langchain`; everything else is as in `import_csv`. A file that cannot come in is left out, and told.

    Raises `NotFound` for a file that is not there, and what `Store.transaction` raises.
    """
    checked_trust(trust)
    bringing = Bringing(store, renames or {}, into)

    def made(data: bytes, shown: str) -> Made:
        moved = from_langchain(
            _read(data, shown),
            functions=functions, roles=roles, escape=escape, trust=trust, source=shown,
        )  # fmt: skip
        return Made(moved.prompt, tuple((each.what, each.where) for each in moved.lost))

    arrivals, digest = read_all(_found(files, bringing), lambda data, shown: lambda: made(data, shown))
    return bringing.bring(arrivals, message=message or message_for(files), source=digest, dry_run=dry_run)


def _found(files: tuple[Path | str, ...], bringing: Bringing) -> Iterator[tuple[Source, str]]:
    for source in sources_in(files, bringing):
        if source.named or source.path.endswith(ENDING):
            path = Path(source.path).name if source.named else source.path
            yield source, "/".join(map(slug, path.removesuffix(ENDING).split("/")))


def _read(data: bytes, shown: str) -> object:
    if len(data) > LARGEST_PROMPT:
        raise InvalidPrompt(f"{len(data):,} bytes are more than a prompt's {LARGEST_PROMPT:,}")
    try:
        read = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        hint = "write the file with json.dump(langchain_core.load.dumpd(template), file)"
        raise InvalidFile(f"no JSON: {error}", where=Where(shown, line, column), hint=hint) from error
    if not isinstance(read, dict):
        raise InvalidFile("the file holds no template", where=Where(shown), hint="one file holds one template")
    return read
