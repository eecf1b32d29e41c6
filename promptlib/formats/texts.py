"""Prompts that lie about as plain text files: one file is one prompt."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt
from promptlib.formats.arrivals import Bringing, Imported, Made
from promptlib.formats.dollars import dollars_in, templated
from promptlib.formats.finding import Source, message_for, pattern_of, read_all, sources_in
from promptlib.messages import ROLES, Message, Role, Text
from promptlib.prompt import Prompt
from promptlib.store.homes import LARGEST_PROMPT
from promptlib.trust import FOREIGN, checked_trust

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptlib.store import Store
    from promptlib.trust import Trust

#: What is taken for a text where nobody says which files are.
ENDINGS = (".md", ".txt", ".text", ".markdown")


def import_text(  # noqa: PLR0913 - what files may be like, all by keyword
    store: Store,
    *files: Path | str,
    match: str = "",
    role: Role = "system",
    into: str = "",
    renames: Mapping[str, str] | None = None,
    variables: bool = False,
    trust: Trust = FOREIGN,
    dry_run: bool = False,
    message: str = "",
) -> Imported:
    """Save each of *files*, and each text in those that are folders, as a prompt of one literal message.

    The text is kept byte for byte. In a folder, files that end in .md, .txt, .text or .markdown are taken, and a name
    is the path without that; with *match* it is those whose path matches, such as `{name}/system.md`. Hidden files
    are passed over, links are not followed, and what was not read is told. Everything else is as in `import_csv`.

    Raises `NotFound` for a file that is not there, `BadRef` for a pattern without `{name}`, and what
    `Store.transaction` raises.
    """
    if role not in ROLES:
        raise InvalidPrompt(f"no role {role!r}", hint=f"roles: {', '.join(ROLES)}")
    checked_trust(trust)
    pattern = pattern_of(match) if match else None
    bringing = Bringing(store, renames or {}, into)
    marked = 0

    def making(data: bytes, _: str) -> Callable[[], Made]:
        nonlocal marked
        marked += not variables and bool(dollars_in(data.decode("utf-8", "replace")))
        return partial(_made, data, role, trust, variables=variables)

    arrivals, digest = read_all(_texts(files, pattern, bringing), making)
    what = f"{marked:,} text{' has' if marked == 1 else 's have'} variables such as ${{x:default}}, which stay text"
    notes = [f"{what}; --variables makes inputs of them"] if marked else []
    said = message or message_for(files)
    return bringing.bring(arrivals, message=said, source=digest, dry_run=dry_run, notes=notes)


def _texts(
    files: Sequence[Path | str], pattern: re.Pattern[str] | None, bringing: Bringing
) -> Iterator[tuple[Source, str]]:
    for source in sources_in(files, bringing):
        if source.named:  # somebody has said just this file
            yield source, Path(source.path).stem
        elif pattern is not None:
            if matched := pattern.fullmatch(source.path):
                yield source, matched["name"]
        elif source.path.lower().endswith(ENDINGS):
            yield source, source.path[: source.path.rindex(".")]
        else:
            bringing.leave(source.path, f"it ends in none of {', '.join(ENDINGS)}", where=source.shown)


def _made(data: bytes, role: Role, trust: Trust, *, variables: bool) -> Made:
    if not data:
        raise InvalidPrompt("the file is empty")
    if len(data) > LARGEST_PROMPT:
        raise InvalidPrompt(f"{len(data):,} bytes are more than a prompt's {LARGEST_PROMPT:,}")
    text = data.decode()
    prompt: Prompt[Any] = Prompt(messages=(Message(role, (Text(text),), literal=True),), trust=trust)
    if not variables:
        return Made(prompt)
    made, lost = templated(prompt)
    return Made(made, tuple((what, "") for what in lost))
