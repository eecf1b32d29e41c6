"""`promptlib explain`: the page of a rule of lint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, paged, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.cli.terminal import Row
    from promptlib.lint import Page, Rule


def explain(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE",
            help="A rule of lint; without one, all of them.",
            autocompletion=completing.rules,
            show_default=False,
        ),
    ] = "",
    *,
    json: Json = False,
) -> None:
    """Tell why a rule of lint is there, with a bad and a good prompt, its source, and how to silence it."""
    from promptlib.lint import RULES, page  # noqa: PLC0415 - help needs no rules

    if not rule:
        if json:
            print_json("rules", {"rules": [each.to_dict() for each in RULES]})
        else:
            paged(aligned([_row(each) for each in RULES]))
        return
    found = page(rule)
    if json:
        sections = {title.lower(): text for title, text in found.sections.items()}
        print_json("rule", found.rule.to_dict() | {"page": found.text, "sections": sections})
    else:
        paged(_rows(found))


def _row(rule: Rule) -> Row:
    return (
        (rule.id, "bold"),
        ("on" if rule.on else "off", "green" if rule.on else "dim"),
        ("--fix" if rule.fixes else "", "cyan"),
        (rule.summary, ""),
    )


def _rows(found: Page) -> Iterator[Row]:
    """Yield the page as it is written, headings and blocks told apart."""
    fenced = False
    for line in found.text.rstrip("\n").split("\n"):
        if line.startswith("```"):
            fenced = not fenced
            name = line.partition('title="')[2].rstrip('"')
            yield plain(f"    {name}" if name else "", "dim")
        elif fenced:
            yield plain(f"    {line}", "cyan")
        else:
            yield plain(line.lstrip("# ") if line.startswith("#") else line, "bold" if line.startswith("#") else "")
