"""Prompt files as a person hands them over."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

STANDARD_INPUT = "-"


def given(path: str) -> tuple[bytes, str]:
    """Return the bytes of the file at *path*, `-` for standard input, and how to call it in errors."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(), "standard input"
    try:
        return Path(path).read_bytes(), path
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="FILE") from error
