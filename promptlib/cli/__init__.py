"""The shell command: git-like verbs, tables for people, JSON for programs."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line and end the process with its exit code; see `promptlib.cli.exits`."""
    try:
        from promptlib.cli.app import app  # noqa: PLC0415 - a library user never loads typer

        app(prog_name="promptlib")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
