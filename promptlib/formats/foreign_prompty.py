"""Files of Prompty, version 1 and 2, as other tools write them."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt, NotFound
from promptlib.formats.adopting import adopted
from promptlib.formats.arrivals import Arrival, Bringing, Imported, Made
from promptlib.formats.finding import Source, sources_in
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
    if not files:
        raise NotFound("no file to import", hint="name files or folders")
    bringing = Bringing(store, renames or {}, into)
    whole = sha256()
    arrivals = []
    for source, name in _found(files, bringing):
        data = source.read()
        whole.update(f"{source.path}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
        arrivals.append(Arrival(source.path, name, partial(_made, data, source.shown, trust), source.shown))
    said = message or f"Import {', '.join(Path(file).name or str(file) for file in files[:4])}"
    return bringing.bring(arrivals, message=said, source=whole.hexdigest(), dry_run=dry_run)


def _found(files: tuple[Path | str, ...], bringing: Bringing) -> Iterator[tuple[Source, str]]:
    for source in sources_in(files, bringing):
        if source.named or source.path.endswith(PROMPT):
            path = Path(source.path).name if source.named else source.path
            yield source, path.removesuffix(PROMPT)


def _made(data: bytes, shown: str, trust: Trust) -> Made:
    if len(data) > LARGEST_PROMPT:
        raise InvalidPrompt(f"{len(data):,} bytes are more than a prompt's {LARGEST_PROMPT:,}")
    return adopted(data, shown, trust)
