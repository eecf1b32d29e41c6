from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Store
from promptlib.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

TRIAGE = """\
---
# a comment that stays
description: Sort a ticket
inputs:
  ticket:
    kind: string
  times:
    kind: integer
    default: 1
---
system:
You sort support tickets.

user:
{{ ticket }} ({{ times }})
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The document on stdout, its envelope checked."""
        document: dict[str, Any] = json.loads(self.out)
        assert document["promptlib"] == 1
        return document


class Shell:
    """Runs commands as typed, in one folder."""

    def __init__(self, folder: Path) -> None:
        """Work in *folder*."""
        self.folder = folder

    def __call__(self, *arguments: str, given: str | bytes | None = None, columns: int = 100) -> Ended:
        """Run a command in this process."""
        here = os.getcwd()  # noqa: PTH109 - a command may change it
        os.chdir(self.folder)
        try:
            run = CliRunner().invoke(
                app, list(arguments), input=given, env={"COLUMNS": str(columns)}, prog_name="promptlib"
            )
        finally:
            os.chdir(here)
        if run.exception is not None and not isinstance(run.exception, SystemExit):
            raise run.exception
        return Ended(run.exit_code, run.stdout, run.stderr)

    def ok(self, *arguments: str, given: str | bytes | None = None, columns: int = 100) -> str:
        """Run a command that ends well; return what it wrote."""
        ended = self(*arguments, given=given, columns=columns)
        assert ended.code == 0, ended.err
        return ended.out

    def process(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "promptlib", *arguments],
            cwd=self.folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
        return name


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell in an empty folder."""
    (tmp_path / "folder").mkdir()
    return Shell(tmp_path / "folder")


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """Return a shell in an empty bare store."""
    Store.init(tmp_path / "prompts.git", bare=True).close()
    return Shell(tmp_path / "prompts.git")


@pytest.fixture
def triage(bare: Shell) -> Shell:
    """Return a shell in a bare store where support/triage has three versions, the first one in production."""
    texts = [TRIAGE, TRIAGE.replace("tickets", "tickets by urgency"), TRIAGE.replace("tickets", "tickets and mails")]
    for at, text in enumerate(texts, 1):
        bare.ok("save", "support/triage", "-", "-m", f"Change {at}", given=text)
    bare.ok("label", "support/triage", "production", "v1")
    return bare


@pytest.fixture
def application(tmp_path: Path) -> Shell:
    """Return a shell in an application's repository with a store."""
    folder = tmp_path / "application"
    folder.mkdir()
    for command in (["init", "-q"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.org"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    shell = Shell(folder)
    shell.ok("init")
    return shell


@pytest.fixture
def triage_text() -> str:
    """Return the first version of support/triage."""
    return TRIAGE
