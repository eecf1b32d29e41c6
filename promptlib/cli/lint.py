"""`promptlib lint`: what can be said of prompts before they run."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from difflib import unified_diff
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias

import typer

from promptlib.cli import completing
from promptlib.cli.asking import asked, moment
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import At, Json
from promptlib.cli.suggesting import refuse_together
from promptlib.cli.suggesting import suggest as show_suggested
from promptlib.cli.terminal import emit, paged, picture, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.cli.terminal import Row
    from promptlib.lint import Finding, Mended, Report, Settings, Subject
    from promptlib.store import View

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
#: What GitHub calls them in a workflow's log.
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_SIGNS = {"%": "%25", "\r": "%0D", "\n": "%0A"}


class Asked(NamedTuple):
    """What is looked at: prompts, the store that they lie in (None for files), and by which settings."""

    subjects: list[Subject]
    view: View | None
    settings: Settings


What: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME|FILE]...",
        help="Prompts of the store, or files; without any, all of the store.",
        autocompletion=completing.names,
        show_default=False,
    ),
]
Select: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="RULE",
        help="Only these rules or families; again for more.",
        autocompletion=completing.rules,
    ),
]
Ignore: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="RULE", help="Without these rules or families.", autocompletion=completing.rules),
]
Limit: TypeAlias = Annotated[
    int | None, typer.Option("--budget", metavar="N", help="Tokens that the worst case must fit into.", min=1)
]
Form: TypeAlias = Annotated[
    Literal["text", "github"], typer.Option("--format", help="For people, or for a workflow's log on GitHub.")
]

Suggest: TypeAlias = Annotated[
    bool, typer.Option("--suggest", help="Propose other words where a text fixes a group of people; change nothing.")
]
SaveSuggested: TypeAlias = Annotated[
    bool, typer.Option("--save-suggested", help="With --suggest: save what is proposed as a new version of each NAME.")
]


def lint(  # noqa: PLR0913 - one option for each thing that can be chosen
    what: What = None,
    *,
    select: Select = None,
    ignore: Ignore = None,
    every: Annotated[bool, typer.Option("--all-rules", help="Also the rules that are off by default.")] = False,
    budget: Limit = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what needs no person, and show how.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would do, and change nothing.")] = False,
    suggest: Suggest = False,
    save_suggested: SaveSuggested = False,
    form: Form = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Fail for notes too.")] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """Look for what types, syntax, budget and history say against prompts; end with 1 for errors and warnings.

    promptlib explain RULE tells why a rule is there, how it is silenced, and shows a bad and a good prompt.
    """
    if at and (fix or save_suggested):
        raise typer.BadParameter("what was is not mended: leave out --at, or --fix and --save-suggested")
    others = {"--fix": fix, "--diff": diff, "--strict": strict, "--format": form != "text"}
    refuse_together(suggest=suggest, save=save_suggested, named=bool(what), others=others)
    from promptlib.lint import looked_at  # noqa: PLC0415 - help needs no rules

    with ExitStack() as stack:
        found = _asked(stack, what or [], at)
        settings = _chosen(found.settings, select, ignore, budget, every=every)
        subjects, fixes = found.subjects, []
        if suggest:
            show_suggested(found.view, subjects, settings, save=save_suggested, json=json)
            return
        if fix or diff:
            fixes = _mended(subjects, settings)
        if fix:
            _apply(found.view, fixes)
            subjects = _after(subjects, fixes)
        report = looked_at(subjects, settings)
        _tell(report, fixes, form, moment(found.view) if found.view else {}, json=json, applied=fix)
    if not report.ok or (strict and report.findings):
        raise typer.Exit(DIFFERENT)


# --- what is looked at, and by what -----------------------------------------------------------------------------------


def _asked(stack: ExitStack, what: Sequence[str], at: str) -> Asked:
    from promptlib.lint import Settings, Shelf, Subject, subjects_of  # noqa: PLC0415 - help needs no rules

    # No name ends like a file of prompts, so that a slip in a path is told as one.
    paths = [
        each
        for each in what
        if each == "-" or each.endswith(completing.PROMPT) or isfile(each)  # noqa: PTH113 - it says no to what is no path
    ]
    if paths and len(paths) < len(what):
        other = next(each for each in what if each not in paths)
        raise typer.BadParameter(f"{other} is no file: give names of the store, or files, not both")
    if paths:
        if at:
            raise typer.BadParameter("--at is for prompts of the store: name some", param_hint="--at")
        from promptlib.cli.files import given  # noqa: PLC0415 - a store needs no files

        read = [given(path) for path in paths]
        return Asked(
            [Subject(source, data, source, Shelf()) for data, source in read], None, Settings.of_project(_project())
        )
    view = stack.enter_context(asked(at))
    settings = Settings.of_project(view.path)
    return Asked(list(subjects_of(view, what)), view, settings)


def _project() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)


def _chosen(
    settings: Settings, select: list[str] | None, ignore: list[str] | None, budget: int | None, *, every: bool
) -> Settings:
    if every:
        settings = replace(settings, select=("all",))
    if select:
        settings = replace(settings, select=_split(select))
    if ignore:
        settings = replace(settings, ignore=(*settings.ignore, *_split(ignore)))
    return replace(settings, budget=budget) if budget is not None else settings


def _split(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.strip() for each in words for word in each.split(",") if word.strip())


# --- mending ----------------------------------------------------------------------------------------------------------


def _mended(subjects: Iterable[Subject], settings: Settings) -> list[Mended]:
    from promptlib.errors import PromptLibError, raise_if_passing  # noqa: PLC0415 - help needs no errors
    from promptlib.lint import mended  # noqa: PLC0415 - help needs no rules

    found = []
    for subject in subjects:
        try:
            found.append(mended(subject, settings))
        except PromptLibError as error:
            raise_if_passing(error)
            continue  # what cannot be read is told by its rule
    return [each for each in found if each.changed]


def _apply(view: View | None, fixes: Sequence[Mended]) -> None:
    """Edit the files on disk; where prompts are no files on disk, save each as a new version, all in one commit."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store
    from promptlib.store.putting import put_whole  # noqa: PLC0415 - most runs write nothing

    if not fixes:
        return
    if isinstance(view, Store) and view.file_path(fixes[0].name) is None:
        rules = ", ".join(dict.fromkeys(each.partition(":")[0] for one in fixes for each in one.fixes))
        with view.transaction(f"Lint: {rules}") as transaction:
            for each in fixes:
                transaction.rewrite(each.name, each.after, expect=each.digest)
        return
    for each in fixes:
        path = view.file_path(each.name) if isinstance(view, Store) else Path(each.source)
        if path is None or each.source == "standard input":
            raise typer.BadParameter("standard input is not mended: name a file", param_hint="--fix")
        put_whole(path, [each.after])


def _after(subjects: Sequence[Subject], fixes: Iterable[Mended]) -> list[Subject]:
    from promptlib.lint import Shelf, Subject  # noqa: PLC0415 - help needs no rules

    new = {each.name: each.after for each in fixes}
    # What was found out about all of them together may hold no longer.
    shelf = Shelf(subjects[0].shelf.view) if subjects else Shelf()
    return [Subject(each.name, new.get(each.name, each.data), each.source, shelf) for each in subjects]


# --- what is told -----------------------------------------------------------------------------------------------------


def _tell(
    report: Report, fixes: Sequence[Mended], form: str, when: dict[str, object], *, json: bool, applied: bool
) -> None:
    if json:
        told: dict[str, Any] = {"fixes": [each.to_dict() for each in fixes], "applied": applied}
        print_json("lint", report.to_dict() | told | when)
    elif form == "github":
        emit(plain(_command(each)) for each in report.findings)
    else:
        paged([*_differences(fixes, applied=applied), *_pictures(report), *_sum(report, applied=applied)])


def _differences(fixes: Iterable[Mended], *, applied: bool) -> Iterator[Row]:
    for each in fixes:
        before, after = (text.decode(errors="replace").split("\n") for text in (each.before, each.after))
        for line in unified_diff(before, after, each.source, each.source, lineterm="", n=1):
            shown = line.replace("\r", "␍") if line[:1] in "+-" else line
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            yield plain(shown, style)
        short, new = (digest.removeprefix("sha256:")[:8] for digest in (each.digest, each.new_digest))
        content = f"same content ({short})" if each.keeps_digest else f"other content: {short} becomes {new}"
        yield ((each.name, "bold"), (f": {'mended' if applied else 'can be mended'}, {content}", ""))
        yield from (plain(f"  {told}") for told in each.fixes)
        yield ()


def _pictures(report: Report) -> Iterator[Row]:
    for each in report.findings:
        yield ((each.severity, _STYLES[each.severity]), (f" {each.rule}", "bold"), (f": {each.message}", ""))
        yield from picture(each.where)
        yield plain(f"  {each.advice}", "green")
        yield ()


def _sum(report: Report, *, applied: bool) -> Iterator[Row]:
    count = f"{report.prompts:,} prompt{'' if report.prompts == 1 else 's'}"
    silenced = f"; {report.silenced:,} silenced" if report.silenced else ""
    if not report.findings:
        yield plain(f"{count}: nothing found{silenced}", "green")
        return
    total = len(report.findings)
    where = len({each.name for each in report.findings})
    yield plain(
        f"{total:,} finding{'' if total == 1 else 's'} in {where:,} of {count}{silenced}",
        "bold cyan" if report.ok else "bold red",
    )
    fixable = {each.rule for each in report.findings if each.fix}
    for rule, often in report.by_rule.items():
        can = "  --fix mends" if rule in fixable and not applied else ""
        yield ((f"{often:>6,}  ", ""), (rule, "bold"), (can, "dim"))
    yield plain("promptlib explain RULE tells why, and how to silence it", "dim")


def _command(each: Finding) -> str:
    where = each.where
    place = f"file={_property(where.source)},line={where.line or 1},col={where.column or 1}"
    return (
        f"::{_COMMANDS[each.severity]} {place},title={_property(each.rule)}::{_data(f'{each.message}. {each.advice}')}"
    )


def _data(text: str) -> str:
    return "".join(_SIGNS.get(char, char) for char in text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
