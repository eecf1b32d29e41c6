"""`promptlib diff`: what changed between two versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing, counters
from promptlib.cli.asking import asked, moment
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import At, Json, Since
from promptlib.cli.terminal import paged, print_json, write_exactly

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.store import View


def diff(  # noqa: PLR0913 - one option for each form, and for each thing that counts
    before: Annotated[str, typer.Argument(metavar="REF", help="Name or ref.", autocompletion=completing.refs)],
    after: Annotated[
        str | None, typer.Argument(metavar="REF", help="The newer one.", autocompletion=completing.refs)
    ] = None,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when there are differences, as git does.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Print a page for a browser, which needs no other file.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a pull request.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE instead of stdout.")
    ] = None,
    encoding: counters.Encoding = counters.DEFAULT,
    model: counters.Model = "",
    tokenizer: counters.Tokenizer = "",
    at: At = "",
    since: Since = "",
    json: Json = False,
) -> None:
    """Show what changed: what breaks whom and why, tokens, inputs, settings, includes, and the words of each message.

    With one REF, its file on disk is compared with the newest version when it was edited; else the version with the
    one before it; with --since, what it was then is the older side. A terminal of 120
    columns shows old and new beside each other.
    """
    from promptlib.cli import differences  # noqa: PLC0415 - beside it
    from promptlib.diff import diff as compare  # noqa: PLC0415 - beside it

    _check(html + markdown + json, json and output is not None, bool(since and (at or after)))
    by = counters.chosen(encoding, model, tokenizer).counter
    with asked(at) as store:
        old, new = _sides(store, before, after, since)
        found = compare(old, new)
    if json:
        print_json("diff", {**found.to_dict(encoding=by), "any": bool(found), **moment(store)})
    elif html or markdown or output:
        text = found.html(page=True, encoding=by) if html else found.markdown(encoding=by) if markdown else None
        _write(text or f"{found.text(encoding=by)}\n", output)
    else:
        paged(differences.rows(found, by))
    if exit_code and found:
        raise typer.Exit(DIFFERENT)


def _check(forms: int, json_elsewhere: bool, since_beside: bool) -> None:  # noqa: FBT001 - what is wrong, as found
    """Refuse options that contradict each other."""
    if forms > 1:
        raise typer.BadParameter("give one of --html, --markdown and --json")
    if json_elsewhere:
        raise typer.BadParameter("--json prints on stdout", param_hint="--output")
    if since_beside:
        raise typer.BadParameter("--since compares one REF with itself, and needs no other", param_hint="--since")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        write_exactly(text.encode())
    else:
        output.write_bytes(text.encode())


def _sides(store: View, before: str, after: str | None, since: str) -> tuple[Stored | None, Stored]:
    if since:
        return store.at(since).load_stored(before), store.load_stored(before)
    return (store.load_stored(before), store.load_stored(after)) if after else _last_two(store, before)


def _last_two(store: View, ref: str) -> tuple[Stored | None, Stored]:
    """Return the prompt that *ref* names and the one before it; None before the first."""
    new = store.load_stored(ref)
    origin = new.origin
    if origin is None or origin.edited or not origin.commit:
        return _committed(store, new), new
    versions = store.history(new.name)
    at = max((at for at, each in enumerate(versions) if each.commit == origin.commit), default=len(versions) - 1)
    if at == 0:
        return None, new
    before = versions[at - 1]
    which = f"@v{before.number}" if before.number is not None else f"#{before.digest.removeprefix('sha256:')}"
    return store.load_stored(f"{new.name}{which}"), new


def _committed(store: View, prompt: Stored) -> Stored | None:
    from promptlib.errors import NotFound  # noqa: PLC0415 - help needs no errors

    try:
        return store.load_stored(f"{prompt.name}@latest")
    except NotFound:
        return None  # a file that no commit holds: everything in it is new
