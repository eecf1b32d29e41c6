"""Prompty: a template is a file, and `prepare` makes its messages."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import prompty

from . import texts
from .contest import Contestant

if TYPE_CHECKING:
    from collections.abc import Callable

    from .texts import Pairs, Values

FOLDER = TemporaryDirectory()
VARIABLE = re.compile(r"\{\{ (\w+) \}\}")


def written(inputs: dict[str, str], body: str) -> Path:
    """Return a new file with *inputs*, by their kinds, and *body*."""
    declared = "".join(f"  - {{name: {name}, kind: {kind}}}\n" for name, kind in inputs.items())
    path = Path(FOLDER.name, f"{len(list(Path(FOLDER.name).iterdir()))}.prompty")
    path.write_text(f"---\nname: measured\nmodel: gpt-4o\ninputs:\n{declared}---\n{body}", "utf-8")
    return path


def write(source: str) -> Path:
    """Return a file with *source* as a message."""
    return written(dict.fromkeys(VARIABLE.findall(source), "string"), f"user:\n{source}")


def parse(path: Path) -> Callable[[Values], str]:
    """Return what renders the file."""
    agent = prompty.load(path)

    def render(values: Values) -> str:
        (message,) = prompty.prepare(agent, values)
        return str(message.text)

    return render


def chat() -> Callable[[Values], Pairs]:
    """Return what renders the chat."""
    inputs = {
        **dict.fromkeys(("name", "tone", "topic", "question"), "string"),
        "examples": "array, items: {kind: object, properties: []}",
        "history": "thread",
    }
    head = "".join(f"{role}:\n{text}\n\n" for role, text in texts.CHAT)
    agent = prompty.load(written(inputs, f"{head}{{{{ history }}}}\n\nuser:\n{texts.LAST}\n"))
    return lambda values: [(each.role, each.text) for each in prompty.prepare(agent, values)]


FIRST = f"""
import prompty
(message,) = prompty.prepare(prompty.load({str(write(texts.TINY))!r}), {texts.FIRST!r})
assert message.text == {texts.HELLO!r}
"""
CONTESTANTS = (
    Contestant(
        name="prompty", package="prompty", statement="import prompty", first=FIRST, parse=parse, chat=chat, write=write
    ),
)
