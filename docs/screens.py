"""Make the picture of a terminal that the README shows: `python docs/screens.py`, in an environment with promptlib."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "images" / "screen.svg"
WIDTH = 118
COMMANDS = (
    "promptlib diff support/triage@production support/triage@staging",
    "promptlib lineage sales/reply",
)


def run(folder: Path, command: str) -> str:
    """Return what *command* prints into a terminal, colours included."""
    words = [sys.executable, "-m", *command.split()]
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color", "PAGER": "cat"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    return done.stdout


def picture() -> str:
    """Return the commands and what they print about the store of `promptlib demo`, as SVG."""
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        run(Path(folder), "promptlib demo --keep demo")
        console = Console(record=True, width=WIDTH, file=nowhere, color_system="truecolor", force_terminal=True)
        for command in COMMANDS:
            console.print(Text(f"$ {command}", style="bold"))
            console.print(Text.from_ansi(run(Path(folder) / "demo" / "prompts.git", command)))
            console.print()
    svg = console.export_svg(title="promptlib", unique_id="screen")
    # Fonts of a foreign server are left out: the reader's own monospace serves.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
