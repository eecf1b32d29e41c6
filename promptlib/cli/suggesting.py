"""`promptlib lint --suggest`: other words for what prompts say of people, shown, and saved only when told to."""

from __future__ import annotations

import shlex
from dataclasses import replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import typer

from promptlib.cli.terminal import emit, paged, plain, print_json
from promptlib.cli.versions import described, heading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib import Store, Version
    from promptlib.cli.terminal import Row
    from promptlib.lint import Proposal, Settings, Subject
    from promptlib.store import View

SAVE = "--save-suggested"


def refuse_together(*, suggest: bool, save: bool, named: bool, others: dict[str, bool]) -> None:
    """Refuse options that say something else at the same time, and a save of what nobody has named."""
    if save and not suggest:
        raise typer.BadParameter("look at the rewordings first: give --suggest too", param_hint=SAVE)
    if save and not named:
        raise typer.BadParameter("name the prompts whose rewordings you have read", param_hint=SAVE)
    for option, given in others.items():
        if suggest and given:
            raise typer.BadParameter(f"--suggest proposes words and checks nothing: leave out {option}")


def suggest(view: View | None, subjects: Sequence[Subject], settings: Settings, *, save: bool, json: bool) -> None:
    """Show what is proposed, and the command that saves it; with *save*, make a new version of each prompt."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    found, unread = _proposals(subjects, settings)
    if save and not isinstance(view, Store):
        raise typer.BadParameter("only a prompt of the store has versions: name one", param_hint=SAVE)
    made = _saved(view, found) if save and isinstance(view, Store) else []
    if json:
        told: dict[str, Any] = {
            "proposals": [each.to_dict() for each in found if each.changed],
            "left": [finding.to_dict() for each in found for finding in each.told],
            "saved": [described(each) for each in made],
            "unreadable": unread,
        }
        print_json("suggest", told)
    elif made:
        emit([heading(each) for each in made])
    else:
        paged([*_shown(found), *_left_out(unread), *_what_next(found, in_store=view is not None)])


def _proposals(subjects: Sequence[Subject], settings: Settings) -> tuple[list[Proposal], list[str]]:
    """Return what is proposed for each of *subjects*, and the names of those that cannot be read."""
    from promptlib import PromptLibError  # noqa: PLC0415 - help needs no errors
    from promptlib.lint import SUGGESTING, proposed  # noqa: PLC0415 - help needs no rules

    chosen = settings
    if not any(each in settings.select for each in (*SUGGESTING, "people", "all")):
        chosen = replace(settings, select=SUGGESTING)
    found, unread = [], []
    for subject in subjects:
        try:
            found.append(proposed(subject, chosen))
        except PromptLibError:
            if len(subjects) == 1:
                raise
            unread.append(subject.name)
    return found, unread


def _saved(store: Store, found: Sequence[Proposal]) -> list[Version]:
    from promptlib import codec  # noqa: PLC0415 - help needs no codec

    changed = [each for each in found if each.changed]
    for each in changed:
        if store.version(f"{each.name}@latest").digest != each.digest:
            what = f"{each.name} is edited and not saved, and a save would take the edit along: save it first"
            raise typer.BadParameter(what, param_hint=SAVE)
    return [
        store.save(
            each.name,
            codec.read_stored(each.after, source=each.source),
            message=each.message,
            expect=each.digest,
            file=each.after,
        )
        for each in changed
    ]


def _shown(found: Sequence[Proposal]) -> Iterator[Row]:
    for each in found:
        if each.changed:
            yield from _difference(each)
        for finding in each.told:
            yield (("left to you", "bold yellow"), (f" {finding.where}: {finding.message}", ""))
            yield plain(f"  {finding.advice}", "green")
        if each.told:
            yield ()


def _left_out(unread: Sequence[str]) -> Iterator[Row]:
    if unread:
        yield plain(f"cannot be read: {', '.join(unread)}; promptlib check tells why", "bold red")
        yield ()


def _difference(each: Proposal) -> Iterator[Row]:
    before, after = (text.decode(errors="replace").split("\n") for text in (each.before, each.after))
    for line in unified_diff(before, after, each.source, each.source, lineterm="", n=1):
        yield plain(line, {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], ""))
    short, new = (digest.removeprefix("sha256:")[:8] for digest in (each.digest, each.new_digest))
    count = len(each.findings)
    yield ((each.name, "bold"), (f": {count:,} rewording{'' if count == 1 else 's'}, {short} would become {new}", ""))
    for finding in each.findings:
        if finding.suggestion:
            words, rewording = (
                " ".join(text.split()) for text in (finding.suggestion.words, finding.suggestion.rewording)
            )
            yield plain(f"  {finding.rule}: {words} becomes {rewording}: {finding.suggestion.reason}")
    yield ()


def _what_next(found: Sequence[Proposal], *, in_store: bool) -> Iterator[Row]:
    changed = [each for each in found if each.changed]
    if not changed:
        yield plain("no rewording to propose", "green")
    elif in_store:
        names = " ".join(shlex.quote(each.name) for each in changed)
        yield plain("Nothing is changed. To save this as a new version, which you can go back from:")
        yield plain(f"  promptlib lint {names} --suggest {SAVE}", "bold")
    else:
        yield plain("Nothing is changed. Edit the file, or save it in a store: promptlib save NAME FILE")
