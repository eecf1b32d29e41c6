"""Lessons on the screen: pages of Markdown as rows, findings with their pictures, and tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from promptlib.cli.terminal import aligned, cut, on_terminal, picture, plain, width
from promptlib.columns import wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from promptlib.cli.terminal import Row
    from promptlib.learn import Finding, Page, Progress, Reading, Report

#: Columns that a page takes at most, however wide the terminal is: longer lines are hard to read.
WIDEST, NARROWEST = 80, 40


def markdown(text: str) -> list[Row]:
    """Return *text* as rich shows Markdown, in so many columns as there are."""
    from rich.console import Console  # noqa: PLC0415 - a list of lessons needs no rich
    from rich.theme import Theme  # noqa: PLC0415 - beside it

    columns = max(NARROWEST, min(WIDEST, width()))
    # No colour lies behind words: it would be a box of black in a light terminal.
    styles = {"code": "bold cyan", "link": "bold", "link_url": "cyan", "h1": "bold underline", "h2": "bold underline"}
    theme = Theme({f"markdown.{name}": style for name, style in styles.items()})
    console = Console(width=columns, file=io.StringIO(), force_terminal=True, color_system="standard", theme=theme)
    found = [_row(line) for line in console.render_lines(_markdown()(text, hyperlinks=False), pad=False)]
    while found and not found[-1]:
        found.pop()
    return found


def _row(line: Iterable[Any]) -> Row:
    """Return a line of rich as our own row, blanks at its end left out."""
    spans = [(each.text, str(each.style or "").replace("none", "").strip()) for each in line if not each.control]
    while spans and not spans[-1][0].strip():
        spans.pop()
    if spans:
        spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    return tuple(spans)


def _markdown() -> Any:  # noqa: ANN401 - rich's own class, changed
    """Return rich's Markdown with headings at the left and code that is indented, without a colour behind it."""
    from rich import markdown as rich_markdown  # noqa: PLC0415 - only a page needs it
    from rich.padding import Padding  # noqa: PLC0415 - beside it
    from rich.text import Text  # noqa: PLC0415 - beside it

    class Heading(rich_markdown.Heading):
        def __rich_console__(self, *_: Any) -> Any:  # noqa: ANN401 - rich's own signature
            self.text.justify = "left"
            self.text.stylize("bold")
            yield self.text

    class Code(rich_markdown.CodeBlock):
        def __rich_console__(self, *_: Any) -> Any:  # noqa: ANN401 - rich's own signature
            yield Padding(Text(str(self.text).rstrip(), style="cyan"), (0, 0, 0, 4))

    class Shown(rich_markdown.Markdown):
        elements = rich_markdown.Markdown.elements | {
            "heading_open": Heading,
            "fence": Code,
            "code_block": Code,
        }

    return Shown


# --- a lesson ---------------------------------------------------------------------------------------------------------


def reading(page: Page, file: Path) -> list[Row]:
    """Return what there is to read, the task, and where the file lies."""
    # The first paragraph says how to come here.
    text = page.reading.partition("\n\n")[2]
    rows = markdown(f"# {page.title}\n\n{text}\n\n## Task\n\n{page.sections['Task']}")
    return [*rows, (), (("your file: ", "dim"), (str(file), "bold")), ()]


def checked_by(page: Page) -> list[Row]:
    """Return what the checker sees, and what it cannot."""
    return [*markdown(f"## What the checker sees\n\n{page.sections['Checked']}"), ()]


def hint(number: int, of: int, text: str) -> list[Row]:
    """Return one hint."""
    return [plain(f"hint {number} of {of}", "bold"), *markdown(text), ()]


def answer(page: Page) -> list[Row]:
    """Return the model answer."""
    return [*markdown(f"## One way to write it\n\n{page.sections['Answer']}"), ()]


def reason(page: Page) -> list[Row]:
    """Return the reason behind, and where it comes from."""
    return [*markdown(f"## Why\n\n{page.sections['Why']}\n\n## Source\n\n{page.sections['Source']}"), ()]


def table(progress: Progress, at: str) -> Iterator[Row]:
    """Yield a row for each lesson: whether it is mended, its name and its title."""
    from promptlib.learn import LESSONS, page_of  # noqa: PLC0415 - help needs no lessons

    rows: list[Row] = []
    for number, each in enumerate(LESSONS, 1):
        standing = progress.of(each.name)
        mark = "mended" if standing.mended else "begun" if standing.checks or standing.hints else ""
        rows.append(
            (
                (">" if each.name == at else " ", "bold"),
                (str(number), "dim"),
                (each.name, "bold"),
                (mark, "green" if mark == "mended" else "yellow"),
                (page_of(each.name).title.partition(": ")[2] or page_of(each.name).title, ""),
            )
        )
    for row in aligned(rows, right=(1,)):
        *before, (title, style) = row
        room = max(NARROWEST, width()) - sum(wide(text) for text, _ in before)
        yield (*before, (cut(title, room) if on_terminal() else title, style))
    done = sum(progress.of(each.name).mended for each in LESSONS)
    yield plain(f"{done} of {len(LESSONS)} mended; promptlib learn LESSON opens one", "dim")


# --- what was found ---------------------------------------------------------------------------------------------------


def findings(found: Iterable[Finding], *, lesson: bool = False) -> Iterator[Row]:
    """Yield each finding with its place and its hint, and which lesson it belongs to where that is to be told."""
    for each in found:
        style = "bold red" if each.ground == "structure" else "bold yellow"
        yield ((each.check, style), (f": {each.message}", ""))
        yield from picture(each.where)
        yield plain(f"  {each.hint}", "green")
        if lesson:
            yield plain(f"  promptlib learn {each.lesson}", "dim")
        yield ()


def verdict(name: str, report: Report) -> Iterator[Row]:
    """Yield one line that says whether the prompt is mended."""
    if report.ok:
        yield plain(f"{name}: mended", "bold green")
        return
    many = len(report.findings)
    yield plain(f"{name}: not mended, {many} thing{'' if many == 1 else 's'} to look at", "bold red")


def reading_of(read: Reading) -> Iterator[Row]:
    """Yield what all lessons say of one prompt."""
    yield from findings(read.findings, lesson=True)
    looked = f"{len(read.reports)} lesson{'' if len(read.reports) == 1 else 's'} looked at {read.name}"
    proven = sum(each.ground == "structure" for each in read.findings)
    advice = len(read.findings) - proven
    if not read.findings:
        yield plain(f"{looked}: nothing found", "green")
        return
    parts = [f"{proven} proven" if proven else "", f"{advice} read from words, which is advice" if advice else ""]
    yield plain(f"{looked}: {', '.join(part for part in parts if part)}", "bold red" if proven else "bold cyan")
