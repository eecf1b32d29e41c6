"""Make the pictures of the documentation: `python docs/screens.py`, in an environment with promptlib.

One is of a terminal, for the README. The other is of a catalogue, and needs a Chromium: without one it stays as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "images" / "screen.svg"
CATALOGUE = Path(__file__).parent / "images" / "catalogue.png"
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


def photograph(browser: str) -> None:
    """Write what *browser*, a Chromium, shows of a prompt in a catalogue of the store of `promptlib demo`."""
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), "promptlib demo --keep demo")
        run(Path(folder), "promptlib -C demo/prompts.git site ../../site --title Prompts")
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,860")
        place = (Path(folder) / "site" / "p" / "text" / "summarize.html").as_uri()
        words = [browser, *options, f"--user-data-dir={folder}/profile", f"--screenshot={CATALOGUE}", place]
        subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - fixed words


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
    if chromium := shutil.which("chromium"):
        photograph(chromium)
