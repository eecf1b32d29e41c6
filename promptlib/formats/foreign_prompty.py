"""Files of Prompty, version 1 and 2, as other tools write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt
from promptlib.formats.adopting import adopted
from promptlib.formats.arrivals import Bringing, Imported, Made
from promptlib.formats.finding import Source, message_for, read_all, sources_in
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.store.layout import PROMPT
from promptlib.trust import FOREIGN, checked_trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.store import Store
    from promptlib.trust import Trust


def import_prompty(
    store: Store,
    *files: Path | str,
    into: str = "",
    renames: Mapping[str, str] | None = None,
    trust: Trust = FOREIGN,
    dry_run: bool = False,
    message: str = "",
) -> Imported:
    """Save each of *files*, and each `.prompty` file in those that are folders, as a prompt.

    A file that our strict profile reads as its authors mean it comes in as it is, comments and all. Others are written
    anew: words of Prompty 1, role lines of any case, loops that write a history, Mustache. Variables that are not
    declared become inputs, and inputs that are not used go. All that is read otherwise, or lost, is told with file and
    line. `${env:…}` and `${file:…}` stay text. Everything else is as in `import_csv`.

    Raises `NotFound` for a file that is not there, and what `Store.transaction` raises.
    """
    checked_trust(trust)
    bringing = Bringing(store, renames or {}, into)
    arrivals, digest = read_all(_found(files, bringing), lambda data, shown: lambda: _made(data, shown, trust))
    return bringing.bring(arrivals, message=message or message_for(files), source=digest, dry_run=dry_run)


def _found(files: tuple[Path | str, ...], bringing: Bringing) -> Iterator[tuple[Source, str]]:
    for source in sources_in(files, bringing):
        if source.named or source.path.endswith(PROMPT):
            path = Path(source.path).name if source.named else source.path
            yield source, path.removesuffix(PROMPT)


def _made(data: bytes, shown: str, trust: Trust) -> Made:
    if len(data) > LARGEST_PROMPT:
        raise InvalidPrompt(f"{len(data):,} bytes are more than a prompt's {LARGEST_PROMPT:,}")
    return adopted(data, shown, trust)
