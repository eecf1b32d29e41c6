"""Make the pictures of the documentation: `python docs/screens.py`, in an environment with promptlib.

Most are of a terminal. The one of a catalogue needs a Chromium: without one it stays as it is.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = Path(__file__).parent / "images"
CATALOGUE = IMAGES / "catalogue.png"
WIDTH = 100
#: What each picture of a terminal shows, in the store of `promptlib demo`.
TERMINALS = {
    "screen": (
        'promptlib search "what was agreed in the meeting"',
        "promptlib diff support/triage@production support/triage@staging",
        "promptlib lineage sales/reply",
    ),
    "learn": ("promptlib learn --check delimiters", "promptlib learn --hint delimiters"),
}
#: What lays out what is shown.
BEFORE = ("promptlib learn delimiters",)
#: How such a command may end: `learn --check` says with 1 that a prompt is not mended yet.
ENDS = (0, 1)


def run(folder: Path, command: str) -> str:
    """Return what *command* writes to a terminal of `WIDTH` columns."""
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = os.environ | {"COLUMNS": str(WIDTH), "TERM": "xterm-256color", "PAGER": "cat"}
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    with subprocess.Popen(  # noqa: S603 - fixed words
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=its, stderr=its
    ) as process:
        os.close(its)
        told = b"".join(_read(ours))
    os.close(ours)
    text = told.decode().replace("\r\n", "\n").strip("\n")
    if process.returncode not in ENDS:
        message = f"{command} ended with {process.returncode}: {text}"
        raise RuntimeError(message)
    return text


def _read(terminal: int) -> Iterator[bytes]:
    # A terminal that nobody writes to any more ends with an error.
    with suppress(OSError):
        while some := os.read(terminal, 1 << 16):
            yield some


def pictures() -> dict[str, str]:
    """Return each picture of a terminal by its name, as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), "promptlib demo --keep demo")
        store = Path(folder) / "demo" / "prompts.git"
        for command in BEFORE:
            run(store, command)
        return {
            name: picture(name, {command: run(store, command) for command in commands})
            for name, commands in TERMINALS.items()
        }


def picture(name: str, told: dict[str, str]) -> str:
    """Return commands and what they have *told*, as SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, color_system="truecolor", force_terminal=True)
        for command, output in told.items():
            console.print(Text(f"$ {command}", style="bold"))
            console.print(Text.from_ansi(output))
            console.print()
    svg = console.export_svg(title="promptlib", unique_id=name)
    # Fonts of a foreign server are left out: the reader's own monospace serves.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def photograph(browser: str) -> None:
    """Write what *browser*, a Chromium, shows of a prompt in a catalogue of the store of `promptlib demo`."""
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), "promptlib demo --keep demo")
        run(Path(folder), "promptlib -C demo/prompts.git site ../../site --title Prompts")
        # Chromium's own --screenshot leaves a white strip below the page.
        sys.path.insert(0, str(IMAGES.parents[1]))
        from tests.system.browsing import Browser  # noqa: PLC0415 - of the tests, which need no picture

        with Browser(browser, Path(folder) / "profile") as page:
            page.call("Emulation.setDeviceMetricsOverride", width=1280, height=860, deviceScaleFactor=1, mobile=False)
            page.open(Path(folder) / "site" / "p" / "text" / "summarize.html")
            CATALOGUE.write_bytes(b64decode(page.call("Page.captureScreenshot", format="png")["data"]))


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for name, svg in pictures().items():
        (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")
    if chromium := shutil.which("chromium"):
        photograph(chromium)
